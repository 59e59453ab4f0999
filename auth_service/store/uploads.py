"""Uploads and their files in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, Exists, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from auth_service.store.tables import Change, ExpectedImage, GrownSeries, LedgerEntry, Upload, UploadedFile
from auth_service.vocabulary import ChangeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How many series that were in the album before got images by a change, and how many images."""

    series: int
    images: int


def add(tx: Session, change_id: str, at: datetime) -> None:
    """Begin to count what comes by a change."""
    tx.add(Upload(change_id=change_id, stored=0, present=0, refused=0, bytes=0, seen_at=at))
    tx.flush()


def upload(tx: Session, change_id: str) -> Upload | None:
    """Return an upload."""
    return tx.get(Upload, change_id)


def count(
    tx: Session,
    change_id: str,
    *,
    number: int | None,
    at: datetime,
    stored: int = 0,
    present: int = 0,
    refused: int = 0,
    size: int = 0,
) -> None:
    """Add what came of some images, to an upload and to the file that they were in, if it has a number."""
    tx.execute(
        update(Upload)
        .where(Upload.change_id == change_id)
        .values(
            stored=Upload.stored + stored,
            present=Upload.present + present,
            refused=Upload.refused + refused,
            bytes=Upload.bytes + size,
            seen_at=at,
        )
    )
    if number is not None:
        tx.execute(
            update(UploadedFile)
            .where(UploadedFile.change_id == change_id, UploadedFile.number == number)
            .values(
                stored=UploadedFile.stored + stored,
                present=UploadedFile.present + present,
                refused=UploadedFile.refused + refused,
            )
        )


def grow(tx: Session, change_id: str, series: str) -> None:
    """Count an image that came into a series which was in the album; harmless where the upload began it.

    After `count`, which makes others that count for the same upload wait: of two the second finds the row.
    """
    if tx.scalar(select(_begun_by(change_id, series))):
        return
    mine = (GrownSeries.change_id == change_id, GrownSeries.series_uid == series)
    result = tx.execute(update(GrownSeries).where(*mine).values(images=GrownSeries.images + 1))
    if isinstance(result, CursorResult) and result.rowcount == 0:
        tx.add(GrownSeries(change_id=change_id, series_uid=series, images=1))
        tx.flush()


def grown(tx: Session, change_id: str, *, limit: int, offset: int) -> list[tuple[str, int]]:
    """Return some series that were in the album before a change, each with how many images it got by it."""
    query = (
        select(GrownSeries.series_uid, GrownSeries.images)
        .where(*_grown_by(change_id))
        .order_by(GrownSeries.series_uid)
    )
    return [(series, images) for series, images in tx.execute(query.limit(limit).offset(offset))]


def growth(tx: Session, change_id: str) -> Growth:
    """Count the series that were in the album before a change and got images by it, and these images."""
    query = select(func.count(), func.coalesce(func.sum(GrownSeries.images), 0))
    series, images = tx.execute(query.where(*_grown_by(change_id))).one()
    return Growth(series=series, images=int(images))


def _grown_by(change_id: str) -> tuple[ColumnElement[bool], ...]:
    # Where a crash kept the line of a new series from its stamp, what came after it was counted before.
    return GrownSeries.change_id == change_id, ~_begun_by(change_id, GrownSeries.series_uid)


def _begun_by(change_id: str, series: InstrumentedAttribute[str] | str) -> Exists:
    """Ask whether a series is a line of a change that was done: it is told by that."""
    return exists().where(
        LedgerEntry.change_id == change_id,
        LedgerEntry.series_uid == series,
        LedgerEntry.done_at.is_not(None),
    )


def expect(tx: Session, change_id: str, *, series: str, instance: str | None) -> None:
    """Write down with which image a series is to come, or that it did not come with it."""
    found = tx.get(ExpectedImage, (change_id, series))
    if found is None:
        found = ExpectedImage(change_id=change_id, series_uid=series)
        tx.add(found)
    found.orthanc_instance = instance


def expected(tx: Session, change_id: str) -> dict[str, str]:
    """Return the images that are expected by an upload: Orthanc's identifiers, by series."""
    query = select(ExpectedImage).where(ExpectedImage.change_id == change_id)
    return {
        one.series_uid: one.orthanc_instance for one in tx.scalars(query) if one.orthanc_instance is not None
    }


def add_file(tx: Session, change_id: str, *, number: int, name: str, size: int) -> UploadedFile:
    """Write down that a file is to come."""
    made = UploadedFile(
        change_id=change_id, number=number, name=name, size=size, received=0, stored=0, present=0, refused=0
    )
    tx.add(made)
    tx.flush()
    return made


def pending(tx: Session, change_id: str) -> int:
    """Return how large the files are together that were begun and not looked through yet, in bytes."""
    mine = (UploadedFile.change_id == change_id, UploadedFile.done_at.is_(None))
    return int(tx.scalar(select(func.coalesce(func.sum(UploadedFile.size), 0)).where(*mine)) or 0)


def file(tx: Session, change_id: str, number: int) -> UploadedFile | None:
    """Return a file of an upload."""
    return tx.get(UploadedFile, (change_id, number))


def came(tx: Session, change_id: str, number: int, *, received: int, at: datetime) -> None:
    """Note how much of a file has come."""
    found = tx.get_one(UploadedFile, (change_id, number))
    if found.done_at is None:
        found.received = received
    count(tx, change_id, number=None, at=at)


def done(tx: Session, change_id: str, number: int, *, at: datetime) -> None:
    """Note that a file was looked through to its end."""
    found = tx.get_one(UploadedFile, (change_id, number))
    found.received, found.done_at = found.size, at


def files(tx: Session, change_id: str, *, limit: int, offset: int) -> tuple[list[UploadedFile], int]:
    """Return some files of an upload in the order of their numbers, and how many there are."""
    mine = UploadedFile.change_id == change_id
    total = tx.scalar(select(func.count()).select_from(UploadedFile).where(mine)) or 0
    query = select(UploadedFile).where(mine).order_by(UploadedFile.number).limit(limit).offset(offset)
    return list(tx.scalars(query)), total


def how_many_files(tx: Session, change_id: str) -> int:
    """Count the files of an upload."""
    mine = UploadedFile.change_id == change_id
    return tx.scalar(select(func.count()).select_from(UploadedFile).where(mine)) or 0


def begun(tx: Session, album_id: int, asker: str) -> Sequence[tuple[Change, Upload]]:
    """Return the uploads into an album that one person has begun and not ended, the newest first."""
    query = (
        select(Change, Upload)
        .join(Upload, Upload.change_id == Change.id)
        .where(Change.album_id == album_id, Change.asker == asker, Change.state == ChangeState.RECEIVING)
        .order_by(Change.created_at.desc())
    )
    return [(change, found) for change, found in tx.execute(query)]


def idle(tx: Session, before: datetime) -> list[str]:
    """Return the changes that are receiving and by which nothing came since a moment."""
    query = (
        select(Upload.change_id)
        .join(Change, Change.id == Upload.change_id)
        .where(Change.state == ChangeState.RECEIVING, Upload.seen_at < before)
    )
    return list(tx.scalars(query))


def receiving(tx: Session) -> frozenset[str]:
    """Return the changes that are receiving."""
    query = select(Change.id).where(Change.state == ChangeState.RECEIVING)
    return frozenset(tx.scalars(query))
