"""Where things are: the cache that stacks share, the data folder of one stack, its sockets in memory."""

import contextlib
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from deploy.native import environment
from deploy.native.errors import CannotGoOn
from deploy.native.files import PRIVATE_FOLDER, private_folder

REPOSITORY = Path(__file__).resolve().parents[2]
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder made in it is 0700 and its owner is checked
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Cache:
    """What was downloaded and unpacked once, for all stacks of this person."""

    root: Path

    @classmethod
    def default(cls) -> "Cache":
        """Return the cache of the person who calls."""
        return cls(environment.cache_folder())

    @property
    def debian(self) -> Path:
        """Trees of Debian packages, and apt's own state."""
        return self.root / "debian"

    @property
    def lock(self) -> Path:
        """File whose lock a set-up holds."""
        return self.root / "locks" / "setup"

    def lock_of(self, data: "DataFolder") -> Path:
        """File whose lock a start, stop or reset of one stack holds (a reset deletes the data folder)."""
        return self.root / "locks" / data.digest


@dataclass(frozen=True)
class DataFolder:
    """The one folder below which a stack writes."""

    name: str
    root: Path

    @classmethod
    def of(cls, name: str, folder: Path | None) -> "DataFolder":
        """Return the data folder of a stack; by default ``var/<name>`` in the repository."""
        if not _NAME.fullmatch(name):
            raise CannotGoOn(
                f"{name!r} is no name for a stack.", "Use up to 40 small letters, digits and hyphens."
            )
        root = (folder or REPOSITORY / "var" / name).expanduser().absolute()
        # One folder, one spelling: it is the mark by which processes are found again.
        return cls(name, root.resolve())

    @property
    def settings(self) -> Path:
        """Ports and profile, chosen at first set-up."""
        return self.root / "settings.json"

    @property
    def deleting(self) -> Path:
        """Marker: a reset has begun; whoever comes next finishes it first."""
        return self.root / "deleting"

    def is_ours(self) -> bool:
        """Return whether the folder is a stack's, or is free to become one's."""
        if self.settings.exists() or self.deleting.exists() or not self.root.exists():
            return True
        # What a kill within the very first write leaves is no reason to refuse.
        return all(entry.name.endswith(".tmp") for entry in self.root.iterdir())

    @property
    def secrets(self) -> Path:
        """Generated passwords and keys."""
        return self.root / "secrets.json"

    @property
    def manifest(self) -> Path:
        """``stack.json``: how others find their way."""
        return self.root / "stack.json"

    @property
    def rules(self) -> Path:
        """The rules file: the site's own once it is there."""
        return self.root / "permissions.jsonc"

    @property
    def dicom_peers(self) -> Path:
        """Who may send by DICOM: the site's own; while it is not there, nobody may."""
        return self.root / "dicom-peers.jsonc"

    @property
    def held(self) -> Path:
        """Uploaded pictures that somebody must look at first."""
        return self.root / "held"

    @property
    def run(self) -> Path:
        """Rendered configuration."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One log file per part."""
        return self.root / "logs"

    @property
    def temporary(self) -> Path:
        """Temporary files of all parts: the system's folder is everybody's."""
        return self.root / "tmp"

    @property
    def uploads(self) -> Path:
        """What is being uploaded."""
        return self.root / "uploads"

    @property
    def orthanc(self) -> Path:
        """Orthanc's storage and index."""
        return self.root / "orthanc"

    @property
    def keycloak(self) -> Path:
        """Keycloak's home of this stack, its database in it."""
        return self.root / "keycloak"

    @property
    def database(self) -> Path:
        """auth_service's SQLite file."""
        return self.root / "database" / "auth.sqlite"

    @property
    def samples_loaded(self) -> Path:
        """Marker: the sample data are in, completely."""
        return self.root / "samples.loaded"

    @property
    def accounts_made(self) -> Path:
        """Marker: the demo accounts are in Keycloak, completely. It goes when Keycloak's data go."""
        return self.keycloak / "accounts.made"

    @property
    def keycloak_established(self) -> Path:
        """Marker: Keycloak has started once, so its database is whole and worth keeping."""
        return self.keycloak / "established"

    def folder_of(self, part: str) -> Path:
        """Return the working folder of one part: by it a process without environment is recognised."""
        return self.run / part

    @property
    def digest(self) -> str:
        """Short name of this folder, where a path would be too long."""
        return hashlib.sha256(str(self.root).encode()).hexdigest()[:12]

    @property
    def memory(self) -> Path:
        """Folder in memory for sockets and for nginx's cache of decisions (its keys are credentials)."""
        return _MEMORY / f"paradim-{os.getuid()}-{self.digest}"

    def make(self) -> None:
        """Make the folders that every start needs."""
        parts = (self.orthanc, self.keycloak, self.database.parent)
        for folder in (self.root, self.run, self.logs, self.temporary, *parts):
            private_folder(folder)

    def make_memory(self) -> Path:
        """Make the folder in memory, refusing one that another person put there first."""
        if not _MEMORY.is_dir():
            raise CannotGoOn(
                f"{_MEMORY} does not exist.", "The native stack needs a Linux with shared memory mounted."
            )
        with contextlib.suppress(FileExistsError):
            self.memory.mkdir(mode=PRIVATE_FOLDER)
        self.has_memory()
        return self.memory

    def has_memory(self) -> bool:
        """Return whether the folder in memory is there, refusing one that is not private and ours."""
        try:
            found = self.memory.lstat()
        except FileNotFoundError:
            return False
        private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == PRIVATE_FOLDER
        if not private or found.st_uid != os.getuid():
            raise CannotGoOn(
                f"{self.memory} is not a private folder of yours.",
                "Remove it (or have an administrator look who made it) and try again.",
            )
        return True
