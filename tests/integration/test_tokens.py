"""API tokens at the real gate: the tools people know read with them, and each end is in force in time."""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pyorthanc import Orthanc

from deploy.native.accounts import _Admin
from tests.browser.newcomers import newcomer_of
from tests.integration.people import SignedIn, sign_in
from tests.integration.raw import Answer, send
from tests.integration.truth import Series, Truth

pytestmark = pytest.mark.stack

WITHIN = 5.0
"""Seconds in which a grant or a revocation must be in force everywhere (docs/threat-model.md)."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Somebody new in the album head-ct, its owner, his token, and its public identifier."""

    stack: dict[str, Any]
    owner: SignedIn
    person: SignedIn
    token: str
    id: str
    member: int

    @property
    def bearer(self) -> list[tuple[str, str]]:
        return [("Authorization", f"Bearer {self.token}")]

    @property
    def basic(self) -> list[tuple[str, str]]:
        pair = base64.b64encode(f"{self.person.username}:{self.token}".encode()).decode()
        return [("Authorization", f"Basic {pair}")]


@pytest.fixture
def holder(stack: dict[str, Any], people: dict[str, SignedIn]) -> Iterator[Holder]:
    with newcomer_of(stack) as somebody:
        known = {"username": somebody.username, "password": somebody.password}
        person = sign_in({**stack, "accounts": {somebody.username: known}}, somebody.username)
        with people["pi-a"].client() as owner, person.client() as own:
            member = owner.post(
                "/api/albums/head-ct/members",
                json={"subject": {"user": somebody.username}, "actions": ["view", "download"]},
            )
            assert member.status_code == 201, member.text
            made = own.post("/api/tokens", json={"name": "notebook", "actions": ["view"], "albums": None})
            assert made.status_code == 201, made.text
        yield Holder(
            stack=stack,
            owner=people["pi-a"],
            person=person,
            token=made.json()["token"],
            id=made.json()["id"],
            member=member.json()["id"],
        )
        with people["pi-a"].client() as owner:
            owner.delete(f"/api/albums/head-ct/members/{member.json()['id']}")


@pytest.fixture
def showcase(truth: Truth) -> Series:
    return truth.series[truth.manifest["special"]["showcase"]["series"]]


def frame(series: Series) -> str:
    return f"{whole(series)}/frames/1"


def whole(series: Series) -> str:
    return f"/dicom-web/studies/{series.study}/series/{series.uid}/instances/{series.instances[0].uid}"


def test_by_bearer_and_by_basic_it_reads_what_its_maker_may_view(
    holder: Holder, showcase: Series, port: int
) -> None:
    for credential in (holder.bearer, holder.basic):
        assert send(port, "GET", frame(showcase), credential).status == 200
        assert send(port, "GET", "/dicom-web/studies", credential).status == 200
        # He may download; the token may not.
        assert send(port, "GET", whole(showcase), credential).status == 403
    own = [("Cookie", holder.person.cookie)]
    assert send(port, "GET", whole(showcase), own).status == 200


def test_pyorthanc_finds_what_the_model_expects(holder: Holder, truth: Truth, stack: dict[str, Any]) -> None:
    with Orthanc(f"{stack['url']}/orthanc", username=holder.person.username, password=holder.token) as client:
        found = client.post_tools_find({"Level": "Series", "Query": {}, "Expand": True})
    assert {row["MainDicomTags"]["SeriesInstanceUID"] for row in found} == truth.albums["head-ct"]


def test_it_opens_no_page_and_no_token_of_another_kind_is_one(holder: Holder, port: int) -> None:
    assert send(port, "GET", "/portal/albums", holder.bearer).status in (302, 401)
    assert send(port, "GET", "/ohif/viewer", holder.bearer).status in (302, 401)
    both = [*holder.bearer, ("Cookie", holder.person.cookie)]
    assert send(port, "GET", "/dicom-web/studies", both).status == 400
    for header in (
        f"Bearer {holder.token}x",
        f"Bearer {holder.token[:-1]}",
        f"Bearer  {holder.token}",
        f"Basic {holder.token}",
        f"Digest {holder.token}",
    ):
        assert send(port, "GET", "/dicom-web/studies", [("Authorization", header)]).status == 401
    assert send(port, "GET", f"/dicom-web/studies?token={holder.token}").status in (400, 401)


def revoke(holder: Holder) -> None:
    with holder.person.client() as own:
        assert own.delete(f"/api/tokens/{holder.id}").status_code == 204


def remove_member(holder: Holder) -> None:
    with holder.owner.client() as owner:
        assert owner.delete(f"/api/albums/head-ct/members/{holder.member}").status_code == 204


def disable(holder: Holder) -> None:
    keycloak = holder.stack["internal"]["keycloak"]
    with holder.person.client() as own:
        subject = own.get("/api/me").json()["sub"]
    with _Admin(keycloak["url"], keycloak["realm"], keycloak["admin"]["password"]) as admin:
        address = f"{admin._realm_url}/users/{subject}"
        admin._client.put(address, json={"enabled": False}).raise_for_status()


@pytest.mark.parametrize(("end", "status"), [(revoke, 401), (remove_member, 404), (disable, 401)])
def test_each_end_is_in_force_in_time_while_the_token_is_used(
    holder: Holder, showcase: Series, port: int, end: Callable[[Holder], None], status: int
) -> None:
    def ask() -> Answer:
        return send(port, "GET", frame(showcase), holder.bearer)

    assert ask().status == ask().status == 200
    end(holder)
    ended = time.monotonic()
    while (answer := ask()).status == 200:
        assert time.monotonic() - ended < WITHIN, "the token still opens the frame"
        time.sleep(0.05)
    assert answer.status == status
    assert ask().status == status
