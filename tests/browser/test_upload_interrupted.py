"""What comes between an upload and its end loses nothing: connections, reloads, sessions, rights, files."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.uploads import IMAGES, Pieces, Target, choose, figures, opened, scan, start, state
from tests.browser.visitors import Visitors
from tests.waiting import eventually

pytestmark = pytest.mark.browser

LARGE = 18 * 1024**2
"""Bytes of a file that does not fit into one piece."""


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
    pieces.open_and_try_now()
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
    assert way == f"/auth/signin?next=%2Fportal%2Falbum%3Falbum%3D{target.slug}"
    pieces.let_through = None
    page.get_by_role("button", name="Go on").click()
    state(page, "Done")
    assert figures(page) == [str(IMAGES), "0", "0"]


def test_the_end_is_asked_for_until_it_is_heard(
    visitors: Visitors, target: Target, images: list[Path], tmp_path: Path
) -> None:
    scan(tmp_path / "head", images[:2])
    page = opened(visitors, target)
    page.route("**/end", lambda route: route.fulfill(status=401, json={"error": "x", "message": "x"}))
    start(page, tmp_path / "head")
    state(page, "Ending")
    expect(page.get_by_text("Your session is over")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.unroute("**/end")
    state(page, "Done")
    expect(page.get_by_role("link", name="Sign in")).to_be_hidden()
    assert target.changes()[0]["state"] == "done"


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
    pieces.open_and_try_now()
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
    pieces.open_and_try_now()
    expect(page.get_by_role("heading", name="This upload is over")).to_be_visible()
    start(page, tmp_path / "head")
    state(page, "Done")
    assert figures(page) == [str(IMAGES - 6), "6", "0"]
    assert target.series() == {series}
