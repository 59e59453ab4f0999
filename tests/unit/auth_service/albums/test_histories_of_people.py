"""Random histories of people and their albums, with a crash between any two steps, against sets.

The model knows nothing of labels, ledgers, grants or invitations' tables: an album is a set of series and a
map of people to what they may do. After each step everybody sees what the model says, and nothing else.
"""

import copy
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from auth_service.albums import ledger, reconciling
from auth_service.albums.changing import change_contents
from auth_service.albums.ending import delete_album
from auth_service.albums.making import create_album
from auth_service.albums.members import Rights, add_member, list_members, remove_member
from auth_service.albums.naming import Named
from auth_service.errors import ServiceError
from auth_service.grants import grants_of
from auth_service.origin import NOWHERE
from auth_service.policy.engine import decide
from auth_service.policy.model import Resource
from auth_service.store import albums as albums_table
from auth_service.store import uploads as uploads_table
from auth_service.uploads import sending, storing, tending
from auth_service.vocabulary import MEMBER_ACTIONS, Action, AlbumRole, ChangeVerb, Level, LineFailure
from tests.fakes.files import dicom
from tests.unit.auth_service.albums.crashing import Crash, CrashingArchive, CrashingStore, Fuse
from tests.unit.auth_service.albums.members.having import ADDRESS, arrive
from tests.world import TestWorld

PEOPLE = ("pi-a", "pi-b", "member-a", "stranger")
SERIES = ("1.2.1.1", "1.2.1.2", "1.2.2.1", "1.2.3.1", "1.2.8.1", "1.2.8.2")
"""The last two are not there at the beginning: they are uploaded, or never come."""
THERE = frozenset(SERIES[:4])
NAMES = ("head", "lung")
ALL = frozenset(MEMBER_ACTIONS)
RIGHTS = (
    frozenset({Action.VIEW}),
    frozenset({Action.VIEW, Action.DOWNLOAD}),
    frozenset({Action.VIEW, Action.UPLOAD}),
    frozenset({Action.VIEW, Action.REMOVE}),
    frozenset({Action.UPLOAD}),
    ALL,
)
JUDGED = (Action.VIEW, Action.DOWNLOAD, Action.UPLOAD)

people, series_uids = st.sampled_from(PEOPLE), st.sampled_from(SERIES)
crashes = st.lists(st.integers(0, 40), max_size=2)


@dataclass
class Album:
    """What the model knows of an album."""

    slug: str
    owner: str
    members: dict[str, frozenset[Action]] = field(default_factory=dict)
    invited: frozenset[Action] | None = None
    series: set[str] = field(default_factory=set)

    def may(self, person: str, action: Action) -> bool:
        return person == self.owner or action in self.members.get(person, frozenset())


class HistoriesOfPeople(RuleBasedStateMachine):
    """Whatever people do, and whatever crashes meanwhile, each sees what he was given and no more."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp(prefix="paradim-people-"))
        self.fuse = Fuse()
        self.world = TestWorld.make(self.folder)
        self.world.store.close()
        self.world.store = CrashingStore(self.world.settings.database_url, self.fuse)
        self.world.archive = CrashingArchive(self.fuse)
        for study, number in ((1, 1), (1, 2), (2, 1), (3, 1)):
            self.world.store_series(study, number, instances=1)
        self.albums: list[Album] = []
        self.held = set(THERE)
        self.sent = 0
        # Each PI begins with an album of everything that is there for him to hand on.
        for owner, name, uids in (("pi-a", "head", SERIES[:2]), ("pi-b", "lung", SERIES[2:4])):
            slug = self.world.album(name, owner, *uids)
            self.albums.append(Album(slug=slug, owner=owner, series=set(uids)))

    def step(self, crashes: list[int], do: Callable[[], object], then: Callable[[], None]) -> None:
        """Do something that may crash, come back, and follow it in the model if it came to be."""
        before = copy.deepcopy(self.albums)
        self.fuse.left = crashes[0] if crashes else None
        crashed = False
        try:
            do()
        except Crash:
            crashed = True
            self.come_back(crashes[1:])
        self.fuse.left = None
        ledger.resume_all(self.world)
        then()
        if crashed and self.seen_by_all() != self.said_of_all():
            # It did not come to be: then nothing of it may.
            self.albums = before

    def come_back(self, crashes: list[int]) -> None:
        """Start the service again; it may die again meanwhile."""
        while True:
            self.world.store.close()
            self.world.store = CrashingStore(self.world.settings.database_url, self.fuse)
            self.fuse.left = crashes.pop(0) if crashes else None
            self.world.wait(minutes=1)
            try:
                ledger.resume_all(self.world)
                tending.look_after(self.world)
                # Whoever was sending does not come back.
                with self.world.store.read() as tx:
                    left = sorted(uploads_table.receiving(tx))
                for change in left:
                    sending.close(self.world, change)
            except Crash:
                continue
            return

    def of(self, number: int) -> Album:
        return self.albums[number % len(self.albums)]

    # What people do.

    @rule(who=st.sampled_from(("pi-a", "pi-b")), name=st.sampled_from(NAMES), crashes=crashes)
    def create(self, who: str, name: str, crashes: list[int]) -> None:
        if len(self.albums) >= 6:
            return
        known = self.slugs()
        with suppress(Crash):
            self.fuse.left = crashes[0] if crashes else None
            create_album(self.world, actor=self.world.actor(who), title=name)
        self.fuse.left = None
        for slug in self.slugs() - known:
            self.albums.append(Album(slug=slug, owner=who))

    @rule(number=st.integers(0, 5), who=people, rights=st.sampled_from(RIGHTS), crashes=crashes)
    def give(self, number: int, who: str, rights: frozenset[Action], crashes: list[int]) -> None:
        album = self.of(number)
        if who == album.owner or who in album.members:
            return

        def do() -> None:
            add_member(
                self.world,
                actor=self.world.actor(album.owner),
                slug=album.slug,
                user=who,
                rights=Rights(role=AlbumRole.MEMBER, actions=rights),
            )

        self.step(crashes, do, lambda: album.members.update({who: rights}))

    @rule(number=st.integers(0, 5), who=people, crashes=crashes)
    def revoke(self, number: int, who: str, crashes: list[int]) -> None:
        album = self.of(number)
        if who not in album.members:
            return

        def do() -> None:
            owner = self.world.actor(album.owner)
            for one in list_members(self.world, actor=owner, slug=album.slug):
                if one.subject == who:
                    remove_member(self.world, actor=owner, slug=album.slug, member_id=one.id)

        def then() -> None:
            album.members.pop(who, None)

        self.step(crashes, do, then)

    @rule(number=st.integers(0, 5), rights=st.sampled_from(RIGHTS))
    def invite(self, number: int, rights: frozenset[Action]) -> None:
        album = self.of(number)
        if "stranger" in album.members or album.invited is not None:
            return
        add_member(
            self.world,
            actor=self.world.actor(album.owner),
            slug=album.slug,
            email=ADDRESS,
            rights=Rights(role=AlbumRole.MEMBER, actions=rights),
        )
        album.invited = rights

    @rule(crashes=crashes)
    def arrive(self, crashes: list[int]) -> None:
        """He whom the address is of signs in: what waits for it becomes his."""
        waiting = [album for album in self.albums if album.invited is not None]

        def do() -> None:
            arrive(self.world)

        def then() -> None:
            for album in waiting:
                invited, album.invited = album.invited, None
                if invited is not None and "stranger" not in album.members:
                    album.members["stranger"] = invited

        self.step(crashes, do, then)

    @rule(number=st.integers(0, 5), who=people, uids=st.sets(series_uids, min_size=1), crashes=crashes)
    def add(self, number: int, who: str, uids: set[str], crashes: list[int]) -> None:
        album = self.of(number)
        allowed = {
            uid
            for uid in uids & self.held
            if all(
                any(uid in one.series and one.may(who, action) for one in self.albums)
                for action in ALL - {Action.INVITE, Action.REMOVE, Action.COMMENT}
            )
        }

        def then() -> None:
            if album.may(who, Action.UPLOAD):
                album.series |= allowed

        self.step(crashes, lambda: self.change(who, album, ChangeVerb.ADD, uids), then)

    @rule(number=st.integers(0, 5), who=people, uids=st.sets(series_uids, min_size=1), crashes=crashes)
    def remove(self, number: int, who: str, uids: set[str], crashes: list[int]) -> None:
        album = self.of(number)

        def then() -> None:
            if album.may(who, Action.REMOVE):
                album.series -= uids

        self.step(crashes, lambda: self.change(who, album, ChangeVerb.REMOVE, uids), then)

    @rule(number=st.integers(0, 5), who=people, uid=series_uids, crashes=crashes)
    def upload(self, number: int, who: str, uid: str, crashes: list[int]) -> None:
        """Send an image of a series, new or not: it comes in, or it is refused and changes nothing."""
        album = self.of(number)
        self.sent += 1
        study = uid.rpartition(".")[0]
        image = dicom(study, uid, f"{uid}.9.{self.sent}", PatientID=f"TEST-{study.rpartition('.')[2]}")
        file = self.folder / "image.dcm"
        file.write_bytes(image)
        of_study = {one for one in self.held if one.rpartition(".")[0] == study}
        known = not of_study or any(
            of_study & one.series and (one is album or one.may(who, Action.VIEW)) for one in self.albums
        )
        taken = album.may(who, Action.UPLOAD) and (uid in album.series or (uid not in self.held and known))

        def do() -> None:
            with suppress(ServiceError):
                intake = storing.begin(
                    self.world, actor=self.world.actor(who), slug=album.slug, study=None, origin=NOWHERE
                )
                outcome = sending.take_all(intake, file, "image.dcm")
                sending.close(self.world, intake.change)
                assert (outcome[0].why is None) is taken, outcome[0].why
                assert taken or outcome[0].why is LineFailure.TAKEN

        def then() -> None:
            if taken:
                album.series.add(uid)

        self.step(crashes, do, then)
        if uid in self.world.archive.labels("Series") or self.exists(uid):
            self.held.add(uid)

    @rule(number=st.integers(0, 5), crashes=crashes)
    def delete(self, number: int, crashes: list[int]) -> None:
        if len(self.albums) < 2:
            return
        album = self.of(number)

        def do() -> None:
            owner = self.world.actor(album.owner)
            delete_album(self.world, actor=owner, slug=album.slug, confirm=album.slug)

        self.step(crashes, do, lambda: self.albums.remove(album))

    def change(self, who: str, album: Album, verb: ChangeVerb, uids: set[str]) -> None:
        with suppress(ServiceError):
            report = change_contents(
                self.world,
                actor=self.world.actor(who),
                slug=album.slug,
                verb=verb,
                named=Named(series=sorted(uids)),
            )
            ledger.run(self.world, change=report.change)

    # What must hold.

    def slugs(self) -> set[str]:
        with self.world.store.read() as tx:
            return {album.slug for album in albums_table.every_album(tx) if album.deleted_at is None}

    def exists(self, uid: str) -> bool:
        return any(one.tags["SeriesInstanceUID"] == uid for one in self.world.archive.held["Series"].values())

    def seen_by_all(self) -> dict[tuple[str, Action], set[str]]:
        """Judge each series for each person, as the gate would."""
        at = self.world.clock()
        found: dict[tuple[str, Action], set[str]] = {}
        with self.world.store.read() as tx:
            for who in PEOPLE:
                actor = self.world.actor(who)
                grants = grants_of(tx, self.world, actor)
                for action in JUDGED:
                    found[who, action] = {
                        held.tags["SeriesInstanceUID"]
                        for held in self.world.archive.held["Series"].values()
                        if decide(
                            actor,
                            action,
                            Resource(level=Level.SERIES, labels=frozenset(held.labels), modality="CT"),
                            grants=grants,
                            at=at,
                        ).allowed
                    }
        return found

    def said_of_all(self) -> dict[tuple[str, Action], set[str]]:
        """Say the same by the model."""
        return {
            (who, action): {uid for album in self.albums if album.may(who, action) for uid in album.series}
            for who in PEOPLE
            for action in JUDGED
        }

    @invariant()
    def everybody_sees_what_he_was_given(self) -> None:
        assert self.seen_by_all() == self.said_of_all()

    @invariant()
    def the_ledger_says_the_same_and_nothing_is_to_repair(self) -> None:
        for album in self.albums:
            assert ledger.contents(self.world, album=album.slug) == album.series
        assert list(reconciling.reconcile(self.world, repair=False)) == []

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.store.close()
            shutil.rmtree(self.folder)


HistoriesOfPeople.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestHistoriesOfPeople = HistoriesOfPeople.TestCase
