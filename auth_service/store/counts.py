"""What albums held when they were last counted."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth_service.store.tables import Album, AlbumCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one album held, and when that was."""

    at: datetime
    studies: int = 0
    series: int = 0
    instances: int = 0
    modalities: tuple[str, ...] = ()
    picture: tuple[str, str] | None = None
    """StudyInstanceUID and SeriesInstanceUID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An album that is to be counted."""

    album_id: int
    slug: str


def counted(tx: Session, album_ids: Iterable[int]) -> dict[int, Counted]:
    """Return what is known of some albums; those that were never counted are left out."""
    query = select(AlbumCount).where(
        AlbumCount.album_id.in_(list(album_ids)), AlbumCount.counted_at.is_not(None)
    )
    return {row.album_id: _counted(row) for row in tx.scalars(query)}


def begin_empty(tx: Session, *, album_id: int, at: datetime) -> None:
    """Keep that a new album holds nothing."""
    tx.execute(insert(AlbumCount).values(_empty(album_id, counted_at=at)))


def mark(tx: Session, album_ids: Iterable[int]) -> None:
    """Note that albums must be counted anew; those never counted are so in any case."""
    tx.execute(
        update(AlbumCount)
        .where(AlbumCount.album_id.in_(list(album_ids)))
        .values(marks=AlbumCount.marks + 1)
        .execution_options(synchronize_session=False)
    )


def mark_all(tx: Session) -> None:
    """Note that every album must be counted anew."""
    tx.execute(
        update(AlbumCount).values(marks=AlbumCount.marks + 1).execution_options(synchronize_session=False)
    )


def marks_of(tx: Session, album_ids: Collection[int]) -> dict[int, int]:
    """Return how often each album was marked, before a question whose answer `keep` is given.

    An album without a row gets one, so that what is marked while the question is under way is not lost.
    """
    for album_id in sorted(set(album_ids) - set(_marks(tx, album_ids))):
        try:
            with tx.begin_nested():
                tx.execute(insert(AlbumCount).values(_empty(album_id, counted_at=None)))
        except IntegrityError:
            # Another replica was faster, which only PostgreSQL allows.
            continue
    return _marks(tx, album_ids)


def keep(tx: Session, *, album_id: int, marks: int, found: Counted) -> None:
    """Keep what was counted, unless somebody asked Orthanc later than this was asked.

    Parameters
    ----------
    marks : int
        What `marks_of` gave before the question.

    """
    study, series = found.picture or (None, None)
    tx.execute(
        update(AlbumCount)
        .where(AlbumCount.album_id == album_id, AlbumCount.counted_marks <= marks)
        .values(
            counted_marks=marks,
            counted_at=found.at,
            studies=found.studies,
            series=found.series,
            instances=found.instances,
            modalities=list(found.modalities),
            picture_study=study,
            picture_series=series,
        )
        .execution_options(synchronize_session=False)
    )


def due(tx: Session, *, before: datetime, limit: int) -> list[Due]:
    """Return albums to count: never counted (they come first), marked, or not counted since a moment."""
    query = (
        select(Album.id, Album.slug)
        .outerjoin(AlbumCount, AlbumCount.album_id == Album.id)
        .where(
            Album.deleted_at.is_(None),
            or_(
                AlbumCount.counted_at.is_(None),
                AlbumCount.marks > AlbumCount.counted_marks,
                AlbumCount.counted_at < before,
            ),
        )
        .order_by(AlbumCount.counted_at.nulls_first(), Album.id)
    )
    return [Due(album_id=album_id, slug=slug) for album_id, slug in tx.execute(query.limit(limit))]


def ids_of(tx: Session, slugs: Collection[str]) -> dict[str, int]:
    """Return the albums of some slugs that are not deleted."""
    query = select(Album.slug, Album.id).where(Album.slug.in_(slugs), Album.deleted_at.is_(None))
    return {row.slug: row.id for row in tx.execute(query)}


def _empty(album_id: int, *, counted_at: datetime | None) -> Mapping[str, object]:
    return {
        "album_id": album_id,
        "marks": 0,
        "counted_marks": 0,
        "counted_at": counted_at,
        "studies": 0,
        "series": 0,
        "instances": 0,
        "modalities": [],
        "picture_study": None,
        "picture_series": None,
    }


def _marks(tx: Session, album_ids: Collection[int]) -> dict[int, int]:
    query = select(AlbumCount.album_id, AlbumCount.marks).where(AlbumCount.album_id.in_(album_ids))
    return {row.album_id: row.marks for row in tx.execute(query)}


def _counted(row: AlbumCount) -> Counted:
    assert row.counted_at is not None  # noqa: S101 - they were selected by it
    picture = (
        (row.picture_study, row.picture_series)
        if row.picture_study is not None and row.picture_series is not None
        else None
    )
    return Counted(
        at=row.counted_at,
        studies=row.studies,
        series=row.series,
        instances=row.instances,
        modalities=tuple(row.modalities),
        picture=picture,
    )
