"""Let administrators file what came by DICOM and went nowhere by a rule: into an album, or aside.

Nothing of it is deleted: what is put aside stays in the archive, in nobody's album, and may be filed later.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from auth_service.albums import ledger, resuming
from auth_service.albums.rights import check_open
from auth_service.audit import arrivals as audit_arrivals
from auth_service.audit import system as audit_system
from auth_service.deidentifying import keeping
from auth_service.errors import Conflict, Invalid, NotFound
from auth_service.incoming.receiving import senders_of
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import albums as albums_table
from auth_service.store import arrivals as table
from auth_service.store.tables import Arrival
from auth_service.vocabulary import Action, ArrivalState, ChangeVerb
from auth_service.world import World

MOST_AT_ONCE = 1000
"""Series that are filed, or put aside, by one request."""

LONGEST_REASON = 500

_TAGS = (
    "PatientID",
    "StudyDate",
    "StudyDescription",
    "SeriesDescription",
    "NumberOfSeriesRelatedInstances",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A series that came by DICOM, with what an administrator must know to file it."""

    id: int
    series: str
    study: str
    modality: str
    ae_title: str
    address: str
    called: str
    arrived: datetime
    state: str
    reason: str | None
    present: bool
    """Whether it is in the archive, where what follows comes from."""
    patient_id: str = ""
    study_date: str = ""
    study_description: str = ""
    series_description: str = ""
    instances: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPage:
    """Some of the series, and how many there are of what."""

    items: tuple[Waiting, ...]
    series: int
    studies: int
    arriving: int
    """Series of which images may still come."""


def list_arrivals(
    world: World, *, actor: Actor, state: ArrivalState, limit: int, offset: int, origin: Origin = NOWHERE
) -> WaitingPage:
    """Return what came by DICOM and is in one state, the newest first; on record.

    Raises
    ------
    Unavailable
        If Orthanc does not answer.

    """
    with world.store.write() as tx:
        # It tells of patients by a right that is no right on images: so it is on record before it is told.
        audit_system.administered(
            tx,
            at=world.clock(),
            actor=actor,
            action=Action.ADMINISTER,
            target="/api/arrivals",
            origin=origin,
        )
        rows, series, studies = table.page(tx, state, limit=limit, offset=offset)
        arriving = table.count(tx, ArrivalState.ARRIVING)
    told = _told(world, rows)
    items = tuple(_waiting(row, told.get(row.orthanc_series)) for row in rows)
    return WaitingPage(items=items, series=series, studies=studies, arriving=arriving)


def number_waiting(world: World) -> int | None:
    """Count the series that wait to be filed; ``None``: there are none, and none can come."""
    with world.store.read() as tx:
        count = table.count(tx, ArrivalState.TO_BE_FILED)
    return count if count or world.settings.dicom_peers_file else None


def file(world: World, *, actor: Actor, ids: Collection[int], album: str, origin: Origin = NOWHERE) -> str:
    """Put series that wait into an album, all of them or none; return the change that does it.

    Raises
    ------
    NotFound
        If one of them never came.
    Invalid
        If none is named, or there is no such album.
    Conflict
        If one of them does not wait any more, or the album is archived.

    """
    at = world.clock()
    with world.store.write() as tx:
        rows = _waiting_rows(tx, ids)
        found = albums_table.album(tx, album, lock=True)
        if found is None:
            raise Invalid("album", "There is no album {album}.", album=album[:64])
        check_open(found)
        if keeping.deidentifies(tx, found):
            raise Conflict(
                "This album de-identifies what comes: have the images uploaded into it.",
                reason="deidentifies",
            )
        uids = list(dict.fromkeys(row.series_uid for row in rows))
        change = ledger.write(tx, found, actor=actor, verb=ChangeVerb.ADD, series=uids, at=at, origin=origin)
        table.decide(tx, rows, to=ArrivalState.FILING, at=at, by=actor.key, change=change)
        audit_arrivals.arrivals_filed(
            tx,
            at=at,
            actor=actor,
            slug=found.slug,
            change=change,
            senders=senders_of(rows),
            origin=origin,
        )
    resuming.wake()
    return change


def dismiss(
    world: World, *, actor: Actor, ids: Collection[int], reason: str, origin: Origin = NOWHERE
) -> None:
    """Put series that wait aside, all of them or none: they stay in the archive, in nobody's album.

    Raises
    ------
    NotFound
        If one of them never came.
    Invalid
        If none is named, or no reason is given.
    Conflict
        If one of them does not wait any more.

    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid("reason", "Give a reason of 1 to {most} characters.", most=str(LONGEST_REASON))
    at = world.clock()
    with world.store.write() as tx:
        rows = _waiting_rows(tx, ids)
        table.decide(tx, rows, to=ArrivalState.DISMISSED, at=at, by=actor.key, reason=reason)
        audit_arrivals.arrivals_dismissed(
            tx,
            at=at,
            actor=actor,
            reason=reason,
            series=[row.series_uid for row in rows],
            origin=origin,
        )


def _waiting_rows(tx: Session, ids: Collection[int]) -> Sequence[Arrival]:
    if not 0 < len(ids) <= MOST_AT_ONCE:
        raise Invalid("ids", "Name 1 to {most} series.", most=str(MOST_AT_ONCE))
    rows = table.locked(tx, set(ids))
    if len(rows) < len(set(ids)):
        raise NotFound
    if any(row.state not in (ArrivalState.TO_BE_FILED, ArrivalState.DISMISSED) for row in rows.values()):
        raise Conflict("Somebody has decided about this meanwhile: look again.", reason="state")
    return list(rows.values())


def _told(world: World, rows: Sequence[Arrival]) -> Mapping[str, Mapping[str, Any]]:
    """Ask Orthanc what it knows of series, by its own identifiers."""
    if not rows:
        return {}
    found = world.archive.find(
        {
            "Level": "Series",
            "Query": {"SeriesInstanceUID": "\\".join(sorted({row.series_uid for row in rows}))},
            "ResponseContent": [],
            "RequestedTags": list(_TAGS),
        }
    )
    return {row["ID"]: row["RequestedTags"] for row in found}


def _waiting(row: Arrival, tags: Mapping[str, Any] | None) -> Waiting:
    known = {keyword: str((tags or {}).get(keyword) or "") for keyword in _TAGS}
    return Waiting(
        id=row.id,
        series=row.series_uid,
        study=row.study_uid,
        modality=row.modality,
        ae_title=row.ae_title,
        address=row.address,
        called=row.called,
        arrived=row.arrived_at,
        state=row.state,
        reason=row.reason,
        present=tags is not None,
        patient_id=known["PatientID"],
        study_date=known["StudyDate"],
        study_description=known["StudyDescription"],
        series_description=known["SeriesDescription"],
        instances=int(known["NumberOfSeriesRelatedInstances"] or 0),
    )
