"""Each way in which a right ends, tried on somebody new with every credential at once.

The table is read by ``tests/integration/test_revocation.py``, which holds each row to the budget, and by
``benchmarks/revocation.py``, which takes the worst of twenty.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.native.accounts import _Admin
from tests.browser.newcomers import newcomer_of
from tests.integration.people import SignedIn, sign_in
from tests.integration.programs import Program, admin_of, signed_in_at_keycloak
from tests.integration.truth import Truth
from tests.waiting import eventually

WITHIN = 5.0
"""Seconds in which a grant or a revocation must be in force everywhere (docs/threat-model.md)."""

PER_SECOND = 10
"""How often each credential is used meanwhile."""

WARM = 12
"""Uses before anything ends: longer than any answer is kept."""

COOKIE, TOKEN, BEARER = "cookie", "API token", "bearer of Keycloak"

_OF_ONE, _OF_A_GROUP = "head-ct", "lung-phantom"
"""Albums of pi-a's: one is shared with the newcomer himself, the other with a group of his."""

_ROLE, _OF_A_ROLE = "researcher", "given-to-a-role"
"""The realm role of every newcomer, and a label that a rule opens to it; nothing carries it."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Somebody new with all that can be taken from him, and those who can take it."""

    stack: Mapping[str, Any]
    frames: Mapping[str, str]
    """What is asked for again and again, by album."""
    owner: SignedIn
    person: SignedIn
    elsewhere: SignedIn
    """The same person in another browser."""
    program: Program
    token: Mapping[str, Any]
    group: str
    members: Mapping[str, int]

    @property
    def subject(self) -> str:
        """Whom Keycloak knows him as."""
        return str(self.program.claims["sub"])

    def headers(self, credential: str) -> dict[str, str]:
        """What is sent by one of his credentials."""
        if credential == COOKIE:
            return {"Cookie": self.person.cookie}
        secret = self.token["token"] if credential == TOKEN else self.program.access
        return {"Authorization": f"Bearer {secret}"}

    def frame(self, album: str) -> Callable[[httpx.Client], tuple[bool, int]]:
        """Return what asks for a frame in an album, and tells whether it was given, and the status."""

        def ask(client: httpx.Client) -> tuple[bool, int]:
            status = client.get(self.frames[album]).status_code
            return status == httpx.codes.OK, status

        return ask


@contextmanager
def rule_by_role(stack: Mapping[str, Any]) -> Iterator[None]:
    """Let a rule give something to the role that newcomers have, from when it is in force."""
    file = Path(stack["internal"]["auth_service"]["rules_file"])
    before = file.read_text()
    rule = {"authorized-labels": [_OF_A_ROLE], "permissions": ["view"]}
    file.write_text(json.dumps({"roles": {_ROLE: rule}}))
    try:
        with sign_in(stack, "stranger").client() as client:
            eventually(lambda: _told_of_the_role(client)[0])
        yield
    finally:
        file.write_text(before)


@contextmanager
def holder_of(
    stack: Mapping[str, Any], truth: Truth, client_secret: str, owner: SignedIn
) -> Iterator[Holder]:
    """Make somebody with a session, a token and a program, in one album himself and in one by a group."""
    path = f"/revocation-{secrets.token_hex(4)}"
    with newcomer_of(stack) as somebody:
        with admin_of(stack) as admin:
            group = admin.group(path)
            [user] = admin._get("/users", username=somebody.username, exact="true")
            admin.join(user["id"], group)
        known = {"username": somebody.username, "password": somebody.password}
        his = {**stack, "accounts": {somebody.username: known}}
        person = sign_in(his, somebody.username)
        subjects = {_OF_ONE: {"user": somebody.username}, _OF_A_GROUP: {"group": path}}
        with owner.client() as owners, person.client() as own:
            members = {album: _shared(owners, album, subject) for album, subject in subjects.items()}
            made = own.post("/api/tokens", json={"name": "revoked", "actions": ["view"]})
            made.raise_for_status()
        yield Holder(
            stack=stack,
            frames={album: _frame(truth, album) for album in subjects},
            owner=owner,
            person=person,
            elsewhere=sign_in(his, somebody.username),
            program=signed_in_at_keycloak(stack, client_secret, somebody.username, somebody.password),
            token=made.json(),
            group=group,
            members=members,
        )
        with owner.client() as owners:
            for album, member in members.items():
                owners.delete(f"/api/albums/{album}/members/{member}")
    with admin_of(stack) as admin:
        admin._client.delete(f"{admin._realm_url}/groups/{group}").raise_for_status()


def _shared(owners: httpx.Client, album: str, subject: Mapping[str, str]) -> int:
    given = owners.post(f"/api/albums/{album}/members", json={"subject": subject, "actions": ["view"]})
    given.raise_for_status()
    return int(given.json()["id"])


def _frame(truth: Truth, album: str) -> str:
    series = truth.series[min(truth.albums[album])]
    instance = series.instances[0].uid
    return f"/dicom-web/studies/{series.study}/series/{series.uid}/instances/{instance}/frames/1"


# What ends, and how


def _remove_member(holder: Holder, _: _Admin) -> None:
    with holder.owner.client() as owner:
        address = f"/api/albums/{_OF_ONE}/members/{holder.members[_OF_ONE]}"
        owner.delete(address).raise_for_status()


def _leave_group(holder: Holder, admin: _Admin) -> None:
    _administer(admin, "DELETE", f"/users/{holder.subject}/groups/{holder.group}")


def _take_role(holder: Holder, admin: _Admin) -> None:
    role = admin.role(_ROLE)
    _administer(admin, "DELETE", f"/users/{holder.subject}/role-mappings/realm", json=[role])


def _disable(holder: Holder, admin: _Admin) -> None:
    _administer(admin, "PUT", f"/users/{holder.subject}", json={"enabled": False})


def _log_out(holder: Holder, admin: _Admin) -> None:
    _administer(admin, "POST", f"/users/{holder.subject}/logout")


def _end_keycloaks_sessions(holder: Holder, admin: _Admin) -> None:
    """End them one by one, as in Keycloak's console; the back channel tells of each."""
    for session in admin._get(f"/users/{holder.subject}/sessions"):
        _administer(admin, "DELETE", f"/sessions/{session['id']}")


def _end_session(holder: Holder, _: _Admin) -> None:
    with holder.person.client() as own, holder.elsewhere.client() as elsewhere:
        session = own.get("/api/me").json()["session"]["id"]
        elsewhere.delete(f"/api/sessions/{session}").raise_for_status()


def _sign_out(holder: Holder, _: _Admin) -> None:
    with holder.person.client() as own:
        assert own.post("/auth/signout").status_code == httpx.codes.SEE_OTHER


def _revoke(holder: Holder, _: _Admin) -> None:
    with holder.person.client() as own:
        own.delete(f"/api/tokens/{holder.token['id']}").raise_for_status()


def _administer(admin: _Admin, method: str, path: str, **body: Any) -> None:  # noqa: ANN401 - JSON
    admin._client.request(method, f"{admin._realm_url}{path}", **body).raise_for_status()


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """One way in which a right ends."""

    what: str
    end: Callable[[Holder, _Admin], None]
    """Ends it, by an administrator of Keycloak who has signed in, where that takes one."""
    gone: Mapping[str, int]
    """The credentials that it meets, and the status that each has then."""
    album: str | None = _OF_ONE
    """Whose frame is asked for; ``None``: the label that ``/api/me`` tells of, given by `rule_by_role`."""


_ALL_200 = dict.fromkeys((COOKIE, TOKEN, BEARER), 200)
_ALL_404 = dict.fromkeys((COOKIE, TOKEN, BEARER), 404)
_ALL_401 = dict.fromkeys((COOKIE, TOKEN, BEARER), 401)
_SESSIONS_401 = dict.fromkeys((COOKIE, BEARER), 401)

REVOCATIONS = (
    Revocation(what="member removed", end=_remove_member, gone=_ALL_404),
    Revocation(what="group left in Keycloak", end=_leave_group, gone=_ALL_404, album=_OF_A_GROUP),
    # What a rule gives to the role: no program is told roles.
    Revocation(what="role taken in Keycloak", end=_take_role, gone=_ALL_200, album=None),
    Revocation(what="user disabled in Keycloak", end=_disable, gone=_ALL_401),
    # An API token is no session, and goes on.
    Revocation(what="logged out by an administrator", end=_log_out, gone=_SESSIONS_401),
    Revocation(what="sessions ended in Keycloak", end=_end_keycloaks_sessions, gone=_SESSIONS_401),
    Revocation(what="session ended from another", end=_end_session, gone={COOKIE: 401}),
    Revocation(what="signed out", end=_sign_out, gone={COOKIE: 401}),
    Revocation(what="token revoked", end=_revoke, gone={TOKEN: 401}),
)


def seconds_until_gone(holder: Holder, revocation: Revocation) -> dict[str, float]:
    """Use every credential that a revocation meets all the while, revoke, and return when each had ended.

    The time runs from before the revocation was asked for to the beginning of the first request that was
    refused: a refusal itself may be given late (``auth_service/credentials/guessing.py``).
    """
    ready = threading.Barrier(len(revocation.gone) + 1)
    with ThreadPoolExecutor(len(revocation.gone)) as pool:
        users = {
            credential: pool.submit(_use, holder, revocation, credential, ready)
            for credential in revocation.gone
        }
        # Before the clock runs: to check the administrator's password takes Keycloak a while.
        with admin_of(holder.stack) as admin:
            ready.wait(timeout=60)
            began = time.monotonic()
            revocation.end(holder, admin)
        return {credential: max(0.0, user.result() - began) for credential, user in users.items()}


def _use(holder: Holder, revocation: Revocation, credential: str, ready: threading.Barrier) -> float:
    ask = holder.frame(revocation.album) if revocation.album is not None else _told_of_the_role
    with httpx.Client(
        base_url=holder.stack["url"], headers=holder.headers(credential), timeout=30, trust_env=False
    ) as client:
        for _ in range(WARM):
            given, status = ask(client)
            assert given, (revocation.what, credential, status)
            time.sleep(1 / PER_SECOND)
        ready.wait(timeout=60)
        ends = time.monotonic() + 4 * WITHIN
        while (began := time.monotonic()) < ends:
            given, status = ask(client)
            if not given:
                assert status == revocation.gone[credential], (revocation.what, credential, status)
                assert ask(client) == (False, status), "it came back"
                return began
            time.sleep(1 / PER_SECOND)
    raise AssertionError(f"{revocation.what}: the {credential} goes on")


def _told_of_the_role(client: httpx.Client) -> tuple[bool, int]:
    answer = client.get("/api/me")
    return any(one["label"] == _OF_A_ROLE for one in answer.json().get("labels", [])), answer.status_code
