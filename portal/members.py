"""What auth_service says of the members of albums, and what people do with them."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from auth_service.vocabulary import MEMBER_ACTIONS, PRESETS, Action, MemberState, Preset
from portal.answers import Album, Answer

PEOPLE_PER_PAGE = 50
ROWS_PER_PAGE = 100

SHORTEST_SEARCH = 3
"""Characters with which one is looked for among those who may be invited."""

SHORTEST_PERSON = 2
"""The same for administrators."""


class Subject(Answer):
    """A person, a group, or an invited address."""

    user: str | None = None
    group: str | None = None
    email: str | None = None
    name: str = ""


class Member(Answer):
    """Somebody's rights in an album, or those that wait for him."""

    id: int
    state: str
    subject: Subject
    role: str
    actions: tuple[str, ...] = ()
    preset: str | None = None
    until: date | None = None
    note: str = ""
    created: datetime
    last_use: datetime | None = None
    expires: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether it is an address that waits for its account."""
        return self.state == MemberState.PENDING


class MemberList(Answer):
    """The members of an album."""

    items: tuple[Member, ...]
    total: int


class CandidatePerson(Answer):
    """Somebody to whom rights can be given."""

    user: str
    name: str = ""
    email: str = ""


class CandidateGroup(Answer):
    """A group to which rights can be given."""

    group: str


class Candidates(Answer):
    """Whom a text may mean."""

    people: tuple[CandidatePerson, ...] = ()
    groups: tuple[CandidateGroup, ...] = ()


class Line(Answer):
    """What becomes of a line of a table."""

    line: int
    subject: str
    outcome: str
    field: str | None = None
    message: str | None = None


class ImportReport(Answer):
    """What becomes of a table."""

    done: bool
    new: int
    changed: int
    same: int
    wrong: int
    lines: tuple[Line, ...]


class Source(Answer):
    """One reason for which somebody may do something."""

    kind: str
    group: str | None = None
    role: str | None = None
    rule: str | None = None
    everything: bool = False
    modalities: tuple[str, ...] | None = None
    actions: tuple[str, ...] = ()
    until: date | None = None
    ended: bool = False


class PersonInAlbum(Answer):
    """Somebody who may do something in an album, or could."""

    user: str
    name: str = ""
    actions: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    ended: bool = False


class UnnamedInAlbum(Answer):
    """People who may do something, for one reason, and are not named to who asks."""

    source: Source
    people: int
    more: bool


class PeopleInAlbum(Answer):
    """A page of people, and counts of those who are not named."""

    items: tuple[PersonInAlbum, ...]
    total: int
    unnamed: tuple[UnnamedInAlbum, ...] = ()
    complete: bool


class Cell(Answer):
    """What somebody has in one of the albums."""

    album: str
    role: str
    actions: tuple[str, ...] = ()
    preset: str | None = None
    until: date | None = None


class Row(Answer):
    """Somebody, and what he has in each album."""

    kind: str
    state: str
    subject: Subject
    albums: tuple[Cell, ...] = ()


class Column(Answer):
    """An album that one owns."""

    slug: str
    title: str


class Matrix(Answer):
    """Everybody in one's albums."""

    albums: tuple[Column, ...]
    items: tuple[Row, ...]
    total: int


class SeenBy(Answer):
    """How much one reason lets somebody view."""

    kind: str
    album: str | None = None
    group: str | None = None
    role: str | None = None
    rule: str | None = None
    label: str = ""
    until: date | None = None
    studies: int
    series: int


class Sees(Answer):
    """How much somebody may view."""

    user: str
    name: str = ""
    albums: int
    studies: int
    series: int
    by: tuple[SeenBy, ...] = ()


class Terms(BaseModel):
    """Rights by a preset or one by one, a last day, a note: what is left out is not sent, and stays."""

    model_config = ConfigDict(frozen=True)

    preset: str | None = None
    role: str | None = None
    actions: tuple[str, ...] | None = None
    add: tuple[str, ...] | None = None
    take: tuple[str, ...] | None = None
    until: date | None = None
    ends: bool = Field(default=True, exclude=True)
    """Whether the last day is meant; no day is then no end."""
    note: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What is sent."""
        sent = {name: value for name, value in self.model_dump(mode="json").items() if value is not None}
        sent.pop("until", None)
        return sent | ({"until": self.until.isoformat() if self.until else None} if self.ends else {})


class Wish(BaseModel):
    """Who shall be given what."""

    model_config = ConfigDict(frozen=True)

    subject: Mapping[str, str]
    """``user``, ``group`` or ``email``, and the name."""
    terms: Terms

    @property
    def body(self) -> dict[str, Any]:
        """What is sent."""
        return {"subject": dict(self.subject), **self.terms.body}


class Chosen(BaseModel):
    """Some of the members and of the invited addresses, by their numbers."""

    model_config = ConfigDict(frozen=True)

    members: tuple[int, ...] = ()
    invitations: tuple[int, ...] = ()

    @classmethod
    def of(cls, found: Collection[Member]) -> Self:
        """Name some of a list."""
        return cls(
            members=tuple(one.id for one in found if not one.pending),
            invitations=tuple(one.id for one in found if one.pending),
        )

    @property
    def body(self) -> dict[str, Any]:
        """What is sent."""
        return {"members": list(self.members), "invitations": list(self.invitations)}


def may_open(album: Album) -> bool:
    """Tell whether the page of members is for somebody: for owners, and for who may invite."""
    return owns(album) or Action.INVITE in album.actions


def owns(album: Album) -> bool:
    """Tell whether somebody decides about the members."""
    return Action.MANAGE in album.actions


def presets_of(album: Album) -> list[Preset]:
    """Return the presets that somebody can give: an owner all, who may invite those within his own rights."""
    if owns(album):
        return list(Preset)
    return [preset for preset, given in PRESETS.items() if given <= frozenset(album.actions)]


def rights_of(album: Album) -> list[str]:
    """Return the single rights that somebody can give, in the order of the vocabulary."""
    mine = MEMBER_ACTIONS if owns(album) else MEMBER_ACTIONS & frozenset(album.actions)
    return [str(action) for action in Action if action in mine]


def as_named(text: str) -> dict[str, str]:
    """Take a text for a whole name: an address, a group's path, or a user name."""
    if "@" in text:
        return {"email": text}
    return {"group": text} if text.startswith("/") else {"user": text}
