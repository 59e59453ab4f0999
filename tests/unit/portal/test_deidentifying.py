"""What the portal asks auth_service about de-identification, to the letter."""

import json
from typing import Any

import httpx

from auth_service.deidentifying import burned_in, profile
from portal import deidentifying
from portal.auth_client import HttpAuthService
from portal.viewers import Addresses

HELD = {
    "id": "a" * 32,
    "study": "2.25.1",
    "series": "2.25.2",
    "held": "2026-03-02T00:00:00Z",
    "until": "2026-04-02T00:00:00Z",
}
ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "/api/albums/a%2Fb/deidentification"): {"on": True, "options": ["uids"], "more": 1},
    ("GET", "/api/albums/a%2Fb/held?limit=20"): {"items": [HELD], "total": 7},
}


def test_every_question_is_the_one_that_was_agreed() -> None:
    asked: list[tuple[str, str, Any, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        address = request.url.raw_path.decode()
        asked.append((request.method, address, body, request.headers.get("Accept-Language", "")))
        found = ANSWERS.get((request.method, address))
        return httpx.Response(204) if found is None else httpx.Response(200, json=found)

    client = httpx.Client(base_url="http://auth_service", transport=httpx.MockTransport(answer))
    mine = HttpAuthService(client).account("b" * 40, address="")
    assert mine.deidentification("a/b").options == ("uids",)
    assert mine.held("a/b").total == 7
    mine.deidentify("a/b", ["uids"], language="fr")
    mine.stop_deidentifying("a/b", forget=True)
    mine.release_held("a/b", "a" * 32, language="fr")
    mine.discard_held("a/b", "../x")
    assert [one for one in asked if one[0] != "GET"] == [
        ("PUT", "/api/albums/a%2Fb/deidentification", {"options": ["uids"]}, "fr"),
        ("DELETE", "/api/albums/a%2Fb/deidentification?forget=true", None, ""),
        ("POST", f"/api/albums/a%2Fb/held/{'a' * 32}/release", None, "fr"),
        ("DELETE", "/api/albums/a%2Fb/held/..%2Fx", None, ""),
    ]


def test_the_words_are_those_of_the_service() -> None:
    assert {*deidentifying.Option} == {*profile.Option}
    assert {*deidentifying.Suspicion} == {*burned_in.Suspicion}


def test_a_held_picture_has_its_address() -> None:
    addresses = Addresses(public_url="https://portal.test")
    assert addresses.held("a/b", "x?y", 2) == (
        "https://portal.test/api/albums/a%2Fb/held/x%3Fy/picture?frame=2"
    )
