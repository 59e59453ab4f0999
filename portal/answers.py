"""What auth_service says of people, sessions, tokens, albums and its own state.

Documents of the audit and of explanations are in ``audit.py`` and ``explanation.py``.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from auth_service.vocabulary import AlbumRole, RealmRole
from portal.errors import Part


class Answer(BaseModel):
    """Something auth_service said; what it says beyond our knowledge is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Membership(Answer):
    """What the person may do in one album."""

    slug: str
    title: str
    role: str
    actions: tuple[str, ...] = ()
    until: date | None = None


class Group(Answer):
    """A Keycloak group of the person."""

    id: str
    path: str


class OwnSession(Answer):
    """The session that asks."""

    id: str
    created: datetime
    expires: datetime


class Me(Answer):
    """Who the person is and what he may do where."""

    sub: str
    username: str
    name: str = ""
    email: str | None = None
    language: Literal["en", "fr"] | None = None
    roles: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    session: OwnSession | None = None
    makes_albums: bool = False
    waiting: int | None = None
    """To administrators, how many series that came by DICOM wait; ``None``: none do, and none can come."""
    albums: tuple[Membership, ...] = ()

    @property
    def administers(self) -> bool:
        """Whether he is an administrator: what he is shown of it, auth_service decides anew."""
        return RealmRole.ADMIN in self.roles

    @property
    def owns(self) -> bool:
        """Whether he owns an album."""
        return any(one.role == AlbumRole.OWNER for one in self.albums)

    @property
    def called(self) -> str:
        """How to address the person: the name, or the user name where there is none."""
        return self.name.strip() or self.username


class Entry(Answer):
    """What the portal gets for a session cookie: a credential for a minute, and who it is."""

    bearer: str = Field(repr=False)
    me: Me


class Session(Answer):
    """One of the person's sessions."""

    id: str
    created: datetime
    last_seen: datetime
    expires: datetime
    address: str | None = None
    user_agent: str | None = None
    current: bool = False


class Token(Answer):
    """One of the person's API tokens."""

    id: str
    name: str
    actions: tuple[str, ...] = ()
    albums: tuple[str, ...] | None
    """Slugs; ``None``: every album of the person."""
    created: datetime
    until: date
    over: bool
    used: datetime | None = None
    used_from: str | None = None


class NewToken(Token):
    """A token that was just made; its secret is shown once."""

    token: str = Field(repr=False)


class TokenList(Answer):
    """The person's tokens, and between which days the last day of a new one may be."""

    items: tuple[Token, ...]
    first: date
    last: date


class TokenWish(BaseModel):
    """What a new token shall be for, and what it shall be narrowed to."""

    name: str
    actions: tuple[str, ...]
    albums: tuple[str, ...] | None
    until: date


class Picture(Answer):
    """The series whose picture stands for an album."""

    study: str
    series: str


class Album(Answer):
    """One album, as far as the person may see it."""

    slug: str
    label: str
    title: str
    description: str = ""
    role: str
    actions: tuple[str, ...] = ()
    until: date | None = None
    studies: int | None
    """Counts and modalities are unknown to those who may not view, and where they were never counted."""
    series: int | None
    instances: int | None
    modalities: tuple[str, ...] | None
    members: int = 0
    favourite: bool = False
    archived: datetime | None = None
    """Since when nothing goes in or out."""
    created: datetime
    changed: datetime
    owners: tuple[str, ...] = ()
    picture: Picture | None = None


class AlbumList(Answer):
    """A page of albums, and how many there are in all."""

    items: tuple[Album, ...]
    total: int


class AlbumSearch(Answer):
    """Which albums, in which order."""

    search: str = ""
    modality: str | None = None
    mine: bool | None = None
    favourite: bool | None = None
    archived: bool = False
    can: str | None = None
    created_from: date | None = None
    created_to: date | None = None
    changed_from: date | None = None
    changed_to: date | None = None
    sort: str = "-changed"
    limit: int = 24
    offset: int = 0


class Deletion(Answer):
    """What deleting an album does."""

    slug: str
    people: int
    groups: int
    studies: int
    series: int
    unseen: int
    """Series that the person can view in no other album then."""


class Ownerless(Answer):
    """An album that nobody owns who could sign in."""

    slug: str
    title: str
    last_owners: tuple[str, ...] = ()
    members: int = 0


class OwnerlessList(Answer):
    """Those of some albums that nobody owns."""

    items: tuple[Ownerless, ...]
    looked_at: int
    total: int


class Size(Answer):
    """How much may be taken away."""

    studies: int
    series: int
    instances: int
    bytes: int
    complete: bool
    """Whether all of it is measured: where not, it is more than that."""
    left_out: int = 0
    """How many of the things that were named may not be taken away."""


class Selection(Answer):
    """What the person has selected, by identifiers of DICOM."""

    studies: tuple[str, ...] = ()
    series: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many things these are."""
        return len(self.studies) + len(self.series)


class SavedSearch(Answer):
    """A question of the page *Search* that the person kept under a name."""

    id: int
    name: str
    query: str
    """As it stands in the page's address."""


class SavedSearches(Answer):
    """All questions that the person kept."""

    items: tuple[SavedSearch, ...]


class Health(Answer):
    """Which parts are up; what is not named is taken to be up."""

    parts: Mapping[str, str] = Field(default_factory=dict)

    def down(self) -> tuple[Part, ...]:
        """Return the parts that do not answer."""
        return tuple(part for part in Part if self.parts.get(part, "up") != "up")


class Remark(Answer):
    """Something to say about the rules file, and where."""

    line: int
    column: int
    message: str


class RulesStatus(Answer):
    """How it stands with the rules file."""

    state: str
    """``off``, ``good``, ``kept``, or ``none``."""
    file: str = ""
    problems: tuple[Remark, ...] = ()


class SessionList(Answer):
    """The sessions that somebody has."""

    items: tuple[Session, ...]
