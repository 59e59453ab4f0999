"""What runs in a stack: for each part its command, environment and the question that shows that it works."""

import dataclasses
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.native import aptroot, credentials, dicom, environment, health, keycloak, ohif, tools
from deploy.native.aptroot import Tree
from deploy.native.credentials import Secrets
from deploy.native.dicom import Dicom
from deploy.native.health import Probe
from deploy.native.paths import REPOSITORY, Cache, DataFolder
from deploy.native.ports import LOOPBACK
from deploy.native.settings import Settings
from deploy.native.tools import Tool

REALM = "paradim"
STABLE_AGE = 2
AT_ONCE = 24
"""Answers with images that are under way for one credential at a time."""
ORTHANC_THREADS = 5 * AT_ONCE
"""Requests that Orthanc works on at a time: several people who read slowly must not hold them all."""


@dataclass(frozen=True)
class Software:
    """What the set-up put into the cache (or found on the machine)."""

    orthanc: Tree
    nginx: Tree
    keycloak: Path
    java: Tool
    ohif: Path


def software(cache: Cache, say: Callable[[str], None]) -> Software:
    """Return everything that runs, fetching what is missing; the caller holds the cache's lock."""
    return Software(
        orthanc=aptroot.get(cache, aptroot.ORTHANC, say),
        nginx=aptroot.get(cache, aptroot.NGINX, say),
        keycloak=keycloak.get(cache, say),
        java=tools.java(cache, say),
        ohif=ohif.get(cache, say),
    )


@dataclass(frozen=True)
class Context:
    """Everything that commands and configuration are made from."""

    cache: Cache
    data: DataFolder
    settings: Settings
    secrets: Secrets
    software: Software

    @property
    def dicom(self) -> Dicom | None:
        """What Orthanc is told of DICOM; ``None``: it is off."""
        peers = dicom.read(self.data.dicom_peers)
        return dicom.told_to_orthanc(peers, port=self.settings.ports.dicom) if peers is not None else None

    @property
    def auth_socket(self) -> Path:
        """Where auth_service listens."""
        return self.data.memory / "auth.sock"

    @property
    def database_url(self) -> str:
        """auth_service's database."""
        return f"sqlite:///{self.data.database}"

    @property
    def orthanc_url(self) -> str:
        """Orthanc's own address."""
        return f"http://{LOOPBACK}:{self.settings.ports.orthanc}"

    @property
    def keycloak_url(self) -> str:
        """Keycloak's own address."""
        return f"http://{LOOPBACK}:{self.settings.ports.keycloak}{keycloak.RELATIVE_PATH}"

    @property
    def issuer(self) -> str:
        """The realm's address as people and tokens have it."""
        return f"{self.settings.public_url}{keycloak.RELATIVE_PATH}/realms/{REALM}"

    @property
    def backchannel_url(self) -> str:
        """Where Keycloak tells auth_service that a session ended."""
        port = self.settings.ports.backchannel
        return f"http://{LOOPBACK}:{port}/internal/backchannel/{self.secrets.backchannel}"

    def folder(self, part: str) -> Path:
        """Return the working folder of a part."""
        return self.data.folder_of(part)

    def environment(self, part: str) -> dict[str, str]:
        """Return what every process of this stack carries."""
        own = {
            environment.MARKER: str(self.data.root),
            environment.PART: part,
            "TMPDIR": str(self.data.temporary),
            "PYTHONPATH": str(REPOSITORY),
            # One memory arena per two threads: Python and Orthanc otherwise keep what they once used.
            "MALLOC_ARENA_MAX": "2",
            "PYTHONUNBUFFERED": "1",
        }
        return {**environment.base(), **own}


@dataclass(frozen=True)
class Program:
    """One part as the supervisor runs it.

    Parameters
    ----------
    priority : int
        Parts with a small one start first and stop last.
    patience : float
        Seconds that a start may take before it counts as failed.
    worthless, until : Path, optional
        A folder to be emptied before each start until a marker exists: what a first start was killed in.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    directory: Path
    priority: int
    probe: Probe
    port: int | None
    url: str
    patience: float
    stop_seconds: int = 15
    worthless: Path | None = None
    until: Path | None = None


def auth_environment(context: Context) -> dict[str, str]:
    """Return auth_service's settings."""
    ports, secrets = context.settings.ports, context.secrets
    return {
        "AUTH_PUBLIC_URL": context.settings.public_url,
        "AUTH_DATABASE_URL": context.database_url,
        "AUTH_LISTEN": f"unix:{context.auth_socket}",
        "AUTH_BACKCHANNEL_LISTEN": f"{LOOPBACK}:{ports.backchannel}",
        "AUTH_GATE_SECRET": secrets.gate,
        "AUTH_PORTAL_SECRET": secrets.portal,
        "AUTH_BACKCHANNEL_SECRET": secrets.backchannel,
        "AUTH_ENCRYPTION_KEY": secrets.encryption_key,
        "AUTH_COOKIE_NAME": context.settings.cookie_name,
        "AUTH_ORTHANC_URL": context.orthanc_url,
        "AUTH_ORTHANC_USERNAME": credentials.ORTHANC_USER,
        "AUTH_ORTHANC_PASSWORD": secrets.orthanc_password,
        "AUTH_KEYCLOAK_URL": context.keycloak_url,
        "AUTH_KEYCLOAK_REALM": REALM,
        "AUTH_ISSUER": context.issuer,
        "AUTH_CLIENT_ID": credentials.PORTAL_CLIENT,
        "AUTH_CLIENT_SECRET": secrets.client_secret,
        "AUTH_ADMIN_CLIENT_ID": credentials.ADMIN_CLIENT,
        "AUTH_ADMIN_CLIENT_SECRET": secrets.admin_client_secret,
        "AUTH_BEARER_CLIENTS": context.settings.bearer_clients,
        "AUTH_ALBUM_MAKERS": context.settings.album_makers,
        "AUTH_UPLOAD_FOLDER": str(context.data.uploads),
        "AUTH_RULES_FILE": str(context.data.rules),
        "AUTH_DICOM_PEERS_FILE": str(context.data.dicom_peers) if context.data.dicom_peers.exists() else "",
        "AUTH_HELD_FOLDER": str(context.data.held),
    }


def _orthanc(context: Context) -> Program:
    tree, part = context.software.orthanc, "orthanc"
    extra = {
        "DCMDICTPATH": str(tree.find("usr/share/dcmtk/dicom.dic")),
        # Orthanc asks for the machine's own name for each study that it lists. Where the hosts file does not
        # know it and no name server answers, each time costs seconds. It needs no name at all: it asks none.
        "RES_OPTIONS": "attempts:0",
    }
    return Program(
        name=part,
        command=(
            *tree.loader(),
            str(tree.find("usr/sbin/Orthanc")),
            str(context.folder(part) / "orthanc.json"),
        ),
        environment={**context.environment(part), **extra},
        directory=context.folder(part),
        priority=10,
        probe=Probe(
            f"{context.orthanc_url}/system",
            health.is_success,
            auth=(credentials.ORTHANC_USER, context.secrets.orthanc_password),
        ),
        port=context.settings.ports.orthanc,
        url=context.orthanc_url,
        patience=60,
        stop_seconds=30,
    )


def _keycloak(context: Context) -> Program:
    part, ports = "keycloak", context.settings.ports
    return Program(
        name=part,
        command=keycloak.command(
            context.data.keycloak,
            port=ports.keycloak,
            management_port=ports.keycloak_management,
            public_url=context.settings.public_url,
        ),
        environment={
            **context.environment(part),
            # Java asks for the machine's own name at its start; a silent name server must not hold it up.
            "RES_OPTIONS": "timeout:1 attempts:1",
            **keycloak.variables(
                context.software.java,
                temporary=context.data.temporary,
                admin=credentials.KEYCLOAK_ADMIN,
                password=context.secrets.keycloak_admin_password,
            ),
        },
        directory=context.folder(part),
        priority=10,
        probe=Probe(
            f"http://{LOOPBACK}:{ports.keycloak_management}{keycloak.RELATIVE_PATH}/health/ready",
            health.is_success,
            pause=1.0,
        ),
        port=ports.keycloak,
        url=context.keycloak_url,
        patience=240,
        stop_seconds=20,
        worthless=context.data.keycloak / "data/h2",
        until=context.data.keycloak_established,
    )


def _auth_service(context: Context) -> Program:
    part = "auth_service"
    return Program(
        name=part,
        command=(sys.executable, "-m", "auth_service", "serve"),
        environment={**context.environment(part), **auth_environment(context)},
        directory=context.folder(part),
        priority=20,
        probe=Probe(
            f"{context.settings.public_url}/api/health",
            health.is_success,
            unix=context.auth_socket,
            headers={"X-Gate-Secret": context.secrets.gate},
        ),
        port=context.settings.ports.backchannel,
        url=f"unix:{context.auth_socket}",
        patience=60,
    )


def _portal(context: Context) -> Program:
    part, port = "portal", context.settings.ports.portal
    options = {
        "server.address": LOOPBACK,
        "server.port": str(port),
        "server.baseUrlPath": "portal",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    extra = {
        "PORTAL_PUBLIC_URL": context.settings.public_url,
        "PORTAL_AUTH_SERVICE": f"unix:{context.auth_socket}",
        "PORTAL_AUTH_SECRET": context.secrets.portal,
        "PORTAL_COOKIE_NAME": context.settings.cookie_name,
    }
    return Program(
        name=part,
        command=(sys.executable, "-m", "streamlit", "run", str(REPOSITORY / "portal/app.py"), *words),
        environment={**context.environment(part), **extra},
        directory=context.folder(part),
        priority=30,
        probe=Probe(f"http://{LOOPBACK}:{port}/portal/_stcore/health", health.says_ok),
        port=port,
        url=f"http://{LOOPBACK}:{port}/portal",
        patience=90,
    )


def _nginx(context: Context) -> Program:
    tree, part = context.software.nginx, "nginx"
    folder = context.folder(part)
    # nginx as root would give its workers to nobody, who may not enter our folders.
    who = ("-g", "user root;") if os.getuid() == 0 else ()
    return Program(
        name=part,
        command=(
            str(tree.find("usr/sbin/nginx")),
            *("-p", str(folder), "-e", str(context.data.logs / "nginx-error.log")),
            *("-c", str(folder / "nginx.conf"), *who),
        ),
        environment={**context.environment(part), "LD_LIBRARY_PATH": tree.libraries},
        directory=folder,
        priority=40,
        probe=Probe(f"{context.settings.public_url}/", health.is_page),
        port=context.settings.ports.public,
        url=context.settings.public_url,
        patience=30,
    )


def programs(context: Context) -> list[Program]:
    """Return every part, in the order of starting."""
    return [make(context) for make in (_keycloak, _orthanc, _auth_service, _portal, _nginx)]


def launched(program: Program, context: Context) -> Program:
    """Return a program with the words in front that end what an earlier life of it left."""
    words = [sys.executable, "-m", "deploy.native.launch"]
    words += ["--data", str(context.data.root), "--cache", str(context.cache.root)]
    if program.worthless and program.until:
        words += ["--worthless", str(program.worthless), "--until", str(program.until)]
    return dataclasses.replace(program, command=(*words, program.name, *program.command))
