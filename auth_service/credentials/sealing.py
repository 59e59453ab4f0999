"""Seal what only this service may read, and sign what only it may say.

One key, a setting, from which each use derives its own: what is made for one purpose means nothing to
another.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadData, URLSafeSerializer
from pydantic import SecretStr

SECRET_BYTES = 32
"""Random bytes in everything that must not be guessed: 256 bits."""


class Sealer:
    """Encrypt small documents at rest, and sign bearers, with keys made from the service's own.

    Parameters
    ----------
    key : SecretStr
        The Fernet key of the settings.

    """

    def __init__(self, key: SecretStr) -> None:
        secret = key.get_secret_value().encode()
        self._fernet = Fernet(secret)
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"portal bearer").derive(secret)
        self._signer = URLSafeSerializer(
            derived, salt="portal-bearer", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def seal(self, purpose: str, document: Mapping[str, Any]) -> bytes:
        """Encrypt a document; the purpose goes into it, so that it opens for nothing else."""
        return self._fernet.encrypt(json.dumps({"for": purpose, **document}).encode())

    def unseal(self, purpose: str, sealed: bytes) -> dict[str, Any] | None:
        """Return the document, or ``None`` if it was sealed by another key or for something else."""
        try:
            document = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            return None
        return document if isinstance(document, dict) and document.pop("for", None) == purpose else None

    def sign(self, document: Mapping[str, Any]) -> str:
        """Write a document as a signed text of ``A-Za-z0-9._-``; everybody can read it, nobody change it."""
        return str(self._signer.dumps(dict(document)))

    def signed(self, text: str) -> dict[str, Any] | None:
        """Return the document of a text that we signed, or ``None``."""
        try:
            document = self._signer.loads(text)
        except BadData:
            return None
        return document if isinstance(document, dict) else None


def new_secret() -> str:
    """Return 43 characters of ``A-Za-z0-9_-`` that nobody can guess."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> str:
    """Return what is kept of a secret: it is random, so a plain SHA-256 cannot be searched."""
    return hashlib.sha256(secret.encode()).hexdigest()
