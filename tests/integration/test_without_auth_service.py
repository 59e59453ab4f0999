"""Without the service that decides, nothing is shown, and each kind of client is told so in its own form."""

import pytest

from deploy.native.stack import Stack
from tests.integration.people import SignedIn
from tests.integration.raw import send
from tests.integration.truth import Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack


def test_nothing_is_open_and_everybody_is_told(
    native_stack: Stack, truth: Truth, people: dict[str, SignedIn], port: int
) -> None:
    special = truth.manifest["special"]["showcase"]
    item = f"/dicom-web/studies/{special['study']}/series/{special['series']}/metadata?"
    cookie = [("Cookie", people["pi-a"].cookie)]
    native_stack._supervisor.stop_part("auth_service")
    try:
        programs = [send(port, "GET", path, cookie) for path in (item, "/dicom-web/studies", "/api/albums")]
        pages = [
            send(port, "GET", path, cookie) for path in ("/portal/albums", "/ohif/viewer", "/auth/signin")
        ]
    finally:
        native_stack.restart("auth_service")
    for answer in programs:
        assert (answer.status, answer.headers["content-type"]) == (503, "application/json")
    for answer in pages:
        assert (answer.status, answer.headers["content-type"]) == (503, "text/html")
        assert b'lang="fr"' in answer.body
        assert b'lang="en"' in answer.body
    assert send(port, "GET", "/dicom-web/studies", cookie).status == 200


def test_decision_that_is_kept_ends_however_often_it_is_used(
    native_stack: Stack, truth: Truth, people: dict[str, SignedIn], port: int
) -> None:
    special = truth.manifest["special"]["showcase"]
    item = f"/dicom-web/studies/{special['study']}/series/{special['series']}/metadata?"
    cookie = [("Cookie", people["pi-a"].cookie)]
    assert send(port, "GET", item, cookie).status == 200
    native_stack._supervisor.stop_part("auth_service")
    try:
        eventually(lambda: send(port, "GET", item, cookie).status == 503)
        assert send(port, "GET", item, cookie).status == 503
    finally:
        native_stack.restart("auth_service")
    assert send(port, "GET", item, cookie).status == 200
