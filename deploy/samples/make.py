"""Writing everything: the series of all tables, the clinical files, the notices, the manifest at the end."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from deploy.native.errors import CannotGoOn
from deploy.samples import (
    albums,
    brain_studies,
    clinical,
    head_studies,
    lung_studies,
    manifest,
    notices,
    sources,
)
from deploy.samples.dicom import Written, series_uid, write_images
from deploy.samples.library import Library
from deploy.samples.manifest import (
    Manifest,
    Partial,
    Phantom,
    SeriesEntry,
    Showcase,
    Special,
    StudyEntry,
    Truth,
)
from deploy.samples.model import Study
from deploy.samples.reports import write_report
from deploy.samples.segments import write_segments
from deploy.samples.steps import transformed, transformed_mask
from deploy.samples.volume import Volume

KEY = "key.txt"
_NOT_MAKING = ("__init__", "__main__", "cli", "load", "progress")
_LIBRARIES = ("highdicom", "nibabel", "numpy", "pydicom")

Tick = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Places:
    """Where the sources are."""

    library: Library
    pydicom_files: Path


def all_studies() -> tuple[Study, ...]:
    """Return every study that is made, the showcase first."""
    return (
        *head_studies.head_studies(),
        *lung_studies.lung_studies(),
        *brain_studies.brain_studies(),
        head_studies.unlabelled_study(),
    )


def fingerprint() -> str:
    """Return a name for what `make` would write: it changes with this package, its sources, its libraries."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.[pm][yd]")):
        if file.stem in _NOT_MAKING:
            continue
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    for name in _LIBRARIES:
        digest.update(f"{name}=={version(name)}\n".encode())
    digest.update(f"{sources.CRANIUM_SHA256} {sources.NILEARN_SHA256}".encode())
    return digest.hexdigest()[:16]


def is_complete(folder: Path) -> bool:
    """Say whether a folder holds what `make` would write now."""
    key = folder / KEY
    if not key.is_file() or key.read_text().strip() != fingerprint():
        return False
    try:
        files = manifest.read(folder).files
    except CannotGoOn:
        return False
    return all((folder / file).is_file() for file in files)


def make(folder: Path, places: Places, studies: Iterable[Study], tick: Tick) -> Manifest:
    """Write the samples below a folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there. Files of an earlier, interrupted run are written again.
    places : Places
        Where the sources are.
    studies : iterable of Study
        What to write; all of `all_studies` for the demo.
    tick : callable
        Called after each study.

    """
    for name in (manifest.NAME, KEY):
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for study in studies:
        entry = _write_study(study, places.library, folder)
        written.append((study, entry))
        tick()
    bundled = list(clinical.write_clinical(places.pydicom_files, folder))
    truths = tuple(_truths(study for study, _ in written))
    entries = (*(entry for _, entry in written), *(entry for _, entry in bundled))
    result = Manifest(
        files=tuple(_files(entries)),
        albums=albums.filled(written),
        special=_special(written, tuple(file for file, _ in bundled)),
        phantom=Phantom(description=lung_studies.DESCRIPTION, series=truths),
        studies=entries,
    )
    notices.write(folder, clinical.unusable(places.pydicom_files))
    lung_studies.write_truth(folder, result.phantom)
    manifest.write(result, folder)
    (folder / KEY).write_text(fingerprint() + "\n")
    return result


def _write_study(study: Study, library: Library, folder: Path) -> StudyEntry:
    """Write the image series of a study, then its SEG series, then its report."""
    written: list[Written] = []
    base = folder / study.key
    for number, series in enumerate(study.series, start=1):
        volume = transformed(library.subject(series.subject).volume, series.steps)
        written.append(write_images(study, number, volume, base / f"{number}-{series.modality.lower()}"))
    images = tuple(written)
    for place, series in enumerate(study.series):
        if series.segments:
            number = len(written) + 1
            masks = _masks(study, place, series.segments, library)
            file = base / f"{number}-seg" / "0001.dcm"
            written.append(
                write_segments(study, number, series=series, source=images[place], masks=masks, file=file)
            )
    if study.report is not None:
        number = len(written) + 1
        masks = _masks(study, 0, study.report.segments, library)
        file = base / f"{number}-sr" / "0001.dcm"
        written.append(write_report(study, number, images[0], masks, file))
    return StudyEntry(
        study=study.uid,
        patient_id=study.patient.id,
        description=study.description,
        albums=study.albums,
        series=tuple(_entry(item, folder) for item in written),
    )


def _masks(study: Study, place: int, names: tuple[str, ...], library: Library) -> dict[str, Volume]:
    series = study.series[place]
    masks = library.subject(series.subject).masks
    return {name: transformed_mask(masks[name], series.steps) for name in names}


def _entry(item: Written, folder: Path) -> SeriesEntry:
    return SeriesEntry(
        series=item.uid,
        modality=item.modality,
        description=item.description,
        folder=item.files[0].parent.relative_to(folder).as_posix(),
        instances=len(item.files),
    )


def _files(entries: Iterable[StudyEntry]) -> Iterator[str]:
    """Name the files in the order of loading: study by study, series by series, slice by slice."""
    for entry in entries:
        for series in entry.series:
            for number in range(1, series.instances + 1):
                yield f"{series.folder}/{number:04}.dcm"


def _truths(studies: Iterable[Study]) -> Iterator[Truth]:
    for study in studies:
        for number, series in enumerate(study.series, start=1):
            if series.subject.startswith(lung_studies.SUBJECT_PREFIX):
                yield lung_studies.truth(
                    study.uid, series_uid(study, number), lung_studies.state(series.subject)
                )


def _special(written: list[tuple[Study, StudyEntry]], bundled: tuple[manifest.Clinical, ...]) -> Special:
    """Find the cases by what makes them special, so that the tables stay the only place that decides."""
    first = written[0][1]
    partial, entry = next((study, entry) for study, entry in written if study.hidden)
    return Special(
        two_albums=next(entry.study for study, entry in written if len(study.albums) > 1),
        unlabelled=next(entry.study for study, entry in written if not study.albums),
        partial=Partial(
            study=entry.study,
            visible_series=tuple(item.series for item in entry.series if item.modality not in partial.hidden),
            hidden_series=tuple(item.series for item in entry.series if item.modality in partial.hidden),
        ),
        showcase=Showcase(study=first.study, series=first.series[0].series, slices=first.series[0].instances),
        clinical=bundled,
    )
