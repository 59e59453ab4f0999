"""auth_service and Orthanc in memory, as the portal sees them: second implementations of its protocols.

They keep what the real ones promise: a person sees exactly his albums and their series, hidden looks missing,
and a part that is down does not answer. The world has two of everything, and somebody who may see nothing.
"""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from portal.answers import (
    Album,
    AlbumList,
    AlbumSearch,
    Deletion,
    Entry,
    Health,
    Me,
    Membership,
    NewToken,
    Ownerless,
    OwnerlessList,
    Picture,
    RulesStatus,
    SavedSearch,
    Selection,
    Session,
    Size,
    Token,
    TokenList,
    TokenWish,
)
from portal.archive import StudyOrder, StudySearch
from portal.audit import AuditEntry, AuditPage, AuditSearch
from portal.contents import Change, ChangeList, NotTaken, Prospect, Wish
from portal.deidentifying import Deidentification, HeldPicture
from portal.dicom import Series, Study
from portal.errors import Forbidden, Invalid, NotFound, Part, SignedOut, Unavailable
from portal.explanation import Explanation, Person
from portal.health import HealthWatch
from portal.members import Member
from portal.search import Found, Search, SearchLevel
from portal.services import Services
from portal.settings import Settings
from tests.pages.arrivals import FakeArrivals, Waiting
from tests.pages.deidentifying import FakeDeidentifying
from tests.pages.members import FakeMembers

NOW = datetime.now(UTC)
URL = "http://portal.test"
ROOT = "1.2.826.0.1.3680043.8.498"
EVERY_ACTION = (
    *("view", "download", "upload", "remove", "send", "comment", "annotate", "launch", "export", "invite"),
    *("edit", "manage", "delete", "audit"),
)


@dataclass(frozen=True)
class FakeAlbum:
    """An album, who is in it, and its studies with their series."""

    slug: str
    title: str
    description: str
    roles: dict[str, str]
    studies: dict[Study, tuple[Series, ...]] = field(default_factory=dict)
    archived: datetime | None = None


@dataclass
class World:
    """Everything there is, and what of it is down."""

    people: dict[str, Me]
    albums: list[FakeAlbum]
    down: set[Part] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    tokens: list[tuple[str, Token]] = field(default_factory=list)
    """Whose, and which; the newest last."""
    rules: RulesStatus = field(default_factory=lambda: RulesStatus(state="good", file="permissions.jsonc"))
    waiting: Waiting = field(default_factory=Waiting)
    """What came by DICOM."""
    refuses_searches: bool = False
    favourites: set[tuple[str, str]] = field(default_factory=set)
    """Person and slug."""
    gone: set[str] = field(default_factory=set)
    """Whose account is disabled."""
    reasons: list[str] = field(default_factory=list)
    """Why owners were named, the newest last."""
    album_searches: list[AlbumSearch] = field(default_factory=list)
    happened: list[AuditEntry] = field(default_factory=list)
    """The oldest first."""
    audit_searches: list[AuditSearch] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    """The oldest first."""
    refuses_undoing: bool = False
    questions: list[StudySearch] = field(default_factory=list)
    saved: dict[str, list[SavedSearch]] = field(default_factory=dict)
    """By person."""
    selected: dict[str, Selection] = field(default_factory=dict)
    """By person."""
    searched: list[Search] = field(default_factory=list)
    incomplete: bool = False
    """Whether sizes are not all known yet."""
    explanations: dict[str, Explanation] = field(default_factory=dict)
    """By what was asked about."""
    explained: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    """Who asked what, and in which language."""
    members: dict[str, list[Member]] = field(default_factory=dict)
    """By slug, once somebody looked."""
    deidentifying: dict[str, Deidentification] = field(default_factory=dict)
    """By slug, once an owner switched it on."""
    held: dict[str, list[HeldPicture]] = field(default_factory=dict)
    """By slug."""
    released: list[tuple[str, str]] = field(default_factory=list)
    """Slug and picture."""
    asked_of_members: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What was sent to be done."""

    def services(self) -> Services:
        """Return what the pages are given in place of the real services."""
        settings = Settings(
            public_url=URL,
            auth_service="unix:/nowhere/auth.sock",
            auth_secret="x" * 32,
            cookie_name="portal_sid",
            default_language="fr",
        )
        auth = FakeAuth(self)
        health = HealthWatch(auth, clock=iter(range(0, 10**9, 100)).__next__)
        return Services(settings, auth, lambda bearer: FakeArchive(self, self._person(bearer)), health)

    def check(self, part: Part) -> None:
        """Fail as a part that is down fails."""
        if part in self.down:
            raise Unavailable(part)

    def _person(self, bearer: str) -> str:
        return bearer.removeprefix("bearer-of-")

    def of(self, person: str) -> list[FakeAlbum]:
        """Return the albums that a person may see."""
        return [album for album in self.albums if person in album.roles]


class FakeAuth:
    """auth_service in memory; a cookie is the name of its person."""

    def __init__(self, world: World) -> None:
        self._world = world

    def enter(self, cookie: str, *, accept_language: str) -> Entry:
        del accept_language
        self._world.check(Part.AUTH_SERVICE)
        if cookie not in self._world.people or cookie in self._world.ended:
            raise SignedOut
        me = self._world.people[cookie]
        memberships = tuple(
            Membership(
                slug=album.slug, title=album.title, role=album.roles[cookie], actions=_actions(album, cookie)
            )
            for album in self._world.of(cookie)
        )
        return Entry(bearer=f"bearer-of-{cookie}", me=me.model_copy(update={"albums": memberships}))

    def health(self) -> Health:
        self._world.check(Part.AUTH_SERVICE)
        return Health(parts={part: "down" if part in self._world.down else "up" for part in Part})

    def account(self, bearer: str, *, address: str) -> "FakeAccount":
        del address
        return FakeAccount(self._world, bearer.removeprefix("bearer-of-"))


class FakeKeeping(FakeDeidentifying, FakeMembers):
    """What people do with whole albums."""

    def __init__(self, world: World, person: str) -> None:
        self._world = world
        self._person = person

    def create_album(self, title: str, description: str, *, language: str) -> Album:
        self._world.check(Part.AUTH_SERVICE)
        if title == "one too many":
            raise Invalid("title", f"Not **this** title ({language}).")
        slug = title.lower().replace(" ", "-")
        self._world.albums.append(FakeAlbum(slug, title, description, {self._person: "owner"}))
        return self._album(self._world.albums[-1])

    def edit_album(self, slug: str, title: str, description: str, *, language: str) -> Album:
        del language
        return self._album(self._change(slug, title=title, description=description))

    def archive_album(self, slug: str, *, archived: bool) -> None:
        self._change(slug, archived=NOW if archived else None)

    def deletion(self, slug: str) -> Deletion:
        one = self._owned(slug)
        series = sum(len(group) for group in one.studies.values())
        return Deletion(
            slug=slug, people=len(one.roles), groups=0, studies=len(one.studies), series=series, unseen=7
        )

    def delete_album(self, slug: str, confirm: str, *, language: str) -> None:
        one = self._owned(slug)
        if confirm != slug:
            raise Invalid("confirm", f"Write {slug} ({language}).")
        self._world.albums.remove(one)

    def leave_album(self, slug: str, *, language: str) -> None:
        self._world.check(Part.AUTH_SERVICE)
        one = next(each for each in self._world.of(self._person) if each.slug == slug)
        if one.roles[self._person] == "owner":
            raise Invalid("last-owner", f"You are the last owner ({language}).")
        del one.roles[self._person]

    def hand_over(self, slug: str, user: str, keep: Sequence[str] | None, *, language: str) -> None:
        one = self._owned(slug)
        if user not in self._world.people:
            raise Invalid("user", f"Nobody is called {user} ({language}).")
        one.roles[user] = "owner"
        if keep is None:
            del one.roles[self._person]
        else:
            one.roles[self._person] = "member"

    def mark_favourite(self, slug: str, *, favourite: bool) -> None:
        self._world.check(Part.AUTH_SERVICE)
        change = self._world.favourites.add if favourite else self._world.favourites.discard
        change((self._person, slug))

    def ownerless(self, *, limit: int, offset: int) -> OwnerlessList:
        self._world.check(Part.AUTH_SERVICE)
        if not self._world.people[self._person].administers:
            raise NotFound
        looked_at = self._world.albums[offset : offset + limit]
        items = tuple(
            Ownerless(slug=one.slug, title=one.title, last_owners=_owners(one), members=len(one.roles))
            for one in looked_at
            if self._world.gone.issuperset(_owners(one))
        )
        return OwnerlessList(items=items, looked_at=len(looked_at), total=len(self._world.albums))

    def name_owner(self, slug: str, user: str, reason: str, *, language: str) -> None:
        self._world.check(Part.AUTH_SERVICE)
        assert self._world.people[self._person].administers
        if user not in self._world.people:
            raise Invalid("user", f"Nobody is called {user} ({language}).")
        one = next(each for each in self._world.albums if each.slug == slug)
        one.roles[user] = "owner"
        self._world.reasons.append(reason)

    def _owned(self, slug: str) -> FakeAlbum:
        self._world.check(Part.AUTH_SERVICE)
        for one in self._world.of(self._person):
            if one.slug == slug and one.roles[self._person] == "owner":
                return one
        raise Forbidden

    def _change(self, slug: str, **values: Any) -> FakeAlbum:  # noqa: ANN401 - whatever an album has
        one = self._owned(slug)
        changed = replace(one, **values)
        self._world.albums[self._world.albums.index(one)] = changed
        return changed

    def _album(self, one: FakeAlbum) -> Album:
        raise NotImplementedError


class FakeAccount(FakeArrivals, FakeKeeping):
    """auth_service in one person's name."""

    def albums(self, search: AlbumSearch) -> AlbumList:
        self._world.check(Part.AUTH_SERVICE)
        self._world.album_searches.append(search)
        found = [
            self._album(one)
            for one in self._world.of(self._person)
            if search.search.lower() in f"{one.title} {one.description}".lower()
            and (search.mine is None or (one.roles[self._person] == "owner") == search.mine)
            and (one.archived is not None) == search.archived
            and search.favourite in (None, (self._person, one.slug) in self._world.favourites)
            and (search.can is None or search.can in _actions(one, self._person))
        ]
        found = [album for album in found if search.modality in (None, *(album.modalities or ()))]
        key = search.sort.lstrip("-")
        found.sort(key=lambda album: getattr(album, key), reverse=search.sort.startswith("-"))
        page = found[search.offset : search.offset + search.limit]
        return AlbumList(items=tuple(page), total=len(found))

    def album(self, slug: str) -> Album:
        self._world.check(Part.AUTH_SERVICE)
        for one in self._world.of(self._person):
            if one.slug == slug:
                return self._album(one)
        raise NotFound

    def album_size(self, slug: str, *, study: str | None = None) -> Size:
        self._world.check(Part.ORTHANC)
        for one in self._world.of(self._person):
            if one.slug == slug:
                if "download" not in _actions(one, self._person):
                    raise Forbidden
                return self._size([each for each in one.studies if study in (None, each.StudyInstanceUID)])
        raise NotFound

    def size(self, studies: Sequence[str]) -> Size:
        self._world.check(Part.ORTHANC)
        return self._size(self._downloadable(studies), named=len(studies))

    def searches(self) -> tuple[SavedSearch, ...]:
        self._world.check(Part.AUTH_SERVICE)
        return tuple(self._world.saved.get(self._person, ()))

    def save_search(self, name: str, query: str) -> None:
        self._world.check(Part.AUTH_SERVICE)
        if name == "one too many":
            raise Invalid
        kept = self._world.saved.setdefault(self._person, [])
        kept.append(SavedSearch(id=len(kept) + 1, name=name, query=query))

    def forget_search(self, search_id: int) -> None:
        kept = self._world.saved[self._person]
        self._world.saved[self._person] = [one for one in kept if one.id != search_id]

    def selection(self) -> Selection:
        self._world.check(Part.AUTH_SERVICE)
        return self._world.selected.get(self._person, Selection())

    def change_selection(self, *, add: Selection, remove: Selection) -> None:
        now = self.selection()
        self._world.selected[self._person] = Selection(
            studies=tuple(sorted({*now.studies, *add.studies} - {*remove.studies})),
            series=tuple(sorted({*now.series, *add.series} - {*remove.series})),
        )

    def clear_selection(self) -> None:
        self._world.selected.pop(self._person, None)

    def selection_size(self) -> Size:
        now = self.selection()
        return self._size(self._downloadable(now.studies), named=now.total)

    def _downloadable(self, studies: Sequence[str]) -> list[Study]:
        return [
            study
            for one in self._world.of(self._person)
            if "download" in _actions(one, self._person)
            for study in one.studies
            if study.StudyInstanceUID in studies
        ]

    def _size(self, studies: Sequence[Study], named: int | None = None) -> Size:
        series = [
            each
            for one in self._world.of(self._person)
            for study, group in one.studies.items()
            if study in studies
            for each in group
        ]
        images = sum(each.NumberOfSeriesRelatedInstances or 0 for each in series)
        return Size(
            studies=len(studies),
            series=len(series),
            instances=images,
            bytes=images * 500_000,
            complete=not self._world.incomplete,
            left_out=(len(studies) if named is None else named) - len(studies),
        )

    def sessions(self) -> tuple[Session, ...]:
        self._world.check(Part.AUTH_SERVICE)
        agents = (
            "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36",
            "<b>**odd**</b> Firefox/140.0",
        )
        sessions = (
            Session(
                id=f"session-{number}-of-{self._person}",
                created=NOW - timedelta(hours=number + 1),
                last_seen=NOW,
                expires=NOW + timedelta(hours=9),
                address="192.0.2.7",
                user_agent=agent,
                current=number == 0,
            )
            for number, agent in enumerate(agents)
        )
        return tuple(session for session in sessions if session.id not in self._world.ended)

    def end_session(self, session_id: str) -> None:
        self._world.check(Part.AUTH_SERVICE)
        self._world.ended.add(session_id)

    def tokens(self) -> TokenList:
        self._world.check(Part.AUTH_SERVICE)
        mine = [token for owner, token in self._world.tokens if owner == self._person]
        return TokenList(items=tuple(reversed(mine)), first=NOW.date(), last=NOW.date() + timedelta(days=365))

    def create_token(self, wish: TokenWish) -> NewToken:
        self._world.check(Part.AUTH_SERVICE)
        if wish.name == "one too many":
            raise Invalid
        made = NewToken(
            id=f"token-{len(self._world.tokens)}",
            **wish.model_dump(),
            created=NOW,
            over=False,
            token="paradim_" + "S" * 43,
        )
        self._world.tokens.append((self._person, Token(**made.model_dump(exclude={"token"}))))
        return made

    def revoke_token(self, token_id: str) -> None:
        self._world.check(Part.AUTH_SERVICE)
        self._world.tokens = [
            (owner, token)
            for owner, token in self._world.tokens
            if (owner, token.id) != (self._person, token_id)
        ]

    def audit(self, search: AuditSearch, *, limit: int, offset: int) -> AuditPage:
        self._world.check(Part.AUTH_SERVICE)
        self._world.audit_searches.append(search)
        whole = "admin" in self._world.people[self._person].roles
        owned = {f"album-{one.slug}" for one in self._world.of(self._person) if _owns(one, self._person)}
        if not whole and search.album and f"album-{search.album}" not in owned:
            raise (
                Forbidden if search.album in {one.slug for one in self._world.of(self._person)} else NotFound
            )
        if not whole and not owned:
            raise NotFound
        found = [
            one if whole else one.model_copy(update={"address": None, "session": None})
            for one in reversed(self._world.happened)
            if (whole or one.label in owned) and _is_asked(one, search)
        ]
        return AuditPage(items=tuple(found[offset : offset + limit]), total=len(found))

    def explain(self, query: Mapping[str, str], *, language: str) -> Explanation:
        self._world.check(Part.AUTH_SERVICE)
        me, actor = self._world.people[self._person], query.get("actor", "")
        whole = me.administers
        if not whole and "owner" not in {one.roles[self._person] for one in self._world.of(self._person)}:
            raise NotFound
        self._world.explained.append((self._person, dict(query), language))
        known = {name: one for name, one in self._world.people.items() if actor in (name, one.sub)}
        if not known and query["resource"] not in self._world.explanations:
            raise Invalid("actor", "actor: there is nobody of this name whom you may ask about.")
        found = self._world.explanations.get(query["resource"])
        if found is None:
            raise Invalid("resource", f"resource: {query['resource']} is no identifier.")
        return found.model_copy(update={"whole": whole})

    def people(self, search: str) -> tuple[Person, ...]:
        self._world.check(Part.AUTH_SERVICE)
        if not self._world.people[self._person].administers:
            raise NotFound
        if not 2 <= len(search) <= 100:
            raise Invalid("search", "search is not what was expected.")
        return tuple(
            Person(sub=one.sub, username=one.username, name=one.name)
            for one in self._world.people.values()
            if search.lower() in one.username
        )

    def preview(self, slug: str, wish: Wish, *, language: str) -> Prospect:
        del language
        self._world.check(Part.ORTHANC)
        known = {study.StudyInstanceUID: series for study, series in self._of(slug).studies.items()}
        names = (*wish.names, *wish.studies, *wish.series)
        found = [name for name in names if name in known]
        failed = tuple(
            NotTaken(uid=name, reason="forbidden", lacking=("download", "send"))
            if name.startswith("TEST")
            else NotTaken(uid=name, reason="missing")
            for name in names
            if name not in known
        )
        count = sum(len(known[name]) for name in found)
        return Prospect(
            series=count, studies=len(found), present=count, failed=failed, failed_total=len(failed)
        )

    def change(self, slug: str, wish: Wish, *, language: str) -> Change:
        found = self.preview(slug, wish, language=language)
        change = Change(
            id=f"{len(self._world.changes):032x}",
            album=slug,
            verb=wish.verb,
            state="waiting",
            by=self._world.people[self._person].called,
            created=NOW,
            finished=None,
            stopping=False,
            undoes=None,
            done=0,
            total=found.series,
            due=found.series,
            failed=found.failed,
            failed_total=found.failed_total,
        )
        self._world.changes.append(change)
        return change

    def changes(self, slug: str, *, limit: int, offset: int) -> ChangeList:
        self._world.check(Part.AUTH_SERVICE)
        called = self._world.people[self._person].called
        whole = _owns(self._of(slug), self._person)
        found = [
            one for one in reversed(self._world.changes) if one.album == slug and (whole or one.by == called)
        ]
        return ChangeList(items=tuple(found[offset : offset + limit]), total=len(found))

    def undo(self, change: str, *, language: str) -> Change:
        if self._world.refuses_undoing:
            raise Invalid("nothing", f"Nothing of it is left ({language}).")
        one = next(one for one in self._world.changes if one.id == change)
        undone = one.model_copy(
            update={"id": f"{len(self._world.changes):032x}", "undoes": change, "verb": "remove"}
        )
        self._world.changes.append(undone)
        return undone

    def stop(self, change: str, *, language: str) -> Change:
        del language
        self._world.changes = [
            one.model_copy(update={"stopping": True}) if one.id == change else one
            for one in self._world.changes
        ]
        return next(one for one in self._world.changes if one.id == change)

    def _of(self, slug: str) -> FakeAlbum:
        return next(one for one in self._world.of(self._person) if one.slug == slug)

    def set_language(self, language: str) -> None:
        self._world.check(Part.AUTH_SERVICE)
        me = self._world.people[self._person]
        self._world.people[self._person] = me.model_copy(update={"language": language})

    def rules(self, language: str) -> RulesStatus:
        self._world.check(Part.AUTH_SERVICE)
        if "admin" not in self._world.people[self._person].roles:
            raise NotFound
        return self._world.rules

    def _album(self, one: FakeAlbum) -> Album:
        series = [each for group in one.studies.values() for each in group]
        first = series[0] if series else None
        # What is kept is known whether Orthanc answers or not, to those who may view.
        counted = "view" in _actions(one, self._person)
        return Album(
            slug=one.slug,
            label=f"album-{one.slug}",
            title=one.title,
            description=one.description,
            role=one.roles[self._person],
            actions=_actions(one, self._person),
            studies=len(one.studies) if counted else None,
            series=len(series) if counted else None,
            instances=sum(each.NumberOfSeriesRelatedInstances or 0 for each in series) if counted else None,
            modalities=tuple(sorted({each.Modality for each in series})) if counted else None,
            created=NOW - timedelta(days=30),
            changed=NOW - timedelta(hours=1),
            members=len(one.roles),
            favourite=(self._person, one.slug) in self._world.favourites,
            archived=one.archived,
            owners=tuple(
                self._world.people[who].called for who, role in one.roles.items() if role == "owner"
            ),
            picture=Picture(study=first.StudyInstanceUID, series=first.SeriesInstanceUID)
            if first and counted
            else None,
        )


class FakeArchive:
    """Orthanc in one person's name."""

    def __init__(self, world: World, person: str) -> None:
        self._world = world
        self._person = person

    def studies(self, search: StudySearch, *, limit: int, offset: int) -> list[Study]:
        self._ask(search)
        found = [study for study in self._visible(search.label) if _matches(study, search)]
        key = search.order.lstrip("-")
        found.sort(key=lambda study: (getattr(study, key) or date.min, study.StudyInstanceUID))
        if search.order is StudyOrder.NEWEST:
            found.reverse()
        return found[offset : offset + limit]

    def count(self, search: StudySearch) -> int:
        self._ask(search)
        return sum(_matches(study, search) for study in self._visible(search.label))

    def search(self, search: Search, *, limit: int, offset: int) -> list[Found]:
        self._world.check(Part.ORTHANC)
        return self._found(search)[offset : offset + limit]

    def search_count(self, search: Search) -> int:
        self._world.check(Part.ORTHANC)
        if self._world.refuses_searches:
            raise Invalid
        self._world.searched.append(search)
        return len(self._found(search))

    def _found(self, search: Search) -> list[Found]:
        found: list[Found] = []
        for study, group in self._visible(None).items():
            labels = tuple(
                f"album-{one.slug}" for one in self._world.of(self._person) if study in one.studies
            )
            if search.level is SearchLevel.STUDY:
                if _suits(search, study, group):
                    found.append(Found(study=study, labels=labels))
                continue
            found += [
                Found(study=study, series=one, face=one, labels=labels)
                for one in group
                if _suits(search, study, [one])
            ]
        return sorted(found, key=lambda one: (one.study.StudyDate or date.min, one.uid), reverse=True)

    def study(self, uid: str, *, label: str | None) -> Study:
        self._world.check(Part.ORTHANC)
        for study in self._visible(label):
            if study.StudyInstanceUID == uid:
                return study
        raise NotFound

    def series(self, studies: Sequence[str], *, label: str | None) -> list[Series]:
        self._world.check(Part.ORTHANC)
        return [
            each
            for study, series in self._visible(label).items()
            if study.StudyInstanceUID in studies
            for each in series
        ]

    def _ask(self, search: StudySearch) -> None:
        self._world.check(Part.ORTHANC)
        if self._world.refuses_searches:
            raise Invalid
        self._world.questions.append(search)

    def _visible(self, label: str | None) -> dict[Study, tuple[Series, ...]]:
        return {
            study: series
            for album in self._world.of(self._person)
            if label is None or label == f"album-{album.slug}"
            for study, series in album.studies.items()
        }


def _matches(study: Study, search: StudySearch) -> bool:
    value = getattr(study, search.field).lower()
    day = study.StudyDate or date.min
    return (
        fnmatch.fnmatch(value, f"*{search.text.lower()}*")
        and (search.modality is None or search.modality in study.ModalitiesInStudy)
        and (search.first_day or date.min) <= day <= (search.last_day or date.max)
    )


def _owners(album: FakeAlbum) -> tuple[str, ...]:
    return tuple(who for who, role in album.roles.items() if role == "owner")


def _suits(search: Search, study: Study, series: Sequence[Series]) -> bool:
    return (
        search.PatientID.lower() in study.PatientID.lower()
        and search.StudyDescription.lower() in study.StudyDescription.lower()
        and any(
            search.Modality in ("", one.Modality)
            and search.SeriesDescription.lower() in one.SeriesDescription.lower()
            for one in series
        )
    )


def _owns(album: FakeAlbum, person: str) -> bool:
    return album.roles[person] == "owner"


def _is_asked(one: AuditEntry, search: AuditSearch) -> bool:
    return (
        search.event in (None, one.event)
        and search.actor.lower() in one.actor_name.lower()
        and (not search.album or one.label == f"album-{search.album}")
        and search.target in (one.target or "")
        and (search.first_day or date.min) <= one.at.date() <= (search.last_day or date.max)
    )


def _actions(album: FakeAlbum, person: str) -> tuple[str, ...]:
    role = album.roles[person]
    known = {"owner": EVERY_ACTION, "comment": ("comment",), "inviter": ("view", "comment", "invite")}
    return known.get(role, ("view", "download"))


def make_studies(
    number: int,
    count: int,
    modalities: Sequence[str],
    **attributes: Any,  # noqa: ANN401 - whatever a study has
) -> dict[Study, tuple[Series, ...]]:
    """Make studies of one series per modality, one a day from 1 March 2024 on."""
    studies: dict[Study, tuple[Series, ...]] = {}
    for index in range(1, count + 1):
        uid = f"{ROOT}.{number}.{index}"
        series = tuple(
            Series(
                SeriesInstanceUID=f"{uid}.{place}",
                StudyInstanceUID=uid,
                SeriesNumber=place,
                SeriesDescription=f"{modality} series",
                Modality=modality,
                NumberOfSeriesRelatedInstances=108,
            )
            for place, modality in enumerate(modalities, start=1)
        )
        study = Study(
            StudyInstanceUID=uid,
            PatientID=f"TEST-{number}-{index:03d}",
            PatientSex="F",
            PatientBirthDate=date(1970, 1, 1),
            StudyDate=date(2024, 3, 1) + timedelta(days=index - 1),
            StudyDescription="CT head",
            ModalitiesInStudy=tuple(modalities),
            NumberOfStudyRelatedSeries=len(modalities),
            NumberOfStudyRelatedInstances=108 * len(modalities),
        )
        studies[replace(study, **attributes)] = series
    return studies


def make_history() -> list[AuditEntry]:
    """Sixty looks into the studies of one album, a refusal there, one look in the other, and a sign-in."""
    looks = [("head-ct", "member", f"{ROOT}.1.{number}") for number in range(1, 61)]
    found = [
        AuditEntry(
            id=number,
            at=NOW - timedelta(minutes=100 - number),
            event="study-viewed",
            actor=f"person:keycloak:sub-{who}",
            actor_name=f"{who.title()} Test",
            target=target,
            study_uid=target,
            label=f"album-{slug}",
            address="192.0.2.7",
            session=f"session-of-{who}",
        )
        for number, (slug, who, target) in enumerate([*looks, ("brain-mr", "other", f"{ROOT}.2.1")], start=1)
    ]
    refused = found[0].model_copy(
        update={"id": 62, "at": NOW, "event": "denied", "reason": "other-action", "count": 7}
    )
    signed_in = AuditEntry(
        id=63,
        at=NOW,
        event="signin",
        actor="person:keycloak:sub-stranger",
        actor_name="<b>**Odd**</b> =1+1",
        address="192.0.2.9",
        details={"user_agent": "<script>alert(1)</script>"},
    )
    return [*found, refused, signed_in]


def make_world() -> World:
    """Two albums with an owner and a member each, an administrator, and a stranger."""
    people = {
        name: Me(
            sub=f"sub-{name}",
            username=name,
            name=f"{name.title()} Test",
            email=f"{name}@example.test",
            roles=roles,
            makes_albums=name != "member",
        )
        for name, roles in {
            "owner": ("pi",),
            "member": ("researcher",),
            "other": ("pi",),
            "stranger": ("researcher",),
            "admin": ("admin",),
        }.items()
    }
    return World(
        people=people,
        happened=make_history(),
        albums=[
            FakeAlbum(
                slug="head-ct",
                title="Head CT",
                description="Heads without contrast",
                roles={"owner": "owner", "member": "member"},
                studies=make_studies(1, 60, ["CT", "SR"]),
            ),
            FakeAlbum(
                slug="brain-mr",
                title="Brain MR",
                description="Template brains",
                roles={"other": "owner", "owner": "member"},
                studies=make_studies(2, 3, ["MR"]),
            ),
        ],
    )
