"""The project's words in the person's language: rights, roles, sex, age, the names of parts.

What is not known by name is shown as it came: a new right must not make a page fail.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from auth_service.vocabulary import (
    OWNER_ACTIONS,
    Action,
    ActorKind,
    AlbumRole,
    AuditEvent,
    ChangeState,
    LineFailure,
    Preset,
    RealmRole,
    Why,
)
from portal.answers import Size
from portal.archive import StudyOrder, TextField
from portal.dicom import Age
from portal.errors import Part
from portal.search import SearchLevel
from portal.text import Text

_N = TypeVar("_N", bound=StrEnum)

_NAMED_RIGHTS = 3
"""More rights than these are counted, not named, where there is little room."""


def named(names: Mapping[_N, str], name: str) -> str:
    """Find the words for a name; one that is not known is shown as it came."""
    return next((words for known, words in names.items() if known == name), name)


def action(t: Text, name: str) -> str:
    """Name a right by its verb."""
    names = {
        Action.VIEW: t("view"),
        Action.DOWNLOAD: t("download"),
        Action.UPLOAD: t("add series"),
        Action.REMOVE: t("take series out"),
        Action.SEND: t("send on"),
        Action.COMMENT: t("comment"),
        Action.ANNOTATE: t("annotate"),
        Action.LAUNCH: t("launch apps"),
        Action.EXPORT: t("export tables"),
        Action.INVITE: t("invite"),
        Action.EDIT: t("edit the album"),
        Action.MANAGE: t("manage members"),
        Action.DELETE: t("delete the album"),
        Action.AUDIT: t("read the history"),
    }
    return named(names, name)


def short_action(t: Text, name: str) -> str:
    """Name a right of members by one short word, for the head of a column."""
    shorter = {
        Action.UPLOAD: t("add"),
        Action.REMOVE: t("take out"),
        Action.LAUNCH: t("launch"),
        Action.EXPORT: t("export"),
    }
    return named(shorter, name) if name in tuple(shorter) else action(t, name)


def actions(t: Text, names: Sequence[str]) -> str:
    """Name rights in the order of the vocabulary: all of them, or that they are all there are."""
    if set(names) >= OWNER_ACTIONS:
        return t("all rights")
    known = [action(t, one) for one in Action if one in names]
    return t.together(known + sorted(set(names).difference(Action)))


def right(t: Text, role: str, names: Sequence[str]) -> str:
    """Say in a few words what the person may do in an album."""
    if role == AlbumRole.OWNER:
        return t("owner")
    known = [action(t, one) for one in Action if one in names]
    if not known:
        return t("no right")
    if len(known) > _NAMED_RIGHTS:
        rest = len(known) - _NAMED_RIGHTS + 1
        more = t.plural("{count} more", "{count} more", rest)
        known = [*known[: _NAMED_RIGHTS - 1], more]
    return t("can {actions}", actions=t.together(known))


def preset(t: Text, name: str) -> str:
    """Name a preset."""
    names = {
        Preset.VIEWER: t("viewer"),
        Preset.READER: t("reader"),
        Preset.CONTRIBUTOR: t("contributor"),
        Preset.ANALYST: t("analyst"),
        Preset.CO_OWNER: t("co-owner"),
    }
    return named(names, name)


def given(t: Text, preset_name: str | None, names: Sequence[str]) -> str:
    """Name rights by their preset, or else one by one."""
    return preset(t, preset_name) if preset_name else actions(t, names)


def album_role(t: Text, name: str) -> str:
    """Name what somebody is in an album."""
    return {"owner": t("owner"), "member": t("member")}.get(name, name)


def realm_role(t: Text, name: str) -> str:
    """Name a role of the person."""
    names = {
        RealmRole.ADMIN: t("administrator"),
        RealmRole.PI: t("principal investigator"),
        RealmRole.RESEARCHER: t("researcher"),
    }
    return named(names, name)


def sex(t: Text, code: str) -> str:
    """Name a PatientSex in one letter, as the language does; empty where none is known."""
    return {"F": t("F"), "M": t("M"), "O": t("other")}.get(code, "")


def age(t: Text, value: Age | None) -> str:
    """Write an age: years as a number alone, younger ages with their unit."""
    if value is None:
        return ""
    match value.unit:
        case "M":
            return t.plural("{count} month", "{count} months", value.number)
        case "W":
            return t.plural("{count} week", "{count} weeks", value.number)
        case "D":
            return t.plural("{count} day", "{count} days", value.number)
        case _:
            return t.number(value.number)


def age_of(t: Text, value: Age | None) -> str:
    """Write an age in a sentence, where a number alone would say nothing."""
    if value is not None and value.unit == "Y":
        return t.plural("{count} year", "{count} years", value.number)
    return age(t, value)


def change_state(t: Text, name: str) -> str:
    """Name how far a change has come."""
    names = {
        ChangeState.RECEIVING: t("receiving"),
        ChangeState.WAITING: t("waiting"),
        ChangeState.RUNNING: t("under way"),
        ChangeState.DONE: t("done"),
        ChangeState.FAILED: t("nothing done"),
        ChangeState.CANCELLED: t("stopped"),
    }
    return named(names, name)


def not_taken(t: Text, reason: str) -> str:
    """Say why something that was named is not taken."""
    names = {
        LineFailure.MISSING: t("not found, or not yours to see"),
        LineFailure.AMBIGUOUS: t("twice in the archive: an administrator must settle it"),
        LineFailure.UNCLEAR: t("names different things: give its identifier"),
        LineFailure.MALFORMED: t("not an identifier"),
        LineFailure.FORBIDDEN: t("not yours to hand on"),
        LineFailure.ELSEWHERE: t("not in this album"),
        LineFailure.CANCELLED: t("stopped before"),
        LineFailure.NOT_DICOM: t("not a DICOM file"),
        LineFailure.BROKEN: t("damaged or cut off"),
        LineFailure.NOT_STORABLE: t("nothing that an album holds"),
        LineFailure.WRONG_PATIENT: t("its study is here under another patient"),
        LineFailure.WRONG_STUDY: t("of another study"),
        LineFailure.TAKEN: t("in the archive already, and not yours to add to"),
        LineFailure.PRESENT: t("in the archive already"),
        LineFailure.TOO_LARGE: t("too large"),
        LineFailure.TOO_MANY: t("one file too many"),
        LineFailure.SEALED: t("a zip file with a password"),
        LineFailure.NOT_ACCEPTED: t("the archive did not take it"),
        LineFailure.HELD: t("an owner must look at it first"),
        LineFailure.NOT_DEIDENTIFIABLE: t("it cannot be de-identified"),
    }
    return named(names, reason)


def part(t: Text, name: Part) -> str:
    """Name a part of the system so that an administrator knows it too."""
    return {
        Part.AUTH_SERVICE: t("the access service (auth_service)"),
        Part.ORTHANC: t("the image archive (Orthanc)"),
        Part.KEYCLOAK: t("the sign-in service (Keycloak)"),
        Part.RULES: t("the rules of access (permissions.jsonc)"),
    }[name]


def text_field(t: Text, field: TextField) -> str:
    """Name an attribute that studies are looked up by."""
    return {
        TextField.PATIENT_ID: t("Patient ID"),
        TextField.PATIENT_NAME: t("Patient name"),
        TextField.DESCRIPTION: t("Description"),
        TextField.ACCESSION: t("Accession number"),
    }[field]


def study_order(t: Text, order: StudyOrder) -> str:
    """Name an order of studies."""
    return {
        StudyOrder.NEWEST: t("Newest study first"),
        StudyOrder.OLDEST: t("Oldest study first"),
        StudyOrder.PATIENT: t("By patient"),
        StudyOrder.DESCRIPTION: t("By description"),
    }[order]


def search_level(t: Text, level: SearchLevel) -> str:
    """Name what is looked for."""
    return {SearchLevel.STUDY: t("Studies"), SearchLevel.SERIES: t("Series")}[level]


def album_order(t: Text, order: str) -> str:
    """Name an order of albums."""
    return {
        "-changed": t("Last change"),
        "title": t("Title"),
        "-created": t("Newest album first"),
        "-studies": t("Most studies"),
        "-members": t("Most members"),
    }[order]


def studies(t: Text, count: int) -> str:
    """Count studies."""
    return t.plural("{count} study", "{count} studies", count)


def series(t: Text, count: int) -> str:
    """Count series."""
    return t.plural("{count} series", "{count} series", count)


def people(t: Text, count: int) -> str:
    """Count people."""
    return t.plural("{count} person", "{count} people", count)


def groups(t: Text, count: int) -> str:
    """Count groups."""
    return t.plural("{count} group", "{count} groups", count)


def members(t: Text, count: int) -> str:
    """Count members, people and groups."""
    return t.plural("{count} member", "{count} members", count)


def images(t: Text, count: int) -> str:
    """Count instances, which people call images."""
    return t.plural("{count} image", "{count} images", count)


def size(t: Text, count: int) -> str:
    """Write a number of bytes as people speak of it: with one digit after the point where it is small."""
    if count < 10**6:
        return t("{number} kB", number=t.decimal(count / 10**3))
    if count < 10**9:
        return t("{number} MB", number=t.decimal(count / 10**6))
    return t("{number} GB", number=t.decimal(count / 10**9))


def load(t: Text, one: Size) -> str:
    """Say in a few words how much may be taken away."""
    how_large = size(t, one.bytes)
    large = how_large if one.complete else t("more than {size}", size=how_large)
    return t("{series}, {size}", series=series(t, one.series), size=large)


def actor(t: Text, key: str, name: str) -> str:
    """Name who did something: as he is called, or by his key where nothing better is known."""
    names = {ActorKind.SYSTEM: t("the system"), ActorKind.NOBODY: t("nobody")}
    return named(names, key) if key in tuple(names) else name.strip() or key


def audit_event(t: Text, name: str) -> str:
    """Name something that happened."""
    names = {
        AuditEvent.SIGNIN: t("signed in"),
        AuditEvent.SIGNIN_FAILED: t("sign-in failed"),
        AuditEvent.SIGNOUT: t("signed out"),
        AuditEvent.SESSION_ENDED: t("session ended"),
        AuditEvent.CREDENTIAL_REFUSED: t("token refused"),
        AuditEvent.BEARER_USED: t("came with a token of Keycloak"),
        AuditEvent.TOKEN_CREATED: t("token made"),
        AuditEvent.TOKEN_REVOKED: t("token revoked"),
        AuditEvent.DENIED: t("refused"),
        AuditEvent.STUDY_VIEWED: t("first look into a study"),
        AuditEvent.DOWNLOADED: t("images taken away"),
        AuditEvent.ALBUM_CREATED: t("album made"),
        AuditEvent.ALBUM_EDITED: t("album edited"),
        AuditEvent.ALBUM_ARCHIVED: t("album archived"),
        AuditEvent.ALBUM_BROUGHT_BACK: t("album brought back"),
        AuditEvent.ALBUM_DELETED: t("album deleted"),
        AuditEvent.ALBUM_HANDED_OVER: t("album handed over"),
        AuditEvent.OWNER_NAMED: t("new owner named"),
        AuditEvent.CHANGE_BEGUN: t("change of an album asked for"),
        AuditEvent.CHANGE_CANCELLED: t("change stopped"),
        AuditEvent.SERIES_SENT: t("series put into another album"),
        AuditEvent.RECONCILED: t("labels put right"),
        AuditEvent.SERIES_ADDED: t("series put in"),
        AuditEvent.SERIES_REMOVED: t("series taken out"),
        AuditEvent.ARRIVALS_FILED: t("series from DICOM filed"),
        AuditEvent.ARRIVALS_DISMISSED: t("series from DICOM put aside"),
        AuditEvent.DEIDENTIFICATION_ON: t("uploads de-identified"),
        AuditEvent.DEIDENTIFICATION_OFF: t("uploads taken as they are"),
        AuditEvent.UPLOAD_HELD: t("upload held for a look"),
        AuditEvent.HELD_RELEASED: t("held picture let through"),
        AuditEvent.HELD_DISCARDED: t("held picture thrown away"),
        AuditEvent.MEMBER_ADDED: t("member added"),
        AuditEvent.MEMBER_CHANGED: t("rights changed"),
        AuditEvent.MEMBER_REMOVED: t("member removed"),
        AuditEvent.MEMBER_LEFT: t("left the album"),
        AuditEvent.INVITED: t("address invited"),
        AuditEvent.INVITATION_CHANGED: t("invitation changed"),
        AuditEvent.INVITATION_REMOVED: t("invitation taken back"),
        AuditEvent.INVITATION_USED: t("came by an invitation"),
        AuditEvent.INVITATION_LAPSED: t("invitation without effect"),
        AuditEvent.INVITATION_EXPIRED: t("invitation not used in time"),
        AuditEvent.MEMBERS_TRIED: t("table of members tried"),
        AuditEvent.PEOPLE_READ: t("looked who can see it"),
        AuditEvent.ACCESS_COUNTED: t("access counted"),
        AuditEvent.RULES_TAKEN: t("rules in force"),
        AuditEvent.RULES_REFUSED: t("rules not taken"),
        AuditEvent.AMBIGUOUS: t("identifier not unique"),
        AuditEvent.ADMINISTERED: t("archive administered"),
        AuditEvent.EXPLAINED: t("explained why"),
        AuditEvent.AUDIT_READ: t("audit read"),
        AuditEvent.AUDIT_EXPORTED: t("audit taken away"),
        AuditEvent.RECORDS_REMOVED: t("old entries removed"),
    }
    return named(names, name)


def reason(t: Text, name: str) -> str:
    """Name the reason of a decision, or what a grant counted for, in a word or two."""
    names = {
        Why.GRANTED: t("allows it"),
        Why.NO_GRANT: t("no right"),
        Why.OTHER_LABEL: t("other label"),
        Why.OTHER_MODALITY: t("other modality"),
        Why.OTHER_SUBJECT: t("somebody else's"),
        Why.OTHER_ACTION: t("other rights only"),
        Why.ENDED: t("right has ended"),
        Why.NARROWED: t("cut by the token"),
        Why.IN_PERSON: t("in person only"),
        Why.NOT_AN_ADMIN: t("not an administrator"),
        Why.NOBODY: t("nobody"),
        Why.NO_ACCOUNT: t("account is gone or off"),
        Why.REVOKED: t("revoked"),
        Why.OVER: t("its time is over"),
        Why.MISSING: t("not there"),
        Why.AMBIGUOUS: t("there twice"),
        Why.UNDECLARED: t("not served"),
        Why.FOR_NOBODY: t("closed"),
        Why.PARAMETER: t("not allowed"),
        Why.SEARCH: t("narrowed"),
    }
    return named(names, name)


def audit_reason(t: Text, name: str) -> str:
    """Say why something was refused or ended; a word that is not known is shown as it came."""
    if name in tuple(Why):
        return reason(t, name)
    names = {
        "beyond-own-rights": t("beyond own rights"),
        "guessing": t("too many bad credentials"),
        "bearer:off": t("tokens of Keycloak are not taken"),
        "bearer:not-active": t("no longer good at Keycloak"),
        "person": t("by the person"),
        "keycloak": t("by Keycloak"),
        "replaced": t("replaced by a new session"),
        "expired": t("took too long"),
        "replayed": t("used twice"),
        "cancelled": t("cancelled"),
        "invitation:inviter": t("the inviter can give nothing any more"),
        "invitation:over": t("its last day has passed"),
        "invitation:member": t("is a member already"),
        "invitation:self": t("answers for it himself"),
        "dry-run": t("only tried"),
        "wrong-line": t("a line is wrong"),
        "body": t("too many names are not known"),
        "last-owner": t("no owner would be left"),
        "open-invitations": t("too many invitations would be open"),
    }
    kind, _, detail = name.partition(":")
    if name not in names and kind == "bearer" and " " not in detail:
        # A word of whoever verifies tokens: for who looks into it, not to be put into a sentence.
        return t("not a good token of Keycloak ({detail})", detail=detail)
    return names.get(name, name)
