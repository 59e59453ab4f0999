"""Secrets of a stack: generated on its first start, kept in one file of mode 0600, never a default."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from deploy.native.errors import CannotGoOn
from deploy.native.files import write_private

ORTHANC_USER = "gate"
KEYCLOAK_ADMIN = "keycloak-admin"
PORTAL_CLIENT = "portal"
ADMIN_CLIENT = "portal-admin"


@dataclass(frozen=True)
class Secrets:
    """What a stack's parts know of each other and nobody else knows."""

    gate: str
    portal: str
    backchannel: str
    encryption_key: str
    orthanc_password: str
    keycloak_admin_password: str
    client_secret: str
    admin_client_secret: str
    account_passwords: dict[str, str]

    def __repr__(self) -> str:
        return "Secrets(***)"


def _password() -> str:
    return secrets.token_urlsafe(24)


def _personal_password() -> str:
    """Return a password that a person can type: four groups of five letters and digits, 90 bits and more."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def load_or_make(file: Path, accounts: tuple[str, ...]) -> Secrets:
    """Return the secrets in `file`; where there is none yet, make them and write it.

    Parameters
    ----------
    accounts : tuple of str
        Demo accounts; one that has no password yet gets one.
    """
    if file.exists():
        kept = _read(file)
        missing = [name for name in accounts if name not in kept.account_passwords]
        if not missing:
            return kept
        passwords = {**kept.account_passwords, **{name: _personal_password() for name in missing}}
        made = Secrets(**{**asdict(kept), "account_passwords": passwords})
    else:
        made = Secrets(
            gate=_password(),
            portal=_password(),
            backchannel=_password(),
            encryption_key=Fernet.generate_key().decode(),
            orthanc_password=_password(),
            keycloak_admin_password=_password(),
            client_secret=_password(),
            admin_client_secret=_password(),
            account_passwords={name: _personal_password() for name in accounts},
        )
    write_private(file, json.dumps(asdict(made), indent=2) + "\n")
    return made


def _read(file: Path) -> Secrets:
    try:
        return Secrets(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise CannotGoOn(
            f"{file} is damaged or of another version.", "Give the stack up with `make reset` and start anew."
        ) from error
