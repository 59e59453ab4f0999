"""Put the portal's world together once per process: settings, the connection to auth_service, those to nginx.

Nothing in it belongs to a person: persons come with a bearer, for one run of a page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from portal import archive, auth_client, settings
from portal.archive import Archive, OrthancArchive
from portal.auth_client import AuthService, HttpAuthService
from portal.health import HealthWatch
from portal.settings import Settings
from portal.viewers import Addresses


@dataclass(frozen=True, slots=True)
class Services:
    """What a page can ask."""

    settings: Settings
    auth: AuthService
    archive: Callable[[str], Archive]
    health: HealthWatch

    @property
    def addresses(self) -> Addresses:
        """Addresses on this installation."""
        return Addresses(self.settings.public_url)


@cache
def services() -> Services:
    """Return the process's world, made at the first call."""
    return build()


def build() -> Services:
    """Make the real world from the environment; tests put another in its place."""
    chosen = settings.read()
    auth = HttpAuthService(
        auth_client.connect(
            chosen.auth_service,
            secret=chosen.auth_secret.get_secret_value(),
            timeout=chosen.auth_timeout_seconds,
        )
    )
    transport = archive.connection()

    def in_the_name_of(bearer: str) -> Archive:
        return OrthancArchive(
            f"{chosen.public_url}/orthanc",
            bearer,
            transport=transport,
            timeout=chosen.archive_timeout_seconds,
        )

    return Services(settings=chosen, auth=auth, archive=in_the_name_of, health=HealthWatch(auth))
