"""What the portal sends about members, and how it reads what comes back."""

import json
from datetime import date
from typing import Any

import httpx
import pytest

from portal.answers import Album
from portal.auth_client import HttpAuthService
from portal.errors import Invalid
from portal.members import Chosen, Terms, Wish, as_named, may_open, owns, presets_of, rights_of
from portal.members_client import MembersAccount

MEMBER = {
    "id": 7,
    "state": "member",
    "subject": {"user": "a", "group": None, "email": None, "name": "A"},
    "role": "member",
    "actions": ["view"],
    "preset": None,
    "until": None,
    "note": "",
    "created": "2026-01-01T00:00:00Z",
    "last_use": None,
    "something": "new",
}
PENDING = MEMBER | {
    "id": 3,
    "state": "pending",
    "subject": {"email": "x@example.org", "name": "x@example.org"},
}
REPORT = {"done": False, "new": 0, "changed": 0, "same": 0, "wrong": 0, "lines": []}
MATRIX: dict[str, Any] = {"albums": [], "items": [], "total": 0}
SEES = {"user": "a", "name": "A", "albums": 0, "studies": 0, "series": 0, "by": []}
ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "/api/albums/a%2Fb/members"): {"items": [MEMBER, PENDING], "total": 2},
    ("GET", "/api/albums/a%2Fb/candidates"): {"people": [], "groups": [{"group": "/x"}]},
    ("POST", "/api/albums/a%2Fb/members"): MEMBER,
    ("PATCH", "/api/albums/a%2Fb/members"): {"items": [MEMBER], "total": 1},
    ("POST", "/api/albums/a%2Fb/members/remove"): None,
    ("POST", "/api/albums/a%2Fb/members/import"): REPORT,
    ("GET", "/api/albums/a%2Fb/people"): {"items": [], "total": 0, "complete": True},
    ("GET", "/api/members"): MATRIX,
    ("GET", "/api/people/s%2F1/sees"): SEES,
}
SLUG = "a/b"


class Server:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, _, query = request.url.raw_path.decode().partition("?")
        self.seen.append((request.method, path, query, request.content))
        answer = ANSWERS[request.method, path]
        return httpx.Response(204) if answer is None else httpx.Response(200, json=answer)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def account(server: Server) -> MembersAccount:
    client = httpx.Client(base_url="http://auth_service", transport=httpx.MockTransport(server))
    return HttpAuthService(client).account("b" * 40, address="")


def test_every_question_about_members(server: Server, account: MembersAccount) -> None:
    found = account.members(SLUG).items
    assert [one.pending for one in found] == [False, True]
    assert Chosen.of(found).body == {"members": [7], "invitations": [3]}
    assert account.candidates(SLUG, "a&b", language="fr").groups[0].group == "/x"
    terms = Terms(preset="reader", until=date(2027, 1, 31), note="n")
    assert account.give(SLUG, Wish(subject={"user": "a"}, terms=terms), language="fr").id == 7
    account.change_members(SLUG, Chosen.of(found), Terms(add=("send",), ends=False), language="fr")
    account.remove_members(SLUG, Chosen(members=(7,)), language="fr")
    account.import_members(SLUG, "é", dry_run=True, language="fr")
    account.people_of(SLUG, limit=5, offset=10)
    account.my_members(limit=5, offset=10)
    assert account.sees("s/1").albums == 0
    assert [(method, path, query) for method, path, query, _ in server.seen] == [
        ("GET", "/api/albums/a%2Fb/members", "limit=1000"),
        ("GET", "/api/albums/a%2Fb/candidates", "search=a%26b"),
        ("POST", "/api/albums/a%2Fb/members", ""),
        ("PATCH", "/api/albums/a%2Fb/members", ""),
        ("POST", "/api/albums/a%2Fb/members/remove", ""),
        ("POST", "/api/albums/a%2Fb/members/import", "dry_run=true"),
        ("GET", "/api/albums/a%2Fb/people", "limit=5&offset=10"),
        ("GET", "/api/members", "limit=5&offset=10"),
        ("GET", "/api/people/s%2F1/sees", ""),
    ]
    given, changed, removed, table = (server.seen[place][3] for place in (2, 3, 4, 5))
    assert json.loads(given) == {
        "subject": {"user": "a"},
        "preset": "reader",
        "note": "n",
        "until": "2027-01-31",
    }
    assert json.loads(changed) == {"members": [7], "invitations": [3], "add": ["send"]}
    assert json.loads(removed) == {"members": [7], "invitations": []}
    assert table == "é".encode()


def test_no_end_is_sent_as_one_and_what_stays_is_not_sent() -> None:
    assert Terms().body == {"until": None}
    assert Terms(ends=False).body == {}
    assert Terms(ends=False, note="").body == {"note": ""}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("alice", {"user": "alice"}),
        ("/radiology/chest", {"group": "/radiology/chest"}),
        ("a@example.org", {"email": "a@example.org"}),
    ],
)
def test_a_whole_name_is_read_as_what_it_looks_like(text: str, named: dict[str, str]) -> None:
    assert as_named(text) == named


def album(*actions: str) -> Album:
    return Album.model_validate(
        {
            "slug": "a",
            "label": "album-a",
            "title": "A",
            "role": "member",
            "actions": actions,
            "studies": None,
            "series": None,
            "instances": None,
            "modalities": None,
            "created": "2026-01-01T00:00:00Z",
            "changed": "2026-01-01T00:00:00Z",
        }
    )


def test_who_may_invite_is_offered_what_he_has_himself() -> None:
    inviter, owner = album("view", "comment", "invite"), album("view", "invite", "manage")
    assert (may_open(inviter), owns(inviter), may_open(album("view"))) == (True, False, False)
    assert [str(preset) for preset in presets_of(inviter)] == ["viewer"]
    assert rights_of(inviter) == ["view", "comment", "invite"]
    assert len(presets_of(owner)) == 5
    assert "upload" in rights_of(owner)
    assert "manage" not in rights_of(owner)


def test_a_refusal_is_a_sentence_without_the_name_of_the_field() -> None:
    assert Invalid("until", "until\u00a0: il faut un jour.").sentence == "Il faut un jour."
    assert Invalid("", "no").sentence == "No"
    assert Invalid().sentence == ""
