"""Uploads and their files in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from auth_service.store.tables import Change, ExpectedImage, Upload, UploadedFile
from auth_service.vocabulary import ChangeState


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
