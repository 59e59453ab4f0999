"""What somebody was given in an album: rights, a last day, a note; a member or an invited address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from auth_service.days import LAST_DAY
from auth_service.errors import Invalid
from auth_service.settings import Settings
from auth_service.store import albums as table
from auth_service.store.tables import Invitation, Member
from auth_service.vocabulary import (
    MEMBER_ACTIONS,
    OWNER_ACTIONS,
    PRESETS,
    Action,
    AlbumRole,
    MemberState,
    Preset,
    SubjectKind,
    in_order,
    preset_of,
)
from auth_service.world import World

LONGEST_NOTE = 255
LONGEST_ADDRESS = 254
"""Of an address that mail can be sent to (RFC 5321, section 4.5.3.1.3)."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
"""ASCII alone: to fold the letters of others may make one address of two people's."""

Held = Member | Invitation
"""What rights are written down in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a membership gives: an owner has every action, a member those that are named."""

    role: AlbumRole
    actions: frozenset[Action] = frozenset()
    until: date | None = None
    """The last day, in the site's time zone; ``None``: no end."""

    @classmethod
    def of_preset(cls, preset: Preset, *, until: date | None = None) -> "Rights":
        """Return what a preset gives."""
        if preset is Preset.CO_OWNER:
            return cls(role=AlbumRole.OWNER, until=until)
        return cls(role=AlbumRole.MEMBER, actions=PRESETS[preset], until=until)

    @property
    def effective(self) -> frozenset[Action]:
        """All that may be done."""
        return OWNER_ACTIONS if self.role is AlbumRole.OWNER else self.actions

    @property
    def preset(self) -> Preset | None:
        """The preset that they are equal to, if any."""
        return preset_of(self.effective)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """A member as owners see him, or an invited address."""

    id: int
    """Among members, or among invitations."""
    state: MemberState
    kind: SubjectKind
    subject: str
    """User name or group path, as it was given; the address of who is invited."""
    name: str
    """What he is called now."""
    rights: Rights
    note: str
    created: datetime
    last_use: datetime | None = None
    """When somebody last looked at or took away something by it, to the hour."""
    expires: datetime | None = None
    """When an invitation that nobody used is over."""


def valid(world: World, rights: Rights, *, until_is_new: bool = True) -> None:
    """Check rights that somebody wants to give.

    Parameters
    ----------
    until_is_new : bool
        Whether the last day is being given now; one that was given before may be over.

    Raises
    ------
    Invalid
        If a field is not what was expected.

    """
    if rights.role is AlbumRole.MEMBER:
        check_actions("actions", rights.actions)
    today = world.clock().astimezone(world.settings.zone).date()
    if until_is_new and rights.until is not None and rights.until < today:
        raise Invalid("until", "The last day cannot be in the past.")
    if until_is_new and rights.until is not None and rights.until > LAST_DAY:
        raise Invalid(
            "until", "{field} must be {last} or earlier; for no end, give none.", last=LAST_DAY.isoformat()
        )


def check_actions(field: str, actions: frozenset[Action]) -> None:
    """Check what somebody is to have as a member; raises `Invalid` for the field."""
    if not actions:
        raise Invalid(field, "A member needs at least one right.")
    others = actions - MEMBER_ACTIONS
    if others:
        raise Invalid(field, "Only owners can have the right {right}.", right=min(others))


def checked_note(note: str) -> str:
    """Return a note as it is kept: one line.

    Raises
    ------
    Invalid
        If it is too long, or holds what cannot be read.

    """
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise Invalid("note", "Give a note of at most {most} characters.", most=str(LONGEST_NOTE))
    return note


def folded(address: str) -> str | None:
    """Return an address as it is compared, or ``None`` if it is none that can be invited."""
    address = address.strip()
    if len(address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        return None
    return address.lower()


def words(rights: Rights) -> list[str]:
    """Write actions in the order of the vocabulary; an owner's are all, and are not written down."""
    if rights.role is AlbumRole.OWNER:
        return []
    return in_order(rights.actions)


def rights_of(held: Held) -> Rights:
    """Return what is written down."""
    role = AlbumRole.OWNER if held.role == AlbumRole.OWNER else AlbumRole.MEMBER
    known = frozenset(table.ACTIONS[word] for word in held.actions if word in table.ACTIONS)
    return Rights(role=role, actions=frozenset() if role is AlbumRole.OWNER else known, until=held.until)


def lifetime(settings: Settings) -> timedelta:
    """Return how long an invitation waits, from the moment when it was made."""
    return timedelta(days=settings.invitation_days)


def view_of(held: Held, name: str = "", *, settings: Settings) -> MemberView:
    """Return a member, or an invited address, as owners see it."""
    if isinstance(held, Invitation):
        return MemberView(
            id=held.id,
            state=MemberState.PENDING,
            kind=SubjectKind.PERSON,
            subject=held.address,
            name=held.address,
            rights=rights_of(held),
            note=held.note,
            created=held.created_at,
            expires=held.created_at + lifetime(settings),
        )
    return MemberView(
        id=held.id,
        state=MemberState.MEMBER,
        kind=SubjectKind.GROUP if held.subject_kind == SubjectKind.GROUP else SubjectKind.PERSON,
        subject=held.subject_name,
        name=name or held.subject_name,
        rights=rights_of(held),
        note=held.note,
        created=held.created_at,
        last_use=held.last_use,
    )


def for_record(held: Held) -> Mapping[str, Any]:
    """Return what the audit keeps of it."""
    return {"subject": subject_for_record(held)} | terms_for_record(rights_of(held), held.note)


def subject_for_record(held: Held) -> Mapping[str, str]:
    """Return whom the audit names."""
    if isinstance(held, Invitation):
        return {"kind": "address", "id": held.address, "name": held.address}
    return {"kind": held.subject_kind, "id": held.subject_id, "name": held.subject_name}


def terms_for_record(rights: Rights, note: str) -> dict[str, Any]:
    """Return rights as the audit keeps them; a note where there is one."""
    terms: dict[str, Any] = {
        "role": str(rights.role),
        "actions": words(rights),
        "until": rights.until.isoformat() if rights.until else None,
    }
    return terms | ({"note": note} if note else {})
