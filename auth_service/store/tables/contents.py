"""What is in albums: the changes and the ledger, uploads, and what came by DICOM."""

from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.store.tables.base import Base


class Change(Base):
    """Series being put into an album, or taken out: one request, resumed after a crash."""

    __tablename__ = "changes"

    id: Mapped[str] = mapped_column(primary_key=True)
    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"), index=True)
    verb: Mapped[str]
    """``add`` or ``remove``."""
    state: Mapped[str] = mapped_column(index=True)
    """``receiving``, ``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``."""
    actor: Mapped[str]
    actor_name: Mapped[str]
    asker: Mapped[str | None]
    """``provider:sub`` of the person who asked, himself or by a token; nobody's where the system did."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    """When somebody asked for it to be stopped; what is due then is not done any more."""
    undoes: Mapped[str | None]
    """The change whose work this one takes back."""


class LedgerEntry(Base):
    """One series put into, or taken out of, one album. Rows are added, stamped once, and never removed."""

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("change_id", "series_uid"),
        Index("ix_ledger_album_id_series_uid", "album_id", "series_uid"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"))
    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"))
    verb: Mapped[str]
    series_uid: Mapped[str] = mapped_column(index=True)
    study_uid: Mapped[str | None]
    """The study that the series was found in: when it was named, if it was looked for then; once the line is
    done, when it was done."""
    orthanc_study: Mapped[str | None]
    orthanc_series: Mapped[str | None]
    intended_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    """Why it was not done. Where neither this nor ``done_at`` is set, the line is due."""


class NotTakenEntry(Base):
    """Something that was named for a change and is no line of it, with why; never changed."""

    __tablename__ = "not_taken"

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), index=True)
    name: Mapped[str]
    """As it was named: an identifier, an accession number, a patient's identifier."""
    why: Mapped[str]
    lacking: Mapped[list[str]] = mapped_column(JSON)
    """The rights that who asked lacks on it, where that is why."""


class Upload(Base):
    """Files that somebody sends into an album, as one change: its lines are written as series come."""

    __tablename__ = "uploads"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    stored: Mapped[int]
    """Images that the archive took."""
    present: Mapped[int]
    """Images that it had already."""
    refused: Mapped[int]
    """Files, or images in them, that are not in the album, each with a line that says why."""
    bytes: Mapped[int] = mapped_column(BigInteger)
    """Of what was taken out of the files that came, whatever became of it."""
    seen_at: Mapped[datetime] = mapped_column(index=True)
    """When something last came."""


class UploadedFile(Base):
    """A file of an upload: how much of it came, and whether it was looked through to its end."""

    __tablename__ = "uploaded_files"

    change_id: Mapped[str] = mapped_column(ForeignKey("uploads.change_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """As who sends it counts, from 1 on."""
    name: Mapped[str]
    """With its folders, as it is called where it comes from."""
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger)
    stored: Mapped[int]
    present: Mapped[int]
    refused: Mapped[int]
    done_at: Mapped[datetime | None]


class ExpectedImage(Base):
    """The image with which a series is to come by an upload: what else comes of it is another's."""

    __tablename__ = "expected_images"

    change_id: Mapped[str] = mapped_column(ForeignKey("uploads.change_id"), primary_key=True)
    series_uid: Mapped[str] = mapped_column(primary_key=True)
    orthanc_instance: Mapped[str | None]
    """``None``: the archive did not take it."""


class GrownSeries(Base):
    """A series that was in the album before an upload, with how many images it got by it."""

    __tablename__ = "grown_series"

    change_id: Mapped[str] = mapped_column(ForeignKey("uploads.change_id"), primary_key=True)
    series_uid: Mapped[str] = mapped_column(primary_key=True)
    images: Mapped[int]


class Arrival(Base):
    """A series that came by DICOM, and what became of it."""

    __tablename__ = "arrivals"
    __table_args__ = (
        UniqueConstraint("orthanc_series", "sequence"),
        Index("ix_arrivals_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    orthanc_series: Mapped[str]
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Orthanc's change that told of it; the last there was, where it was found by looking through all."""
    series_uid: Mapped[str]
    study_uid: Mapped[str]
    modality: Mapped[str]
    ae_title: Mapped[str]
    """Of who sent it."""
    address: Mapped[str]
    called: Mapped[str]
    """The AE title that it was sent to."""
    arrived_at: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str | None]
    """Why it waits for an administrator, or why it was dismissed, in his words."""
    change_id: Mapped[str | None] = mapped_column(ForeignKey("changes.id"), index=True)
    """The change that puts it into an album, or was to."""
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    """Key of who said where it goes, or that it goes nowhere."""


class ArchiveFollower(Base):
    """How far Orthanc's list of changes was read, and who reads it: a row for each purpose."""

    __tablename__ = "archive_follower"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    """The last change that was read; ``None``: none yet."""
    holder: Mapped[str | None]
    """The process that reads, until its lease is over."""
    until: Mapped[datetime | None]
