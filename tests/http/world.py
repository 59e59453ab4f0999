"""The world that routes are asked in: two albums, members of each kind, everybody signed in, over HTTP.

Everything is made through the use cases; Orthanc and Keycloak are second implementations (``tests/fakes``).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import httpx

from auth_service.albums import ledger, making, members
from auth_service.albums.members import Rights
from auth_service.archive import ArchivedInstance
from auth_service.policy.model import SYSTEM
from auth_service.vocabulary import Action, AlbumRole, ChangeVerb
from tests.fakes.archive import FakeArchive
from tests.fakes.inprocess import InProcess
from tests.fakes.settings import make_settings
from tests.fakes.signin import SigninWorld

CT = "1.2.840.10008.5.1.4.1.1.2"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"

PEOPLE: Mapping[str, frozenset[str]] = {
    "owner_a": frozenset({"pi"}),
    "member_a": frozenset({"researcher"}),
    "reader_a": frozenset({"researcher"}),
    "group_a": frozenset({"researcher"}),
    "ended_a": frozenset({"researcher"}),
    "owner_b": frozenset({"pi"}),
    "member_b": frozenset({"researcher"}),
    "stranger": frozenset({"researcher"}),
    "admin": frozenset({"admin"}),
}

SERIES = (
    # study, series, modality, SOP class, albums
    ("1.1", "1.1.1", "CT", CT, ("a",)),
    ("1.1", "1.1.2", "SEG", SEG, ("a",)),
    ("1.1", "1.1.3", "MR", CT, ()),
    ("1.2", "1.2.1", "CT", CT, ("a", "b")),
    ("1.3", "1.3.1", "MR", CT, ("b",)),
    ("1.4", "1.4.1", "CT", CT, ()),
)


@dataclass(kw_only=True)
class World:
    """The installation and the sessions of everybody in it."""

    signin: SigninWorld
    archive: FakeArchive
    images: Mapping[str, ArchivedInstance]
    """First instance of each series, by SeriesInstanceUID."""
    sids: dict[str, str]

    @classmethod
    def make(cls, folder: Path, **settings: object) -> "World":
        """Make it all: people, images, albums, members, sessions.

        With the usual settings it is a copy of one that was made once: most tests begin with it.
        """
        return cls._anew(folder, **settings) if settings else cls._copy(_usual(), folder)

    @classmethod
    def _copy(cls, usual: "World", folder: Path) -> "World":
        archive = deepcopy(usual.archive)
        database = Path(usual.signin.settings.database_url.removeprefix("sqlite:///"))
        signin = SigninWorld.over(database, archive, make_settings(folder))
        signin.clock.now = usual.signin.clock.now
        for what in ("users", "groups", "sessions", "codes", "calls"):
            setattr(signin.keycloak, what, deepcopy(getattr(usual.signin.keycloak, what)))
        return cls(signin=signin, archive=archive, images=usual.images, sids=dict(usual.sids))

    @classmethod
    def _anew(cls, folder: Path, **settings: object) -> "World":
        signin = SigninWorld.make(folder, **settings)
        signin.clock.now = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
        for username, roles in PEOPLE.items():
            groups = {"/radiology/chest"} if username == "group_a" else set[str]()
            signin.keycloak.add_user(username, roles=set(roles), groups=groups)
        archive = signin.services.archive
        assert isinstance(archive, FakeArchive)
        world = cls(signin=signin, archive=archive, images=_fill(archive), sids={})
        world._make_albums()
        world.sids = {username: world._session_of(username) for username in PEOPLE}
        return world

    def close(self) -> None:
        """Give everything back."""
        self.signin.close()

    def client(self, who: str) -> httpx.Client:
        """Return a client behind nginx: ``nobody``, ``bad``, a user name, or ``portal:`` and a user name."""
        settings = self.signin.settings
        headers = {"x-request-id": "request-1", "x-gate-address": "192.0.2.7", "origin": settings.public_url}
        if who == "unheard":
            return self._client(headers)
        if who.startswith("portal:"):
            given = self.signin.services.sessions.bearer(self.sids[who.removeprefix("portal:")])
            assert given is not None
            headers["authorization"] = f"Bearer {given[0]}"
            headers["x-portal-secret"] = settings.portal_secret.get_secret_value()
            return self._client(headers)
        headers["x-gate-secret"] = settings.gate_secret.get_secret_value()
        if who == "bad":
            headers["cookie"] = f"{settings.session_cookie}={'A' * 43}"
        elif who != "nobody":
            headers["cookie"] = f"{settings.session_cookie}={self.sids[who]}"
        return self._client(headers)

    def _client(self, headers: Mapping[str, str]) -> httpx.Client:
        return httpx.Client(
            transport=InProcess(self.signin.app),
            base_url=self.signin.settings.public_url,
            headers=dict(headers),
        )

    def _session_of(self, username: str) -> str:
        browser = self.signin.browser()
        browser.sign_in(username)
        assert browser.sid is not None, username
        return browser.sid

    def _make_albums(self) -> None:
        services = self.signin.services
        for slug in ("a", "b"):
            making.create_album(
                services, actor=SYSTEM, title=f"Album {slug.upper()}", slug=slug, owner=f"owner_{slug}"
            )
            series = [uid for _, uid, _, _, of in SERIES if slug in of]
            change = ledger.begin(services, actor=SYSTEM, album=slug, verb=ChangeVerb.ADD, series=series)
            ledger.run(services, change=change)
        view, both = frozenset({Action.VIEW}), frozenset({Action.VIEW, Action.DOWNLOAD})
        for slug, user, actions in (
            ("a", "member_a", view),
            ("a", "reader_a", both),
            ("b", "member_b", both),
        ):
            self._add(slug, user=user, actions=actions)
        self._add("a", group="/radiology", actions=view)
        self._add("a", user="ended_a", actions=view, until=date(2026, 3, 2))
        self.signin.clock.now = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)

    def _add(
        self,
        slug: str,
        *,
        actions: frozenset[Action],
        user: str | None = None,
        group: str | None = None,
        until: date | None = None,
    ) -> None:
        members.add_member(
            self.signin.services,
            actor=SYSTEM,
            slug=slug,
            user=user,
            group=group,
            rights=Rights(role=AlbumRole.MEMBER, actions=actions, until=until),
        )


@cache
def _usual() -> World:
    """Make one for the whole run, which nobody uses; its database is at rest."""
    made = World._anew(Path(mkdtemp(prefix="paradim-world-")))
    made.close()
    return made


def _fill(archive: FakeArchive) -> dict[str, ArchivedInstance]:
    images: dict[str, ArchivedInstance] = {}
    for study, series, modality, sop_class, _ in SERIES:
        for number in (1, 2):
            image = archive.add(
                PatientID=f"P{study}",
                PatientName=f"TEST^{study}",
                StudyInstanceUID=study,
                StudyDate="20240101",
                SeriesInstanceUID=series,
                Modality=modality,
                SOPInstanceUID=f"{series}.{number}",
                SOPClassUID=sop_class,
                InstanceNumber=number,
            )
            images.setdefault(series, image)
    return images
