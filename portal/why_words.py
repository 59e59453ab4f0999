"""The words of an explanation in the person's language: outcomes, reasons, ways out.

A word that is not known is shown as it came: a new one must not make the page fail.
"""

from auth_service.vocabulary import EVERYTHING, ActorKind, AuditEvent, Level, Outcome, WayOut, Why
from portal import words
from portal.explanation import Credential, Explanation, GrantStep, Recorded, Way
from portal.text import Text


def outcome(t: Text, told: Explanation) -> str:
    """Say what he gets."""
    if told.reason == Why.SEARCH:
        return t("Answered (200).")
    names = {
        Outcome.ALLOWED: t("Allowed."),
        Outcome.HIDDEN: t("Refused, shown as “not found” (404)."),
        Outcome.FORBIDDEN: t("Refused (403)."),
        Outcome.UNAUTHENTICATED: t("Not signed in (401)."),
        Outcome.INVALID: t("Refused as a request that is not allowed (400)."),
    }
    return words.named(names, told.outcome)


def reason(t: Text, told: Explanation) -> str:
    """Say why, in a sentence."""
    who = called(t, told.credential)
    right = words.action(t, told.action) if told.action else ""
    missing = t("There is no such thing.") if told.whole else t("There is no such thing in your albums.")
    series = told.thing.series if told.thing else ()
    permitted = sum(one.allowed for one in series)
    granted = t("{who} has the right “{action}” here.", who=who, action=right)
    if 0 < permitted < len(series):
        granted = t(
            "{who} has the right “{action}” on {some} of the {all} series, and sees no other.",
            who=who,
            action=right,
            some=t.number(permitted),
            all=t.number(len(series)),
        )
    sentences = {
        Why.GRANTED: granted,
        Why.SEARCH: t("A search is answered with what {who} may see, and nothing else.", who=who),
        Why.NO_GRANT: t(
            "Nothing gives {who} the right “{action}” on a label that this carries.", who=who, action=right
        ),
        Why.OTHER_ACTION: t("{who} has rights here, but not “{action}”.", who=who, action=right),
        Why.ENDED: t("What {who} was allowed here is over.", who=who),
        Why.NARROWED: t(
            "The maker of the token has the right “{action}” here, but the token leaves less.", action=right
        ),
        Why.IN_PERSON: t("Only somebody who signed in may do this, not a token."),
        Why.NOT_AN_ADMIN: t("Only administrators may do this."),
        Why.NOBODY: t("Nobody is signed in."),
        Why.NO_ACCOUNT: t("Keycloak has no such account, or it is disabled."),
        Why.REVOKED: t("The token was revoked."),
        Why.OVER: t("The last day of the token has passed."),
        Why.MISSING: missing,
        Why.AMBIGUOUS: t("This identifier exists more than once in the archive, and nothing is guessed."),
        Why.UNDECLARED: t("No such address is served to anybody."),
        Why.FOR_NOBODY: t("This address is known, and closed to everybody."),
        Why.PARAMETER: t(
            "The address holds something that is not allowed: {parameter}.",
            parameter=(told.target.parameter if told.target else None) or "",
        ),
    }
    return words.named(sentences, told.reason)


def decided_by(t: Text, told: Explanation) -> str:
    """Say which grant decided, or that none did."""
    for one in told.grants:
        if one.decided:
            return grant(t, one)[0]
    return t("no grant matches") if told.reason == Why.NO_GRANT else words.reason(t, told.reason)


def short_outcome(t: Text, word: str) -> str:
    """Name an outcome in a word."""
    names = {
        Outcome.ALLOWED: t("allowed"),
        Outcome.HIDDEN: t("shown as missing"),
        Outcome.FORBIDDEN: t("refused"),
        Outcome.UNAUTHENTICATED: t("not heard"),
        Outcome.INVALID: t("not allowed"),
    }
    return words.named(names, word)


def called(t: Text, credential: Credential) -> str:
    """Name who is asked about."""
    if credential.kind == ActorKind.NOBODY:
        return t("somebody who is not signed in")
    if credential.kind == ActorKind.TOKEN:
        name = credential.name or credential.username
        return t("the token of {name}", name=name) if name else t("the token")
    return credential.name or credential.username or credential.id


def credential(t: Text, one: Credential) -> list[str]:
    """Say who asks, fact by fact."""
    if one.kind == ActorKind.NOBODY:
        return [t("no session and no token")]
    if one.kind == ActorKind.TOKEN:
        return [
            called(t, one),
            words.actions(t, one.actions or ()),
            t("in {albums}", albums=t.together(one.albums))
            if one.albums
            else t("in all albums of its maker"),
            t("until {day}", day=t.day(one.until)) if one.until else "",
        ]
    live = (
        t.plural("{count} session", "{count} sessions", one.sessions)
        if one.sessions
        else t("not signed in now")
    )
    return [
        one.name,
        one.username if one.username != one.name else "",
        t("by a token of Keycloak") if one.by_bearer else "",
        ", ".join(words.realm_role(t, role) for role in one.roles),
        ", ".join(one.groups),
        live if one.sessions is not None and not one.by_bearer else "",
        t("the session of this request has ended") if one.session_ended else "",
    ]


def level(t: Text, name: str) -> str:
    """Name a level."""
    names = {
        Level.STUDY: t("the study"),
        Level.SERIES: t("the series"),
        Level.INSTANCE: t("the image"),
        Level.ALBUM: t("the album"),
        Level.SYSTEM: t("the installation"),
    }
    return words.named(names, name)


def grant(t: Text, one: GrantStep) -> list[str]:
    """Say what a grant gives, where, through which group or role, and until when."""
    return [
        t("album {title}", title=one.album.title) if one.album else _labelled(t, one.label),
        t("only {modalities}", modalities=", ".join(one.modalities)) if one.modalities else "",
        t("through the group {path}", path=one.group) if one.group else "",
        t("by the role {role}", role=one.role) if one.role else "",
        words.actions(t, one.actions),
        t("until {day}", day=t.day(one.until)) if one.until else "",
        "" if one.album else one.source,
    ]


def _labelled(t: Text, label: str) -> str:
    return t("everything") if label == EVERYTHING else t("label {label}", label=label)


def way(t: Text, one: Way) -> str:
    """Say one thing that would let him in."""
    right = words.action(t, one.action) if one.action else ""
    album = one.album.title if one.album else one.label or ""
    day = t.day(one.ended) if one.ended else ""
    sentences = {
        WayOut.MEMBERSHIP: t("Membership in {album} with the right “{action}”", album=album, action=right),
        WayOut.RIGHT: t("The right “{action}” in {album} too", album=album, action=right),
        WayOut.DATE: t("A later last day in {album}: it was {day}", album=album, day=day),
        WayOut.TOKEN: t("A token that leaves the right “{action}” in {album}", album=album, action=right),
        WayOut.RULE: _rule(t, right, one.label or ""),
        WayOut.PUT: t("It is in no album: somebody who may has to put it into one"),
        WayOut.ROLE: t("The role of an administrator in Keycloak"),
        WayOut.SIGN_IN: t("Signing in"),
        WayOut.NEW_TOKEN: t("A new token"),
        WayOut.ACCOUNT: t("An account that is enabled in Keycloak"),
        WayOut.REPAIR: t("Leaving one of those that exist more than once in the archive"),
    }
    return words.named(sentences, one.kind)


def event(t: Text, one: Recorded) -> str:
    """Say what came of a request on record."""
    names = {
        AuditEvent.DENIED: t("refused"),
        AuditEvent.DOWNLOADED: t("downloaded"),
        AuditEvent.STUDY_VIEWED: t("first look"),
        AuditEvent.ADMINISTERED: t("administered"),
        AuditEvent.CREDENTIAL_REFUSED: t("token refused"),
    }
    return words.named(names, one.event)


def _rule(t: Text, right: str, label: str) -> str:
    if label == EVERYTHING:
        return t("A rule of the site that gives “{action}” on everything", action=right)
    return t("A rule of the site that gives “{action}” on the label {label}", action=right, label=label)
