"""Two of everything, and a stranger: two albums, two owners, two members, two groups, without HTTP.

Images are invented tags in an archive in memory; the database is real and new for each test, copied from one
that was migrated once.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from auth_service.albums import ledger
from auth_service.albums.making import create_album
from auth_service.albums.members import (
    MemberView,
    Rights,
    add_member,
    list_members,
    remove_member,
)
from auth_service.policy.model import SYSTEM, Actor, Group
from auth_service.rules import RulesFile
from auth_service.settings import Settings
from auth_service.store.database import Store
from auth_service.vocabulary import Action, ActorKind, AlbumRole, ChangeVerb
from tests.fakes.archive import FakeArchive
from tests.fakes.directory import FakeDirectory
from tests.fakes.provider import FakeKeycloak, Turned
from tests.fakes.settings import make_settings

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)

PEOPLE = ("pi-a", "pi-b", "member-a", "member-b", "group-member", "stranger", "admin")

CT, MR, SEG = "CT", "MR", "SEG"


@cache
def migrated_database() -> Path:
    """Migrate a database once for the whole run."""
    path = Path(mkdtemp(prefix="paradim-tests-")) / "auth.sqlite"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@dataclass(kw_only=True)
class TestWorld:
    """What use cases work with, and who works with them."""

    __test__ = False

    settings: Settings
    store: Store
    archive: FakeArchive
    keycloak: FakeKeycloak
    directory: FakeDirectory
    rules: RulesFile
    clock: Turned

    @classmethod
    def make(cls, folder: Path, **settings: object) -> "TestWorld":
        """Make an empty installation in which everybody has an account."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(migrated_database(), folder / "auth.sqlite")
        made = make_settings(folder, **settings)
        clock = Turned(START)
        keycloak = FakeKeycloak(made, clock)
        for name in PEOPLE:
            keycloak.add_user(name)
        keycloak.add_group("/radiology/chest")
        keycloak.add_group("/radiology/head")
        keycloak.users["group-member"].groups = {"/radiology/chest"}
        store, directory = Store(made.database_url), FakeDirectory(keycloak)
        return cls(
            settings=made,
            store=store,
            archive=FakeArchive(),
            keycloak=keycloak,
            directory=directory,
            rules=RulesFile(settings=made, store=store, directory=directory, clock=clock),
            clock=clock,
        )

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.clock.now += timedelta(**time)

    def actor(self, name: str) -> Actor:
        """Return somebody who signed in, as his session knows him."""
        user = self.keycloak.users[name]
        return Actor(
            kind=ActorKind.PERSON,
            provider=self.settings.provider,
            subject=user.sub,
            name=user.name,
            username=user.username,
            roles=frozenset(user.roles),
            groups=frozenset(self.directory.groups_with_ancestors(user.groups)),
            session=f"session-of-{name}",
        )

    def group(self, path: str) -> Group:
        """Return a group."""
        found = self.directory.group(path)
        assert found is not None
        return found

    def store_series(
        self, study: int, series: int, *, modality: str = CT, instances: int = 2, patient: str | None = None
    ) -> str:
        """Put a series of a study into the archive, unlabelled; returns its SeriesInstanceUID."""
        uid = f"1.2.{study}.{series}"
        for number in range(1, instances + 1):
            self.archive.add(
                PatientID=patient or f"TEST-{study}",
                PatientName=f"TEST^{study}",
                StudyInstanceUID=f"1.2.{study}",
                StudyDate="20260301",
                SeriesInstanceUID=uid,
                SeriesNumber=series,
                Modality=modality,
                SOPInstanceUID=f"{uid}.{number}",
                SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
                InstanceNumber=number,
            )
        return uid

    def album(self, slug: str, owner: str, *series: str) -> str:
        """Make an album for an owner and put series into it."""
        made = create_album(self, actor=SYSTEM, title=f"Album {slug}", slug=slug, owner=owner)
        if series:
            self.put(made, *series)
        return made

    def put(self, slug: str, *series: str) -> ledger.Report:
        """Put series into an album."""
        change = ledger.begin(self, actor=SYSTEM, album=slug, verb=ChangeVerb.ADD, series=series)
        return ledger.run(self, change=change)

    def take(self, slug: str, *series: str) -> ledger.Report:
        """Take series out of an album."""
        change = ledger.begin(self, actor=SYSTEM, album=slug, verb=ChangeVerb.REMOVE, series=series)
        return ledger.run(self, change=change)

    def revoke(self, slug: str, user: str) -> None:
        """Take a person's rights in an album back, as the system."""
        for member in list_members(self, actor=SYSTEM, slug=slug):
            if member.subject == user:
                remove_member(self, actor=SYSTEM, slug=slug, member_id=member.id)

    def give(self, slug: str, user: str, *actions: Action) -> MemberView:
        """Make somebody a member, as the system."""
        rights = Rights(role=AlbumRole.MEMBER, actions=frozenset(actions))
        return add_member(self, actor=SYSTEM, slug=slug, user=user, rights=rights)


def two_albums(folder: Path, **settings: object) -> TestWorld:
    """Make album ``a`` (two studies, three series) and album ``b`` (two studies, two series, one shared).

    Series 1.2.1.2 is in no album, though its study has one in album ``a``; study 1.2.9 is in none.
    """
    world = TestWorld.make(folder, **settings)
    for study, series, modality, instances in (
        (1, 1, CT, 4),
        (1, 2, SEG, 1),
        (2, 1, CT, 2),
        (2, 2, MR, 3),
        (3, 1, MR, 5),
        (9, 1, CT, 9),
    ):
        world.store_series(study, series, modality=modality, instances=instances)
    world.album("a", "pi-a", "1.2.1.1", "1.2.2.1", "1.2.2.2")
    world.album("b", "pi-b", "1.2.2.2", "1.2.3.1")
    world.give("a", "member-a", Action.VIEW)
    world.give("b", "member-b", Action.VIEW, Action.DOWNLOAD)
    return world
