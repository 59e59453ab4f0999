"""Albums, who is in them, and how what comes into them is de-identified."""

from datetime import date, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from auth_service.store.tables.base import Base


class Album(Base):
    """A named, owned set of series."""

    __tablename__ = "albums"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    description: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    changed_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    """Since when nothing goes in or out, and nobody new is invited."""
    deleted_at: Mapped[datetime | None]

    members: Mapped[list["Member"]] = relationship(back_populates="album")


class Member(Base):
    """Rights in an album, for a person or a group."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("album_id", "subject_kind", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"))
    subject_kind: Mapped[str]
    subject_id: Mapped[str] = mapped_column(index=True)
    """``provider:sub`` of a person, id of a group."""
    subject_name: Mapped[str]
    """User name or group path when it was given: for people to read, never to decide by."""
    role: Mapped[str]
    actions: Mapped[list[str]] = mapped_column(JSON)
    until: Mapped[date | None]
    """The last day, in the site's time zone."""
    note: Mapped[str] = mapped_column(default="", server_default="")
    """What an owner wrote down about it."""
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    last_use: Mapped[datetime | None]
    """When somebody last looked at or took away something by it, to the hour."""

    album: Mapped[Album] = relationship(back_populates="members")


class Invitation(Base):
    """Rights in an album for whoever signs in with a verified address; removed when it is used."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("album_id", "address"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"))
    address: Mapped[str] = mapped_column(index=True)
    """In small letters."""
    role: Mapped[str]
    actions: Mapped[list[str]] = mapped_column(JSON)
    until: Mapped[date | None]
    """The last day, in the site's time zone."""
    note: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    """Key of who invited, who must still be able to when it is used."""


class Favourite(Base):
    """An album that somebody wants to find first."""

    __tablename__ = "favourites"

    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"), primary_key=True)
    subject_id: Mapped[str] = mapped_column(primary_key=True)
    """``provider:sub``."""


class AlbumCount(Base):
    """What an album held when Orthanc was last asked, and whether something happened to it since."""

    __tablename__ = "album_counts"

    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"), primary_key=True)
    marks: Mapped[int]
    """How often something was done after which it must be counted anew."""
    counted_marks: Mapped[int]
    """How many of these had been made when the question was asked that the counts come from."""
    counted_at: Mapped[datetime | None]
    """``None``: it was never counted, and what follows says nothing."""
    studies: Mapped[int]
    series: Mapped[int]
    instances: Mapped[int]
    modalities: Mapped[list[str]] = mapped_column(JSON)
    picture_study: Mapped[str | None]
    picture_series: Mapped[str | None]


class AlbumTurn(Base):
    """Which process works on an album: a row for each that was ever changed."""

    __tablename__ = "album_turns"

    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"), primary_key=True)
    holder: Mapped[str | None]
    """The process that does its changes, until its lease is over."""
    until: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    """When its labels are compared with the ledger: one may have been written late. ``None``: no need."""


class AlbumDeidentification(Base):
    """That an album de-identifies what is uploaded, or did, and its key; no route reads the key out."""

    __tablename__ = "album_deidentification"

    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"), primary_key=True)
    options: Mapped[list[str]] = mapped_column(JSON)
    sealed_key: Mapped[bytes]
    """Encrypted, and bound to this album."""
    since: Mapped[datetime | None]
    """``None``: it is switched off, and the key is kept for another time."""
    changed_by: Mapped[str]
    changed_by_name: Mapped[str]


class HeldFile(Base):
    """A picture that somebody must look at before it goes into its album; the file is in a folder of ours."""

    __tablename__ = "held_files"
    __table_args__ = (UniqueConstraint("album_id", "sop_uid"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    """Random; also the name of the file."""
    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"))
    study_uid: Mapped[str]
    series_uid: Mapped[str]
    sop_uid: Mapped[str]
    """De-identified, as all of the file's header is."""
    patient: Mapped[str]
    """The pseudonym."""
    modality: Mapped[str]
    why: Mapped[str]
    frames: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    held_at: Mapped[datetime] = mapped_column(index=True)
    uploaded_by: Mapped[str]
    uploaded_by_name: Mapped[str]
