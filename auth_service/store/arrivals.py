"""Series that came by DICOM, in the database: noted once, and moved on from one state to the next."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from auth_service.store.tables import Arrival, LedgerEntry
from auth_service.vocabulary import ArrivalState

_OPEN = (ArrivalState.ARRIVING, ArrivalState.TO_BE_FILED, ArrivalState.FILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A series that Orthanc says came by DICOM."""

    orthanc_series: str
    sequence: int
    series_uid: str
    study_uid: str
    modality: str
    ae_title: str
    address: str
    called: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """What the ledger says of a series that was being put into an album."""

    arrival: int
    failure: str | None
    """Why it was not done; ``None``: it was."""


def note(tx: Session, came: Iterable[Came], *, at: datetime) -> None:
    """Write down what came, each once: what is open already, or was told of by the same change, is passed."""
    for one in came:
        known = select(Arrival.id).where(
            Arrival.orthanc_series == one.orthanc_series,
            (Arrival.sequence >= one.sequence) | Arrival.state.in_(_OPEN),
        )
        if tx.scalar(known.limit(1)) is None:
            values = asdict(one) | {"arrived_at": at, "state": ArrivalState.ARRIVING}
            tx.execute(insert(Arrival).values(values))


def known_of(tx: Session, orthanc_series: Collection[str]) -> frozenset[str]:
    """Return those of some series, by Orthanc's identifier, that ever arrived."""
    query = select(Arrival.orthanc_series).where(Arrival.orthanc_series.in_(orthanc_series))
    return frozenset(tx.scalars(query))


def in_state(tx: Session, state: ArrivalState, *, limit: int, after: int = 0) -> list[Arrival]:
    """Return arrivals in one state, the oldest first."""
    query = select(Arrival).where(Arrival.state == state, Arrival.id > after)
    return list(tx.scalars(query.order_by(Arrival.id).limit(limit)))


def page(tx: Session, state: ArrivalState, *, limit: int, offset: int) -> tuple[list[Arrival], int, int]:
    """Return some arrivals in one state, the newest first; how many series and how many studies there are."""
    counts = select(func.count(), func.count(Arrival.study_uid.distinct())).where(Arrival.state == state)
    series, studies = tx.execute(counts).one()
    query = select(Arrival).where(Arrival.state == state).order_by(Arrival.id.desc())
    return list(tx.scalars(query.limit(limit).offset(offset))), series, studies


def count(tx: Session, state: ArrivalState) -> int:
    """Count the arrivals in one state."""
    return tx.scalar(select(func.count()).select_from(Arrival).where(Arrival.state == state)) or 0


def under_way(tx: Session) -> bool:
    """Tell whether anything is still to become of an arrival without an administrator."""
    query = select(Arrival.id).where(Arrival.state.in_((ArrivalState.ARRIVING, ArrivalState.FILING)))
    return tx.scalar(query.limit(1)) is not None


def locked(tx: Session, ids: Collection[int]) -> Mapping[int, Arrival]:
    """Return arrivals by their numbers, so that nobody else decides about them meanwhile."""
    query = select(Arrival).where(Arrival.id.in_(ids)).order_by(Arrival.id).with_for_update()
    return {one.id: one for one in tx.scalars(query)}


def move(
    tx: Session,
    ids: Collection[int],
    *,
    origin: ArrivalState,
    to: ArrivalState,
    reason: str | None = None,
) -> None:
    """Bring arrivals from one state to another; those that are in neither stay as they are."""
    tx.execute(
        update(Arrival)
        .where(Arrival.id.in_(ids), Arrival.state == origin)
        .values(state=to, reason=reason)
        .execution_options(synchronize_session=False)
    )


def decide(
    tx: Session,
    arrivals: Iterable[Arrival],
    *,
    to: ArrivalState,
    at: datetime,
    by: str,
    change: str | None = None,
    reason: str | None = None,
) -> None:
    """Keep what was decided about arrivals that are locked, or that this transaction has just read."""
    for one in arrivals:
        one.state, one.reason, one.change_id = to, reason, change
        one.decided_at, one.decided_by = at, by
    tx.flush()


def stamped(tx: Session, *, limit: int) -> list[Stamped]:
    """Return what came of arrivals that are being put into albums, where the ledger knows it."""
    query = (
        select(Arrival.id, LedgerEntry.failure)
        .join(
            LedgerEntry,
            (LedgerEntry.change_id == Arrival.change_id) & (LedgerEntry.series_uid == Arrival.series_uid),
        )
        .where(
            Arrival.state == ArrivalState.FILING,
            LedgerEntry.done_at.is_not(None) | LedgerEntry.failure.is_not(None),
        )
        .order_by(Arrival.id)
        .limit(limit)
    )
    return [Stamped(arrival=number, failure=failure) for number, failure in tx.execute(query)]
