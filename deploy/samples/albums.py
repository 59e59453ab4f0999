"""The demo's albums: who owns them, who may what, and which series are in them."""

from collections.abc import Iterable

from deploy.samples.manifest import Album, Member, StudyEntry
from deploy.samples.model import Study

_ALBUMS = (
    Album(
        slug="head-ct",
        title="Head CT",
        description=(
            "Non-contrast and contrast-enhanced CT of the head, with bone and skin segmentations. One "
            "examination has all 108 original slices; the others are derived from it."
        ),
        owner="pi-a",
        members=(Member(user="member-a", actions=("view",)),),
        series=(),
    ),
    Album(
        slug="lung-phantom",
        title="Lung phantom",
        description=(
            "Fantôme thoracique : volumes et densités connus exactement (ellipsoïdes), pour vérifier les "
            "mesures d'emphysème et de nodules. / CT phantom with known volumes and densities."
        ),
        owner="pi-a",
        members=(),
        series=(),
    ),
    Album(
        slug="brain-mr",
        title="IRM cérébrale / Brain MR",
        description=(
            "T1, T2 and FLAIR images of the MNI average brain, with grey and white matter segmentations: for "
            "trying out viewers, cohorts and volumetry."
        ),
        owner="pi-b",
        members=(Member(user="member-b", actions=("view", "download")),),
        series=(),
    ),
)


def filled(written: Iterable[tuple[Study, StudyEntry]]) -> tuple[Album, ...]:
    """Return the albums with their series: what a study does not hide, in the order of writing."""
    series: dict[str, list[str]] = {album.slug: [] for album in _ALBUMS}
    for study, entry in written:
        for slug in study.albums:
            series[slug] += [item.series for item in entry.series if item.modality not in study.hidden]
    return tuple(album.model_copy(update={"series": tuple(series[album.slug])}) for album in _ALBUMS)
