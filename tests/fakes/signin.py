"""The auth service over a Keycloak in memory, and browsers that sign in to it."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
from fastapi import FastAPI

from auth_service.http.app import Services, create_app
from auth_service.settings import Settings
from auth_service.store.database import Store
from tests.fakes.archive import FakeArchive
from tests.fakes.directory import FakeDirectory
from tests.fakes.inprocess import InProcess
from tests.fakes.provider import FakeKeycloak, FakeProvider, Turned
from tests.fakes.settings import make_settings
from tests.world import migrated_database

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def at_once(_: float) -> None:
    """Wait no real time."""


@dataclass(kw_only=True)
class SigninWorld:
    """One installation, its Keycloak, and its time."""

    settings: Settings
    store: Store
    clock: Turned
    keycloak: FakeKeycloak
    provider: FakeProvider
    app: FastAPI

    @classmethod
    def make(cls, folder: Path, **settings: object) -> "SigninWorld":
        return cls.over(migrated_database(), FakeArchive(), make_settings(folder, **settings))

    @classmethod
    def over(cls, database: Path, archive: FakeArchive, made: Settings) -> "SigninWorld":
        """Put one together over an archive and a copy of a database."""
        shutil.copy(database, made.database_url.removeprefix("sqlite:///"))
        store = Store(made.database_url)
        clock = Turned(START)
        provider = FakeProvider(made, clock)
        provider.keycloak.add_user("alice", roles={"pi"}, groups={"/radiology/chest"})
        provider.keycloak.add_user("bob", roles={"researcher"})
        app = create_app(
            settings=made,
            store=store,
            archive=archive,
            provider=provider,
            directory=FakeDirectory(provider.keycloak),
            clock=clock,
            pause=at_once,
        )
        return cls(
            settings=made, store=store, clock=clock, keycloak=provider.keycloak, provider=provider, app=app
        )

    def close(self) -> None:
        self.store.close()
        self.provider.close()

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    def wait(self, **time: float) -> None:
        self.clock.now += timedelta(**time)

    def browser(self, language: str = "en") -> "Browser":
        return Browser(self, language)


class Browser:
    """A browser behind nginx: it keeps cookies, sends its own origin, and follows nothing by itself."""

    def __init__(self, world: SigninWorld, language: str) -> None:
        self.world = world
        self.client = httpx.Client(
            transport=InProcess(world.app),
            base_url=world.settings.public_url,
            follow_redirects=False,
            headers={
                "x-gate-secret": world.settings.gate_secret.get_secret_value(),
                "x-gate-address": "192.0.2.7",
                "x-request-id": "request-1",
                "accept-language": language,
                "user-agent": FIREFOX,
            },
        )

    def get(self, address: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.client.get(address, headers=dict(headers or {}))

    def post(self, address: str, *, origin: str | None = None) -> httpx.Response:
        return self.client.post(address, headers={"origin": origin or self.world.settings.public_url})

    def begin(self, next_page: str | None = None, lang: str | None = None) -> str:
        """Open the sign-in address; returns Keycloak's, to which the browser is sent."""
        parameters = [f"next={quote(next_page, safe='')}"] if next_page is not None else []
        parameters += [f"lang={lang}"] if lang else []
        answer = self.get("/auth/signin?" + "&".join(parameters))
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def sign_in(self, username: str, next_page: str | None = None) -> httpx.Response:
        """Sign in; returns the callback's answer."""
        return self.get(self.world.keycloak.sign_in(self.begin(next_page), username))

    @property
    def sid(self) -> str | None:
        return self.client.cookies.get(self.world.settings.session_cookie)

    def me(self) -> str | None:
        """The subject that the cookie stands for, as the gate sees it."""
        actor = self.world.services.sessions.actor(self.sid) if self.sid else None
        return actor.subject if actor else None
