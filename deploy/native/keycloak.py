"""Keycloak: fetched by Maven, checked, built once for all stacks; each stack has a home of its own over it.

The built distribution in the cache is shared and only read. A stack's home has its own ``conf`` and ``data``
(the database is in it) and links to the rest; ``bin`` is a copy, because kc.sh takes the folder above it for
its home.
"""

import hashlib
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

from deploy.native import environment, tools
from deploy.native.commands import run
from deploy.native.errors import CannotGoOn
from deploy.native.files import private_folder, published_folder, remove_tree
from deploy.native.paths import Cache

VERSION = "26.7.4"
SHA256 = "a286e98b4296d4e75ee88d8527c7cd463b307caa022f088c9f22cffccc741fa1"
MEGABYTES = 800
RELATIVE_PATH = "/keycloak"
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
_ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
_BUILD_OPTIONS = ("--db=dev-file", "--health-enabled=true", f"--http-relative-path={RELATIVE_PATH}")
_LINKED = ("lib", "providers", "themes", "version.txt")
_HEAP = "-Xms64m -Xmx256m"
_QUIET = "-XX:-UsePerfData"  # nothing of ours belongs into the system's temporary folder
_JAVA_OPTIONS = (
    # Two cores at most: the simple collector and compiler start faster and take less.
    "-XX:-UseG1GC",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    _QUIET,
    # Without it the transaction manager opens a random port to make a process id from.
    "-DCoreEnvironmentBean.processImplementationClassName=com.arjuna.ats.internal.arjuna.utils.UuidProcessId",
)


def place(cache: Cache) -> Path:
    """Return the folder of the built distribution."""
    digest = hashlib.sha256(" ".join((SHA256, *_BUILD_OPTIONS)).encode()).hexdigest()[:10]
    return cache.root / f"keycloak-{VERSION}-{digest}"


def get(cache: Cache, say: Callable[[str], None]) -> Path:
    """Return the built distribution, fetching and building it where it is missing."""
    folder = place(cache)
    if folder.is_dir():
        return folder
    java = tools.java(cache, say)
    archive = _fetch(cache, say)
    say("building Keycloak for our settings (half a minute)")
    with published_folder(folder) as work:
        with zipfile.ZipFile(archive) as content:
            content.extractall(work)
        unpacked = work / f"keycloak-{VERSION}"
        for entry in list(unpacked.iterdir()):
            entry.rename(work / entry.name)
        unpacked.rmdir()
        for script in (work / "bin").glob("*.sh"):
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
        env = {
            **environment.base(),
            **java.environment,
            "JAVA_OPTS_APPEND": f"{_QUIET} {_temporary(archive.parent)}",
        }
        run([work / "bin/kc.sh", "build", *_BUILD_OPTIONS], what="building Keycloak", env=env, timeout=900)
        shutil.rmtree(work / "data", ignore_errors=True)
    remove_tree(archive.parent)
    return folder


def _fetch(cache: Cache, say: Callable[[str], None]) -> Path:
    maven = tools.maven(cache, say)
    folder = cache.root / "download-keycloak"
    archive = folder / f"keycloak-quarkus-dist-{VERSION}.zip"
    if not (archive.is_file() and _digest(archive) == SHA256):
        say(f"fetching Keycloak {VERSION} with Maven")
        folder.mkdir(parents=True, exist_ok=True)
        words = [*maven.command, "-B", "-q", f"-Dmaven.repo.local={folder / 'repository'}", _PLUGIN]
        words += [f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={folder}"]
        env = {**environment.fetching(), **maven.environment, "TMPDIR": str(folder)}
        env["MAVEN_OPTS"] = f"{env.get('MAVEN_OPTS', '')} {_QUIET} {_temporary(folder)}".strip()
        run(words, what="fetching Keycloak with Maven", env=env, cwd=folder)
    found = _digest(archive)
    if found != SHA256:
        raise CannotGoOn(
            f"The fetched Keycloak {VERSION} is not the one that was reviewed (sha256 {found}).",
            "Do not use it; find out where this machine's Maven gets its files from.",
        )
    return archive


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def make_home(distribution: Path, home: Path) -> None:
    """Make or refresh the home of one stack; its ``data`` is left alone."""
    for name in ("data", "data/import", "conf"):
        private_folder(home / name)
    shutil.copytree(distribution / "conf", home / "conf", dirs_exist_ok=True)
    shutil.copytree(distribution / "bin", home / "bin", dirs_exist_ok=True)
    for name in _LINKED:
        link = home / name
        if link.is_symlink():
            link.unlink()
        link.symlink_to(distribution / name)


def command(home: Path, *, port: int, management_port: int, public_url: str) -> tuple[str, ...]:
    """Return the words that start Keycloak on loopback, behind a proxy that publishes it at `public_url`."""
    return (
        str(home / "bin/kc.sh"),
        "start",
        "--optimized",
        "--import-realm",
        "--cache=local",  # on `build` it would be lost silently, and cluster ports opened
        "--http-enabled=true",
        "--http-host=127.0.0.1",
        f"--http-port={port}",
        "--http-management-host=127.0.0.1",
        f"--http-management-port={management_port}",
        f"--hostname={public_url}{RELATIVE_PATH}",
        "--hostname-backchannel-dynamic=true",
        "--proxy-headers=xforwarded",
    )


def _temporary(folder: Path) -> str:
    return f"-Djava.io.tmpdir={folder}"


def variables(java: tools.Tool, *, temporary: Path, admin: str, password: str) -> dict[str, str]:
    """Return the environment of the server; the administrator is made at its very first start only.

    Parameters
    ----------
    temporary : Path
        Folder for temporary files: the system's is shared, and a folder that another person's Keycloak made
        there stops ours.

    """
    return {
        **java.environment,
        "JAVA_OPTS_KC_HEAP": _HEAP,
        "JAVA_OPTS_APPEND": " ".join((*_JAVA_OPTIONS, _temporary(temporary))),
        "KC_BOOTSTRAP_ADMIN_USERNAME": admin,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
    }
