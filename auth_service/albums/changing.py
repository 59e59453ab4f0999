"""Let people put series into albums and take them out.

Who puts a series into an album must have ``upload`` in it, and on the series every right that the album's
members have in it, for as long, and ``send`` (``policy/handing_on.py``). What he may not see looks as if it
did not exist; what he may see and not hand on is told, with the rights that he lacks. What was checked is
written down, as one change, and done in the background (``ledger.py``).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy.orm import Session

from auth_service.albums import ledger
from auth_service.albums.ledger import Report
from auth_service.albums.naming import Candidate, Named, NotTaken, look_up, series_by_study
from auth_service.albums.rights import Refused, check_open_to, on_record
from auth_service.audit import albums as audit_albums
from auth_service.errors import Forbidden, Invalid
from auth_service.grants import grants_of
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.engine import visible
from auth_service.policy.handing_on import HandingOn, required
from auth_service.policy.model import Actor, Decision, Reason, Resource, Visibility
from auth_service.store import albums as albums_table
from auth_service.store import contents as contents_table
from auth_service.store.ledger import Place
from auth_service.store.tables import Album
from auth_service.vocabulary import (
    Action,
    ChangeVerb,
    LabelKind,
    Level,
    LineFailure,
    album_label,
    label_kind,
)
from auth_service.world import World

MOST_NAMED = 50_000
"""Things that one change may name."""

action_for = {ChangeVerb.ADD: Action.UPLOAD, ChangeVerb.REMOVE: Action.REMOVE}
"""What each takes in the album."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a change would do."""

    series: int
    studies: int
    present: int
    """Of the series that would be put in: how many are in the album already."""
    not_taken: tuple[NotTaken, ...]


def preview(
    world: World, *, actor: Actor, slug: str, verb: ChangeVerb, named: Named, origin: Origin = NOWHERE
) -> Prospect:
    """Say what a change would do, and what of what is named would not be taken; nothing is changed.

    Raises
    ------
    NotFound, Forbidden
        If there is no such album for him, or he may not do this in it.
    Conflict
        If the album is archived.
    Invalid
        If nothing is named, or too much.
    Unavailable
        If Orthanc does not answer.

    """
    with on_record(world, actor=actor, origin=origin):
        taken, not_taken = _look_up(world, actor, slug, verb, named)
        with world.store.read() as tx:
            album = check_open_to(tx, world, actor=actor, action=action_for[verb], slug=slug)
            series, not_taken = _settle(
                tx, world, actor=actor, album=album, verb=verb, taken=taken, not_taken=not_taken
            )
            inside = contents_table.placed(tx, album.id) if verb is ChangeVerb.ADD else {}
    studies = {one.study for one in series}
    present = sum(one.uid in inside for one in series)
    return Prospect(series=len(series), studies=len(studies), present=present, not_taken=tuple(not_taken))


def change_contents(
    world: World, *, actor: Actor, slug: str, verb: ChangeVerb, named: Named, origin: Origin = NOWHERE
) -> Report:
    """Write down what somebody wants put into an album, or taken out, as far as he may; it is done later.

    Raises
    ------
    NotFound, Forbidden
        If there is no such album for him, or he may not do this in it.
    Conflict
        If the album is archived.
    Invalid
        If nothing is named, or too much.
    Unavailable
        If Orthanc does not answer; nothing is written down then.

    """
    with on_record(world, actor=actor, origin=origin):
        taken, not_taken = _look_up(world, actor, slug, verb, named)
        with world.store.write() as tx:
            # Rights are looked at again, in the transaction that writes: looking up may have taken its time.
            album = check_open_to(tx, world, actor=actor, action=action_for[verb], slug=slug)
            series, not_taken = _settle(
                tx, world, actor=actor, album=album, verb=verb, taken=taken, not_taken=not_taken
            )
            change = ledger.write(
                tx,
                album,
                actor=actor,
                verb=verb,
                series=[one.uid for one in series],
                places=_places(series),
                at=world.clock(),
                not_taken=not_taken,
                origin=origin,
            )
            if verb is ChangeVerb.ADD:
                _tell_their_owners(
                    tx, world, actor=actor, album=album, change=change, series=series, origin=origin
                )
    return ledger.report(world, change=change)


def put_in_again(
    world: World, *, actor: Actor, slug: str, series: Sequence[str], undoes: str, origin: Origin
) -> str:
    """Write down that what a change took out is put in again, as far as he may put it in; return the change.

    Of what he may not see nothing is told: it was not he who named it.

    Raises
    ------
    Refused
        If he may put in none of it.
    Unavailable
        If Orthanc does not answer; nothing is written down then.

    """
    named = Named(series=series)
    taken, not_taken = _look_up(world, actor, slug, ChangeVerb.ADD, named)
    with world.store.write() as tx:
        album = check_open_to(tx, world, actor=actor, action=Action.UPLOAD, slug=slug)
        found, not_taken = _settle(
            tx, world, actor=actor, album=album, verb=ChangeVerb.ADD, taken=taken, not_taken=not_taken
        )
        left = set(contents_table.undoable(tx, undoes, album.id))
        found = [one for one in found if one.uid in left]
        if not found:
            error = Forbidden("You cannot put it in again: you did not have all that you would give by it.")
            raise Refused(Action.UPLOAD, slug, Decision(allowed=False, reason=Reason.NO_GRANT), error)
        change = ledger.write(
            tx,
            album,
            actor=actor,
            verb=ChangeVerb.ADD,
            series=[one.uid for one in found],
            places=_places(found),
            at=world.clock(),
            not_taken=[one for one in not_taken if one.why is LineFailure.FORBIDDEN],
            undoes=undoes,
            origin=origin,
        )
        _tell_their_owners(tx, world, actor=actor, album=album, change=change, series=found, origin=origin)
    return change


def _look_up(
    world: World, actor: Actor, slug: str, verb: ChangeVerb, named: Named
) -> tuple[Collection[Candidate], list[NotTaken]]:
    """Find what was named, as far as he may see it; whoever may not change the album learns nothing by it."""
    _bounded(named)
    with world.store.read() as tx:
        album = check_open_to(tx, world, actor=actor, action=action_for[verb], slug=slug)
        grants = grants_of(tx, world, actor)
        inside = contents_table.placed(tx, album.id) if verb is ChangeVerb.REMOVE else {}
    visibility = visible(actor, Action.VIEW, grants=grants, at=world.clock())
    if verb is ChangeVerb.ADD:
        found = look_up(world.archive, named, visibility=visibility)
        return found.series, list(found.not_taken)
    return _inside(world, named, inside, visibility)


def _inside(
    world: World, named: Named, inside: Mapping[str, str], visibility: Visibility
) -> tuple[Collection[Candidate], list[NotTaken]]:
    """Find what was named among what the ledger says is in the album: he need not be able to see it."""
    by_study = series_by_study(inside)
    taken: dict[str, Candidate] = {}
    not_taken: list[NotTaken] = []

    def take(name: str, uids: Iterable[str]) -> None:
        found = [uid for uid in uids if uid in inside]
        if not found:
            not_taken.append(NotTaken(name=name, why=LineFailure.ELSEWHERE))
        taken.update({uid: _candidate(uid, inside[uid]) for uid in found})

    names = [name.strip() for name in named.names]
    for study in dict.fromkeys([*named.studies, *(name for name in names if name in by_study)]):
        take(study, by_study.get(study, ()))
    for series in dict.fromkeys([*named.series, *(name for name in names if name in inside)]):
        take(series, [series])
    unknown = [name for name in names if name not in inside and name not in by_study]
    others = replace(named, studies=(), series=(), names=unknown)
    if others.names or others.album is not None or others.query is not None:
        found = look_up(world.archive, others, visibility=visibility)
        taken.update({one.uid: one for one in found.series if one.uid in inside})
        not_taken += found.not_taken
    return tuple(taken.values()), not_taken


def _candidate(uid: str, study: str) -> Candidate:
    return Candidate(uid=uid, study=study, resource=Resource(level=Level.SERIES))


def _places(series: Iterable[Candidate]) -> dict[str, Place]:
    return {one.uid: one.place for one in series if one.place is not None}


def _settle(
    tx: Session,
    world: World,
    *,
    actor: Actor,
    album: Album,
    verb: ChangeVerb,
    taken: Collection[Candidate],
    not_taken: list[NotTaken],
) -> tuple[list[Candidate], list[NotTaken]]:
    """Leave of what was found what he may put in; in the order in which it was named."""
    if verb is ChangeVerb.REMOVE:
        inside = contents_table.placed(tx, album.id)
        return [one for one in taken if one.uid in inside], not_taken
    lacking = cache(_handing_on(tx, world, actor, album).lacking)
    series: list[Candidate] = []
    refused = list(not_taken)
    for one in taken:
        missing = lacking(one.resource)
        if missing:
            refused.append(NotTaken(name=one.uid, why=LineFailure.FORBIDDEN, lacking=tuple(sorted(missing))))
        else:
            series.append(one)
    return series, refused


def _handing_on(tx: Session, world: World, actor: Actor, album: Album) -> HandingOn:
    """Work out what somebody may put into an album."""
    at = world.clock()
    needed = required(albums_table.grants_in(tx, album, zone=world.settings.zone), at=at)
    return HandingOn.by(actor, grants=grants_of(tx, world, actor), needed=needed, at=at)


def _tell_their_owners(
    tx: Session,
    world: World,
    *,
    actor: Actor,
    album: Album,
    change: str,
    series: Iterable[Candidate],
    origin: Origin,
) -> None:
    """Put on record in each other album that its series are handed on by a right that it gave."""
    through = cache(_handing_on(tx, world, actor, album).through)
    sent = Counter(label for one in series for label in through(one.resource))
    for label, count in sorted(sent.items()):
        if label_kind(label) is LabelKind.ALBUM and label != album_label(album.slug):
            audit_albums.series_sent(
                tx, at=world.clock(), actor=actor, label=label, change=change, series=count, origin=origin
            )


def _bounded(named: Named) -> None:
    """Refuse what names nothing, or too much."""
    count = len(named.studies) + len(named.series) + len(named.names)
    if not count and named.album is None and named.query is None:
        raise Invalid("add", "Name at least one study or series.")
    if count > MOST_NAMED:
        raise Invalid("add", "Name at most {most} things at once.", most=str(MOST_NAMED))
