"""People: what the provider says of them is refreshed, what they chose stays."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from auth_service.store import people
from auth_service.store.database import Store
from tests.fakes.signin import START, SigninWorld


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    world = SigninWorld.make(tmp_path)
    yield world.store
    world.close()


def keep(store: Store, *, name: str, seen: bool, hours: int = 0) -> None:
    with store.write() as tx:
        people.upsert(
            tx,
            provider="keycloak",
            subject="u-1",
            username="alice",
            name=name,
            email="a@example.org",
            at=START + timedelta(hours=hours),
            seen=seen,
        )


def test_somebody_named_by_another_has_not_been_seen(store: Store) -> None:
    keep(store, name="A", seen=False)
    with store.read() as tx:
        person = people.get(tx, provider="keycloak", subject="u-1")
        assert person is not None
        assert (person.name, person.created_at, person.seen_at) == ("A", START, None)


def test_what_the_provider_says_is_refreshed_and_what_he_chose_stays(store: Store) -> None:
    keep(store, name="A", seen=False)
    with store.write() as tx:
        people.set_language(tx, provider="keycloak", subject="u-1", language="fr")
    keep(store, name="B", seen=True, hours=1)
    with store.read() as tx:
        person = people.get(tx, provider="keycloak", subject="u-1")
        assert person is not None
        assert (person.name, person.language) == ("B", "fr")
        assert (person.created_at, person.seen_at) == (START, START + timedelta(hours=1))


def test_language_of_nobody_is_none(store: Store) -> None:
    with store.read() as tx:
        assert people.language(tx, provider="keycloak", subject="ghost") is None
        assert people.get(tx, provider="other", subject="u-1") is None


def test_language_can_be_the_browsers_again(store: Store) -> None:
    keep(store, name="A", seen=True)
    for language in ("fr", None):
        with store.write() as tx:
            people.set_language(tx, provider="keycloak", subject="u-1", language=language)
        with store.read() as tx:
            assert people.language(tx, provider="keycloak", subject="u-1") == language
