"""What the portal asks auth_service about whole albums, to the letter."""

import json
from datetime import date
from typing import Any

import httpx
import pytest

from portal.album_keeping import album_query
from portal.answers import AlbumSearch
from portal.auth_client import Account, HttpAuthService
from portal.errors import Invalid
from tests.unit.portal.test_auth_client import ALBUM

DELETION = {"slug": "a", "title": "A", "people": 2, "groups": 1, "studies": 3, "series": 4, "unseen": 1}
OWNERLESS = {
    "items": [{"slug": "a", "title": "A", "last_owners": ["Pi A"], "members": 2}],
    "looked_at": 1,
    "total": 7,
}
ANSWERS: dict[tuple[str, str], Any] = {
    ("POST", "/api/albums"): ALBUM,
    ("PATCH", "/api/albums/a%2Fb"): ALBUM,
    ("GET", "/api/albums/a%2Fb/deletion"): DELETION,
    ("DELETE", "/api/albums/a%2Fb"): {"change": None},
    ("GET", "/api/albums/ownerless"): OWNERLESS,
}

Asked = tuple[str, str, Any, str]


def account(asked: list[Asked]) -> Account:
    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        address = request.url.raw_path.decode()
        asked.append((request.method, address, body, request.headers.get("Accept-Language", "")))
        found = ANSWERS.get((request.method, address.partition("?")[0]))
        return httpx.Response(204) if found is None else httpx.Response(200, json=found)

    client = httpx.Client(base_url="http://auth_service", transport=httpx.MockTransport(answer))
    return HttpAuthService(client).account("b" * 40, address="")


def test_every_question_is_the_one_that_was_agreed() -> None:
    asked: list[Asked] = []
    mine = account(asked)
    assert mine.create_album("T", "D", language="fr").slug == "a"
    assert mine.edit_album("a/b", "T", "", language="fr").slug == "a"
    mine.archive_album("a/b", archived=True)
    mine.archive_album("a/b", archived=False)
    assert (mine.deletion("a/b").people, mine.deletion("a/b").unseen) == (2, 1)
    mine.delete_album("a/b", "a&b", language="fr")
    mine.leave_album("a/b", language="en")
    mine.hand_over("a/b", "pi-b", ("view",), language="en")
    mine.hand_over("a/b", "pi-b", None, language="en")
    mine.mark_favourite("a/b", favourite=True)
    mine.mark_favourite("a/b", favourite=False)
    found = mine.ownerless(limit=50, offset=100)
    assert (found.total, found.items[0].last_owners) == (7, ("Pi A",))
    mine.name_owner("a/b", "pi-b", "why", language="fr")
    none = ""
    assert asked == [
        ("POST", "/api/albums", {"title": "T", "description": "D"}, "fr"),
        ("PATCH", "/api/albums/a%2Fb", {"title": "T", "description": ""}, "fr"),
        ("PUT", "/api/albums/a%2Fb/archived", None, none),
        ("DELETE", "/api/albums/a%2Fb/archived", None, none),
        ("GET", "/api/albums/a%2Fb/deletion", None, none),
        ("GET", "/api/albums/a%2Fb/deletion", None, none),
        ("DELETE", "/api/albums/a%2Fb?confirm=a%26b", None, "fr"),
        ("POST", "/api/albums/a%2Fb/leave", None, "en"),
        ("POST", "/api/albums/a%2Fb/handover", {"user": "pi-b", "keep": ["view"]}, "en"),
        ("POST", "/api/albums/a%2Fb/handover", {"user": "pi-b", "keep": None}, "en"),
        ("PUT", "/api/albums/a%2Fb/favourite", None, none),
        ("DELETE", "/api/albums/a%2Fb/favourite", None, none),
        ("GET", "/api/albums/ownerless?limit=50&offset=100", None, none),
        ("POST", "/api/albums/a%2Fb/owner", {"user": "pi-b", "reason": "why"}, "fr"),
    ]


def test_a_refusal_comes_with_its_sentence() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(409, json={"error": "conflict", "reason": "last-owner", "message": "No."})

    client = httpx.Client(base_url="http://auth_service", transport=httpx.MockTransport(refuse))
    with pytest.raises(Invalid) as refused:
        HttpAuthService(client).account("b" * 40, address="").leave_album("a", language="en")
    assert (refused.value.field, refused.value.message) == ("last-owner", "No.")


def test_what_is_not_asked_for_is_left_out_of_a_search() -> None:
    assert album_query(AlbumSearch()) == {"sort": "-changed", "limit": "24", "offset": "0"}
    whole = AlbumSearch(
        search="a&b",
        modality="CT",
        mine=False,
        favourite=True,
        archived=True,
        can="upload",
        created_from=date(2026, 1, 2),
        changed_to=date(2026, 3, 4),
    )
    assert album_query(whole) == {
        "sort": "-changed",
        "limit": "24",
        "offset": "0",
        "search": "a&b",
        "modality": "CT",
        "mine": "false",
        "favourite": "true",
        "archived": "true",
        "can": "upload",
        "created_from": "2026-01-02",
        "changed_to": "2026-03-04",
    }
