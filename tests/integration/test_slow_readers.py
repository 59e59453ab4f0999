"""Whoever asks for much and reads nothing holds up himself, and nobody else."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deploy.native.programs import AT_ONCE
from tests.integration.people import SignedIn
from tests.integration.raw import send
from tests.integration.truth import Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.fixture
def held(people: dict[str, SignedIn], truth: Truth, port: int) -> Iterator[None]:
    """Sixty large answers that member-a asks for and does not read."""
    series = truth.series[truth.manifest["special"]["showcase"]["series"]]
    request = (
        f"GET /orthanc/series/{series.id}/numpy HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Cookie: {people['member-a'].cookie}\r\n\r\n"
    )
    with ExitStack() as sockets:
        for _ in range(60):
            one = sockets.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            one.connect(("127.0.0.1", port))
            one.sendall(request.encode())
        yield


@pytest.mark.usefixtures("held")
def test_others_are_served_and_he_is_told(people: dict[str, SignedIn], truth: Truth, port: int) -> None:
    assert AT_ONCE < 60
    series = next(
        truth.series[uid] for uid in sorted(truth.may("pi-b")) if truth.series[uid].modality == "MR"
    )
    path = f"/dicom-web/studies/{series.study}/series/{series.uid}"
    for target in (f"{path}/metadata", "/dicom-web/studies?limit=1", "/api/me"):
        assert send(port, "GET", target, [("Cookie", people["pi-b"].cookie)]).status == 200
    own = [("Cookie", people["member-a"].cookie)]
    eventually(lambda: send(port, "GET", "/dicom-web/studies?limit=1", own).status == 429)


def test_and_is_served_again_once_they_are_gone(people: dict[str, SignedIn], port: int) -> None:
    own = [("Cookie", people["member-a"].cookie)]
    eventually(lambda: send(port, "GET", "/dicom-web/studies?limit=1", own).status == 200)
