"""One table: every route of the application x every kind of actor, with expectations written by hand.

The routes are read from the application itself, so that a new one fails here until it has its rows.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route

from auth_service.store.audit import records
from auth_service.vocabulary import AuditEvent
from tests.fakes.held import orthanc_id
from tests.http.world import PEOPLE, World

KINDS = ("unheard", "nobody", "bad", *PEOPLE)

HEARD = {"nobody": 401, "bad": 401}
"""Nobody and a bad credential, wherever somebody is needed."""

ALL_IN = dict.fromkeys(PEOPLE, 200) | HEARD
EVERYBODY_403 = dict.fromkeys((*PEOPLE, "nobody", "bad"), 403)
OPEN = dict.fromkeys((*PEOPLE, "nobody", "bad"), 200)

IN_A = ("owner_a", "member_a", "reader_a", "group_a")
"""Who may view in album a; ``ended_a`` could until yesterday."""

IN_B = ("owner_b", "member_b")
TAKERS_A = ("owner_a", "reader_a")
"""Who may download in album a."""

SERIES_A = "/dicom-web/studies/1.1/series/1.1.1"
SEG_A = "/dicom-web/studies/1.1/series/1.1.2"


def study_id(study: str) -> str:
    return orthanc_id(f"P{study}", study)


def series_id(series: str) -> str:
    return orthanc_id(f"P{series[:3]}", series[:3], series)


def instance_id(series: str) -> str:
    return orthanc_id(f"P{series[:3]}", series[:3], series, f"{series}.1")


UNKNOWN = "00000000-11111111-22222222-33333333-44444444"


def only(who: tuple[str, ...], status: int, *, others: int = 404) -> dict[str, int]:
    return {name: status if name in who else others for name in PEOPLE} | HEARD


def taken(who: tuple[str, ...]) -> dict[str, int]:
    """Who may take it away; who may only look at it in album a is told so."""
    return only(who, 200) | dict.fromkeys(set(IN_A) - set(who), 403)


OWNS_A = only(("owner_a",), 200) | dict.fromkeys(("member_a", "reader_a", "group_a"), 403)
"""What takes an owner of album a: its members are told so, to others there is no such album."""

WADO = "/orthanc/wado?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}"

WHY = only(("admin", "owner_a", "owner_b"), 200)
WHY_422 = only(("admin", "owner_a", "owner_b"), 422)

MEMBERS_403 = dict.fromkeys(("member_a", "reader_a", "group_a"), 403)
"""Who is in album a and does not own it."""

SUBJECT = f"00000000-0000-4000-8000-{sha256(b'member_a').hexdigest()[:12]}"
"""Of ``member_a`` (``tests/fakes/provider.py``)."""

Case = tuple[str, str, dict[str, Any], dict[str, int]]
"""Method, address, what else is sent, and the status for each kind of actor."""


def gate(path: str, method: str = "GET", query: str = "") -> dict[str, Any]:
    return {"headers": {"x-gate-method": method, "x-gate-path": path, "x-gate-query": query}}


NONE_OF = {"Level": "Study", "Query": {}, "LabelsConstraint": "None"}
MEMBER = {"subject": {"user": "alice"}, "role": "member", "actions": ["view"], "until": None}
SEARCH = {"name": "Thin heads", "query": "modality=CT"}
ALBUM = {"title": "New", "description": ""}
OTHERS_OF_A = ("member_a", "reader_a", "group_a")


def owners_of_a(status: int) -> dict[str, int]:
    """Owners may, members are told that they may not, and nobody else learns anything."""
    return only(("owner_a",), status) | dict.fromkeys(OTHERS_OF_A, 403)


STOW = {
    "content": b"--limit--\r\n",
    "headers": {"content-type": 'multipart/related; type="application/dicom"; boundary=limit'},
}
"""A message with nothing in it."""

TOKEN = {"name": "notebook", "actions": ["view"], "albums": None, "until": None}

CASES: dict[tuple[str, str], list[Case]] = {
    # --- what nginx asks
    ("GET", "/internal/authorize"): [
        ("GET", "", gate(f"{SERIES_A}/metadata"), only(IN_A, 204, others=403)),
        ("GET", "", gate(f"{SERIES_A}/instances/1.1.1.1/frames/1"), only(IN_A, 204, others=403)),
        ("GET", "", gate(f"{SERIES_A}/instances/1.1.1.1"), only(("owner_a", "reader_a"), 204, others=403)),
        ("GET", "", gate(f"{SEG_A}/instances/1.1.2.1"), only(IN_A, 204, others=403)),
        ("GET", "", gate("/dicom-web/studies/1.1/series/1.1.3/metadata"), only((), 204, others=403)),
        ("GET", "", gate("/dicom-web/studies/1.4/series/1.4.1/metadata"), only((), 204, others=403)),
        ("GET", "", gate("/dicom-web/studies/9/series/9.9/metadata"), only((), 204, others=403)),
        (
            "GET",
            "",
            gate("/dicom-web/studies/1.2/series/1.2.1/metadata"),
            only((*IN_A, "owner_b", "member_b"), 204, others=403),
        ),
        ("GET", "", gate("/orthanc/system"), only(("admin",), 204, others=403)),
        ("GET", "", gate("/orthanc/jobs/1a-2b"), only(("admin",), 204, others=403)),
        ("GET", "", gate("/orthanc/jobs/1a-2b/cancel", "POST"), only(("admin",), 204, others=403)),
        # What is about patients needs a rule that gives everything, besides.
        ("GET", "", gate("/orthanc/patients"), only((), 204, others=403)),
        ("GET", "", gate("/orthanc/jobs/1a-2b/archive"), only((), 204, others=403)),
        ("GET", "", gate("/orthanc/tools/execute-script", "POST"), EVERYBODY_403),
        ("GET", "", gate(f"/orthanc/series/{series_id('1.1.1')}/statistics"), only(IN_A, 204, others=403)),
        ("GET", "", gate(f"/orthanc/series/{series_id('1.1.3')}/statistics"), only((), 204, others=403)),
        ("GET", "", gate(f"/orthanc/series/{study_id('1.1')}/statistics"), only((), 204, others=403)),
        ("GET", "", gate(f"/orthanc/instances/{instance_id('1.1.1')}/tags"), only(IN_A, 204, others=403)),
        ("GET", "", gate(f"/orthanc/instances/{instance_id('1.1.1')}/file"), only(TAKERS_A, 204, others=403)),
        ("GET", "", gate(f"/orthanc/instances/{instance_id('1.1.2')}/file"), only(IN_A, 204, others=403)),
        ("GET", "", gate(SERIES_A), only(TAKERS_A, 204, others=403)),
        ("GET", "", gate(f"{SERIES_A}/metadata", "HEAD"), only(IN_A, 204, others=403)),
        ("GET", "", gate("/orthanc/tools/find", "POST"), EVERYBODY_403),
        ("GET", "", gate(f"{SERIES_A}/metadata", query="x=1"), EVERYBODY_403),
        ("GET", "", gate(""), EVERYBODY_403),
        ("GET", "", {}, EVERYBODY_403),
    ],
    ("GET", "/internal/session"): [("GET", "", {}, only(tuple(PEOPLE), 204))],
    # --- what only the portal, and only Keycloak, may ask: nginx's secret does not open it
    ("POST", "/internal/sessions/bearer"): [
        ("POST", "", {"json": {"sid": "A" * 43}}, dict.fromkeys((*PEOPLE, "nobody", "bad"), 404))
    ],
    ("POST", "/internal/backchannel/{secret}"): [
        ("POST", "/internal/backchannel/guess", {}, dict.fromkeys((*PEOPLE, "nobody", "bad"), 404))
    ],
    # --- signing in and out
    ("GET", "/auth/signin"): [("GET", "", {}, dict.fromkeys((*PEOPLE, "nobody", "bad"), 302))],
    ("GET", "/auth/callback"): [("GET", "", {}, dict.fromkeys((*PEOPLE, "nobody", "bad"), 400))],
    ("GET", "/auth/signout"): [("GET", "", {}, OPEN)],
    ("POST", "/auth/signout"): [
        ("POST", "", {}, dict.fromkeys((*PEOPLE, "nobody", "bad"), 303)),
        (
            "POST",
            "",
            {"headers": {"origin": "http://evil.example"}},
            EVERYBODY_403,
        ),
    ],
    ("GET", "/auth/signedout"): [("GET", "", {}, OPEN)],
    # --- the API
    ("GET", "/api/openapi.json"): [("GET", "", {}, OPEN)],
    ("GET", "/api/health"): [("GET", "", {}, OPEN)],
    ("GET", "/api/me"): [("GET", "", {}, ALL_IN)],
    ("PATCH", "/api/me"): [
        ("PATCH", "", {"json": {"language": "fr"}}, ALL_IN),
        ("PATCH", "", {"json": {"language": "de"}}, only(tuple(PEOPLE), 422)),
        (
            "PATCH",
            "",
            {"json": {"language": "fr"}, "headers": {"origin": "null"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("GET", "/api/rules"): [("GET", "", {}, only(("admin",), 200))],
    ("POST", "/api/rules/check"): [
        ("POST", "", {"content": b'{"roles": {}}'}, only(("admin",), 200)),
        ("POST", "", {"content": b"{"}, only(("admin",), 200)),
        ("POST", "", {"content": b"\xe9"}, only(("admin",), 422)),
        (
            "POST",
            "",
            {"content": b'{"roles": {}}', "headers": {"origin": "http://evil.example"}},
            only(("admin",), 403),
        ),
    ],
    ("GET", "/api/sessions"): [("GET", "", {}, ALL_IN)],
    ("DELETE", "/api/sessions/{session_id}"): [("DELETE", "/api/sessions/nothing", {}, only((), 204))],
    ("GET", "/api/tokens"): [("GET", "", {}, ALL_IN)],
    ("POST", "/api/tokens"): [
        ("POST", "", {"json": TOKEN}, only(tuple(PEOPLE), 201)),
        ("POST", "", {"json": TOKEN | {"actions": ["administer"]}}, only(tuple(PEOPLE), 422)),
        ("POST", "", {"json": TOKEN | {"until": "2026-03-02"}}, only(tuple(PEOPLE), 422)),
        ("POST", "", {"json": TOKEN | {"secret": "mine"}}, only(tuple(PEOPLE), 422)),
        ("POST", "", {"json": TOKEN | {"albums": ["a"]}}, only(IN_A, 201, others=422)),
        (
            "POST",
            "",
            {"json": TOKEN, "headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("DELETE", "/api/tokens/{token_id}"): [("DELETE", "/api/tokens/nothing", {}, only((), 204))],
    ("GET", "/api/albums"): [
        ("GET", "", {}, ALL_IN),
        ("GET", "/api/albums?limit=0", {}, only(tuple(PEOPLE), 422)),
        ("GET", "/api/albums?sort=x", {}, only(tuple(PEOPLE), 422)),
        ("GET", "/api/albums?can=fly", {}, only(tuple(PEOPLE), 422)),
        ("GET", "/api/albums?favourite=true&archived=true&can=view&created_from=2026-03-01", {}, ALL_IN),
    ],
    ("POST", "/api/albums"): [
        ("POST", "", {"json": ALBUM}, only(tuple(PEOPLE), 201)),
        ("POST", "", {"json": ALBUM | {"slug": "a"}}, only(tuple(PEOPLE), 201)),
        ("POST", "", {"json": ALBUM | {"title": ""}}, only(tuple(PEOPLE), 422)),
        ("POST", "", {"json": ALBUM | {"owner": "alice"}}, only(tuple(PEOPLE), 422)),
        ("POST", "", {"json": ALBUM, "headers": {"origin": "http://evil.example"}}, only(tuple(PEOPLE), 403)),
    ],
    ("GET", "/api/arrivals"): [
        ("GET", "", {}, only(("admin",), 200)),
        ("GET", "/api/arrivals?state=dismissed&limit=1&offset=1", {}, only(("admin",), 200)),
        ("GET", "/api/arrivals?state=everything", {}, only(("admin",), 422)),
        ("GET", "/api/arrivals?limit=0", {}, only(("admin",), 422)),
        ("GET", "/api/arrivals?patient=P1", {}, only(("admin",), 422)),
    ],
    ("POST", "/api/arrivals/file"): [
        ("POST", "", {"json": {"ids": [1], "album": "a"}}, only((), 202)),
        ("POST", "", {"json": {"ids": [], "album": "a"}}, only(("admin",), 422)),
        ("POST", "", {"json": {"ids": ["1"], "album": "a"}}, only(("admin",), 422)),
        ("POST", "", {"json": {"ids": [1], "album": "a", "force": True}}, only(("admin",), 422)),
        (
            "POST",
            "",
            {"json": {"ids": [1], "album": "a"}, "headers": {"origin": "null"}},
            only(("admin",), 403),
        ),
    ],
    ("POST", "/api/arrivals/dismiss"): [
        ("POST", "", {"json": {"ids": [1], "reason": "x"}}, only((), 204)),
        ("POST", "", {"json": {"ids": [1]}}, only(("admin",), 422)),
        (
            "POST",
            "",
            {"json": {"ids": [1], "reason": "x"}, "headers": {"origin": "null"}},
            only(("admin",), 403),
        ),
    ],
    ("POST", "/api/arrivals/{arrival}/file"): [
        ("POST", "/api/arrivals/1/file", {"json": {"album": "a"}}, only((), 202)),
        ("POST", "/api/arrivals/1/file", {"json": {}}, only(("admin",), 422)),
        ("POST", "/api/arrivals/x/file", {"json": {"album": "a"}}, only(("admin",), 422)),
        (
            "POST",
            "/api/arrivals/1/file",
            {"json": {"album": "a"}, "headers": {"origin": "null"}},
            only(("admin",), 403),
        ),
    ],
    ("POST", "/api/arrivals/{arrival}/dismiss"): [
        ("POST", "/api/arrivals/1/dismiss", {"json": {"reason": "x"}}, only((), 204)),
        ("POST", "/api/arrivals/0/dismiss", {"json": {"reason": "x"}}, only(("admin",), 422)),
        (
            "POST",
            "/api/arrivals/1/dismiss",
            {"json": {"reason": "x"}, "headers": {"origin": "null"}},
            only(("admin",), 403),
        ),
    ],
    ("GET", "/api/albums/ownerless"): [
        ("GET", "", {}, only(("admin",), 200)),
        ("GET", "/api/albums/ownerless?limit=51", {}, only(("admin",), 422)),
    ],
    ("POST", "/api/albums/{slug}/owner"): [
        ("POST", "/api/albums/a/owner", {"json": {"user": "admin", "reason": "x"}}, only(("admin",), 409)),
        ("POST", "/api/albums/none/owner", {"json": {"user": "admin", "reason": "x"}}, only((), 204)),
        ("POST", "/api/albums/a/owner", {"json": {"user": "admin"}}, only(("admin",), 422)),
        (
            "POST",
            "/api/albums/a/owner",
            {"json": {"user": "admin", "reason": "x"}, "headers": {"origin": "null"}},
            only(("admin",), 403),
        ),
    ],
    ("PATCH", "/api/albums/{slug}"): [
        ("PATCH", "/api/albums/a", {"json": {"title": "Ours"}}, owners_of_a(200)),
        ("PATCH", "/api/albums/none", {"json": {"title": "Ours"}}, only((), 200)),
        ("PATCH", "/api/albums/a", {"json": {"slug": "b"}}, only(tuple(PEOPLE), 422)),
        (
            "PATCH",
            "/api/albums/a",
            {"json": {"title": "Ours"}, "headers": {"origin": "null"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("PUT", "/api/albums/{slug}/archived"): [
        ("PUT", "/api/albums/a/archived", {}, owners_of_a(204)),
        ("PUT", "/api/albums/none/archived", {}, only((), 204)),
        ("PUT", "/api/albums/a/archived", {"headers": {"origin": "null"}}, only(tuple(PEOPLE), 403)),
    ],
    ("DELETE", "/api/albums/{slug}/archived"): [("DELETE", "/api/albums/a/archived", {}, owners_of_a(204))],
    ("GET", "/api/albums/{slug}/deletion"): [
        ("GET", "/api/albums/a/deletion", {}, owners_of_a(200)),
        ("GET", "/api/albums/none/deletion", {}, only((), 200)),
    ],
    ("GET", "/api/albums/{slug}/deidentification"): [
        ("GET", "/api/albums/a/deidentification", {}, owners_of_a(200)),
        ("GET", "/api/albums/none/deidentification", {}, only((), 200)),
    ],
    ("PUT", "/api/albums/{slug}/deidentification"): [
        ("PUT", "/api/albums/a/deidentification", {"json": {"options": ["uids"]}}, owners_of_a(200)),
        ("PUT", "/api/albums/none/deidentification", {"json": {"options": []}}, only((), 200)),
        ("PUT", "/api/albums/a/deidentification", {"json": {}}, only(tuple(PEOPLE), 422)),
        (
            "PUT",
            "/api/albums/a/deidentification",
            {"json": {"options": []}, "headers": {"origin": "null"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("DELETE", "/api/albums/{slug}/deidentification"): [
        ("DELETE", "/api/albums/a/deidentification?forget=true", {}, owners_of_a(204)),
        ("DELETE", "/api/albums/none/deidentification", {}, only((), 204)),
        (
            "DELETE",
            "/api/albums/a/deidentification",
            {"headers": {"origin": "null"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("GET", "/api/albums/{slug}/held"): [
        ("GET", "/api/albums/a/held", {}, owners_of_a(200)),
        ("GET", "/api/albums/none/held", {}, only((), 200)),
    ],
    ("GET", "/api/albums/{slug}/held/{held_id}/picture"): [
        ("GET", f"/api/albums/a/held/{'0' * 32}/picture", {}, owners_of_a(404)),
        ("GET", "/api/albums/a/held/x/picture", {}, only(tuple(PEOPLE), 422)),
    ],
    ("POST", "/api/albums/{slug}/held/{held_id}/release"): [
        ("POST", f"/api/albums/a/held/{'0' * 32}/release", {}, owners_of_a(404)),
        (
            "POST",
            f"/api/albums/a/held/{'0' * 32}/release",
            {"headers": {"origin": "null"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("DELETE", "/api/albums/{slug}/held/{held_id}"): [
        ("DELETE", f"/api/albums/a/held/{'0' * 32}", {}, owners_of_a(404)),
        (
            "DELETE",
            f"/api/albums/a/held/{'0' * 32}",
            {"headers": {"origin": "null"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("DELETE", "/api/albums/{slug}"): [
        ("DELETE", "/api/albums/a?confirm=b", {}, owners_of_a(422)),
        ("DELETE", "/api/albums/a", {}, only(tuple(PEOPLE), 422)),
        ("DELETE", "/api/albums/a?confirm=a", {"headers": {"origin": "null"}}, only(tuple(PEOPLE), 403)),
        # The owner comes first: to all who come after him there is no such album.
        ("DELETE", "/api/albums/a?confirm=a", {}, only(("owner_a",), 200)),
    ],
    ("POST", "/api/albums/{slug}/leave"): [
        (
            "POST",
            "/api/albums/a/leave",
            {},
            only(("member_a", "reader_a"), 204) | dict.fromkeys(("owner_a", "group_a"), 409),
        ),
        ("POST", "/api/albums/none/leave", {}, only((), 204)),
        ("POST", "/api/albums/a/leave", {"headers": {"origin": "null"}}, only(tuple(PEOPLE), 403)),
    ],
    ("POST", "/api/albums/{slug}/handover"): [
        # From then on owner_a may look: the others are refused as before.
        (
            "POST",
            "/api/albums/a/handover",
            {"json": {"user": "alice", "keep": ["view"]}},
            owners_of_a(204),
        ),
        ("POST", "/api/albums/a/handover", {"json": {"user": "nobody-so-called"}}, owners_of_a(422)),
        ("POST", "/api/albums/a/handover", {"json": {"keep": ["view"]}}, only(tuple(PEOPLE), 422)),
        (
            "POST",
            "/api/albums/a/handover",
            {"json": {"user": "alice"}, "headers": {"origin": "null"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("PUT", "/api/albums/{slug}/favourite"): [
        ("PUT", "/api/albums/a/favourite", {}, only(IN_A, 204)),
        ("PUT", "/api/albums/none/favourite", {}, only((), 204)),
        ("PUT", "/api/albums/a/favourite", {"headers": {"origin": "null"}}, only(tuple(PEOPLE), 403)),
    ],
    ("DELETE", "/api/albums/{slug}/favourite"): [
        ("DELETE", "/api/albums/a/favourite", {}, only(IN_A, 204)),
    ],
    ("GET", "/api/albums/{slug}"): [
        ("GET", "/api/albums/a", {}, only(IN_A, 200)),
        ("GET", "/api/albums/b", {}, only(("owner_b", "member_b"), 200)),
        ("GET", "/api/albums/none", {}, only((), 200)),
    ],
    ("GET", "/api/albums/{slug}/members"): [
        (
            "GET",
            "/api/albums/a/members",
            {},
            only(("owner_a",), 200) | dict.fromkeys(("member_a", "reader_a", "group_a"), 403),
        ),
    ],
    ("POST", "/api/albums/{slug}/members"): [
        (
            "POST",
            "/api/albums/a/members",
            {"json": MEMBER},
            only(("owner_a",), 201) | dict.fromkeys(("member_a", "reader_a", "group_a"), 403),
        ),
        (
            "POST",
            "/api/albums/b/members",
            {"json": MEMBER | {"actions": ["administer"]}},
            only(tuple(PEOPLE), 422),
        ),
        (
            "POST",
            "/api/albums/a/members",
            {"json": MEMBER, "headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("PATCH", "/api/albums/{slug}/members"): [
        (
            "PATCH",
            "/api/albums/a/members",
            {"json": {"members": [3], "note": "x"}},
            only(("owner_a",), 200) | MEMBERS_403,
        ),
        (
            "PATCH",
            "/api/albums/a/members",
            {"json": {"members": [3], "note": "x"}, "headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
        ("PATCH", "/api/albums/a/members", {"json": {"members": [0]}}, only(tuple(PEOPLE), 422)),
        ("PATCH", "/api/albums/none/members", {"json": {"members": [3], "note": "x"}}, only((), 200)),
    ],
    ("POST", "/api/albums/{slug}/members/remove"): [
        (
            "POST",
            "/api/albums/a/members/remove",
            {"json": {"members": [999]}},
            only(("owner_a",), 422) | MEMBERS_403,
        ),
        (
            "POST",
            "/api/albums/a/members/remove",
            {"json": {"members": [2]}, "headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("POST", "/api/albums/{slug}/members/import"): [
        (
            "POST",
            "/api/albums/a/members/import?dry_run=false",
            {"content": b"user,preset\nalice,viewer\n"},
            only(("owner_a",), 200) | MEMBERS_403,
        ),
        ("POST", "/api/albums/a/members/import", {"content": b"x"}, only(("owner_a",), 422) | MEMBERS_403),
        (
            "POST",
            "/api/albums/a/members/import",
            {"content": b"user,preset\nalice,viewer\n", "headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("PATCH", "/api/albums/{slug}/invitations/{invitation_id}"): [
        (
            "PATCH",
            "/api/albums/a/invitations/999",
            {"json": {"actions": ["view"]}},
            only((), 200) | MEMBERS_403,
        ),
        (
            "PATCH",
            "/api/albums/a/invitations/999",
            {"json": {"note": "x"}, "headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("DELETE", "/api/albums/{slug}/invitations/{invitation_id}"): [
        ("DELETE", "/api/albums/a/invitations/999", {}, only((), 204) | MEMBERS_403),
    ],
    ("GET", "/api/albums/{slug}/candidates"): [
        ("GET", "/api/albums/a/candidates?search=alice", {}, only(("owner_a",), 200) | MEMBERS_403),
        ("GET", "/api/albums/none/candidates?search=alice", {}, only((), 200)),
        ("GET", "/api/albums/a/candidates", {}, only(tuple(PEOPLE), 422)),
        ("GET", "/api/albums/a/candidates?search=al", {}, only(("owner_a",), 422) | MEMBERS_403),
    ],
    ("GET", "/api/albums/{slug}/people"): [
        ("GET", "/api/albums/a/people", {}, only(("owner_a",), 200) | MEMBERS_403),
        ("GET", "/api/albums/none/people", {}, only((), 200)),
        ("GET", "/api/albums/a/people?limit=0", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/members"): [
        ("GET", "", {}, ALL_IN),
        ("GET", "/api/members?limit=x", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/people/{subject}/sees"): [
        ("GET", f"/api/people/{SUBJECT}/sees", {}, only(("admin",), 200)),
        ("GET", "/api/people/nobody-of-this-number/sees", {}, only((), 200)),
        ("GET", "/api/people/a.b/sees", {}, only(("admin",), 422)),
    ],
    ("PATCH", "/api/albums/{slug}/members/{member_id}"): [
        (
            "PATCH",
            "/api/albums/a/members/999",
            {"json": {"actions": ["view"]}},
            only((), 200) | dict.fromkeys(("member_a", "reader_a", "group_a"), 403),
        ),
    ],
    ("DELETE", "/api/albums/{slug}/members/{member_id}"): [
        (
            "DELETE",
            "/api/albums/a/members/999",
            {},
            only((), 204) | dict.fromkeys(("member_a", "reader_a", "group_a"), 403),
        ),
    ],
    # --- what is in albums, and changes of it
    ("POST", "/api/albums/{slug}/changes"): [
        ("POST", "/api/albums/a/changes", {"json": {"add": {"studies": ["1.4"]}}}, OWNS_A | {"owner_a": 202}),
        (
            "POST",
            "/api/albums/a/changes",
            {"json": {"remove": {"studies": ["9"]}}},
            OWNS_A | {"owner_a": 202},
        ),
        ("POST", "/api/albums/a/changes", {"json": {"add": {}}}, only(tuple(PEOPLE), 422)),
        ("POST", "/api/albums/a/changes", {"json": {}}, only(tuple(PEOPLE), 422)),
        (
            "POST",
            "/api/albums/a/changes",
            {"json": {"add": {"studies": ["1.4"]}, "remove": {"studies": ["1.4"]}}},
            only(tuple(PEOPLE), 422),
        ),
        (
            "POST",
            "/api/albums/a/changes",
            {"json": {"add": {"studies": ["1.1"]}}, "headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    # --- uploads
    ("POST", "/api/albums/{slug}/uploads"): [
        ("POST", "/api/albums/a/uploads", {}, owners_of_a(201)),
        ("POST", "/api/albums/none/uploads", {}, only((), 201)),
        (
            "POST",
            "/api/albums/a/uploads",
            {"headers": {"origin": "http://evil.example"}},
            only((), 201, others=403),
        ),
    ],
    ("GET", "/api/albums/{slug}/uploads"): [("GET", "/api/albums/a/uploads", {}, owners_of_a(200))],
    ("GET", "/api/uploads/{upload}"): [
        ("GET", f"/api/uploads/{'0' * 32}", {}, only((), 200)),
        ("GET", "/api/uploads/1", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/uploads/{upload}/files"): [
        ("GET", f"/api/uploads/{'0' * 32}/files", {}, only((), 200)),
        ("GET", f"/api/uploads/{'0' * 32}/files?limit=0", {}, only(tuple(PEOPLE), 422)),
    ],
    ("PUT", "/api/uploads/{upload}/files/{number}"): [
        ("PUT", f"/api/uploads/{'0' * 32}/files/1?name=x&size=1", {"content": b"x"}, only((), 200)),
        ("PUT", f"/api/uploads/{'0' * 32}/files/0?name=x&size=1", {}, only(tuple(PEOPLE), 422)),
    ],
    ("POST", "/api/uploads/{upload}/end"): [("POST", f"/api/uploads/{'0' * 32}/end", {}, only((), 200))],
    ("POST", "/dicom-web/studies"): [
        ("POST", "/dicom-web/studies?album=a", STOW, owners_of_a(400)),
        ("POST", "/dicom-web/studies?album=b", STOW, only(("owner_b",), 400) | {"member_b": 403}),
        ("POST", "/dicom-web/studies", STOW, only(tuple(PEOPLE), 400)),
        ("POST", "/dicom-web/studies?album=a", {}, only(tuple(PEOPLE), 415)),
    ],
    ("POST", "/dicom-web/studies/{study}"): [
        ("POST", "/dicom-web/studies/1.1?album=a", STOW, owners_of_a(400)),
        ("POST", "/dicom-web/studies/1.3?album=a", STOW, owners_of_a(400)),
    ],
    ("POST", "/orthanc/instances"): [
        ("POST", "/orthanc/instances?album=a", {"content": b"x"}, owners_of_a(400)),
        ("POST", "/orthanc/instances", {"content": b"x"}, only(tuple(PEOPLE), 400)),
    ],
    ("POST", "/api/albums/{slug}/changes/preview"): [
        ("POST", "/api/albums/a/changes/preview", {"json": {"add": {"studies": ["1.1"]}}}, OWNS_A),
        ("POST", "/api/albums/a/changes/preview", {"json": {"add": {"what": []}}}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/albums/{slug}/changes"): [
        ("GET", "/api/albums/a/changes", {}, only(IN_A, 200)),
        ("GET", "/api/albums/a/changes?limit=0", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/changes/{change_id}"): [
        ("GET", f"/api/changes/{'0' * 32}", {}, only((), 200)),
        ("GET", "/api/changes/1", {}, only(tuple(PEOPLE), 422)),
        ("GET", f"/api/changes/{'0' * 32}?limit=1001", {}, only(tuple(PEOPLE), 422)),
        ("GET", f"/api/changes/{'0' * 32}?offset=-1", {}, only(tuple(PEOPLE), 422)),
    ],
    ("POST", "/api/changes/{change_id}/undo"): [
        ("POST", f"/api/changes/{'0' * 32}/undo", {}, only((), 202)),
        (
            "POST",
            f"/api/changes/{'0' * 32}/undo",
            {"headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("POST", "/api/changes/{change_id}/cancel"): [
        ("POST", f"/api/changes/{'0' * 32}/cancel", {}, only((), 200)),
        (
            "POST",
            f"/api/changes/{'0' * 32}/cancel",
            {"headers": {"origin": "null"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("GET", "/api/albums/{slug}/series"): [
        ("GET", "/api/albums/a/series", {}, only(IN_A, 200)),
        ("GET", "/api/albums/a/series?at=2026-03-03T00:00:00Z", {}, OWNS_A),
        ("GET", "/api/albums/a/series?at=2026-03-03", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/albums/{slug}/studies"): [
        ("GET", "/api/albums/a/studies", {}, only(IN_A, 200)),
        ("GET", "/api/albums/a/studies?at=2026-03-03T00:00:00Z", {}, OWNS_A),
        ("GET", "/api/albums/a/studies?offset=-1", {}, only(tuple(PEOPLE), 422)),
    ],
    # --- taking away: albums by their own rights, lists only where all that they name may be taken
    ("GET", "/api/albums/{slug}/archive"): [
        ("GET", "/api/albums/a/archive", {}, taken(TAKERS_A)),
        ("GET", "/api/albums/a/archive?format=dicomdir&study=1.1", {}, taken(TAKERS_A)),
        (
            "GET",
            "/api/albums/a/archive?study=1.3",
            {},
            taken(TAKERS_A) | dict.fromkeys(TAKERS_A, 409),
        ),
        ("GET", "/api/albums/b/archive", {}, only(IN_B, 200)),
        ("GET", "/api/albums/none/archive", {}, only((), 200)),
        ("GET", "/api/albums/a/archive?format=rar", {}, only(tuple(PEOPLE), 422)),
        ("GET", "/api/albums/a/archive?study=x", {}, only(tuple(PEOPLE), 422)),
        ("GET", "/api/albums/a/archive?filename=x", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/albums/{slug}/size"): [
        ("GET", "/api/albums/a/size", {}, taken(TAKERS_A)),
        ("GET", "/api/albums/b/size?study=1.3", {}, only(IN_B, 200)),
        ("GET", "/api/albums/a/size?format=zip", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/albums/{slug}/manifest"): [
        ("GET", "/api/albums/a/manifest", {}, taken(TAKERS_A)),
        ("GET", "/api/albums/b/manifest?format=csv", {}, only(IN_B, 200)),
        ("GET", "/api/albums/a/manifest?format=xml", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/archives"): [
        ("GET", "/api/archives?study=1.1", {}, taken(TAKERS_A)),
        ("GET", "/api/archives?study=1.2&format=dicomdir", {}, taken(TAKERS_A) | dict.fromkeys(IN_B, 200)),
        ("GET", "/api/archives?series=1.1.3", {}, only((), 200)),
        (
            "GET",
            "/api/archives?study=1.1&series=1.3.1",
            {},
            only((), 200) | dict.fromkeys(("member_a", "group_a"), 403),
        ),
        ("GET", "/api/archives?study=9.9", {}, only((), 200)),
        ("GET", "/api/archives", {}, only(tuple(PEOPLE), 422)),
        ("GET", "/api/archives?study=*", {}, only(tuple(PEOPLE), 422)),
    ],
    ("POST", "/api/archives"): [
        ("POST", "", {"json": {"studies": ["1.1"], "series": ["1.2.1"]}}, taken(TAKERS_A)),
        ("POST", "", {"json": {"series": ["1.3.1"], "format": "dicomdir"}}, only(IN_B, 200)),
        ("POST", "", {"json": {"series": ["1.3.1", "1.4.1"]}}, only((), 200)),
        ("POST", "", {"json": {}}, only(tuple(PEOPLE), 422)),
        ("POST", "", {"json": {"studies": ["1.1\\1.2"]}}, only(tuple(PEOPLE), 422)),
        (
            "POST",
            "",
            {"json": {"series": ["1.3.1"]}, "headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("POST", "/api/archives/size"): [
        ("POST", "", {"json": {"studies": ["1.1", "1.4"]}}, ALL_IN),
        ("POST", "", {"json": {"studies": []}}, only(tuple(PEOPLE), 422)),
    ],
    # --- what somebody searches for and selects: his own, whatever it names
    ("GET", "/api/searches"): [("GET", "", {}, ALL_IN)],
    ("POST", "/api/searches"): [
        ("POST", "", {"json": SEARCH}, only(tuple(PEOPLE), 201)),
        ("POST", "", {"json": SEARCH | {"name": " "}}, only(tuple(PEOPLE), 422)),
        ("POST", "", {"json": SEARCH | {"query": "a\nb"}}, only(tuple(PEOPLE), 422)),
        ("POST", "", {"json": SEARCH | {"owner": "admin"}}, only(tuple(PEOPLE), 422)),
        (
            "POST",
            "",
            {"json": SEARCH, "headers": {"origin": "http://evil.example"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("DELETE", "/api/searches/{search_id}"): [
        ("DELETE", "/api/searches/1", {}, only((), 204)),
        ("DELETE", "/api/searches/x", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/selection"): [("GET", "", {}, ALL_IN)],
    ("PUT", "/api/selection"): [
        ("PUT", "", {"json": {"studies": ["1.1", "1.4"], "series": ["9.9"]}}, ALL_IN),
        ("PUT", "", {"json": {"studies": ["x"]}}, only(tuple(PEOPLE), 422)),
    ],
    ("PATCH", "/api/selection"): [
        ("PATCH", "", {"json": {"add": {"studies": ["1.1"]}, "remove": {"series": ["1.1.1"]}}}, ALL_IN),
        ("PATCH", "", {"json": {"add": ["1.1"]}}, only(tuple(PEOPLE), 422)),
        (
            "PATCH",
            "",
            {"json": {"add": {"studies": ["1.1"]}}, "headers": {"origin": "null"}},
            only(tuple(PEOPLE), 403),
        ),
    ],
    ("DELETE", "/api/selection"): [("DELETE", "", {}, only(tuple(PEOPLE), 204))],
    ("GET", "/api/selection/size"): [("GET", "", {}, ALL_IN)],
    ("GET", "/api/selection/archive"): [
        ("GET", "", {}, only(tuple(PEOPLE), 409, others=409)),
        ("GET", "/api/selection/archive?format=rar", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/audit"): [
        ("GET", "", {}, only(("admin", "owner_a", "owner_b"), 200)),
        (
            "GET",
            "/api/audit?album=a",
            {},
            only(("admin", "owner_a"), 200) | dict.fromkeys(("member_a", "reader_a", "group_a"), 403),
        ),
        ("GET", "/api/audit?format=csv", {}, only(("admin", "owner_a", "owner_b"), 200)),
        ("GET", "/api/audit?limit=0", {}, only(tuple(PEOPLE), 422)),
        ("GET", "/api/audit?from=0001-01-01T00:00:00%2B05:00", {}, only(tuple(PEOPLE), 422)),
        ("GET", "/api/audit?to=9999-12-31T23:59:59-05:00", {}, only(tuple(PEOPLE), 422)),
    ],
    # --- why?: owner_a and owner_b about their albums, the administrator about everything
    ("GET", "/api/explain"): [
        ("GET", f"/api/explain?actor=member_a&resource={SERIES_A}/metadata", {}, WHY | {"owner_b": 422}),
        ("GET", "/api/explain?actor=member_b&resource=1.1.3", {}, WHY | {"owner_a": 422}),
        ("GET", "/api/explain?actor=stranger&resource=a", {}, WHY | {"owner_a": 422, "owner_b": 422}),
        ("GET", "/api/explain?actor=owner_a&action=fly&resource=a", {}, WHY_422),
        ("GET", "/api/explain?actor=owner_a&resource=/portal/me", {}, WHY_422),
        ("GET", "/api/explain?actor=owner_a&resource=http://[x", {}, WHY_422),
        ("GET", "/api/explain?resource=1.1.1", {}, WHY_422),
        ("GET", "/api/explain?actor=owner_a", {}, only(tuple(PEOPLE), 422)),
    ],
    ("GET", "/api/people"): [
        ("GET", "/api/people?search=owner", {}, only(("admin",), 200)),
        ("GET", "/api/people?search=%20%20%20", {}, only(("admin",), 422)),
        ("GET", "/api/people?search=o", {}, only(("admin",), 422)),
        ("GET", "/api/people?search=owner&limit=1000", {}, only(("admin",), 422)),
    ],
    ("GET", "/api/series/{series}/picture"): [
        ("GET", "/api/series/1.1.1/picture", {}, only(IN_A, 302)),
        ("GET", "/api/series/1.1.3/picture", {}, only((), 302)),
        ("GET", "/api/series/9.9/picture", {}, only((), 302)),
        ("GET", "/api/series/1.1.1/picture?size=9999", {}, only(tuple(PEOPLE), 422)),
    ],
    # --- searches
    ("GET", "/dicom-web/studies"): [
        ("GET", "", {}, ALL_IN),
        ("GET", "/dicom-web/studies?limit=x", {}, only(tuple(PEOPLE), 400)),
        ("GET", "/dicom-web/studies?limit=1&limit=1", {}, only(tuple(PEOPLE), 400)),
        ("GET", "/dicom-web/studies?offset=0&limit=1&offset=0", {}, only(tuple(PEOPLE), 400)),
        ("GET", "/dicom-web/studies?Modality=CT", {}, only(tuple(PEOPLE), 400)),
        ("GET", "/dicom-web/studies?token=x", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/dicom-web/studies/{study}/series"): [
        ("GET", "/dicom-web/studies/1.1/series", {}, only(IN_A, 200)),
        ("GET", "/dicom-web/studies/1.4/series", {}, only((), 200)),
        ("GET", "/dicom-web/studies/1.2/series", {}, only((*IN_A, "owner_b", "member_b"), 200)),
        ("GET", "/dicom-web/studies/x/series", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances"): [
        ("GET", f"{SERIES_A}/instances", {}, only(IN_A, 200)),
        ("GET", "/dicom-web/studies/1.1/series/1.1.3/instances", {}, only((), 200)),
        ("GET", "/dicom-web/studies/1.2/series/1.1.1/instances", {}, only((), 200)),
    ],
    ("GET", "/dicom-web/series"): [
        ("GET", "", {}, ALL_IN),
        ("GET", "/dicom-web/series?Modality=CT&limit=1", {}, ALL_IN),
        ("GET", "/dicom-web/series?SOPInstanceUID=1", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/dicom-web/studies/{study}/instances"): [
        ("GET", "/dicom-web/studies/1.1/instances?SeriesInstanceUID=1.1.1", {}, only(IN_A, 200)),
        ("GET", "/dicom-web/studies/1.1/instances", {}, only(IN_A, 400)),
        ("GET", "/dicom-web/studies/1.4/instances?SeriesInstanceUID=1.4.1", {}, only((), 200)),
    ],
    ("GET", "/dicom-web/instances"): [
        ("GET", "/dicom-web/instances?SeriesInstanceUID=1.1.1", {}, ALL_IN),
        ("GET", "/dicom-web/instances", {}, only(tuple(PEOPLE), 400)),
        ("GET", "/dicom-web/instances?SeriesInstanceUID=1.1.1,1.1.3", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/dicom-web/studies/{study}/metadata"): [
        ("GET", "/dicom-web/studies/1.1/metadata", {}, only(IN_A, 200)),
        ("GET", "/dicom-web/studies/1.2/metadata", {}, only((*IN_A, "owner_b", "member_b"), 200)),
        ("GET", "/dicom-web/studies/1.4/metadata", {}, only((), 200)),
        ("GET", "/dicom-web/studies/9/metadata", {}, only((), 200)),
        ("GET", "/dicom-web/studies/1.1/metadata?x=1", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/dicom-web/studies/{study}"): [
        ("GET", "/dicom-web/studies/1.1", {}, taken(TAKERS_A)),
        ("GET", "/dicom-web/studies/1.2", {}, taken(TAKERS_A) | dict.fromkeys(IN_B, 200)),
        ("GET", "/dicom-web/studies/1.4", {}, only((), 200)),
        ("GET", "/dicom-web/studies/1.1?x=1", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/dicom-web/studies/{study}/rendered"): [
        ("GET", "/dicom-web/studies/1.1/rendered", {}, only(IN_A, 200)),
        ("GET", "/dicom-web/studies/1.1/rendered?viewport=9,9", {}, only(IN_A, 200)),
        ("GET", "/dicom-web/studies/1.1/rendered?viewport=99999,9", {}, only(tuple(PEOPLE), 400)),
        ("GET", "/dicom-web/studies/1.4/rendered", {}, only((), 200)),
    ],
    ("GET", "/dicom-web/studies/{study}/thumbnail"): [
        ("GET", "/dicom-web/studies/1.3/thumbnail", {}, only(IN_B, 200)),
        ("GET", "/dicom-web/studies/1.3/thumbnail?window=1", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/orthanc/wado"): [
        ("GET", WADO.format("1.1", "1.1.1", "1.1.1.1"), {}, only(IN_A, 200)),
        (
            "GET",
            WADO.format("1.1", "1.1.1", "1.1.1.1") + "&contentType=application/dicom",
            {},
            taken(TAKERS_A),
        ),
        (
            "GET",
            WADO.format("1.1", "1.1.2", "1.1.2.1") + "&contentType=application/dicom",
            {},
            only(IN_A, 200),
        ),
        ("GET", WADO.format("1.1", "1.1.1", "1.1.3.1"), {}, only((), 200)),
        ("GET", WADO.format("1.2", "1.1.1", "1.1.1.1"), {}, only((), 200)),
        ("GET", WADO.format("1.4", "1.4.1", "1.4.1.1"), {}, only((), 200)),
        ("GET", "/orthanc/wado?requestType=WADO&objectUID=1.1.1.1", {}, only(tuple(PEOPLE), 400)),
        ("GET", WADO.format("1.1", "1.1.1", "1.1.1.1") + "&rows=5000", {}, only(tuple(PEOPLE), 400)),
        ("GET", WADO.format("1.1", "1.1.1", "1.1.1.1") + "&contentType=a/b", {}, only(tuple(PEOPLE), 400)),
    ],
    # --- Orthanc's listings
    ("GET", "/orthanc/studies"): [
        ("GET", "", {}, ALL_IN),
        ("GET", "/orthanc/studies?expand&since=0&limit=2&requestedTags=StudyDate", {}, ALL_IN),
        ("GET", "/orthanc/studies?limit=-1", {}, only(tuple(PEOPLE), 400)),
        ("GET", "/orthanc/studies?labels=b", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/orthanc/series"): [
        ("GET", "/orthanc/series?expand", {}, ALL_IN),
        ("GET", "/orthanc/series?requestedTags=SOPInstanceUID", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/orthanc/studies/{orthanc_id}"): [
        ("GET", f"/orthanc/studies/{study_id('1.1')}", {}, only(IN_A, 200)),
        ("GET", f"/orthanc/studies/{study_id('1.4')}", {}, only((), 200)),
        ("GET", f"/orthanc/studies/{series_id('1.1.1')}", {}, only((), 200)),
        ("GET", "/orthanc/studies/x", {}, only(tuple(PEOPLE), 400)),
    ],
    ("GET", "/orthanc/studies/{orthanc_id}/series"): [
        ("GET", f"/orthanc/studies/{study_id('1.2')}/series", {}, only((*IN_A, *IN_B), 200)),
    ],
    ("GET", "/orthanc/studies/{orthanc_id}/labels"): [
        ("GET", f"/orthanc/studies/{study_id('1.2')}/labels", {}, only((*IN_A, *IN_B), 200)),
    ],
    ("GET", "/orthanc/series/{orthanc_id}"): [
        ("GET", f"/orthanc/series/{series_id('1.1.1')}", {}, only(IN_A, 200)),
        ("GET", f"/orthanc/series/{series_id('1.1.3')}", {}, only((), 200)),
        ("GET", f"/orthanc/series/{study_id('1.1')}", {}, only((), 200)),
        ("GET", f"/orthanc/series/{UNKNOWN}", {}, only((), 200)),
    ],
    ("GET", "/orthanc/series/{orthanc_id}/study"): [
        ("GET", f"/orthanc/series/{series_id('1.1.1')}/study", {}, only(IN_A, 200)),
        ("GET", f"/orthanc/series/{series_id('1.1.3')}/study", {}, only((), 200)),
    ],
    ("GET", "/orthanc/series/{orthanc_id}/labels"): [
        ("GET", f"/orthanc/series/{series_id('1.2.1')}/labels", {}, only((*IN_A, *IN_B), 200)),
    ],
    ("GET", "/orthanc/series/{orthanc_id}/instances"): [
        ("GET", f"/orthanc/series/{series_id('1.3.1')}/instances", {}, only(IN_B, 200)),
        ("GET", f"/orthanc/series/{series_id('1.1.3')}/instances", {}, only((), 200)),
    ],
    ("GET", "/orthanc/instances/{orthanc_id}"): [
        ("GET", f"/orthanc/instances/{instance_id('1.1.1')}", {}, only(IN_A, 200)),
        ("GET", f"/orthanc/instances/{instance_id('1.1.3')}", {}, only((), 200)),
        ("GET", f"/orthanc/instances/{series_id('1.1.1')}", {}, only((), 200)),
    ],
    ("GET", "/orthanc/instances/{orthanc_id}/series"): [
        ("GET", f"/orthanc/instances/{instance_id('1.1.1')}/series", {}, only(IN_A, 200)),
        ("GET", f"/orthanc/instances/{instance_id('1.4.1')}/series", {}, only((), 200)),
    ],
    ("GET", "/orthanc/instances/{orthanc_id}/study"): [
        ("GET", f"/orthanc/instances/{instance_id('1.3.1')}/study", {}, only(IN_B, 200)),
        ("GET", f"/orthanc/instances/{instance_id('1.1.3')}/study", {}, only((), 200)),
    ],
    ("GET", "/orthanc/tools/labels"): [
        ("GET", "", {}, ALL_IN),
        ("GET", "/orthanc/tools/labels?x=1", {}, only(tuple(PEOPLE), 400)),
    ],
    ("POST", "/orthanc/tools/lookup"): [
        ("POST", "", {"content": b"1.1"}, ALL_IN),
        ("POST", "", {"content": b""}, only(tuple(PEOPLE), 400)),
        ("POST", "", {"content": b"1" * 2000}, only(tuple(PEOPLE), 400)),
        ("POST", "", {"content": b"1.1", "headers": {"origin": "null"}}, only(tuple(PEOPLE), 403)),
    ],
    # --- archives
    **{
        ("GET", f"/orthanc/{level}/{{orthanc_id}}/{kind}"): [
            ("GET", f"/orthanc/{level}/{here}/{kind}", {}, taken(TAKERS_A)),
            ("GET", f"/orthanc/{level}/{here}/{kind}?transcode=1.2.840.10008.1.2.1", {}, taken(TAKERS_A)),
            ("GET", f"/orthanc/{level}/{here}/{kind}?filename=../x", {}, only(tuple(PEOPLE), 400)),
            ("GET", f"/orthanc/{level}/{hidden}/{kind}", {}, only((), 200)),
            ("GET", f"/orthanc/{level}/{UNKNOWN}/{kind}", {}, only((), 200)),
        ]
        for level, here, hidden in (
            ("studies", study_id("1.1"), study_id("1.4")),
            ("series", series_id("1.1.1"), series_id("1.1.3")),
        )
        for kind in ("archive", "media")
    },
    **{
        ("POST", f"/orthanc/{level}/{{orthanc_id}}/{kind}"): [
            ("POST", f"/orthanc/{level}/{here}/{kind}", {"json": {}}, taken(TAKERS_A)),
            # An archive that is left on the server is for administrators whom a rule gives everything.
            (
                "POST",
                f"/orthanc/{level}/{here}/{kind}",
                {"json": {"Asynchronous": True}},
                only((), 200) | dict.fromkeys(("member_a", "group_a"), 403),
            ),
            ("POST", f"/orthanc/{level}/{here}/{kind}", {"json": {"Target": "/x"}}, only(tuple(PEOPLE), 400)),
        ]
        for level, here in (("studies", study_id("1.1")), ("series", series_id("1.1.1")))
        for kind in ("archive", "media")
    },
    **{
        ("GET", f"/orthanc/tools/create-{kind}"): [
            ("GET", f"/orthanc/tools/create-{kind}?resources={study_id('1.1')}", {}, taken(TAKERS_A)),
            (
                "GET",
                f"/orthanc/tools/create-{kind}?resources={study_id('1.1')},{series_id('1.1.3')}",
                {},
                only((), 200) | dict.fromkeys(("member_a", "group_a"), 403),
            ),
            ("GET", f"/orthanc/tools/create-{kind}", {}, only(tuple(PEOPLE), 400)),
            ("GET", f"/orthanc/tools/create-{kind}?resources=x", {}, only(tuple(PEOPLE), 400)),
        ]
        for kind in ("archive", "media", "media-extended")
    },
    **{
        ("POST", f"/orthanc/tools/create-{kind}"): [
            (
                "POST",
                "",
                {"json": {"Resources": [instance_id("1.1.1"), series_id("1.2.1")]}},
                taken(TAKERS_A),
            ),
            ("POST", "", {"json": [series_id("1.3.1")]}, only(IN_B, 200)),
            ("POST", "", {"json": [orthanc_id("P1.1")]}, only((), 200)),
            ("POST", "", {"json": {"Resources": []}}, only(tuple(PEOPLE), 400)),
            (
                "POST",
                "",
                {"json": [series_id("1.3.1")], "headers": {"origin": "http://evil.example"}},
                only(tuple(PEOPLE), 403),
            ),
        ]
        for kind in ("archive", "media", "media-extended")
    },
    **{
        ("POST", f"/orthanc/patients/{{orthanc_id}}/{kind}"): [
            ("POST", f"/orthanc/patients/{orthanc_id('P1.1')}/{kind}", {"json": {}}, only((), 200)),
        ]
        for kind in ("archive", "media")
    },
    ("POST", "/orthanc/tools/find"): [
        ("POST", "", {"json": {"Level": "Study", "Query": {}}}, ALL_IN),
        ("POST", "", {"json": {"Level": "Patient", "Query": {}}}, only(tuple(PEOPLE), 400)),
        ("POST", "", {"json": {"Level": "Study", "Query": {}, "Labels": []}}, only(tuple(PEOPLE), 400)),
        ("POST", "", {"json": NONE_OF}, only(tuple(PEOPLE), 400)),
        ("POST", "", {"json": {"Level": "Study", "Query": {}, "Extra": 1}}, only(tuple(PEOPLE), 400)),
        ("POST", "", {"json": {"Level": "Instance", "Query": {}}}, only(tuple(PEOPLE), 400)),
    ],
    ("POST", "/orthanc/tools/count-resources"): [
        ("POST", "", {"json": {"Level": "Series", "Query": {}}}, ALL_IN),
        ("POST", "", {"json": {"Level": "Study", "Query": {"Modality": "CT"}}}, only(tuple(PEOPLE), 400)),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World.make(tmp_path_factory.mktemp("routes"))
    yield made
    made.close()


def routes_of(routes: Sequence[BaseRoute]) -> set[tuple[str, str]]:
    found = set()
    for route in routes:
        if included := getattr(route, "original_router", None):
            found |= routes_of(included.routes)
            continue
        assert isinstance(route, APIRoute | Route), route
        found |= {(method, route.path) for method in (route.methods or set()) - {"HEAD"}}
    return found


def test_every_route_has_rows_and_every_row_a_route(world: World) -> None:
    assert routes_of(world.signin.app.routes) == set(CASES)


def params() -> Iterator[Any]:
    for (method, path), cases in CASES.items():
        for number, case in enumerate(cases):
            yield pytest.param(path, case, id=f"{method} {path} {number}")


@pytest.mark.parametrize(("path", "case"), list(params()))
def test_the_status_is_what_the_table_says(path: str, case: Case, world: World, tmp_path: Path) -> None:
    method, address, sent, expected = case
    changes = method != "GET" and path.startswith(("/api", "/auth"))
    used = World.make(tmp_path) if changes else world
    try:
        got = {}
        for who in KINDS:
            with used.client(who) as client:
                answer = client.request(method, address or path, follow_redirects=False, **sent)
            got[who] = answer.status_code
            assert "Traceback" not in answer.text
    finally:
        if changes:
            used.close()
    assert got == {"unheard": 404, **expected}


def test_hidden_and_missing_albums_answer_alike(world: World) -> None:
    with world.client("stranger") as client:
        hidden, missing = client.get("/api/albums/a"), client.get("/api/albums/none")
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)


def test_the_portals_bearer_opens_the_api_and_nothing_of_nginxs(world: World) -> None:
    with world.client("portal:member_a") as client:
        assert client.get("/api/me").json()["username"] == "member_a"
        assert client.get("/internal/session").status_code == 404
        assert client.get("/internal/authorize").status_code == 404
        assert client.get("/dicom-web/studies").status_code == 404


def test_nginx_is_told_how_long_it_may_keep_an_answer_and_never_keeps_one_about_whole_instances(
    world: World,
) -> None:
    kept = "max-age=1, stale-while-revalidate=1"
    for who in ("owner_a", "stranger", "nobody"):
        with world.client(who) as client:
            frame = client.get("/internal/authorize", **gate(f"{SERIES_A}/instances/1.1.1.1/frames/1"))
            whole = client.get("/internal/authorize", **gate(f"{SERIES_A}/instances/1.1.1.1"))
            undeclared = client.get("/internal/authorize", **gate("/orthanc/system"))
        assert frame.headers["cache-control"] == kept
        assert "cache-control" not in whole.headers
        assert "cache-control" not in undeclared.headers


def test_one_error_shape(world: World) -> None:
    with world.client("nobody") as nobody, world.client("stranger") as stranger:
        answers = [
            nobody.get("/api/me"),
            stranger.get("/api/albums/a"),
            stranger.get("/api/albums?limit=0"),
            stranger.get("/nothing"),
            stranger.post("/orthanc/tools/find", json={}),
            stranger.post("/orthanc/tools/find", content=b"{"),
        ]
    for answer in answers:
        body = answer.json()
        assert set(body) <= {"error", "message", "reason"}
        assert body["error"]
        assert body["message"]
        if answer.status_code == 404:
            assert "reason" not in body


def test_a_refused_picture_is_on_record_whether_it_exists_or_not(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    try:
        with world.client("stranger") as client:
            for series in ("1.1.1", "9.9"):
                assert client.get(f"/api/series/{series}/picture").status_code == 404
        with world.signin.store.read() as tx:
            denied = [
                (one.target, one.action, one.level, one.reason, one.address)
                for one in records(tx)
                if one.event == AuditEvent.DENIED
            ]
    finally:
        world.close()
    assert denied == [
        ("1.1.1", "view", "series", "no-grant", "192.0.2.7"),
        ("9.9", "view", "series", "no-grant", "192.0.2.7"),
    ]
