"""Members of albums, as they are given and told."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from auth_service.albums.members.changing import MOST_AT_ONCE
from auth_service.http.documents.shared import Actions, Day, Given, GivenActions
from auth_service.vocabulary import GivenBy, LineOutcome, MemberState, Preset, SubjectKind

Role = Literal["owner", "member"]

Note = Annotated[str, Field(max_length=1024)]
"""Its length is checked where it is read, with an answer in the person's language."""

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Numbers = Annotated[list[Number], Field(max_length=MOST_AT_ONCE)]

_UNTIL = "The last day, in the site's time zone; null: no end."


class SubjectGiven(Given):
    """Exactly one of them."""

    user: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(None, description="A user name.")
    group: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        None, description="A group's full path."
    )
    email: Annotated[str, Field(min_length=1, max_length=320)] | None = Field(
        None, description="An address; without an account it waits for who signs in with it, verified."
    )


class RightsGiven(Given):
    """Rights by a preset, or one by one: one of the two."""

    preset: Preset | None = Field(None, description="In the place of role and actions.")
    role: Role | None = None
    actions: Actions | None = None


class MemberGiven(RightsGiven):
    """Rights for a person, a group or an address."""

    subject: SubjectGiven
    actions: Actions | None = Field(None, description="What a member may do; an owner may do everything.")
    until: Day | None = Field(None, description=_UNTIL)
    note: Note = ""


class MemberChange(RightsGiven):
    """What is left out stays."""

    until: Day | None = Field(None, description=_UNTIL)
    note: Note | None = None


class MembersNamed(Given):
    """Some of the members, and of the invited addresses, of an album."""

    members: Numbers = Field([])
    invitations: Numbers = Field([])


class MembersChange(MembersNamed, MemberChange):
    """The same change for all of them; ``add`` and ``take`` leave each his other rights."""

    add: Actions = Field([])
    take: Actions = Field([])


class SubjectDocument(BaseModel):
    """The person, the group, or the invited address."""

    user: str | None = None
    group: str | None = None
    email: str | None = Field(None, description="Of who is invited by it.")
    name: str = Field(description="What he is called, or the group's path.")


class MemberDocument(BaseModel):
    """Somebody's rights in an album."""

    id: int = Field(description="Among the members, or among the invitations.")
    state: MemberState = Field(description="pending: an invited address; its number is an invitation's.")
    subject: SubjectDocument
    role: Role
    actions: GivenActions
    preset: Preset | None = Field(description="The preset that these rights are equal to, if any.")
    until: date | None
    note: str
    created: datetime
    last_use: datetime | None = Field(description="When it was last used to look or take away, to the hour.")
    expires: datetime | None = Field(description="When an invitation is over that nobody used until then.")


class MemberList(BaseModel):
    """A page of members, and how many there are in all."""

    items: list[MemberDocument]
    total: int


class MembersWanted(Given):
    """Which page, and in which form."""

    limit: int = Field(1000, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1_000_000_000)
    format: Literal["json", "csv"] = Field("json", description="csv: all of them, as a file.")


class CandidatePerson(BaseModel):
    """Somebody to whom rights can be given."""

    user: str
    name: str
    email: str = Field(description="Empty where the site does not let one see it.")


class CandidateGroup(BaseModel):
    """A group to which rights can be given."""

    group: str = Field(description="Its full path.")


class CandidateList(BaseModel):
    """Whom a text may mean; the first of each."""

    people: list[CandidatePerson]
    groups: list[CandidateGroup]


class LineDocument(BaseModel):
    """What becomes of one line of a table."""

    line: int = Field(description="As a spreadsheet counts: the names of the columns stand in the first.")
    subject: str
    outcome: LineOutcome
    field: str | None = Field(description="The column that is wrong.")
    message: str | None = Field(description="What is wrong with it, in the person's language.")


class ImportDocument(BaseModel):
    """What becomes of a table. Where a line is wrong nothing is done."""

    done: bool = Field(description="false: nothing was done, as it was a dry run or a line is wrong.")
    new: int
    changed: int
    same: int
    wrong: int
    lines: list[LineDocument]


class SourceDocument(BaseModel):
    """One reason for which somebody may do something in an album."""

    kind: GivenBy
    member: int | None = Field(description="The number of the member that gives it.")
    group: str | None = Field(description="The path of the group by which it comes.")
    role: str | None = Field(description="The realm role by which a rule gives it.")
    rule: str | None = Field(description="The file and the line of a rule.")
    everything: bool = Field(description="The rule opens everything there is, not only what is here.")
    modalities: list[str] | None = Field(description="Series of these only; null: of all.")
    actions: GivenActions
    until: date | None
    ended: bool


class PersonInAlbum(BaseModel):
    """Somebody who may do something in an album, or could, and why."""

    user: str
    name: str
    actions: GivenActions = Field(description="All that he may do now, by whatever reason.")
    sources: list[SourceDocument]
    ended: bool = Field(description="Nothing of it runs any more.")


class UnnamedInAlbum(BaseModel):
    """People who have rights for one reason, and whom the site does not let one find: a count."""

    source: SourceDocument
    people: int
    more: bool = Field(description="true: there may be more for this reason, also such as could be named.")


class PeopleInAlbum(BaseModel):
    """A page of people, by user name, how many there are in all, and counts of those who are not named."""

    items: list[PersonInAlbum]
    total: int
    unnamed: list[UnnamedInAlbum] = Field(description="All of them, on every page.")
    complete: bool = Field(description="false: there are more than are looked up at once.")


class CellDocument(BaseModel):
    """What somebody has in one of the albums."""

    album: str = Field(description="Its slug.")
    id: int
    role: Role
    actions: GivenActions
    preset: Preset | None
    until: date | None


class RowDocument(BaseModel):
    """A person, a group, or an invited address, and what it has in each album."""

    kind: SubjectKind
    state: MemberState
    subject: SubjectDocument
    albums: list[CellDocument]


class ColumnDocument(BaseModel):
    """An album that one owns."""

    slug: str
    title: str


class MatrixDocument(BaseModel):
    """Everybody who has rights in one's own albums: a page of rows, and all albums."""

    albums: list[ColumnDocument]
    items: list[RowDocument]
    total: int


class SeenBy(BaseModel):
    """How much one reason lets somebody view."""

    kind: GivenBy
    album: str | None = Field(description="The slug of the album.")
    group: str | None
    role: str | None
    rule: str | None
    label: str
    until: date | None
    studies: int
    series: int


class SeesDocument(BaseModel):
    """How much somebody may view, in counts alone."""

    user: str
    name: str
    albums: int
    studies: int
    series: int
    by: list[SeenBy]
