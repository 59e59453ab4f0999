"""Read the settings of the portal: the only place that knows its environment.

Settings are built once, frozen, and passed as arguments. Every problem is reported at once, by the name of
the variable, and the secret prints as stars.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from i18n import LANGUAGES


class SettingsError(Exception):
    """The environment cannot be used; the message lists every problem, one a line."""


def _without_slash(url: str) -> str:
    HttpUrl(url)  # raises ValueError with a sentence of its own
    return url.rstrip("/")


def _socket_or_url(address: str) -> str:
    if address.startswith("unix:"):
        if not address.removeprefix("unix:").startswith("/"):
            raise ValueError("must be unix: and the absolute path of a socket, or an http address")
        return address
    return _without_slash(address)


class Settings(BaseSettings):
    """Everything that a site decides about the portal: ``PORTAL_`` and the name in capitals."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", frozen=True, extra="ignore")

    public_url: Annotated[str, AfterValidator(_without_slash)] = Field(
        description="The address people open, without a path: scheme, host, port."
    )
    auth_service: Annotated[str, AfterValidator(_socket_or_url)] = Field(
        description="Where auth_service listens: unix:/path of its socket, or an http address."
    )
    auth_secret: SecretStr = Field(
        min_length=24, description="What the portal sends to auth_service (AUTH_PORTAL_SECRET there)."
    )
    cookie_name: str = Field(
        "portal_sid",
        pattern=r"^(__Host-)?[A-Za-z0-9_]{1,64}$",
        description="The session cookie, without the __Host- prefix that it gets under https.",
    )
    default_language: str = Field("fr", description="Language where neither person nor browser says one.")
    auth_timeout_seconds: float = Field(
        5.0, gt=0, description="How long one question to auth_service may take."
    )
    archive_timeout_seconds: float = Field(
        20.0, gt=0, description="How long one question to Orthanc may take."
    )

    @field_validator("default_language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"must be one of {', '.join(LANGUAGES)}")
        return value

    @property
    def session_cookie(self) -> str:
        """The cookie's full name."""
        secure = self.public_url.startswith("https://") and not self.cookie_name.startswith("__Host-")
        return f"__Host-{self.cookie_name}" if secure else self.cookie_name


def read() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    SettingsError
        With every problem in one message, each with the variable's name.

    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            f"PORTAL_{'.'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise SettingsError("\n".join(problems)) from None
