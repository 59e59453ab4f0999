"""Keep what people search for: questions under a name, and the studies and series that they selected.

Both are the person's own, and nothing is opened by them: a question is asked anew, and what is selected is
decided about anew, whenever it is used. So nothing here asks whether something exists, and nothing tells.
Neither is for programs: what a person wrote or ticked speaks of more than a token may be narrowed to.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from auth_service.downloads import MOST_NAMED
from auth_service.errors import Conflict, Invalid, NotFound
from auth_service.policy.model import Actor
from auth_service.store import people
from auth_service.store import searches as table
from auth_service.store.tables import SavedSearch
from auth_service.vocabulary import Level
from auth_service.world import World

MOST_SAVED = 100
LONGEST_NAME = 100
LONGEST_QUERY = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a person has selected: identifiers of DICOM."""

    studies: tuple[str, ...] = ()
    series: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count both."""
        return len(self.studies) + len(self.series)


def saved_searches(world: World, *, actor: Actor) -> list[SavedSearch]:
    """Return the actor's saved searches, by name."""
    with world.store.read() as tx:
        return table.saved(tx, **_whose(actor))


def save_search(world: World, *, actor: Actor, name: str, query: str) -> SavedSearch:
    """Save a search under a name; one of the same name is replaced.

    Raises
    ------
    Invalid
        If the name or the query is not what was expected.
    Conflict
        If there are as many as a person may have.

    """
    name = _name(name)
    if len(query) > LONGEST_QUERY or not query.isprintable():
        raise Invalid(
            "query", "{field} must have at most {most} printable characters.", most=str(LONGEST_QUERY)
        )
    with world.store.write() as tx:
        # Of two that come at once the second waits: the bound holds.
        people.lock(tx, **_whose(actor))
        known = table.saved(tx, **_whose(actor))
        for each in known:
            if each.name == name:
                each.query, each.created_at = query, world.clock()
                return each
        if len(known) >= MOST_SAVED:
            raise Conflict("You have too many saved searches; delete one first.", reason="searches")
        made = SavedSearch(**_whose(actor), name=name, query=query, created_at=world.clock())
        table.save(tx, made)
        return made


def forget_search(world: World, *, actor: Actor, search_id: int) -> None:
    """Delete a saved search; somebody else's looks like one that is not there."""
    with world.store.write() as tx:
        if not table.forget(tx, **_whose(actor), search_id=search_id):
            raise NotFound


def selection(world: World, *, actor: Actor) -> Selection:
    """Return what the actor has selected."""
    with world.store.read() as tx:
        return _selection(tx, actor)


def select(world: World, *, actor: Actor, wanted: Selection) -> Selection:
    """Select exactly this."""
    with world.store.write() as tx:
        people.lock(tx, **_whose(actor))
        table.unselect_all(tx, **_whose(actor))
        return _with_more(tx, actor, wanted)


def change_selection(world: World, *, actor: Actor, more: Selection, less: Selection) -> Selection:
    """Add to what is selected, and take out of it: another tab may have ticked something meanwhile.

    Raises
    ------
    Conflict
        If it would be more than one list may name.

    """
    with world.store.write() as tx:
        people.lock(tx, **_whose(actor))
        for level, uids in ((Level.STUDY, less.studies), (Level.SERIES, less.series)):
            table.unselect(tx, **_whose(actor), level=level, uids=uids)
        return _with_more(tx, actor, more)


def _with_more(tx: Session, actor: Actor, more: Selection) -> Selection:
    for level, uids in ((Level.STUDY, more.studies), (Level.SERIES, more.series)):
        table.select_more(tx, **_whose(actor), level=level, uids=uids)
    found = _selection(tx, actor)
    if len(found) > MOST_NAMED:
        raise Conflict(
            "At most {most} studies and series can be selected.", reason="selection", most=str(MOST_NAMED)
        )
    return found


def _selection(tx: Session, actor: Actor) -> Selection:
    found = table.selected(tx, **_whose(actor))
    return Selection(studies=_of(found, Level.STUDY), series=_of(found, Level.SERIES))


def _of(found: Collection[tuple[Level, str]], wanted: Level) -> tuple[str, ...]:
    return tuple(uid for level, uid in found if level is wanted)


def _whose(actor: Actor) -> dict[str, str]:
    return {"provider": actor.provider, "subject": actor.subject}


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("name", "{field} must have between 1 and {most} characters.", most=str(LONGEST_NAME))
    return name
