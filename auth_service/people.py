"""People beyond those who signed in: whom somebody names, and who is found by a part of his names."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from auth_service.directory import DirectoryPerson
from auth_service.errors import Invalid, Unavailable
from auth_service.store import people as table
from auth_service.world import World

SHORTEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPeople:
    """People, by user name, and whether Keycloak could be asked."""

    people: tuple[DirectoryPerson, ...]
    directory_answers: bool


def keep_named(tx: Session, person: DirectoryPerson, *, at: datetime) -> None:
    """Keep what Keycloak says of somebody whom another has named: he may never have been here."""
    table.upsert(
        tx,
        provider=person.provider,
        subject=person.subject,
        username=person.username,
        name=person.name,
        email=person.email,
        at=at,
        seen=False,
    )


def find_people(world: World, *, search: str, limit: int) -> FoundPeople:
    """Return at most ``limit`` people whose user name, name or address holds a text, for administrators.

    Raises
    ------
    Invalid
        If the text is too short.

    """
    text = " ".join(search.split())
    if len(text) < SHORTEST:
        raise Invalid("search", "{field} must have {least} characters or more.", least=str(SHORTEST))
    provider = world.settings.provider
    with world.store.read() as tx:
        rows = table.search(tx, provider=provider, text=text, limit=limit)
    found = {
        row.subject: DirectoryPerson(
            provider=provider,
            subject=row.subject,
            username=row.username,
            name=row.name or row.username,
            email=row.email,
        )
        for row in rows
    }
    answers = True
    try:
        found |= {each.subject: each for each in world.directory.search(text, limit=limit)}
    except Unavailable:
        answers = False
    inorder = sorted(found.values(), key=lambda each: (each.username.casefold(), each.subject))
    return FoundPeople(people=tuple(inorder[:limit]), directory_answers=answers)
