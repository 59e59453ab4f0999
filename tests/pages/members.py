"""What of auth_service is about members, in memory: as much of its rules as pages can meet."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from auth_service.vocabulary import PRESETS, Preset, in_order
from portal.errors import Forbidden, Invalid, NotFound, Part
from portal.members import (
    CandidateGroup,
    CandidatePerson,
    Candidates,
    Cell,
    Chosen,
    Column,
    ImportReport,
    Line,
    Matrix,
    Member,
    MemberList,
    PeopleInAlbum,
    PersonInAlbum,
    Row,
    SeenBy,
    Sees,
    Source,
    Subject,
    Terms,
    UnnamedInAlbum,
    Wish,
)

if TYPE_CHECKING:
    from tests.pages.fakes import FakeAlbum, World

NOW = datetime.now(UTC)
VIEW = ("view", "download")


class FakeMembers:
    """The members of albums, in one person's name."""

    _world: "World"
    _person: str

    def members(self, slug: str) -> MemberList:
        held = self._held(self._album_with(slug, "owner"))
        return MemberList(items=tuple(held), total=len(held))

    def candidates(self, slug: str, search: str, *, language: str) -> Candidates:
        self._album_with(slug, "owner", "inviter")
        if search == "too many":
            raise Invalid("", f"Wait a moment ({language}).")
        return Candidates(
            people=tuple(
                CandidatePerson(user=one.username, name=one.name, email=one.email or "")
                for one in self._world.people.values()
                if search.lower() in f"{one.username} {one.name}".lower()
            ),
            groups=(CandidateGroup(group="/radiology"),) if search in "/radiology" else (),
        )

    def give(self, slug: str, wish: Wish, *, language: str) -> Member:
        album = self._album_with(slug, "owner", "inviter")
        self._sent(slug, wish.body)
        subject = dict(wish.subject)
        if subject.get("user") == "nobody":
            raise Invalid("subject.user", f"Nobody has the user name nobody ({language}).")
        held = self._held(album)
        new = Member(
            id=100 + len(held),
            state="pending" if "email" in subject else "member",
            subject=Subject(**subject, name=next(iter(subject.values()))),
            role="member",
            actions=_given(wish.terms),
            preset=wish.terms.preset,
            until=wish.terms.until,
            note=wish.terms.note or "",
            created=NOW,
        )
        held.append(new)
        return new

    def change_members(self, slug: str, chosen: Chosen, terms: Terms, *, language: str) -> MemberList:
        held = self._held(self._album_with(slug, "owner"))
        self._sent(slug, chosen.body | terms.body)
        if terms.take:
            raise Invalid("take", f"An owner has every right ({language}).")
        for place, one in enumerate(held):
            if _is_chosen(one, chosen):
                note = one.note if terms.note is None else terms.note
                held[place] = one.model_copy(
                    update={"note": note, "until": terms.until if terms.ends else one.until}
                )
        return MemberList(items=tuple(held), total=len(held))

    def remove_members(self, slug: str, chosen: Chosen, *, language: str) -> None:
        del language
        album = self._album_with(slug, "owner")
        self._sent(slug, chosen.body)
        self._world.members[slug] = [one for one in self._held(album) if not _is_chosen(one, chosen)]

    def import_members(self, slug: str, table: str, *, dry_run: bool, language: str) -> ImportReport:
        self._album_with(slug, "owner")
        self._sent(slug, {"table": table, "dry_run": dry_run})
        if "," not in table:
            raise Invalid("body", f"body: this is no table ({language}).")
        wrong = "wrong" in table
        lines = (
            Line(line=2, subject="<b>new</b>", outcome="new"),
            Line(
                line=3, subject="other", outcome="error" if wrong else "same", field="preset", message="No."
            ),
        )
        return ImportReport(
            done=not dry_run and not wrong, new=1, changed=0, same=1 - wrong, wrong=int(wrong), lines=lines
        )

    def people_of(self, slug: str, *, limit: int, offset: int) -> PeopleInAlbum:
        self._world.check(Part.KEYCLOAK)
        album = self._album_with(slug, "owner")
        found = [
            PersonInAlbum(
                user=name,
                name=self._world.people[name].name,
                actions=VIEW,
                sources=(
                    Source(kind="membership", actions=VIEW),
                    Source(kind="group", group="/radiology", actions=("view",), until=date(2027, 1, 31)),
                    Source(
                        kind="rule", rule="permissions.jsonc:4", role="pi", actions=("view",), everything=True
                    ),
                ),
            )
            for name in album.roles
        ]
        gone = Source(kind="membership", actions=VIEW, until=date(2026, 1, 31), ended=True)
        found.append(PersonInAlbum(user="gone", name="<i>Gone</i>", sources=(gone,), ended=True))
        role = Source(kind="rule", rule="permissions.jsonc:3", role="<b>auditor</b>", actions=("view",))
        unnamed = (
            UnnamedInAlbum(source=role, people=3, more=False),
            UnnamedInAlbum(source=Source(kind="group", group="/physics"), people=12, more=True),
        )
        return PeopleInAlbum(
            items=tuple(found[offset : offset + limit]), total=len(found), unnamed=unnamed, complete=False
        )

    def my_members(self, *, limit: int, offset: int) -> Matrix:
        self._world.check(Part.AUTH_SERVICE)
        mine = [one for one in self._world.of(self._person) if one.roles[self._person] == "owner"]
        rows: dict[str, Row] = {}
        for album in mine:
            for member in self._held(album):
                cell = Cell(
                    album=album.slug,
                    role=member.role,
                    actions=member.actions,
                    preset=member.preset,
                    until=date(2027, 1, 31),
                )
                name = member.subject.name
                row = rows.get(name) or Row(kind="person", state=member.state, subject=member.subject)
                rows[name] = row.model_copy(update={"albums": (*row.albums, cell)})
        return Matrix(
            albums=tuple(Column(slug=album.slug, title=album.title) for album in mine),
            items=tuple(rows.values())[offset : offset + limit],
            total=len(rows),
        )

    def sees(self, sub: str) -> Sees:
        self._world.check(Part.KEYCLOAK)
        if not self._world.people[self._person].administers:
            raise NotFound
        found = next((one for one in self._world.people.values() if one.sub == sub), None)
        if found is None:
            raise NotFound
        by = (
            SeenBy(kind="membership", album="head-ct", studies=60, series=120, until=date(2027, 1, 31)),
            SeenBy(kind="rule", rule="permissions.jsonc:4", label="*", studies=63, series=123),
        )
        return Sees(user=found.username, name=found.name, albums=1, studies=63, series=123, by=by)

    def _album_with(self, slug: str, *roles: str) -> "FakeAlbum":
        self._world.check(Part.AUTH_SERVICE)
        for album in self._world.of(self._person):
            if album.slug == slug:
                if album.roles[self._person] not in roles:
                    raise Forbidden
                return album
        raise NotFound

    def _held(self, album: "FakeAlbum") -> list[Member]:
        made = [
            Member(
                id=number,
                state="member",
                # A user name that is no word of the portal's: pages are searched for English ones.
                subject=Subject(
                    user=name if name == self._person else f"u_{name}", name=self._world.people[name].name
                ),
                role="owner" if role == "owner" else "member",
                actions=tuple(in_order(PRESETS[Preset.CO_OWNER])) if role == "owner" else VIEW,
                preset="co-owner" if role == "owner" else None,
                note="Protocol 2026-114" if role != "owner" else "",
                created=NOW - timedelta(days=3),
                last_use=NOW - timedelta(days=1) if role == "owner" else None,
            )
            for number, (name, role) in enumerate(album.roles.items(), start=1)
        ]
        return self._world.members.setdefault(album.slug, made)

    def _sent(self, slug: str, body: dict[str, Any]) -> None:
        self._world.asked_of_members.append((slug, body))


def _given(terms: Terms) -> tuple[str, ...]:
    return tuple(in_order(PRESETS[Preset(terms.preset)])) if terms.preset else terms.actions or ()


def _is_chosen(one: Member, chosen: Chosen) -> bool:
    return one.id in (chosen.invitations if one.pending else chosen.members)
