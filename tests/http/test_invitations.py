"""Invited by an address, somebody signs in for the first time: over HTTP, with Keycloak's own word for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.world import World

ADDRESS = "Newcomer@Example.org"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.make(tmp_path)
    yield world
    world.close()


def invite(world: World, who: str = "owner_a", **body: object) -> Any:  # noqa: ANN401 - JSON
    wanted = {"subject": {"email": ADDRESS}, "preset": "reader", "until": "2026-12-31"} | body
    return world.client(who).post("/api/albums/a/members", json=wanted)


def members(world: World) -> dict[str, str]:
    items = world.client("owner_a").get("/api/albums/a/members").json()["items"]
    return {item["subject"]["name"]: item["state"] for item in items}


def sign_in(
    world: World, username: str = "newcomer", *, email: str = "newcomer@example.org", **claims: object
) -> int:
    """Sign somebody in who has this address; return what he then gets for the album."""
    keycloak = world.signin.keycloak
    user = keycloak.users.get(username) or keycloak.add_user(username)
    user.email = email
    keycloak.change_claims = lambda sent: sent.update(claims)
    world.sids[username] = world._session_of(username)
    keycloak.change_claims = lambda _sent: None
    return world.client(username).get("/api/albums/a").status_code


def test_a_newcomer_finds_the_album_at_his_first_sign_in(world: World) -> None:
    answer = invite(world)
    assert (answer.status_code, answer.json()["state"]) == (201, "pending")
    assert answer.json()["subject"] == {
        "user": None,
        "group": None,
        "email": "newcomer@example.org",
        "name": "newcomer@example.org",
    }
    assert members(world)["newcomer@example.org"] == "pending"
    assert sign_in(world) == 200
    assert "newcomer@example.org" not in members(world)
    assert members(world)["Test Newcomer"] == "member"
    album = world.client("newcomer").get("/api/albums/a").json()
    assert (album["actions"], album["until"]) == (["view", "download", "comment"], "2026-12-31")


@pytest.mark.parametrize("claim", [False, None, "true", 1, [True], {}])
def test_an_address_that_keycloak_does_not_plainly_say_is_verified_opens_nothing(
    world: World, claim: object
) -> None:
    invite(world)
    assert sign_in(world, email_verified=claim) == 404
    assert members(world)["newcomer@example.org"] == "pending"
    assert sign_in(world) == 200


@pytest.mark.parametrize(
    "email", ["newcomer@example.org.evil.example", "newcomer", "", "\u212aewcomer@example.org"]
)
def test_another_address_opens_nothing(world: World, email: str) -> None:
    invite(world)
    assert sign_in(world, email=email) == 404
    assert members(world)["newcomer@example.org"] == "pending"


def test_an_address_that_changes_moves_no_membership(world: World) -> None:
    invite(world)
    assert sign_in(world) == 200
    # He has another address now, and somebody else has his.
    assert sign_in(world, email="other@example.org") == 200
    assert sign_in(world, "stranger", email="newcomer@example.org") == 404
    assert members(world)["Test Newcomer"] == "member"


def test_what_was_taken_back_is_not_found_again(world: World) -> None:
    made = invite(world).json()
    owner = world.client("owner_a")
    assert owner.delete(f"/api/albums/a/invitations/{made['id']}").status_code == 204
    assert sign_in(world) == 404
    invite(world)
    assert sign_in(world) == 200


def test_an_invitation_is_changed_by_owners_alone(world: World) -> None:
    made = invite(world).json()
    address = f"/api/albums/a/invitations/{made['id']}"
    changed = world.client("owner_a").patch(address, json={"preset": "viewer", "until": None, "note": "x"})
    assert (changed.status_code, changed.json()["preset"], changed.json()["note"]) == (200, "viewer", "x")
    for who, status in (("member_a", 403), ("owner_b", 404), ("admin", 404), ("nobody", 401)):
        assert world.client(who).patch(address, json={"note": "y"}).status_code == status
        assert world.client(who).delete(address).status_code == status
    other = f"/api/albums/b/invitations/{made['id']}"
    assert world.client("owner_b").delete(other).status_code == 404
    assert sign_in(world) == 200


def test_twice_the_same_address_is_a_conflict(world: World) -> None:
    assert invite(world).status_code == 201
    again = invite(world, subject={"email": ADDRESS.lower()})
    assert (again.status_code, again.json()["reason"]) == (409, "invited")


def test_where_people_are_hidden_known_and_unknown_addresses_get_the_same_answer(world: World) -> None:
    def answer(name: str) -> tuple[int, dict[str, Any], set[str]]:
        found = invite(world, subject={"email": f"{name}@example.org"})
        body = {key: value for key, value in found.json().items() if key not in ("id", "subject")}
        return found.status_code, body, set(found.headers)

    assert answer("stranger") == answer("nobody-at-all") == answer("member_a")


def test_a_token_invites_nobody(world: World) -> None:
    wanted = {"name": "x", "actions": ["view"], "albums": None, "until": None}
    made = world.client("owner_a").post("/api/tokens", json=wanted).json()
    client = world.client("nobody")
    client.headers["authorization"] = f"Bearer {made['token']}"
    body = {"subject": {"email": ADDRESS}, "preset": "viewer"}
    assert client.post("/api/albums/a/members", json=body).status_code == 403
    assert client.get("/api/albums/a/candidates?search=alice").status_code == 403
    assert client.get("/api/albums/a/people").status_code == 403
    assert client.get("/api/members").status_code == 403
    assert client.patch("/api/albums/a/members", json={"members": [1], "note": "x"}).status_code == 403
