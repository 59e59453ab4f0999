"""The only place of the native stack that reads the environment of whoever calls it.

Processes of the stack do not inherit that environment: a stack started from a strange shell must behave like
one started from a plain one. They get what `base` returns, plus what each part needs.
"""

import os
from collections.abc import Mapping
from pathlib import Path

CALLER: Mapping[str, str] = os.environ  # noqa: TID251 - see the docstring

MARKER = "PARADIM_STACK"
"""Environment variable that every process of a stack carries; its value is the stack's data folder."""

PART = "PARADIM_PART"
"""Environment variable that says which part of the stack a process is."""

_KEPT = ("HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_NETWORK = (
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
)
_NETWORK_PREFIXES = ("PIP_", "NPM_CONFIG_", "npm_config_", "MAVEN_")


def base() -> dict[str, str]:
    """Return what every process of a stack starts with: a path, a home and a neutral language."""
    kept = {name: CALLER[name] for name in _KEPT if name in CALLER}
    return {**kept, "PATH": CALLER.get("PATH", os.defpath), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def fetching() -> dict[str, str]:
    """Return the environment of the clients that download: `base` and the person's own network settings."""
    network = {
        name: value
        for name, value in CALLER.items()
        if name in _NETWORK or name.startswith(_NETWORK_PREFIXES)
    }
    return {**base(), **network}


def cache_folder() -> Path:
    """Return the folder in which downloads are kept (``$XDG_CACHE_HOME/paradim``)."""
    home = CALLER.get("XDG_CACHE_HOME", "")
    # The XDG specification: a relative path there is to be ignored.
    root = Path(home) if home.startswith("/") else Path.home() / ".cache"
    return root / "paradim"
