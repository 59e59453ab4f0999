"""People upload into an album from the page of ours: all is told, and interruptions lose nothing."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, Route, expect

from auth_service.uploads.sending import shown
from tests.browser import portal
from tests.browser.uploads import PIECES, Pieces, Target, choose, figures, refused, scan, start, target_of
from tests.browser.visitors import Visitors
from tests.integration.truth import Truth
from tests.waiting import eventually

pytestmark = pytest.mark.browser

IMAGES = 24
LARGE = 18 * 1024**2
"""Bytes of a file that does not fit into one piece."""


@pytest.fixture
def target(visitors: Visitors, truth: Truth) -> Iterator[Target]:
    """An album of pi-a."""
    with target_of(visitors.people["pi-a"], truth) as made:
        yield made


@pytest.fixture
def images(truth: Truth, showcase: dict[str, Any]) -> list[Path]:
    """Real slices of a head, as they are in the archive."""
    return sorted((truth.folder / truth.series_folder(showcase["series"])).iterdir())[:IMAGES]


def opened(visitors: Visitors, target: Target, who: str = "pi-a", **how: Any) -> Page:  # noqa: ANN401 - passed on
    page = visitors.page(who, **how)
    page.goto(f"{visitors.url}/upload/?album={target.slug}")
    return page


def state(page: Page, name: str) -> None:
    expect(page.locator("#going-title")).to_have_text(name)


def test_a_folder_goes_into_an_album_and_all_of_it_is_told(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "head"
    series = scan(folder, images)
    (folder / "notes.txt").write_text("nothing that an archive keeps")
    (folder / ".DS_Store").write_bytes(b"of a system")
    whole = (folder / "IM0000").read_bytes()
    (folder / "more").mkdir()
    (folder / "more" / "half").write_bytes(whole[: len(whole) // 2])
    shutil.copy(images[0], folder / "more" / "known")

    page = visitors.page("pi-a")
    page.goto(f"{visitors.url}/portal/contents?album={target.slug}")
    page.get_by_role("link", name="Upload", exact=True).click()
    expect(portal.heading(page, f"Upload into {target.title}")).to_be_visible()
    assert page.context.pages == [page], "it opens where one is"
    choose(page, folder)
    expect(page.locator("#chosen-count")).to_have_text(re.compile(rf"^{IMAGES + 3} files, [\d.]+ MB$"))
    page.get_by_role("button", name="Start").click()
    state(page, "Done")
    assert figures(page) == [str(IMAGES), "1", "2"]
    assert refused(page) == {"head/notes.txt": "not a DICOM file", "head/more/half": "damaged or cut off"}
    expect(page.get_by_text(f"{IMAGES + 3} of {IMAGES + 3} files")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Done")
    expect(page.get_by_text("1 series is in the album by this upload.")).to_be_visible()
    assert target.series() == {series}

    page.get_by_role("link", name="Take it back").click()
    expect(page.get_by_text("1 series put in")).to_be_visible()
    page.go_back()
    page.goto(f"{visitors.url}/upload/?album={target.slug}")
    expect(page.get_by_role("heading", name="Begun and not ended")).to_be_hidden()
    page.locator("#crumbs").get_by_role("link", name=target.title).click()
    expect(portal.heading(page, target.title)).to_be_visible()


def test_four_files_are_under_way_at_once_and_can_be_paused_and_stopped(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    scan(tmp_path / "head", images)
    page = opened(visitors, target)
    held: list[Route] = []
    page.route(PIECES, lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    start(page, tmp_path / "head")
    state(page, "Uploading")
    expect(page.get_by_role("status")).to_have_text("Uploading")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_text("Leave this page open until it is done.")).to_be_visible()
    assert len(held) == 4
    page.unroute(PIECES)
    for route in held:
        route.continue_()
    state(page, "Done")


def test_the_rest_of_the_time_is_said_only_when_it_is_known(visitors: Visitors, target: Target) -> None:
    page = opened(visitors, target)
    seconds = page.evaluate(
        """async () => {
          const { Rest } = await import("/upload/rest.js");
          const rest = new Rest();
          const nothing = rest.seconds(1e6, 1);
          rest.note(0, 0, 0);
          rest.note(1e6, 4, 1000);
          const early = rest.seconds(1e6, 4);
          for (let second = 2; second <= 60; second += 1) rest.note(second * 1e6, second * 4, second * 1000);
          const steady = rest.seconds(20e6, 80);
          for (let second = 61; second <= 100; second += 1) rest.note(60e6, 240, second * 1000);
          return [nothing, early, Math.round(steady), rest.seconds(20e6, 80)];
        }"""
    )
    assert seconds == [None, None, 20, None]


@pytest.mark.parametrize(
    "name",
    [
        "head/IM0001",
        "t\u00eate/\u00e9t\u00e9 n\u00ba 1.dcm",
        "tab\there\u00a0and\u2028there\u202e\u200bfcd.exe",
        "x" * 600 + "/end",
        "\U0001f9e0" * 520,
        "\ud7ff\ue000\ufffe",
    ],
)
def test_a_files_name_is_written_as_the_service_writes_it(
    visitors: Visitors, target: Target, name: str
) -> None:
    page = opened(visitors, target)
    written = page.evaluate(
        "async (name) => (await import('/upload/known.js')).written(name)",
        name,
    )
    assert written == shown(name)


def test_folders_and_files_are_dropped_and_a_zip_file_is_what_is_in_it(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    series = scan(tmp_path / "head", images[:3])
    with ZipFile(tmp_path / "head.zip", "w") as archive:
        for file in sorted((tmp_path / "head").iterdir()):
            archive.write(file, f"inside/{file.name}")
        archive.writestr("inside/readme", "nothing")
    many = tmp_path / "many" / "deeper"
    many.mkdir(parents=True)
    for number in range(230):  # a browser gives a folder's entries a hundred at a time
        (many / f"{number}").write_text("x")

    page = opened(visitors, target)
    drop(page, [tmp_path / "many", tmp_path / "head.zip"])
    expect(page.locator("#chosen-count")).to_have_text(re.compile("^231 files, "))
    page.get_by_role("button", name="Clear").click()
    drop(page, [tmp_path / "head.zip"])
    page.get_by_role("button", name="Start").click()
    state(page, "Done")
    assert figures(page) == ["3", "0", "1"]
    assert refused(page) == {"head.zip/inside/readme": "not a DICOM file"}
    assert target.series() == {series}


def drop(page: Page, what: list[Path]) -> None:
    """Let files and folders fall onto the page, as a person's file manager does."""
    expect(page.locator("#drop")).to_be_visible()
    box = page.locator("#drop").bounding_box()
    assert box is not None
    client = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        client.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + 20,
                "y": box["y"] + 20,
                "data": {"items": [], "files": [str(one) for one in what], "dragOperationsMask": 1},
            },
        )


def test_a_dropped_connection_is_waited_for_and_gone_on_with(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    series = scan(tmp_path / "head", images)
    page = opened(visitors, target)
    pieces = Pieces(page, let_through=7)
    start(page, tmp_path / "head")
    state(page, "The connection is interrupted")
    expect(page.get_by_text("It goes on by itself where it was.")).to_be_visible()
    assert len(target.series()) == 1
    page.context.set_offline(True)
    pieces.let_through = None
    expect(page.get_by_role("button", name="Try now")).to_be_visible()
    page.context.set_offline(False)
    state(page, "Done")
    assert figures(page) == [str(IMAGES), "0", "0"]
    assert target.series() == {series}
    assert len(pieces.sent) == IMAGES


def test_a_large_file_comes_in_pieces_and_what_has_come_is_not_sent_again(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    series = scan(tmp_path / "head", images[:1], padding=LARGE)
    page = opened(visitors, target)
    pieces = Pieces(page, let_through=1)
    start(page, tmp_path / "head")
    state(page, "The connection is interrupted")
    pieces.let_through = None
    page.get_by_role("button", name="Try now").click()
    state(page, "Done")
    assert target.series() == {series}
    offsets = [int(re.findall(r"offset=(\d+)", url)[0]) for url in pieces.sent]
    assert offsets == [0, 16 * 1024**2]


def test_after_a_reload_the_same_folder_is_gone_on_with(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    series = scan(tmp_path / "head", images)
    page = opened(visitors, target)
    first = Pieces(page, let_through=9)
    start(page, tmp_path / "head")
    state(page, "The connection is interrupted")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_role("heading", name="Begun and not ended")).to_be_visible()
    expect(page.get_by_text("9 files · new images: 9 · refused: 0")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Choose the same files or folder again")).to_be_visible()
    first.let_through = None
    start(page, tmp_path / "head")
    state(page, "Done")
    assert figures(page) == [str(IMAGES), "0", "0"]
    assert len(first.sent) == IMAGES, "no file was sent twice"
    assert target.series() == {series}
    assert len(target.changes()) == 1


def test_who_leaves_in_the_middle_is_asked(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    scan(tmp_path / "head", images[:3])
    page = opened(visitors, target)
    Pieces(page, let_through=1)
    start(page, tmp_path / "head")
    state(page, "The connection is interrupted")
    asked: list[str] = []

    def stay(dialog: Any) -> None:  # noqa: ANN401 - Playwright's own
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("() => { location.href = '/portal/albums' }")
    expect(page.locator("#going-title")).to_be_visible()
    assert asked == ["beforeunload"]


def test_an_upload_is_paused_and_stopped_and_what_had_come_stays(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    scan(tmp_path / "head", images)
    page = opened(visitors, target)
    pieces = Pieces(page, let_through=5)
    start(page, tmp_path / "head")
    state(page, "The connection is interrupted")
    page.get_by_role("button", name="Pause").click()
    state(page, "Paused")
    pieces.let_through = 4
    page.get_by_role("button", name="Go on").click()
    state(page, "The connection is interrupted")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Go on with it").click()
    state(page, "The connection is interrupted")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Stop it").click()
    state(page, "Stopped")
    assert figures(page)[0] == "9"
    expect(page.get_by_text("What had come stays in the album")).to_be_visible()
    expect(page.get_by_role("link", name="Take it back")).to_be_visible()
    [change] = target.changes()
    assert change["finished"]
    assert len(pieces.sent) == 9


def test_what_cannot_be_read_any_more_is_told_and_sent_again_when_it_is_back(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    series = scan(tmp_path / "head", images[:3])
    away, back = tmp_path / "head" / "IM0001", tmp_path / "IM0001"
    page = opened(visitors, target)
    choose(page, tmp_path / "head")
    shutil.move(away, back)
    page.get_by_role("button", name="Start").click()
    state(page, "Not everything could be sent")
    expect(page.get_by_text("1 file could not be sent")).to_be_visible()
    expect(page.get_by_text("it cannot be read any more")).to_be_visible()
    shutil.move(back, away)
    page.get_by_role("button", name="Try again").click()
    state(page, "Done")
    assert figures(page) == ["3", "0", "0"]
    assert target.series() == {series}


def test_a_file_over_which_the_system_stumbles_does_not_hold_the_others_up(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    series = scan(tmp_path / "head", images)
    page = opened(visitors, target)
    bad = re.compile(r"name=head%2FIM0001&")
    page.route(bad, lambda route: route.fulfill(status=500, json={"error": "internal", "message": "x"}))
    start(page, tmp_path / "head")

    def is_given_up() -> bool:
        page.evaluate("() => document.getElementById('again').click()")
        return page.locator("#going-title").inner_text() == "Not everything could be sent"

    eventually(is_given_up, within=60)
    assert figures(page) == [str(IMAGES - 1), "0", "0"]
    expect(page.locator("#unsent-rows")).to_have_text("head/IM0001the system stumbled over it")
    page.unroute(bad)
    page.get_by_role("button", name="Try again").click()
    state(page, "Done")
    assert target.series() == {series}


def test_a_session_that_ends_in_the_middle_is_signed_in_again(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    scan(tmp_path / "head", images)
    page = opened(visitors, target)
    pieces = Pieces(page, let_through=6, status=401)
    start(page, tmp_path / "head")
    state(page, "Your session is over")
    way = page.get_by_role("link", name="Sign in").get_attribute("href") or ""
    assert way == f"/auth/signin?next=%2Fupload%2F%3Falbum%3D{target.slug}"
    pieces.let_through = None
    page.get_by_role("button", name="Go on").click()
    state(page, "Done")
    assert figures(page) == [str(IMAGES), "0", "0"]


def test_a_right_that_is_taken_back_ends_an_upload_in_the_middle(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    scan(tmp_path / "head", images)
    where = target.give("member-b", "upload")
    page = opened(visitors, target, "member-b")
    pieces = Pieces(page, let_through=6)
    start(page, tmp_path / "head")
    state(page, "The connection is interrupted")
    with target.owner.client() as client:
        client.delete(where).raise_for_status()
    pieces.let_through = None
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_role("heading", name="You may not go on")).to_be_visible()
    assert len(target.series()) == 1


def test_an_upload_that_was_ended_elsewhere_is_told_and_chosen_anew(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    series = scan(tmp_path / "head", images)
    page = opened(visitors, target)
    pieces = Pieces(page, let_through=6)
    start(page, tmp_path / "head")
    state(page, "The connection is interrupted")
    other = opened(visitors, target)
    other.get_by_role("button", name="End it").click()
    expect(other.get_by_role("heading", name="Begun and not ended")).to_be_hidden()
    pieces.let_through = None
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_role("heading", name="This upload is over")).to_be_visible()
    start(page, tmp_path / "head")
    state(page, "Done")
    assert figures(page) == [str(IMAGES - 6), "6", "0"]
    assert target.series() == {series}


def test_who_may_not_upload_is_told_so(visitors: Visitors, target: Target) -> None:
    target.give("member-a", "view")
    page = opened(visitors, target, "member-a")
    expect(page.get_by_role("heading", name="You may not upload into this album")).to_be_visible()
    expect(page.locator("#pick")).to_be_hidden()
    page = opened(visitors, target, "stranger")
    expect(page.get_by_role("heading", name="There is nothing here that you can see")).to_be_visible()
    assert target.title not in page.locator("body").inner_text()
    page = visitors.page("stranger")
    page.goto(f"{visitors.url}/upload/")
    expect(page.get_by_role("heading", name="There is nothing here that you can see")).to_be_visible()


def test_who_is_signed_out_signs_in_and_comes_back(
    visitors: Visitors, stack: dict[str, Any], target: Target
) -> None:
    asked = f"/upload/?album={target.slug}"
    page = visitors.page()
    portal.sign_in(page, stack["accounts"]["pi-a"], visitors.url + asked)
    expect(portal.heading(page, f"Upload into {target.title}")).to_be_visible()
    assert portal.path(page) == asked


def test_in_french_on_a_narrow_screen_everything_is_there(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    scan(tmp_path / "head", images[:2])
    (tmp_path / "head" / "notes.txt").write_text("x")
    page = opened(visitors, target, language="fr-CA", size=(800, 900))
    expect(portal.heading(page, f"Téléverser dans {target.title}")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "fr"
    page.locator("#folder").set_input_files(tmp_path / "head")
    page.get_by_role("button", name="Commencer").click()
    state(page, "Terminé")
    assert refused(page) == {"head/notes.txt": "n\u2019est pas un fichier DICOM"}
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_name_that_is_markup_is_shown_as_it_is(visitors: Visitors, target: Target, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    (tmp_path / "head").mkdir()
    (tmp_path / "head" / name).write_text("x")
    with target.owner.client() as client:
        client.patch(f"/api/albums/{target.slug}", json={"title": name}).raise_for_status()
    page = opened(visitors, target)
    expect(portal.heading(page, f"Upload into {name}")).to_be_visible()
    start(page, tmp_path / "head")
    state(page, "Done")
    assert refused(page) == {f"head/{name}": "not a DICOM file"}
    expect(page.locator("main img")).to_have_count(0)


def test_the_page_may_run_and_reach_nothing_but_our_own(visitors: Visitors, target: Target) -> None:
    told: list[str] = []
    page = visitors.page("pi-a")
    page.on("console", lambda message: told.append(message.text))
    answer = page.goto(f"{visitors.url}/upload/?album={target.slug}")
    assert answer is not None
    policy = answer.header_value("content-security-policy") or ""
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    expect(page.locator("#drop")).to_be_visible()
    assert told == []
