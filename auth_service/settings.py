"""Read the settings of the auth service: the only place that knows its environment.

Settings are built once, frozen, and passed as arguments. Every problem is reported at once, by the name of
the variable, and secrets print as stars.
"""

from functools import cached_property
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.fernet import Fernet
from pydantic import (
    AfterValidator,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from auth_service.vocabulary import Finding
from i18n import LANGUAGES


class SettingsError(Exception):
    """The environment cannot be used; the message lists every problem, one a line."""


def _without_slash(url: str) -> str:
    HttpUrl(url)  # raises ValueError with a sentence of its own
    return url.rstrip("/")


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 24:  # noqa: PLR2004 - 24 characters of base64 are 144 bits
        raise ValueError("must be at least 24 characters of random text")
    return secret


Url = Annotated[str, AfterValidator(_without_slash)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]


class Settings(BaseSettings):
    """Everything that a site decides about the auth service: ``AUTH_`` and the name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AUTH_", frozen=True, extra="ignore")

    public_url: Url = Field(description="The address people open, without a path: scheme, host, port.")
    database_url: str = Field(description="SQLAlchemy address of the database (SQLite or PostgreSQL).")
    listen: str = Field(description="unix:/path of the socket to serve on, or host:port.")
    backchannel_listen: str | None = Field(
        None, description="host:port that serves Keycloak's back-channel logout and nothing else."
    )

    gate_secret: Secret = Field(
        description="What nginx sends with every request, so that nobody else is heard."
    )
    portal_secret: Secret = Field(description="What the portal sends when it asks who somebody is.")
    backchannel_secret: Secret = Field(description="The last part of the back-channel logout address.")
    encryption_key: SecretStr = Field(description="Fernet key that seals the tokens in the session table.")

    orthanc_url: Url = Field(description="Orthanc's own address, which only nginx and this service use.")
    orthanc_username: str = Field(description="The gate's account in Orthanc.")
    orthanc_password: SecretStr = Field(description="The gate's password in Orthanc.")
    orthanc_timeout_seconds: float = Field(
        10.0, gt=0, description="How long one question to Orthanc may take."
    )

    keycloak_url: Url = Field(description="Keycloak's own address, asked by this service.")
    keycloak_realm: str = Field(
        "paradim", pattern=r"^[A-Za-z0-9_-]+$", description="The realm people sign in to."
    )
    keycloak_timeout_seconds: float = Field(
        5.0, gt=0, description="How long one question to Keycloak may take."
    )
    keycloak_grace_seconds: int = Field(
        300, ge=0, description="How long sessions go on when Keycloak cannot be reached."
    )
    issuer: str | None = Field(None, description="The realm's issuer; by default made from public_url.")
    provider: str = Field(
        "keycloak",
        pattern=r"^[a-z0-9-]{1,32}$",
        description="Name under which people of this provider are known.",
    )
    client_id: str = Field("portal", description="The portal's client in the realm.")
    client_secret: SecretStr = Field(description="That client's secret.")
    admin_client_id: str = Field("portal-admin", description="The client that may look people and groups up.")
    admin_client_secret: SecretStr = Field(description="That client's secret.")

    cookie_name: str = Field(
        "portal_sid",
        pattern=r"^[A-Za-z0-9_]{1,64}$",
        description="The session cookie, without the __Host- prefix.",
    )
    session_idle_seconds: int = Field(3600, ge=60, description="A session unused for so long is over.")
    session_absolute_seconds: int = Field(
        36000, ge=60, description="A session is over after so long, used or not."
    )
    signin_seconds: int = Field(600, ge=60, description="How long a person has to fill in the sign-in form.")
    bearer_seconds: int = Field(60, ge=5, le=300, description="How long the portal may use one bearer.")
    bearer_clients: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,64}(?:, *[A-Za-z0-9._-]{1,64}){0,20}$",
        description="Clients of the realm, by comma, whose access tokens count as bearers: by default none.",
    )
    bad_credentials_per_minute: int = Field(
        30, ge=5, description="After so many bad credentials of one address the answers to more come late."
    )
    token_longest_days: int = Field(
        365, ge=1, le=3650, description="An API token lasts for so many days at most."
    )
    album_makers: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,64}(?:, *[A-Za-z0-9._-]{1,64}){0,20}$",
        description="Realm roles whose people may make albums, by comma; empty: everybody who signs in.",
    )
    upload_folder: str = Field(
        "",
        description="Where what is being uploaded waits; empty: below the system's temporary folder.",
    )
    upload_largest_mb: int = Field(
        2048,
        ge=1,
        le=1024**2,
        description="One uploaded file, or one in a zip file, is so large at most, in MB.",
    )
    upload_total_mb: int = Field(
        51200, ge=1, le=1024**3, description="One upload holds so much at most, unpacked, in MB."
    )
    upload_most_files: int = Field(
        100_000, ge=1, le=10_000_000, description="One upload holds so many files at most, unpacked."
    )
    upload_idle_minutes: int = Field(
        1440, ge=5, le=43200, description="An upload by which nothing comes for so long is closed."
    )
    audit_keep_days: int | None = Field(
        None, ge=30, le=36500, description="Audit records are removed after so many days; empty: never."
    )
    rules_file: str = Field(
        "", description="permissions.jsonc, read anew when it changes; empty: albums alone give rights."
    )
    dicom_peers_file: str = Field(
        "", description="dicom-peers.jsonc, who may send by DICOM and where it goes; empty: it is off."
    )
    held_folder: str = Field(
        "", description="Folder for pictures that are held for a look; empty: such uploads are refused."
    )
    held_days: int = Field(30, ge=1, le=365, description="A held picture is thrown away after so many days.")
    find_people: Finding = Field(
        Finding.SAME_GROUPS,
        description="Whom who may invite can find: everybody, same-groups, or exact-address (no list).",
    )
    invitation_days: int = Field(
        30, ge=1, le=365, description="An address that was invited can be used for so many days."
    )
    time_zone: str = Field("America/Toronto", description="The site's time zone: end dates are days in it.")
    default_language: str = Field("fr", description="Language where neither person nor browser says one.")

    @field_validator("audit_keep_days", mode="before")
    @classmethod
    def _empty_is_for_ever(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                "must be a name of the IANA time zone database, such as America/Toronto"
            ) from error
        return value

    @field_validator("default_language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"must be one of {', '.join(LANGUAGES)}")
        return value

    @field_validator("encryption_key")
    @classmethod
    def _fernet_key(cls, value: SecretStr) -> SecretStr:
        try:
            Fernet(value.get_secret_value())
        except ValueError as error:
            raise ValueError("must be 32 random bytes in url-safe base64") from error
        return value

    @model_validator(mode="after")
    def _distinct_secrets(self) -> Self:
        secrets = [self.gate_secret, self.portal_secret, self.backchannel_secret]
        if len({secret.get_secret_value() for secret in secrets}) < len(secrets):
            raise ValueError("gate_secret, portal_secret and backchannel_secret must differ")
        return self

    @property
    def secure(self) -> bool:
        """Whether people come by TLS."""
        return self.public_url.startswith("https://")

    @property
    def session_cookie(self) -> str:
        """The cookie's full name."""
        return f"__Host-{self.cookie_name}" if self.secure else self.cookie_name

    @property
    def realm_issuer(self) -> str:
        """What ``iss`` must be in every token of the realm."""
        return self.issuer or f"{self.public_url}/keycloak/realms/{self.keycloak_realm}"

    @cached_property
    def clients_of_bearers(self) -> frozenset[str]:
        """The clients of ``bearer_clients``."""
        return frozenset(name.strip() for name in self.bearer_clients.split(",")) - {""}

    @cached_property
    def roles_of_album_makers(self) -> frozenset[str]:
        """The roles of ``album_makers``; none: everybody may."""
        return frozenset(name.strip() for name in self.album_makers.split(",")) - {""}

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.time_zone)


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
            f"AUTH_{'.'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            if problem["loc"]
            else str(problem["msg"])
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise SettingsError("\n".join(problems)) from None
