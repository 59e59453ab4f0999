"""People upload into an album from the page of ours, and are told what became of all of it."""

import re
import shutil
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, Route, expect

from auth_service.uploads.sending import shown
from tests.browser import portal
from tests.browser.uploads import IMAGES, PIECES, Target, choose, figures, opened, refused, scan, start, state
from tests.browser.visitors import Visitors

pytestmark = pytest.mark.browser


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
    holding = [True]
    page.route(PIECES, lambda route: held.append(route) if holding else route.continue_())
    start(page, tmp_path / "head")
    state(page, "Uploading")
    expect(page.get_by_role("status")).to_have_text("Uploading")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_text("Leave this page open until it is done.")).to_be_visible()
    assert len(held) == 4
    holding.clear()
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


def test_an_album_that_deidentifies_says_so(visitors: Visitors, target: Target) -> None:
    target.give("member-a", "view", "upload")
    page = opened(visitors, target, "member-a")
    expect(page.locator("#drop")).to_be_visible()
    expect(page.locator("#deidentifies")).to_be_hidden()
    with target.owner.client() as client:
        client.put(f"/api/albums/{target.slug}/deidentification", json={"options": []}).raise_for_status()
    page.reload()
    expect(page.get_by_text("This album de-identifies what is uploaded")).to_be_visible()
    page = opened(visitors, target, "member-a", language="fr-CA")
    expect(page.get_by_text("Cet album désidentifie ce qui est téléversé")).to_be_visible()


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
