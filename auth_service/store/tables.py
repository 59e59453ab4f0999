"""The tables, as they are today; ``migrations/`` holds the way here, and a test compares the two."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from auth_service.store.database import Instant


class Base(DeclarativeBase):
    """What all tables share: names for constraints, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Instant, date: Date, dict[str, Any]: JSON}


class Person(Base):
    """Somebody who has signed in, or was named as a member, and what he chose."""

    __tablename__ = "people"

    provider: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    language: Mapped[str | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class Signin(Base):
    """A sign-in under way, from the first redirect to the callback; used once."""

    __tablename__ = "signins"

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    browser_hash: Mapped[str]
    sealed: Mapped[bytes]
    """Nonce and code verifier, encrypted."""
    next: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class SigninSession(Base):
    """Somebody's session in one browser."""

    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),
        Index("ix_sessions_provider_subject", "provider", "subject"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    """Public identifier, shown in lists; the cookie's secret is kept as a hash only."""
    secret_hash: Mapped[str] = mapped_column(unique=True)
    provider: Mapped[str]
    subject: Mapped[str]
    keycloak_session: Mapped[str] = mapped_column(index=True)
    roles: Mapped[list[str]] = mapped_column(JSON)
    groups: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    """``[{"id": …, "path": …}]``, ancestors included."""
    sealed_tokens: Mapped[bytes]
    access_expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """The absolute limit."""
    checked_at: Mapped[datetime]
    """When Keycloak last said that the session lives."""
    lease_holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    address: Mapped[str]
    user_agent: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]

    person: Mapped[Person] = relationship(lazy="joined")


class ApiToken(Base):
    """A secret with which programs act for a person, narrowed to less than he may do."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),
        Index("ix_api_tokens_provider_subject", "provider", "subject"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    """Public identifier, shown in lists and in the audit; of the secret there is a hash only."""
    secret_hash: Mapped[str] = mapped_column(unique=True)
    provider: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    actions: Mapped[list[str]] = mapped_column(JSON)
    albums: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Slugs; ``None``: every album of its maker."""
    created_at: Mapped[datetime]
    until: Mapped[date]
    """The last day, in the site's time zone."""
    used_at: Mapped[datetime | None]
    used_from: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class SavedSearch(Base):
    """A question of the page *Search* that a person keeps under a name."""

    __tablename__ = "saved_searches"
    __table_args__ = (
        ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),
        UniqueConstraint("provider", "subject", "name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    """As it stands in the address of the page."""
    created_at: Mapped[datetime]


class Selected(Base):
    """A study or a series that a person has ticked, and not done with yet."""

    __tablename__ = "selected"
    __table_args__ = (ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),)

    provider: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(primary_key=True)


class UsedToken(Base):
    """A one-time token that was used, kept until it would have expired: a second use is a replay."""

    __tablename__ = "used_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


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


class Favourite(Base):
    """An album that somebody wants to find first."""

    __tablename__ = "favourites"

    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id"), primary_key=True)
    subject_id: Mapped[str] = mapped_column(primary_key=True)
    """``provider:sub``."""


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


class ArchiveFollower(Base):
    """How far Orthanc's list of changes was read, and who reads it: a row for each purpose."""

    __tablename__ = "archive_follower"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    """The last change that was read; ``None``: none yet."""
    holder: Mapped[str | None]
    """The process that reads, until its lease is over."""
    until: Mapped[datetime | None]


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
    """The study that the series was found in, once the line is done."""
    orthanc_study: Mapped[str | None]
    orthanc_series: Mapped[str | None]
    intended_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    """Why it was not done. Where neither this nor ``done_at`` is set, the line is due."""


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


class AuditRecord(Base):
    """What happened: rows are added, stay for as long as the site says, and copy what they speak of."""

    __tablename__ = "audit"
    __table_args__ = (
        # Every list is the newest first, and the id settles what happened at the same moment.
        Index("ix_audit_at_id", "at", "id"),
        Index("ix_audit_event_at_id", "event", "at", "id"),
        Index("ix_audit_actor_at_id", "actor", "at", "id"),
        Index("ix_audit_label_at_id", "label", "at", "id"),
        Index("ix_audit_study_uid_at_id", "study_uid", "at", "id"),
        # Whether somebody looked into a study before in his session, through an album, is asked at every new
        # decision.
        Index(
            "uq_audit_first_view",
            "session",
            "study_uid",
            "label",
            unique=True,
            sqlite_where=text("event = 'study-viewed'"),
            postgresql_where=text("event = 'study-viewed'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str]
    actor: Mapped[str]
    """The actor's key: kind, provider, subject."""
    actor_name: Mapped[str]
    session: Mapped[str | None]
    action: Mapped[str | None]
    level: Mapped[str | None]
    target: Mapped[str | None]
    """Normalised path, UID, or slug: what it was about."""
    study_uid: Mapped[str | None]
    label: Mapped[str | None]
    reason: Mapped[str | None]
    rule: Mapped[str | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    count: Mapped[int]
    """How many times, where repeats were folded into one record."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class AuditChain(Base):
    """A chain of audit records, which one process makes: its opening covers the ends of the others."""

    __tablename__ = "audit_chains"

    id: Mapped[str] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    heads: Mapped[dict[str, Any]]
    """``{chain: [position, digest]}``: the last links that no other chain had covered yet."""
    digest: Mapped[str]


class AuditLink(Base):
    """A record's place in a chain: added with the record, stamped once, kept when the record is removed."""

    __tablename__ = "audit_links"
    __table_args__ = (
        UniqueConstraint("chain", "position"),
        Index(
            "ix_audit_links_due",
            "record",
            sqlite_where=text("digest IS NULL"),
            postgresql_where=text("digest IS NULL"),
        ),
    )

    record: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    writer: Mapped[str]
    """The process that wrote the record, and links it while it lives."""
    recorded_at: Mapped[datetime]
    chain: Mapped[str | None] = mapped_column(ForeignKey("audit_chains.id"))
    position: Mapped[int | None]
    """From 1 on; 0 is the chain's opening."""
    linked_at: Mapped[datetime | None]
    content: Mapped[str | None]
    """Digest of the record alone: the chain can be followed when the record is gone."""
    digest: Mapped[str | None]
    """Digest of this link and the one before. Where it is not set, the link is due."""


class AuditRemoval(Base):
    """Old records that were removed, all that were older than a moment; triggers read it."""

    __tablename__ = "audit_removals"

    until: Mapped[datetime] = mapped_column(primary_key=True)
    removed_at: Mapped[datetime]
    count: Mapped[int]
