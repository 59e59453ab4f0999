"""What a use case works with, so that the service, the command line and tests can each bring their own."""

from typing import Protocol

from auth_service.archive import Archive
from auth_service.clock import Clock
from auth_service.directory import Directory
from auth_service.rules import RulesFile
from auth_service.settings import Settings
from auth_service.store.database import Store


class World(Protocol):
    """The database, Orthanc, Keycloak as a directory, and the time."""

    @property
    def settings(self) -> Settings:
        """What the site decided."""
        ...

    @property
    def store(self) -> Store:
        """The database."""
        ...

    @property
    def archive(self) -> Archive:
        """Orthanc, or a second implementation of it."""
        ...

    @property
    def directory(self) -> Directory:
        """Keycloak, or a second implementation of it, to resolve names."""
        ...

    @property
    def rules(self) -> RulesFile:
        """The rules file in force."""
        ...

    @property
    def clock(self) -> Clock:
        """Says what time it is."""
        ...
