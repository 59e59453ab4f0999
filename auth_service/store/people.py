"""People in the database: who they are for others to read, and what they chose."""

from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from auth_service.store.database import added
from auth_service.store.tables import Person


def upsert(
    tx: Session,
    *,
    provider: str,
    subject: str,
    username: str,
    name: str,
    email: str,
    at: datetime,
    seen: bool,
) -> Person:
    """Keep what the provider says of a person; what he chose himself stays.

    Parameters
    ----------
    at : datetime
        Now.
    seen : bool
        Whether he has just signed in, or was only named by somebody else.

    """
    person = get(tx, provider=provider, subject=subject) or _add(
        tx, provider=provider, subject=subject, username=username, at=at
    )
    person.username, person.name, person.email = username, name, email
    if seen:
        person.seen_at = at
    tx.flush()
    return person


def get(tx: Session, *, provider: str, subject: str) -> Person | None:
    """Return a person whom somebody has seen or named here."""
    return tx.get(Person, (provider, subject))


def of_provider(tx: Session, provider: str) -> list[Person]:
    """Return everybody of a provider whom somebody has seen or named here, by user name."""
    return list(tx.scalars(select(Person).where(Person.provider == provider).order_by(Person.username)))


def by_username(tx: Session, *, provider: str, username: str) -> Person | None:
    """Return the person who was last seen under a user name, case aside; ``None`` if there are several."""
    query = select(Person).where(Person.provider == provider, func.lower(Person.username) == username.lower())
    found = list(tx.scalars(query.limit(2)))
    return found[0] if len(found) == 1 else None


def search(tx: Session, *, provider: str, text: str, limit: int) -> list[Person]:
    """Return people whose user name, name or address holds a text, case aside, by user name."""
    fields = (Person.username, Person.name, Person.email)
    found = or_(*(func.lower(field).contains(text.lower(), autoescape=True) for field in fields))
    query = select(Person).where(Person.provider == provider, found)
    return list(tx.scalars(query.order_by(Person.username, Person.subject).limit(limit)))


def language(tx: Session, *, provider: str, subject: str) -> str | None:
    """Return the language that a person chose, if he did."""
    query = select(Person.language).where(Person.provider == provider, Person.subject == subject)
    return tx.execute(query).scalar_one_or_none()


def set_language(tx: Session, *, provider: str, subject: str, language: str | None) -> None:
    """Keep the language that a person chose; ``None``: his browser's again."""
    tx.execute(
        update(Person).where(Person.provider == provider, Person.subject == subject).values(language=language)
    )


def _add(tx: Session, *, provider: str, subject: str, username: str, at: datetime) -> Person:
    person = Person(
        provider=provider,
        subject=subject,
        username=username,
        name="",
        email="",
        language=None,
        created_at=at,
        seen_at=None,
    )
    # Another replica may be faster, which only PostgreSQL allows.
    return person if added(tx, person) else tx.get_one(Person, (provider, subject))


def lock(tx: Session, *, provider: str, subject: str) -> None:
    """Make others who do the same for this person wait until the transaction ends."""
    query = select(Person.subject).where(Person.provider == provider, Person.subject == subject)
    tx.execute(query.with_for_update())
