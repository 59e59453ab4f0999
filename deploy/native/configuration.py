"""Writing what a stack runs with into ``D/run``, and saying which parts it changed for."""

import base64
from pathlib import Path

from deploy.native import credentials, keycloak, render
from deploy.native.errors import CannotGoOn
from deploy.native.files import private_folder, write_private
from deploy.native.paths import REPOSITORY
from deploy.native.ports import LOOPBACK
from deploy.native.programs import (
    AT_ONCE,
    ORTHANC_THREADS,
    REALM,
    STABLE_AGE,
    Context,
    Program,
    auth_environment,
    launched,
)

_RULES = Path(__file__).with_name("permissions.jsonc")
"""Rules that give nobody anything, with examples: a stack begins with a copy, which is then its own."""


def supervisor_file(context: Context) -> Path:
    """Return where the supervisor's configuration is."""
    return context.data.run / "supervisord.conf"


def supervisor_socket(context: Context) -> Path:
    """Return where the supervisor listens."""
    return context.data.memory / "supervisor.sock"


def write(context: Context, programs: list[Program]) -> set[str]:
    """Write every configuration file; return the parts whose files are not as they were."""
    for program in programs:
        private_folder(context.folder(program.name))
    changed = {"orthanc"} if _update(context.folder("orthanc") / "orthanc.json", _orthanc(context)) else set()
    private_folder(context.folder("ohif"))
    _update(context.folder("ohif") / "app-config.js", render.ohif())
    if _update(context.folder("nginx") / "nginx.conf", render.nginx(nginx_values(context))):
        changed.add("nginx")
    keycloak.make_home(context.software.keycloak, context.data.keycloak)
    # Read by Keycloak at its first start only; later edits of the realm never arrive this way.
    _update(context.data.keycloak / f"data/import/{REALM}-realm.json", _realm(context))
    if not context.data.rules.exists():
        write_private(context.data.rules, _RULES.read_text(encoding="utf-8"))
    # For people who run `python -m auth_service` by hand, or a tool that must know its settings.
    settings = "".join(f"{name}={value}\n" for name, value in auth_environment(context).items())
    _update(context.data.run / "auth_service.env", settings)
    _update(supervisor_file(context), _supervisor(context, programs))
    return changed


def _update(file: Path, text: str) -> bool:
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    write_private(file, text)
    return True


def _orthanc(context: Context) -> str:
    return render.orthanc(
        port=context.settings.ports.orthanc,
        username=credentials.ORTHANC_USER,
        password=context.secrets.orthanc_password,
        storage=str(context.data.orthanc / "storage"),
        index=str(context.data.orthanc / "index"),
        dicomweb_plugin=str(
            context.software.orthanc.find("usr/share/orthanc/plugins/libOrthancDicomWeb.so").resolve()
        ),
        stable_age=STABLE_AGE,
        threads=ORTHANC_THREADS,
        dicom=context.dicom,
    )


def _realm(context: Context) -> str:
    return render.realm(
        public_url=context.settings.public_url,
        client_secret=context.secrets.client_secret,
        admin_client_secret=context.secrets.admin_client_secret,
        backchannel_url=context.backchannel_url,
    )


def _supervisor(context: Context, programs: list[Program]) -> str:
    return render.supervisor(
        identifier=f"paradim-{context.data.name}",
        run=str(context.data.run),
        logs=str(context.data.logs),
        socket=str(supervisor_socket(context)),
        pidfile=str(context.data.run / "supervisord.pid"),
        programs=[launched(program, context) for program in programs],
    )


def supervisor_environment(context: Context) -> dict[str, str]:
    """Return the environment of the supervisor itself."""
    return context.environment("supervisor")


def nginx_values(context: Context) -> dict[str, object]:
    """Return what the nginx template is rendered with."""
    from auth_service import targets  # noqa: PLC0415 - set-up and stop work without the gate
    from auth_service.credentials import guessing, identity  # noqa: PLC0415 - set-up and stop work without the gate

    ports, secrets = context.settings.ports, context.secrets
    basic = base64.b64encode(f"{credentials.ORTHANC_USER}:{secrets.orthanc_password}".encode()).decode()
    return {
        "port": ports.public,
        "public_url": context.settings.public_url,
        "host": f"{LOOPBACK}:{ports.public}",
        "listen": LOOPBACK,
        "auth_upstream": f"unix:{context.auth_socket}",
        "gate_secret": secrets.gate,
        "orthanc_upstream": f"{LOOPBACK}:{ports.orthanc}",
        "orthanc_authorization": f"Basic {basic}",
        "portal_upstream": f"{LOOPBACK}:{ports.portal}",
        "keycloak_upstream": f"{LOOPBACK}:{ports.keycloak}",
        "ohif_root": str(context.software.ohif),
        "ohif_config": str(context.folder("ohif") / "app-config.js"),
        "run": str(context.folder("nginx")),
        "memory": str(context.data.memory),
        "logs": str(context.data.logs),
        "cookie_name": context.settings.cookie_name,
        "realm": REALM,
        "mime_types": str(context.software.nginx.find("etc/nginx/mime.types")),
        "pages": str(REPOSITORY / "deploy/nginx/pages"),
        "upload": str(REPOSITORY / "upload"),
        "rows": targets.TABLE,
        "longest_bearer": identity.LONGEST_BEARER,
        "decision_buffer": f"{2 * identity.LONGEST_BEARER // 1024}k",
        "retry_after": round(guessing.DELAY),
        "programs_sign_in": context.settings.programs_sign_in,
        "origins": context.settings.origins,
        "at_once": AT_ONCE,
    }


def check_paths(*paths: Path) -> None:
    """Refuse folders whose names the configuration formats of our parts cannot hold."""
    for path in (*paths, REPOSITORY):
        bad = sorted({letter for letter in str(path) if letter.isspace() or letter in "\"'%;#$\\{}:,"})
        if bad:
            raise CannotGoOn(
                f"The folder {path} has a character in its name that cannot be used here: {' '.join(bad)!r}.",
                "Use a folder without spaces and such characters.",
            )
