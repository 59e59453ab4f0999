"""Find people and groups to give rights to, as far as the site lets its people find each other."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from auth_service.albums.members.given import folded
from auth_service.albums.rights import check, on_record
from auth_service.directory import DirectoryPerson
from auth_service.errors import Invalid
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor, Group
from auth_service.vocabulary import Action, Finding
from auth_service.world import World

SHORTEST = 3
"""Characters of a search that answers with a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Whom one may mean; a person's address is empty where the asker is not told it."""

    people: tuple[DirectoryPerson, ...] = ()
    groups: tuple[Group, ...] = ()


def find_candidates(
    world: World, *, actor: Actor, slug: str, search: str, limit: int, origin: Origin = NOWHERE
) -> Candidates:
    """Return people and groups by a part of their names, to who may give rights in an album.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he may not invite there.
    Invalid
        If the text is too short.
    Unavailable
        If Keycloak does not answer.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        check(tx, world, actor=actor, action=Action.INVITE, slug=slug)
    text = " ".join(search.split())
    rule = world.settings.find_people
    if rule is Finding.EXACT_ADDRESS:
        return _exactly(world, text)
    if len(text) < SHORTEST:
        raise Invalid("search", "{field} must have {least} characters or more.", least=str(SHORTEST))
    found = _everybody(world, text, limit) if rule is Finding.EVERYBODY else _colleagues(world, actor, text)
    people = sorted(found.people, key=lambda each: (each.username.casefold(), each.subject))
    groups = sorted(found.groups, key=lambda each: each.path)
    return Candidates(people=tuple(people[:limit]), groups=tuple(groups[:limit]))


def may_name(world: World, actor: Actor) -> Callable[[str], bool]:
    """Return what tells, by his subject identifier, whether somebody may be named to who asks.

    Those are named whom he could find. Himself he knows.
    """
    match world.settings.find_people:
        case Finding.EVERYBODY:
            return lambda _subject: True
        case Finding.SAME_GROUPS:
            # Asked for only where somebody is to be named.
            found = cache(lambda: {each.subject for each in _people_of(world, _outermost(actor))})
            return lambda subject: subject == actor.subject or subject in found()
        case _:
            return lambda subject: subject == actor.subject


def _everybody(world: World, text: str, limit: int) -> Candidates:
    return Candidates(
        people=tuple(world.directory.search(text, limit=limit)),
        groups=tuple(world.directory.search_groups(text, limit=limit)),
    )


def _exactly(world: World, text: str) -> Candidates:
    """Return whom a text names wholly: no part of a name finds anybody, and an address only its owner."""
    address = folded(text)
    if address is not None:
        person = world.directory.person_of_address(address)
        return Candidates(people=(person,) if person else ())
    if text.startswith("/"):
        group = world.directory.group(text)
        return Candidates(groups=(group,) if group else ())
    person = world.directory.person(text) if text else None
    return Candidates(people=(_without_address(person),) if person else ())


def _colleagues(world: World, actor: Actor, text: str) -> Candidates:
    """Return those of the asker's groups.

    His groups' people are looked through here: to ask Keycloak for the text and sort strangers out would take
    longer the more of them there are, which tells of them.
    """
    words = text.casefold().split()
    outermost = _outermost(actor)
    people = {each.subject: each for each in _people_of(world, outermost) if _holds(each, words)}
    return Candidates(people=tuple(people.values()), groups=tuple(_groups(world, outermost, text)))


def _holds(person: DirectoryPerson, words: Iterable[str]) -> bool:
    """Tell whether each word is in something of a person's, as Keycloak looks for them."""
    fields = [field.casefold() for field in (person.username, person.name, person.email)]
    return all(any(word in field for field in fields) for word in words)


def _outermost(actor: Actor) -> list[Group]:
    return [group for group in actor.groups if not any(_is_above(one, group) for one in actor.groups)]


def _people_of(world: World, groups: Iterable[Group]) -> Iterator[DirectoryPerson]:
    for group in groups:
        yield from world.directory.colleagues(group.id)


def _groups(world: World, outermost: Iterable[Group], text: str) -> Iterable[Group]:
    tops = list(outermost)
    if not tops:
        return []
    found = world.directory.search_groups(text, limit=_MOST_GROUPS)
    return [group for group in found if any(group == top or _is_above(top, group) for top in tops)]


_MOST_GROUPS = 1000
"""Groups of which those that are his are chosen."""


def _is_above(one: Group, other: Group) -> bool:
    return other.path.startswith(f"{one.path}/")


def _without_address(person: DirectoryPerson) -> DirectoryPerson:
    return DirectoryPerson(
        provider=person.provider,
        subject=person.subject,
        username=person.username,
        name=person.name,
        email="",
    )
