"""The words that every part of the project uses, each with a sentence that says what it means.

The portal may import this module and nothing else of the auth service; ``docs/permissions.md`` is generated
from it.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Self


class _Described(StrEnum):
    """A string whose member carries a sentence for people."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


class Action(_Described):
    """What an actor may do: a closed list, one verb each."""

    VIEW = "view", "Find images, read their attributes and look at their pixels."
    DOWNLOAD = "download", "Take whole images, series, studies and archives away as files."
    UPLOAD = "upload", "Add new series."
    REMOVE = "remove", "Take series out of an album; the images stay in the archive."
    SEND = "send", "Put series into other albums, or send them to people."
    COMMENT = "comment", "Write comments on the album and on its studies."
    ANNOTATE = "annotate", "Store reports and segmentations made in the viewer."
    LAUNCH = "launch", "Run analysis apps on the series."
    EXPORT = "export", "Take tables of measurements and attributes away as files."
    INVITE = "invite", "Invite others, with at most one's own rights and end date."
    EDIT = "edit", "Change an album's title and description."
    MANAGE = "manage", "Change an album's members and their rights."
    DELETE = "delete", "Delete an album; the images stay in the archive."
    AUDIT = "audit", "Read what happened through an album."
    ADMINISTER = "administer", "Administer the system: people, rules, audit, health."


def in_order(actions: Collection[Action]) -> list[str]:
    """Return actions in the order of the list above, as they are written down and told."""
    return [str(action) for action in Action if action in actions]


MEMBER_ACTIONS = frozenset(
    {
        Action.VIEW,
        Action.DOWNLOAD,
        Action.UPLOAD,
        Action.REMOVE,
        Action.SEND,
        Action.COMMENT,
        Action.ANNOTATE,
        Action.LAUNCH,
        Action.EXPORT,
        Action.INVITE,
    }
)
"""What a member of an album may be given, one by one."""

OWNER_ACTIONS = MEMBER_ACTIONS | {Action.EDIT, Action.MANAGE, Action.DELETE, Action.AUDIT}
"""What an owner of an album may do: everything but administer the system."""


RULE_ACTIONS = frozenset(
    {
        Action.VIEW,
        Action.DOWNLOAD,
        Action.UPLOAD,
        Action.SEND,
        Action.ANNOTATE,
        Action.LAUNCH,
        Action.EXPORT,
    }
)
"""What the rules file can give on images: what is done to an album, its owners give."""


TOKEN_ACTIONS = MEMBER_ACTIONS - {Action.INVITE}
"""What an API token may leave of its maker's rights: who may see an album is changed in person only."""


class AlbumRole(_Described):
    """What somebody is in an album."""

    OWNER = "owner", "Has every right in the album and decides about its members."
    MEMBER = "member", "Has the rights that an owner gave, one by one."


class Preset(_Described):
    """Rights in an album that are often given together, under a name."""

    VIEWER = "viewer", "Looks at images, and comments."
    READER = "reader", "A viewer who may also take images away."
    CONTRIBUTOR = "contributor", "A reader who adds series, and reports and segmentations made in the viewer."
    ANALYST = "analyst", "A reader who runs analysis apps, takes tables away, and stores what is drawn."
    CO_OWNER = "co-owner", "Has every right in the album and decides about its members."


_READER = frozenset({Action.VIEW, Action.COMMENT, Action.DOWNLOAD})

PRESETS: Mapping[Preset, frozenset[Action]] = MappingProxyType(
    {
        Preset.VIEWER: frozenset({Action.VIEW, Action.COMMENT}),
        Preset.READER: _READER,
        Preset.CONTRIBUTOR: _READER | {Action.UPLOAD, Action.ANNOTATE},
        Preset.ANALYST: _READER | {Action.LAUNCH, Action.EXPORT, Action.ANNOTATE},
        Preset.CO_OWNER: OWNER_ACTIONS,
    }
)
"""What each of them gives; a co-owner is an owner, all others are members."""


def preset_of(actions: Collection[Action]) -> Preset | None:
    """Return the preset that these rights are equal to, if any."""
    return next((preset for preset, given in PRESETS.items() if given == frozenset(actions)), None)


class MemberState(_Described):
    """How far somebody who was given rights in an album has come."""

    MEMBER = "member", "He has the rights."
    PENDING = "pending", "He was invited by his address, and gets the rights when he signs in with it."


class GivenBy(_Described):
    """By what somebody has rights in an album."""

    MEMBERSHIP = "membership", "He is a member himself."
    GROUP = "group", "A group that he belongs to is a member."
    RULE = "rule", "A rule of the site opens it to him."


class LineOutcome(_Described):
    """What becomes of a line of a table of members."""

    NEW = "new", "Somebody gets rights who had none here."
    CHANGED = "changed", "His rights, last day or note change."
    SAME = "same", "It says what is so already."
    WRONG = "error", "It cannot be done; nothing of the table is."


class Finding(_Described):
    """Whom people who may invite can find; a site's setting."""

    EVERYBODY = "everybody", "Every account and every group of the realm."
    SAME_GROUPS = "same-groups", "People and groups with whom one shares a group; groups above count."
    EXACT_ADDRESS = "exact-address", "Nobody from a list: who is named by his exact user name or address."


class RealmRole(_Described):
    """The roles of the Keycloak realm that mean something here; the rules file may name any."""

    ADMIN = "admin", "Administers people, rules, audit and health; no right to images comes with it."
    PI = "pi", "Leads projects and owns albums."
    RESEARCHER = "researcher", "Works with the albums that others share."


def realm_roles(names: Iterable[str]) -> frozenset[str]:
    """Return the roles of a realm that somebody made: what Keycloak gives everybody means nothing here."""
    return frozenset(
        name
        for name in names
        if name not in ("offline_access", "uma_authorization") and not name.startswith("default-roles-")
    )


class LabelKind(_Described):
    """Where a label in Orthanc comes from."""

    ALBUM = (
        "album",
        "Written by the auth service alone: on a series it grants, on a study it only helps to find.",
    )
    SITE = "site", "Any other label: put on studies or series by the site, named in the rules file."


EVERYTHING = "*"
"""What a rule names instead of a label: every series, labelled or not. No label is called so."""


ALBUM_LABEL_PREFIX = "album-"
"""Labels that begin so are written by the auth service alone."""


def album_label(slug: str) -> str:
    """Return the label that the series of an album carry in Orthanc."""
    return f"{ALBUM_LABEL_PREFIX}{slug}"


def label_kind(label: str) -> LabelKind:
    """Tell an album's label from one of the site's, whatever the case it is written in."""
    return LabelKind.ALBUM if label.lower().startswith(ALBUM_LABEL_PREFIX) else LabelKind.SITE


class ActorKind(_Described):
    """Who asks."""

    PERSON = (
        "person",
        "Somebody who signed in, known by the provider's name and his subject identifier there.",
    )
    TOKEN = "token", "An API token: it does what its maker may do now, and never more than it was made for."
    NOBODY = "nobody", "No credential was sent."
    SYSTEM = "system", "The service itself: the loader, reconcile, a change that is resumed."


class SubjectKind(_Described):
    """To whom rights are given: memberships to people and groups, rules to roles too."""

    PERSON = "person", "One person, by provider and subject identifier."
    GROUP = "group", "A Keycloak group, by its id; its subgroups' people belong to it too."
    ROLE = "role", "A role of the realm, by its name; in the rules file only."


class Level(_Described):
    """DICOM's levels that are decided about, and the two things beside them."""

    STUDY = "study", "A DICOM study."
    SERIES = "series", "A DICOM series: the unit that an album holds."
    INSTANCE = "instance", "A DICOM instance; it carries no label and follows its series."
    ALBUM = "album", "A named, owned set of series."
    SYSTEM = "system", "The installation as a whole."


class ChangeVerb(_Described):
    """What a change does to an album."""

    ADD = "add", "Put series into the album."
    REMOVE = "remove", "Take series out of the album; the images stay in the archive."


class ChangeState(_Described):
    """How far a change has come."""

    RECEIVING = "receiving", "Files are being uploaded, and each series is put in as it comes."
    WAITING = "waiting", "What is to be done is written down."
    RUNNING = "running", "Labels are being written in Orthanc."
    DONE = "done", "Every line is done, or says why not."
    FAILED = "failed", "No line could be done."
    CANCELLED = "cancelled", "Somebody stopped it; what was done by then stays."


class LineFailure(_Described):
    """Why a line of the ledger was not done, or something that was named or sent is not in an album."""

    MISSING = "missing", "The archive has no such thing, or none that he may see who asked."
    AMBIGUOUS = "ambiguous", "The archive has it more than once, and nothing is guessed."
    UNCLEAR = "unclear", "It names different things: an accession number of one, a patient of another."
    MALFORMED = "malformed", "It cannot be an identifier, an accession number or a patient's."
    FORBIDDEN = "forbidden", "He who asked may see it, but lacks rights that the album would give to others."
    ELSEWHERE = "elsewhere", "It is not in the album."
    CANCELLED = "cancelled", "Somebody stopped the change before."
    NOT_DICOM = "not-dicom", "It is no DICOM file (PS3.10)."
    BROKEN = "broken", "It is a DICOM file that is cut off or damaged, or lacks what identifies it."
    NOT_STORABLE = "not-storable", "It is DICOM and nothing that an album holds: a disc's index, a protocol."
    WRONG_PATIENT = "wrong-patient", "Its study is in the archive under another patient."
    WRONG_STUDY = "wrong-study", "It is of another study than the one that was named."
    TAKEN = (
        "taken",
        "Its study, series or image is in the archive already, and not his to add to who sent it.",
    )
    PRESENT = "present", "The archive has this image already, and did not take it again."
    TOO_LARGE = "too-large", "It is larger than the site allows, alone or with what came before it."
    TOO_MANY = "too-many", "More files came than the site allows in one upload."
    SEALED = "sealed", "It is a zip file with a password."
    NOT_ACCEPTED = "not-accepted", "The archive did not take it."
    HELD = "held", "Its pixels may name somebody: an owner of the album must look at it first."
    NOT_DEIDENTIFIABLE = (
        "not-deidentifiable",
        "The album de-identifies what comes, and this cannot be de-identified.",
    )


class Mismatch(_Described):
    """What the ledger says of an album, and the labels in Orthanc do not."""

    UNLABELLED = "unlabelled", "It is in the album, and its label is gone: put back."
    UNKNOWN = "unknown", "It carries the album's label, and nobody put it in: taken off."
    MISSING = "missing", "It is in the album, and the archive has lost it: nothing to repair."
    AMBIGUOUS = "ambiguous", "It is in the album, and the archive has it more than once: nothing is guessed."
    INDEX = (
        "index",
        "Of a study and its series only one carries the label: the study follows its series.",
    )
    NO_ALBUM = "no-album", "It carries the label of an album that was deleted, or never was: taken off."


class ArrivalState(_Described):
    """What became of a series that came by DICOM."""

    ARRIVING = "arriving", "Images of it may still come."
    TO_BE_FILED = "to-be-filed", "It is in nobody's album, and waits for an administrator."
    FILING = "filing", "It is being put into an album."
    FILED = "filed", "It was put into an album."
    DISMISSED = "dismissed", "An administrator put it aside: it stays in the archive, in nobody's album."
    GONE = "gone", "It was deleted from the archive before it was put anywhere."


class ArrivalReason(_Described):
    """Why a series that came by DICOM waits for an administrator, beside the reasons of `LineFailure`."""

    NO_RULE = "no-rule", "No rule says into which album it goes."
    NO_ALBUM = "no-album", "The album of the rule does not exist, was deleted, or is archived."
    MIXED = "mixed", "Not all of its images came from the same sender."
    NO_PEERS = "no-peers", "The list of senders could not be read."
    DEIDENTIFIES = "deidentifies", "The album of the rule takes nothing that is not de-identified."


class RulesState(_Described):
    """How it stands with the rules file."""

    OFF = "off", "None is configured: memberships of albums alone give rights."
    GOOD = "good", "The file as it is now is in force."
    KEPT = "kept", "The file as it is now cannot be taken; what was in force before stays."
    NONE = "none", "The file was never good: nobody is served but administrators, to see why."


class Outcome(_Described):
    """What somebody got when he asked for something, or would get."""

    ALLOWED = "allowed", "He gets it."
    HIDDEN = "hidden", "It looks as if it did not exist: 404."
    FORBIDDEN = "forbidden", "He may see it, but not do this: 403."
    UNAUTHENTICATED = "unauthenticated", "No credential, or one that is not good: 401."
    INVALID = "invalid", "The request is not one that is allowed: 400."


class Why(_Described):
    """Why a decision comes out as it does, and what each grant counted for in it."""

    GRANTED = "granted", "A grant allows it."
    NO_GRANT = "no-grant", "No grant is about a label that it carries."
    OTHER_LABEL = "other-label", "The grant is about a label that it does not carry."
    OTHER_MODALITY = "other-modality", "The grant is about series of other modalities."
    OTHER_SUBJECT = "other-subject", "The grant is somebody else's."
    OTHER_ACTION = "other-action", "He may do something there, but not this."
    ENDED = "ended", "The grant that would allow it is over."
    NARROWED = "narrowed", "The maker of the token may, but the token leaves less."
    IN_PERSON = "in-person", "Only somebody who signed in may do this, no token."
    NOT_AN_ADMIN = "not-an-admin", "Only the realm's role admin may."
    NOBODY = "nobody", "No credential was sent."
    NO_ACCOUNT = "no-account", "Keycloak has no such account, or it is disabled."
    REVOKED = "revoked", "The token was taken back."
    OVER = "over", "The token's last day has passed."
    MISSING = "missing", "There is no such thing."
    AMBIGUOUS = "ambiguous", "It exists more than once in the archive, and nothing is guessed."
    UNDECLARED = "undeclared", "No route is declared for this address."
    FOR_NOBODY = "for-nobody", "The route is known, and for nobody: its row says why."
    PARAMETER = "parameter", "The route does not allow a parameter, or what stands in its path."
    SEARCH = "search", "A search is answered with what he may see, and nothing else."


class WayOut(_Described):
    """What would let somebody in."""

    MEMBERSHIP = "membership", "To be a member of an album, with this right."
    RIGHT = "right", "One more right in an album in which he is."
    DATE = "date", "A later last day in an album in which his right is over."
    TOKEN = "token", "A token that leaves this right, in this album."
    RULE = "rule", "A rule of the site that names a label which it carries."
    PUT = "put", "To be put into an album: it is in none."
    ROLE = "role", "A role of the realm."
    SIGN_IN = "sign-in", "To sign in, or send a good credential."
    NEW_TOKEN = "new-token", "A new token."
    ACCOUNT = "account", "An account that is enabled in Keycloak."
    REPAIR = "repair", "To leave one of those that are there more than once."


class AuditEvent(_Described):
    """What the audit table can hold."""

    SIGNIN = "signin", "Somebody signed in."
    SIGNIN_FAILED = "signin-failed", "A sign-in was refused, cancelled, expired or replayed."
    SIGNOUT = "signout", "Somebody signed out, or was signed out by Keycloak."
    SESSION_ENDED = "session-ended", "Somebody ended one of his sessions."
    BEARER_USED = "bearer-used", "Somebody came with a token that he got at Keycloak himself."
    CREDENTIAL_REFUSED = (
        "credential-refused",
        "A credential was refused: a token that is over, a bearer that is not good, many guesses.",
    )
    TOKEN_CREATED = "token-created", "Somebody made an API token."
    TOKEN_REVOKED = "token-revoked", "Somebody took an API token back."
    DENIED = "denied", "A request was refused."
    STUDY_VIEWED = "study-viewed", "Somebody looked into a study for the first time in a session."
    DOWNLOADED = "downloaded", "Somebody took images away."
    ADMINISTERED = (
        "administered",
        "An administrator asked the archive about itself, its jobs or its patients.",
    )
    ALBUM_CREATED = "album-created", "An album was made."
    ALBUM_EDITED = "album-edited", "The title or description of an album was changed."
    ALBUM_ARCHIVED = "album-archived", "An album was archived: nothing goes in or out of it."
    ALBUM_BROUGHT_BACK = "album-brought-back", "An archived album was brought back."
    ALBUM_DELETED = "album-deleted", "An album was deleted; the images stay in the archive."
    ALBUM_HANDED_OVER = "album-handed-over", "An owner of an album put another in his place."
    OWNER_NAMED = "owner-named", "An administrator gave an album without an owner a new one."
    CHANGE_BEGUN = "change-begun", "Somebody asked for series to be put into an album, or taken out."
    CHANGE_CANCELLED = "change-cancelled", "Somebody stopped a change before all of it was done."
    SERIES_SENT = "series-sent", "Series of this album were put into another one."
    RECONCILED = "reconciled", "Labels in Orthanc were put right by the ledger of an album."
    SERIES_ADDED = "series-added", "Series were put into an album."
    SERIES_REMOVED = "series-removed", "Series were taken out of an album."
    ARRIVALS_FILED = (
        "arrivals-filed",
        "Series that came by DICOM are put into an album, by a rule or by an administrator.",
    )
    ARRIVALS_DISMISSED = (
        "arrivals-dismissed",
        "An administrator put series that came by DICOM aside.",
    )
    DEIDENTIFICATION_ON = (
        "deidentification-on",
        "An album de-identifies what is uploaded into it, or its options were changed.",
    )
    DEIDENTIFICATION_OFF = (
        "deidentification-off",
        "An album takes what is uploaded as it is again, or its key was forgotten.",
    )
    UPLOAD_HELD = "upload-held", "A picture of a series is held for a look: its pixels may name somebody."
    HELD_RELEASED = "held-released", "An owner looked at a held picture, and it went on into the album."
    HELD_DISCARDED = (
        "held-discarded",
        "A held picture was thrown away, by an owner or when its time was over.",
    )
    MEMBER_ADDED = "member-added", "Somebody was given rights in an album."
    MEMBER_CHANGED = "member-changed", "Somebody's rights in an album were changed."
    MEMBER_REMOVED = "member-removed", "Somebody's rights in an album were taken back."
    MEMBER_LEFT = "member-left", "Somebody gave his own rights in an album up."
    INVITED = "invited", "An address was invited into an album."
    INVITATION_CHANGED = "invitation-changed", "What an invited address will get was changed."
    INVITATION_REMOVED = "invitation-removed", "An invitation was taken back."
    INVITATION_USED = "invitation-used", "Somebody signed in with an invited address and became a member."
    INVITATION_LAPSED = (
        "invitation-lapsed",
        "Somebody signed in with an invited address, and nothing was left of the invitation.",
    )
    INVITATION_EXPIRED = "invitation-expired", "An invitation that nobody had used in time was removed."
    MEMBERS_TRIED = "members-tried", "The names of a table of members were looked up, and nothing was done."
    PEOPLE_READ = "people-read", "An owner was told who can see his album, and why."
    ACCESS_COUNTED = "access-counted", "An administrator was told how much somebody may see."
    RULES_TAKEN = "rules-taken", "A rules file came into force, or was in force at a start."
    RULES_REFUSED = "rules-refused", "A rules file could not be taken; what was in force stays."
    EXPLAINED = "explained", "Somebody was shown why another may do something, or may not."
    AMBIGUOUS = "ambiguous", "An identifier exists more than once in the archive and was therefore refused."
    AUDIT_READ = "audit-read", "An administrator read the audit."
    AUDIT_EXPORTED = "audit-exported", "Somebody took the audit, or a part of it, away as a file."
    RECORDS_REMOVED = "records-removed", "Audit records older than the site keeps them were removed."


FOLDED_EVENTS = frozenset(
    {
        AuditEvent.DENIED,
        AuditEvent.SIGNIN_FAILED,
        AuditEvent.CREDENTIAL_REFUSED,
        AuditEvent.ADMINISTERED,
        AuditEvent.AUDIT_READ,
        AuditEvent.PEOPLE_READ,
    }
)
"""Repeats of these within a minute raise the count of one record."""
