"""Every request that OHIF makes while it opens a study, with the decision that the gate made about it.

``make test TESTS="tests/browser/test_what_the_viewer_asks.py -s"`` prints the table.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response, expect

from deploy.native.stack import Stack
from tests.browser import portal
from tests.browser.ohif import Viewer
from tests.browser.visitors import Visitors
from tests.waiting import eventually

pytestmark = pytest.mark.browser

_LINE = re.compile(r"^\S+ \S+ (?P<id>[0-9a-f]{32}) .* decision=(?P<decision>\S*)$")


def test_the_viewer_asks_for_nothing_that_the_gate_did_not_decide(
    visitors: Visitors, native_stack: Stack, showcase: dict[str, Any]
) -> None:
    page = visitors.page("member-a")
    viewer = Viewer(page)
    viewer.open(visitors.url, showcase["study"])
    while len(_frames(visitors)) < showcase["slices"]:  # all slices are fetched ahead
        page.wait_for_event("response")

    log = native_stack.data.logs / "nginx-access.log"
    # nginx writes a line when a request is over, and one that renews a decision is over after its answer.
    eventually(lambda: _numbers(visitors) <= _decisions(log).keys())
    decisions = _decisions(log)
    asked: Counter[tuple[str, str, int, str]] = Counter()
    for answer in visitors.responses:
        path = urlsplit(answer.url).path
        decision = decisions.get(answer.headers.get("x-request-id", ""), "")
        asked[(answer.request.method, _shape(path), answer.status, decision)] += 1
        if path.startswith("/dicom-web/"):
            assert answer.status == 200, answer.url
            assert decision.partition("/")[0], f"nobody decided about {answer.url}"
            assert _belongs(answer, showcase), answer.url
    _print(asked)


def test_no_page_asks_another_machine_for_anything(
    visitors: Visitors, stack: dict[str, Any], showcase: dict[str, Any]
) -> None:
    page = visitors.page(size=(1600, 1200))
    study = f"{visitors.url}/portal/study?study={showcase['study']}&album=head-ct"
    portal.sign_in(page, stack["accounts"]["pi-a"], study)
    expect(portal.heading(page, "CT HEAD W/O CONTRAST")).to_be_visible()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open in OHIF").first.click()
    Viewer(opened.value).settle()

    kinds = {urlsplit(url).path.split("/")[1] for url in visitors.requests}
    assert kinds >= {"portal", "auth", "keycloak", "api", "ohif", "dicom-web"}
    assert [url for url in visitors.requests if url.startswith("ws://")]
    assert visitors.foreign() == []


def _frames(visitors: Visitors) -> set[str]:
    return {answer.url for answer in visitors.responses if answer.url.endswith("/frames/1")}


def _numbers(visitors: Visitors) -> set[str]:
    """Return the numbers of all requests for data that were answered."""
    data = (answer for answer in visitors.responses if urlsplit(answer.url).path.startswith("/dicom-web/"))
    return {answer.headers.get("x-request-id", "") for answer in data}


def _decisions(log: Path) -> dict[str, str]:
    """Return by request number what nginx says of the decision.

    That is the row of the rights table and whether its answer was kept from a moment ago; no row for pages.
    """
    lines = log.read_text(encoding="utf-8").splitlines()
    return {match["id"]: match["decision"] for line in lines if (match := _LINE.match(line))}


def _belongs(answer: Response, showcase: dict[str, Any]) -> bool:
    """Say whether a request is about the study, or is a search (which the gate narrows by itself)."""
    parts = urlsplit(answer.url)
    return parts.path == "/dicom-web/studies" or f"/studies/{showcase['study']}" in parts.path


def _shape(path: str) -> str:
    """Return a path with its UIDs abbreviated and OHIF's own files as one."""
    if path.startswith("/ohif/") and "." in path:
        return "/ohif/(files)"
    for name in ("studies", "series", "instances"):
        path = re.sub(rf"/{name}/[0-9.]+", f"/{name}/{{{name[0].upper()}}}", path)
    return path


def _print(asked: Counter[tuple[str, str, int, str]]) -> None:
    print(f"\n{'times':>5}  {'status':6}  {'decision':<22}  request")  # noqa: T201 - what -s is for
    for (method, path, status, decision), count in asked.items():
        print(f"{count:>5}  {status:<6}  {decision or '-':<22}  {method} {path}")  # noqa: T201
