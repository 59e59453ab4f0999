"""People: who they are, how they sign in, and what they keep for themselves."""

from datetime import date, datetime

from sqlalchemy import (
    JSON,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from auth_service.store.tables.base import Base


class Person(Base):
    """Somebody who has signed in, or was named as a member, and what he chose."""

    __tablename__ = "people"

    provider: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    language: Mapped[str | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class Signin(Base):
    """A sign-in under way, from the first redirect to the callback; used once."""

    __tablename__ = "signins"

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    browser_hash: Mapped[str]
    sealed: Mapped[bytes]
    """Nonce and code verifier, encrypted."""
    next: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class SigninSession(Base):
    """Somebody's session in one browser."""

    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),
        Index("ix_sessions_provider_subject", "provider", "subject"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    """Public identifier, shown in lists; the cookie's secret is kept as a hash only."""
    secret_hash: Mapped[str] = mapped_column(unique=True)
    provider: Mapped[str]
    subject: Mapped[str]
    keycloak_session: Mapped[str] = mapped_column(index=True)
    roles: Mapped[list[str]] = mapped_column(JSON)
    groups: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    """``[{"id": …, "path": …}]``, ancestors included."""
    sealed_tokens: Mapped[bytes]
    access_expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """The absolute limit."""
    checked_at: Mapped[datetime]
    """When Keycloak last said that the session lives."""
    lease_holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    address: Mapped[str]
    user_agent: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]

    person: Mapped[Person] = relationship(lazy="joined")


class ApiToken(Base):
    """A secret with which programs act for a person, narrowed to less than he may do."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),
        Index("ix_api_tokens_provider_subject", "provider", "subject"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    """Public identifier, shown in lists and in the audit; of the secret there is a hash only."""
    secret_hash: Mapped[str] = mapped_column(unique=True)
    provider: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    actions: Mapped[list[str]] = mapped_column(JSON)
    albums: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Slugs; ``None``: every album of its maker."""
    created_at: Mapped[datetime]
    until: Mapped[date]
    """The last day, in the site's time zone."""
    used_at: Mapped[datetime | None]
    used_from: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class UsedToken(Base):
    """A one-time token that was used, kept until it would have expired: a second use is a replay."""

    __tablename__ = "used_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SavedSearch(Base):
    """A question of the page *Search* that a person keeps under a name."""

    __tablename__ = "saved_searches"
    __table_args__ = (
        ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),
        UniqueConstraint("provider", "subject", "name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    """As it stands in the address of the page."""
    created_at: Mapped[datetime]


class Selected(Base):
    """A study or a series that a person has ticked, and not done with yet."""

    __tablename__ = "selected"
    __table_args__ = (ForeignKeyConstraint(["provider", "subject"], ["people.provider", "people.subject"]),)

    provider: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(primary_key=True)
