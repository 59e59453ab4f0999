"""The tables, as they are today; ``migrations/`` holds the way here, and a test compares the two."""

from auth_service.store.tables.albums import (
    Album,
    AlbumCount,
    AlbumDeidentification,
    AlbumTurn,
    Favourite,
    HeldFile,
    Invitation,
    Member,
)
from auth_service.store.tables.audit import AuditChain, AuditLink, AuditRecord, AuditRemoval
from auth_service.store.tables.base import Base
from auth_service.store.tables.contents import (
    ArchiveFollower,
    Arrival,
    Change,
    ExpectedImage,
    GrownSeries,
    LedgerEntry,
    NotTakenEntry,
    Upload,
    UploadedFile,
)
from auth_service.store.tables.people import (
    ApiToken,
    Person,
    SavedSearch,
    Selected,
    Signin,
    SigninSession,
    UsedToken,
)

__all__ = [
    "Album",
    "AlbumCount",
    "AlbumDeidentification",
    "AlbumTurn",
    "ApiToken",
    "ArchiveFollower",
    "Arrival",
    "AuditChain",
    "AuditLink",
    "AuditRecord",
    "AuditRemoval",
    "Base",
    "Change",
    "ExpectedImage",
    "Favourite",
    "GrownSeries",
    "HeldFile",
    "Invitation",
    "LedgerEntry",
    "Member",
    "NotTakenEntry",
    "Person",
    "SavedSearch",
    "Selected",
    "Signin",
    "SigninSession",
    "Upload",
    "UploadedFile",
    "UsedToken",
]
