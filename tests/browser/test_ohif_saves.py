"""What is drawn in OHIF goes into the album that it was opened from, by those who may, and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest
from playwright.sync_api import Page, Route, expect
from pydicom.dataset import FileDataset
from pydicom.uid import SegmentationStorage

from tests.browser import portal
from tests.browser.drawing import Pencil, lies_on, millimetres
from tests.browser.ohif import Viewer, address
from tests.browser.pixels import Slices
from tests.browser.visitors import Visitors
from tests.integration.people import SignedIn
from tests.integration.truth import Truth
from tests.waiting import eventually

pytestmark = pytest.mark.browser

TITLE = "Drawings"
WRITER, READER, STRANGER = "member-b", "stranger", "member-a"
"""Who may annotate in the album, who may look, and who sees the same study by another album only."""

STORED = "**/dicom-web/studies?*"


@contextmanager
def album_of(owner: SignedIn, title: str, members: dict[str, list[str]]) -> Iterator[str]:
    """Make an album, and delete it at the end."""
    with owner.client() as client:
        slug: str = client.post("/api/albums", json={"title": title, "description": ""}).json()["slug"]
        try:
            for user, actions in members.items():
                member = {"subject": {"user": user}, "role": "member", "actions": actions, "until": None}
                assert client.post(f"/api/albums/{slug}/members", json=member).status_code == 201
            yield slug
        finally:
            deleted = client.delete(f"/api/albums/{slug}", params={"confirm": slug})
            assert deleted.status_code == 200, deleted.text


@pytest.fixture
def album(people: dict[str, SignedIn], truth: Truth, showcase: dict[str, Any]) -> Iterator[str]:
    """An album with the head CT; what a test saves is deleted at its end."""
    owner, members = people["pi-a"], {WRITER: ["view", "annotate"], READER: ["view"]}
    with album_of(owner, TITLE, members) as slug, owner.client() as client:
        put = client.post(f"/api/albums/{slug}/changes", json={"add": {"studies": [showcase["study"]]}})
        change = put.json()["id"]
        eventually(lambda: client.get(f"/api/changes/{change}").json()["finished"] is not None)
        try:
            yield slug
        finally:
            for one in saved(truth, showcase["study"]):
                truth.orthanc.delete(f"/series/{one['ID']}")


def saved(truth: Truth, study: str) -> list[dict[str, Any]]:
    """Return the series that the study has and had not when the stack was filled."""
    question = {"Level": "Series", "Query": {"StudyInstanceUID": study}, "Expand": True}
    found: list[dict[str, Any]] = truth.orthanc.post("/tools/find", json=question).json()
    return [one for one in found if one["MainDicomTags"]["SeriesInstanceUID"] not in truth.series]


def the_only_one(truth: Truth, study: str, album: str) -> FileDataset:
    """Return the only instance that was saved, which is in this album and in no other."""
    (series,) = saved(truth, study)
    assert series["Labels"] == [f"album-{album}"]
    (instance,) = series["Instances"]
    return pydicom.dcmread(BytesIO(truth.orthanc.get(f"/instances/{instance}/file").content))


def opened(page: Page, visitors: Visitors, path: str) -> Pencil:
    page.goto(visitors.url + path)
    viewer = Viewer(page)
    viewer.settle()
    return Pencil(viewer)


def from_the_album(page: Page, visitors: Visitors, study: str, album: str, link: str) -> Pencil:
    """Open the viewer by a link on the page of a study as it is in an album."""
    page.goto(f"{visitors.url}/portal/study?study={study}&album={album}")
    there = page.get_by_role("link", name=link).first
    expect(there).to_be_visible()
    path = str(there.get_attribute("href")).removeprefix(visitors.url)
    assert f"album={album}" in path
    return opened(page, visitors, path)


def sees(who: SignedIn, made: FileDataset) -> bool:
    series = f"/dicom-web/studies/{made.StudyInstanceUID}/series/{made.SeriesInstanceUID}"
    with who.client() as client:
        return client.get(f"{series}/metadata").status_code == 200


def test_a_measurement_is_in_the_album_and_there_after_a_reload(
    visitors: Visitors, truth: Truth, showcase: dict[str, Any], album: str
) -> None:
    page, study = visitors.page(WRITER), showcase["study"]
    pencil = from_the_album(page, visitors, study, album, "Open in OHIF")
    length = pencil.measure()
    pencil.save_measurements("Longest line")
    pencil.expect_saved_in(TITLE)

    made = the_only_one(truth, study, album)
    assert (made.Modality, made.SeriesDescription) == ("SR", "Longest line")
    evidence = made.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert evidence.SeriesInstanceUID == showcase["series"]

    page.reload()
    pencil.viewer.settle()
    pencil.listed("Longest line").dblclick()
    written = page.locator("svg text").filter(has_text="mm")
    expect(written).to_be_visible()
    assert millimetres(str(written.text_content())) == pytest.approx(length, abs=0.1)

    # Counts follow, its members see it on the study's page, and others who hold the same study do not.
    eventually(lambda: sees(visitors.people[READER], made))
    assert not sees(visitors.people[STRANGER], made)
    with visitors.people[READER].client() as client:
        assert client.get(f"/api/albums/{album}").json()["series"] == 3
    looking = visitors.page(READER)
    looking.goto(f"{visitors.url}/portal/study?study={study}&album={album}")
    expect(portal.series_cards(looking).filter(has_text="Longest line")).to_be_visible()
    elsewhere = Viewer(visitors.page(STRANGER))
    elsewhere.open(visitors.url, study)
    assert made.SeriesInstanceUID not in elsewhere.series()
    assert showcase["series"] in elsewhere.series()


def test_a_segmentation_lies_over_the_images_of_those_who_may_look(
    visitors: Visitors, truth: Truth, showcase: dict[str, Any], slices: Slices, album: str
) -> None:
    study = showcase["study"]
    pencil = from_the_album(visitors.page(WRITER), visitors, study, album, "Segment")
    pencil.segment()
    drawn_on = pencil.viewer.current()
    pencil.save_segmentation("By hand")
    pencil.expect_saved_in(TITLE)

    made = the_only_one(truth, study, album)
    assert (made.Modality, made.SOPClassUID) == ("SEG", SegmentationStorage)
    assert made.SeriesDescription == "By hand"
    assert made.ReferencedSeriesSequence[0].SeriesInstanceUID == showcase["series"]
    assert drawn_on in {
        one.ReferencedSOPInstanceUID for one in made.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    }
    frames = np.atleast_3d(made.pixel_array).reshape(-1, made.Rows, made.Columns)
    (drawn,) = [frame.astype(bool) for frame in frames if frame.any()]
    assert drawn.sum() > 1000

    looking = opened(visitors.page(READER), visitors, address(study))
    eventually(lambda: not looking.red(slices).any())
    looking.lay_over("By hand")
    assert looking.viewer.current() == drawn_on
    eventually(lambda: lies_on(drawn, looking.red(slices)))


def test_what_is_loaded_and_saved_again_is_a_series_of_its_own(
    visitors: Visitors, truth: Truth, showcase: dict[str, Any], album: str
) -> None:
    """OHIF proposes to add to the series that was loaded, which takes more than the right to annotate."""
    study = showcase["study"]
    pencil = from_the_album(visitors.page(WRITER), visitors, study, album, "Segment")
    pencil.lay_over("bone, skin")
    pencil.save_segmentation("Mine now")
    pencil.expect_saved_in(TITLE)
    made = the_only_one(truth, study, album)
    assert (made.Modality, made.SeriesDescription) == ("SEG", "Mine now")
    assert len(made.SegmentSequence) == 2


def test_who_may_only_look_is_told_so_and_nothing_is_stored(
    visitors: Visitors, truth: Truth, showcase: dict[str, Any], album: str
) -> None:
    page, study = visitors.page(READER), showcase["study"]
    pencil = opened(page, visitors, address(study, album=album))
    pencil.measure()
    pencil.save_measurements("Never")
    expect(pencil.told).to_contain_text("None of the albums that hold these images lets you save in it")
    pencil.told.get_by_role("button", name="Close").click()
    # It does not look saved, and what was drawn is not lost.
    expect(pencil.listed("Never")).to_have_count(0)
    assert pencil.measurements() == 1
    assert saved(truth, study) == []
    assert not [url for url in visitors.requests if "/dicom-web/studies?" in url and album in url]


def test_who_may_only_look_is_told_so_of_segmentations_too(
    visitors: Visitors, truth: Truth, showcase: dict[str, Any], album: str
) -> None:
    page, study = visitors.page(READER), showcase["study"]
    path = address(study, album=album).replace("/viewer?", "/segmentation?")
    pencil = opened(page, visitors, path)
    page.route("**/api/me", in_french)
    pencil.segment()
    pencil.save_segmentation("Jamais")
    expect(pencil.told).to_contain_text("Aucun des albums qui contiennent ces images ne vous permet")
    pencil.told.get_by_role("button", name="Fermer").click()
    expect(pencil.listed("Jamais")).to_have_count(0)
    assert saved(truth, study) == []


def in_french(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, json=answer.json() | {"language": "fr"})


def test_what_goes_wrong_is_said_and_nothing_drawn_is_lost(
    visitors: Visitors, truth: Truth, showcase: dict[str, Any], album: str
) -> None:
    """Opened from nowhere: the only album in which he may save these images is taken."""
    page, study = visitors.page(WRITER), showcase["study"]
    pencil = opened(page, visitors, address(study))
    pencil.measure()
    before = portal.path(page)
    troubles = [
        (503, "The archive does not answer"),
        (404, f"The album “{TITLE}” is not there for you any more"),
        (403, f"You may not save this in the album “{TITLE}”"),
        (401, "Your session has ended"),
    ]
    statuses = [status for status, _ in troubles]
    page.route(STORED, lambda route: route.fulfill(status=statuses.pop(0)) if statuses else route.continue_())
    pencil.save_measurements("At last")
    for _, words in troubles:
        expect(pencil.told).to_contain_text(words)
        assert saved(truth, study) == []
        pencil.told.get_by_role("button", name="Try again").click()
    pencil.expect_saved_in(TITLE)
    assert portal.path(page).partition("?")[0] == before.partition("?")[0]
    assert the_only_one(truth, study, album).Modality == "SR"


def test_an_ended_session_does_not_lead_away_from_what_was_drawn(
    visitors: Visitors, showcase: dict[str, Any], album: str
) -> None:
    pencil = opened(visitors.page(WRITER), visitors, address(showcase["study"], album=album))
    pencil.measure()
    for _ in range(3):  # as many requests may end like that at once
        pencil.page.evaluate("window.config.httpErrorHandler({ status: 401 })")
    expect(pencil.told).to_have_count(1)
    expect(pencil.told).to_contain_text("Your session has ended")
    pencil.told.get_by_role("button", name="Close").click()
    assert portal.path(pencil.page).startswith("/ohif/viewer?")
    assert pencil.measurements() == 1


def test_what_was_stored_and_not_answered_is_not_stored_twice(
    visitors: Visitors, truth: Truth, showcase: dict[str, Any], album: str
) -> None:
    page, study = visitors.page(WRITER), showcase["study"]
    pencil = opened(page, visitors, address(study, album=album))
    pencil.measure()
    lost: list[int] = []

    def lose_the_first_answer(route: Route) -> None:
        answer = route.fetch()
        lost.append(answer.status)
        if len(lost) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route(STORED, lose_the_first_answer)
    pencil.save_measurements("Once")
    expect(pencil.told).to_contain_text("The archive does not answer")
    pencil.told.get_by_role("button", name="Try again").click()
    pencil.expect_saved_in(TITLE)
    assert lost == [200, 409]
    assert the_only_one(truth, study, album).SeriesDescription == "Once"


def test_a_link_with_somebody_elses_album_sends_nothing_there(
    visitors: Visitors, truth: Truth, showcase: dict[str, Any], album: str
) -> None:
    """Anybody can make somebody a member of his album, and send him a link to the viewer that names it."""
    study = showcase["study"]
    with album_of(visitors.people["pi-b"], "Trap", {WRITER: ["view", "upload", "annotate"]}) as trap:
        pencil = opened(visitors.page(WRITER), visitors, address(study, album=trap))
        pencil.measure()
        pencil.save_measurements("Mine")
        expect(pencil.told).to_contain_text("cannot be saved in the album")
        assert saved(truth, study) == []
        expect(pencil.told.get_by_role("button")).to_have_text([TITLE, "Cancel"])
        pencil.told.get_by_role("button", name=TITLE).click()
        pencil.expect_saved_in(TITLE)
        the_only_one(truth, study, album)
