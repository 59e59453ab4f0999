"""Keycloak's own access tokens at the real gate: they read what their person may, whatever their size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auth_service.credentials.identity import LONGEST_BEARER
from deploy.native.stack import Stack
from tests.integration.people import SignedIn
from tests.integration.programs import (
    Program,
    admin_of,
    another_client,
    of_another_realm,
    signed_in_at_keycloak,
)
from tests.integration.raw import send
from tests.integration.truth import Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.fixture
def program(stack: dict[str, Any], client_secret: str) -> Program:
    return program_of(stack, client_secret, "member-a")


def program_of(stack: dict[str, Any], client_secret: str, username: str) -> Program:
    return signed_in_at_keycloak(stack, client_secret, username, stack["accounts"][username]["password"])


@pytest.fixture
def frame(truth: Truth) -> str:
    """A frame that member-a may view."""
    series = truth.series[truth.manifest["special"]["showcase"]["series"]]
    instance = series.instances[0].uid
    return f"/dicom-web/studies/{series.study}/series/{series.uid}/instances/{instance}/frames/1"


def test_it_reads_what_its_person_may_and_nothing_else(
    program: Program, frame: str, truth: Truth, port: int, people: dict[str, SignedIn]
) -> None:
    assert send(port, "GET", frame, program.headers).status == 200
    own = send(port, "GET", "/dicom-web/studies", [("Cookie", people["member-a"].cookie)])
    by_program = send(port, "GET", "/dicom-web/studies", program.headers)
    assert (by_program.status, by_program.body) == (200, own.body)
    hidden = next(one for one in truth.series.values() if one.study not in truth.studies("member-a"))
    path = f"/dicom-web/studies/{hidden.study}/series/{hidden.uid}/metadata"
    assert send(port, "GET", path, program.headers).status == 404


def test_it_opens_no_page_and_does_nothing_in_person(
    stack: dict[str, Any], client_secret: str, port: int
) -> None:
    program = program_of(stack, client_secret, "pi-a")
    assert send(port, "GET", "/portal/albums", program.headers).status == 302
    assert send(port, "GET", "/ohif/viewer", program.headers).status == 302
    assert send(port, "GET", "/api/me", program.headers).status == 200
    assert send(port, "GET", "/api/sessions", program.headers).status == 403
    assert send(port, "GET", "/api/albums/head-ct/members", program.headers).status == 403
    json = [("Content-Type", "application/json")]
    body = b'{"name": "x", "actions": ["view"]}'
    assert send(port, "POST", "/api/tokens", [*program.headers, *json], body=body).status == 403


def test_what_only_looks_like_it_is_refused(stack: dict[str, Any], program: Program, port: int) -> None:
    with another_client(stack, "member-a") as other:
        refused = {
            "id token": program.id_token,
            "refresh token": program.refresh,
            "another client's": other.access,
            "another realm's": of_another_realm(stack).access,
            "unsigned": program.forged(algorithm="none"),
            "another key's": program.forged(),
            "cut": program.access[:-4],
        }
        for path in ("/api/me", "/dicom-web/studies"):
            for what, raw in refused.items():
                answer = send(port, "GET", path, [("Authorization", f"Bearer {raw}")])
                assert answer.status == 401, (what, path)
            assert send(port, "GET", path, program.headers).status == 200


@pytest.fixture
def crowded(stack: dict[str, Any], client_secret: str) -> Iterator[Program]:
    """A program of member-a while he is in a hundred more groups."""
    names = [f"/bearer-test-{number:03d}-with-a-longer-name" for number in range(100)]
    with admin_of(stack) as admin:
        groups = [admin.group(name) for name in names]
        user = admin._get("/users", username="member-a", exact="true")[0]["id"]
        for group in groups:
            admin.join(user, group)
    yield program_of(stack, client_secret, "member-a")
    with admin_of(stack) as admin:
        for group in groups:
            admin._client.delete(f"{admin._realm_url}/groups/{group}").raise_for_status()


def test_somebody_in_a_hundred_groups_gets_through_and_his_decisions_are_kept(
    crowded: Program, frame: str, port: int, native_stack: Stack
) -> None:
    assert len(crowded.claims["groups"]) > 100
    assert 4096 < len(crowded.access) < LONGEST_BEARER
    answers = [send(port, "GET", frame, crowded.headers) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 200]
    # nginx keeps nothing where the key, which holds the token, does not fit into its buffer.
    log = Path(native_stack.data.logs, "nginx-access.log")
    last = answers[-1].headers["x-request-id"]
    eventually(lambda: last in log.read_text())
    [line] = [line for line in log.read_text().splitlines() if last in line]
    assert line.endswith(("decision=frames/HIT", "decision=frames/STALE"))


def test_keycloaks_tokens_and_keys_are_not_published_unless_a_site_says_so(port: int) -> None:
    realm = "/keycloak/realms/paradim"
    assert send(port, "GET", f"{realm}/.well-known/openid-configuration").status == 404
    assert send(port, "GET", f"{realm}/protocol/openid-connect/certs").status == 404
    assert send(port, "POST", f"{realm}/protocol/openid-connect/token").status == 404
    assert send(port, "POST", f"{realm}/protocol/openid-connect/token/introspect").status == 404
