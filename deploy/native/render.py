"""From the templates in `deploy/` to the configuration that one stack runs with (in ``D/run``).

Each function takes plain values and returns text, so that the golden files of the tests show what a change
does.
"""

import json
import re
import shlex
import string
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jinja2

from deploy.native.dicom import Dicom
from deploy.native.errors import CannotGoOn
from deploy.native.paths import REPOSITORY

BRAND = "PARADIM"
_FOLDER = REPOSITORY / "deploy"
# supervisor's reader ends values at these, and has no way to escape them.
_UNSAFE = re.compile(r"[\"\n\r]|\s[;#]")


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - none of these files is HTML; each value is quoted for its own format
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(ini=_ini, word=_word, quoted=_quoted)
    return made


def _ini(value: object) -> str:
    text = str(value)
    if _UNSAFE.search(text):
        raise CannotGoOn(f"{text!r} cannot be written into supervisor's configuration.", "Use plain names.")
    return text.replace("%", "%%")


def _word(value: object) -> str:
    return shlex.quote(_ini(value))


def _quoted(value: object) -> str:
    return f'"{_ini(value)}"'


def _render(template: str, values: Mapping[str, Any]) -> str:
    return _templates().get_template(template).render(values)


def orthanc(
    *,
    port: int,
    username: str,
    password: str,
    storage: str,
    index: str,
    dicomweb_plugin: str,
    stable_age: int,
    threads: int,
    dicom: Dicom | None = None,
) -> str:
    """Return Orthanc's configuration.

    Parameters
    ----------
    stable_age : int
        Seconds without new instances after which a series counts as complete.
    threads : int
        Requests that it works on at a time.
    dicom : Dicom, optional
        Who may send by DICOM; without it there is no DICOM port.
    """
    text = _render("orthanc/orthanc.json.j2", dict(locals()))
    return json.dumps(json.loads(text), indent=2) + "\n"


def ohif() -> str:
    """Return OHIF's ``app-config.js``."""
    texts = json.loads((_FOLDER / "ohif/saving.json").read_text(encoding="utf-8"))
    values = {
        "brand": BRAND,
        "portal_path": "/portal/",
        "signin_path": "/auth/signin",
        "saving_texts": texts,
    }
    return _render("ohif/app-config.js.j2", values)


def realm(*, public_url: str, client_secret: str, admin_client_secret: str, backchannel_url: str) -> str:
    """Return the realm to import.

    The file has Keycloak's own ``${NAME}`` placeholders, because other deployments let Keycloak fill them in;
    a forgotten one would become the literal secret there. Here a missing value is an error.
    """
    text = (_FOLDER / "keycloak/paradim-realm.json").read_text(encoding="utf-8")
    filled = string.Template(text).substitute(
        PORTAL_URL=public_url,
        PORTAL_CLIENT_SECRET=client_secret,
        PORTAL_ADMIN_CLIENT_SECRET=admin_client_secret,
        AUTH_BACKCHANNEL_URL=backchannel_url,
    )
    json.loads(filled)
    return filled


def nginx(values: Mapping[str, Any]) -> str:
    """Return nginx's configuration (the template says what values it needs)."""
    return _render("nginx/nginx.conf.j2", values)


def supervisor(
    *, identifier: str, run: str, logs: str, socket: str, pidfile: str, programs: Iterable[Any]
) -> str:
    """Return the supervisor's configuration: one program per part."""
    return _render("native/supervisord.conf.j2", {**locals(), "programs": list(programs)})
