"""Debian packages without root: an apt of our own that resolves and downloads, and trees that we unpack.

apt runs with its own state, an empty list of installed packages and the host's sources and keys, so it
downloads the whole closure of a package and checks every signature as ever. Nothing is installed: ``dpkg-deb
-x`` unpacks into a folder of the cache, and programs run from there (see `Tree`).
"""

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from deploy.native import environment
from deploy.native.commands import run
from deploy.native.errors import CannotGoOn
from deploy.native.files import published_folder, remove_tree, write_private
from deploy.native.paths import Cache

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_RECIPE = "1"  # raise it when the way of unpacking changes: trees made the old way are then made anew
_COMPOSE = "The native stack needs Debian's apt; on other systems run the parts from containers."
_TRIPLETS = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
_LOADERS = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}


@dataclass(frozen=True)
class Packages:
    """A set of packages that one purpose needs.

    Parameters
    ----------
    name : str
        Name of the tree in the cache.
    packages : tuple of str
        What apt is asked for; it adds what these depend on.
    proof : str
        Glob pattern of a file that must be there after unpacking.
    megabytes : int
        Room that download and tree take together, for the check before anything is changed.
    suite : str, optional
        Debian suite; None is the host's own.
    """

    name: str
    packages: tuple[str, ...]
    proof: str
    megabytes: int
    suite: str | None = None


ORTHANC = Packages("orthanc", ("orthanc", "orthanc-dicomweb"), "usr/sbin/Orthanc", 400, "trixie")
NGINX = Packages("nginx", ("nginx-light",), "usr/sbin/nginx", 150)
JAVA = Packages("java", ("default-jre-headless",), "usr/lib/jvm/*/bin/java", 450)
MAVEN = Packages("maven", ("maven",), "usr/share/maven/bin/mvn", 200)
SAMPLES = Packages(
    "samples", ("invesalius-examples",), "usr/share/doc/invesalius-examples/examples/Cranium.inv3", 60
)
DCMTK = Packages("dcmtk", ("dcmtk",), "usr/bin/storescu", 100)
CHROMIUM = Packages(
    "chromium",
    ("chromium", "fonts-dejavu-core", "fontconfig", "libgl1-mesa-dri"),
    "usr/lib/chromium/chromium",
    1200,
)


@dataclass(frozen=True)
class Tree:
    """An unpacked set of packages."""

    root: Path

    @property
    def libraries(self) -> str:
        """Value of LD_LIBRARY_PATH for programs of the host's own suite."""
        triplet = _TRIPLETS.get(platform.machine(), "x86_64-linux-gnu")
        return ":".join(
            str(self.root / folder) for folder in (f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib")
        )

    def loader(self) -> tuple[str, ...]:
        """Return the words before a program whose suite is newer than the host's: its own dynamic loader."""
        name = _LOADERS.get(platform.machine(), "ld-linux-x86-64.so.2")
        for folder in ("lib64", "usr/lib64", "lib", "usr/lib", *self.libraries.split(":")):
            # The tree's own folders come first; absolute ones are of `libraries`.
            candidate = self.root / folder / name
            if candidate.exists():
                return (str(candidate), "--library-path", self.libraries)
        raise CannotGoOn(f"{self.root} has no {name}.", "Remove that folder and run the set-up again.")

    def find(self, pattern: str) -> Path:
        """Return the first file that matches a glob pattern."""
        found = sorted(self.root.glob(pattern))
        if not found:
            raise CannotGoOn(
                f"{self.root} is not complete: {pattern} is missing.",
                "Remove that folder and run the set-up again.",
            )
        return found[0]


def available() -> bool:
    """Return whether this machine has the two Debian tools that the set-up is made with."""
    return all(shutil.which(tool, path=environment.base()["PATH"]) for tool in ("apt-get", "dpkg-deb"))


def place(cache: Cache, wanted: Packages) -> Path:
    """Return the folder of a tree: its name says what is in it, so a changed recipe is another folder."""
    key = f"{_RECIPE}|{wanted.suite or _host_release().get('VERSION_CODENAME')}|{' '.join(wanted.packages)}"
    return cache.debian / f"{wanted.name}-{sha256(key.encode()).hexdigest()[:10]}"


def present(cache: Cache, wanted: Packages) -> Tree | None:
    """Return a tree that is complete, or None."""
    folder = place(cache, wanted)
    return Tree(folder) if folder.is_dir() else None


def get(cache: Cache, wanted: Packages, say: Callable[[str], None]) -> Tree:
    """Return a tree, fetching and unpacking it where it is missing; the caller holds the cache's lock."""
    tree = present(cache, wanted)
    if tree is not None:
        return tree
    say(f"fetching {', '.join(wanted.packages)} with apt")
    apt = _Apt(cache, wanted)
    packages = apt.download(wanted.packages)
    with published_folder(place(cache, wanted)) as work:
        for package in packages:
            run(
                ["dpkg-deb", "-x", package, work],
                what=f"unpacking {package.name}",
                env=environment.base(),
            )
        make_links_relative(work)
        Tree(work).find(wanted.proof)
    apt.forget()
    return Tree(place(cache, wanted))


def make_links_relative(root: Path) -> None:
    """Turn absolute symbolic links, which would leave the tree, into relative ones that stay in it."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            link = Path(folder) / name
            if not link.is_symlink():
                continue
            target = link.readlink()
            if target.is_absolute():
                inside = root / target.relative_to("/")
                link.unlink()
                link.symlink_to(os.path.relpath(inside, link.parent))


def sources() -> dict[str, str]:
    """Return the addresses of the host's Debian archive: "main", and "security" where it is listed.

    They are asked from apt, which knows them from the host's own configuration; other archives that a host
    may list are not taken.
    """
    release = _host_release()
    codename = release.get("VERSION_CODENAME", "")
    if not available() or release.get("ID") != "debian" or not _KEYRING.exists():
        raise CannotGoOn("This machine has no apt of a Debian system with Debian's keys.", _COMPOSE)
    targets = run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI) $(RELEASE) $(COMPONENT)",
            "Created-By: Packages",
        ],
        what="asking apt for its sources",
        env=environment.base(),
    )
    found: dict[str, str] = {}
    for line in targets.splitlines():
        address, _, rest = line.partition(" ")
        if rest == f"{codename} main":
            found.setdefault("main", address)
        elif rest == f"{codename}-security main":
            found.setdefault("security", address)
    if "main" not in found:
        raise CannotGoOn(f"apt's sources on this machine do not list Debian {codename} main.", _COMPOSE)
    return found


def proxies() -> list[str]:
    """Return the lines of the host's apt configuration that name a proxy."""
    network = run(
        ["apt-config", "dump", "--format", '%F "%v";%n', "Acquire"],
        what="asking apt for its proxy",
        env=environment.base(),
    )
    return [line for line in network.splitlines() if "::Proxy" in line and '""' not in line]


class _Apt:
    """apt with a state of its own, for one suite."""

    def __init__(self, cache: Cache, wanted: Packages) -> None:
        self._suite = wanted.suite or _host_release()["VERSION_CODENAME"]
        self._root = cache.debian / f"apt-{self._suite}"
        # One folder of package files per tree: what an interrupted set-up of another left must not be
        # unpacked.
        self._archives = self._root / "archives" / wanted.name
        for folder in (self._root / "parts", self._root / "state/lists/partial", self._archives / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        (self._root / "status").write_text("", encoding="utf-8")
        self._write_sources(sources())
        self._write_configuration()

    def _write_sources(self, archive: dict[str, str]) -> None:
        signed = f"[signed-by={_KEYRING}]"
        lines = [
            f"deb {signed} {archive['main']} {self._suite} main",
            f"deb {signed} {archive['main']} {self._suite}-updates main",
        ]
        if "security" in archive:
            lines.append(f"deb {signed} {archive['security']} {self._suite}-security main")
        write_private(self._root / "sources.list", "\n".join(lines) + "\n")

    def _write_configuration(self) -> None:
        # Read instead of the host's configuration, of which only the way to the network is taken over.
        own = {
            "Dir::Etc::Main": "/dev/null",
            "Dir::Etc::Parts": self._root / "parts",
            "Dir::Etc::SourceList": self._root / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State": self._root / "state",
            "Dir::State::status": self._root / "status",
            "Dir::Cache": self._root / "cache",
            "Dir::Cache::archives": self._archives,
            "Debug::NoLocking": "true",
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            "Acquire::GzipIndexes": "true",
            "Acquire::Retries": "2",
        }
        text = "".join(f'{name} "{value}";\n' for name, value in own.items())
        write_private(self._root / "apt.conf", text + "".join(f"{line}\n" for line in proxies()))

    def download(self, packages: tuple[str, ...]) -> list[Path]:
        """Download the closure of packages and return its files."""
        env = {**environment.fetching(), "APT_CONFIG": str(self._root / "apt.conf")}
        # Error-Mode: without it apt goes on with old lists, or none, when the network is away.
        update = ["apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"]
        run(update, what="apt-get update", env=env)
        # A package file of an older version, left by an interrupted set-up, would be unpacked beside the new
        # one.
        run(["apt-get", "-q", "autoclean"], what="apt-get autoclean", env=env)
        get = ["apt-get", "-q", "-y", "--download-only", "install", *packages]
        run(get, what=f"downloading {', '.join(packages)}", env=env)
        return sorted(self._archives.glob("*.deb"))

    def forget(self) -> None:
        """Remove the downloaded package files: the tree is what is kept."""
        remove_tree(self._archives)


def _host_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}
