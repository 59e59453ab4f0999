"""The nouns of a decision: who asks, about what, by which grant, and what came of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from auth_service.vocabulary import TOKEN_ACTIONS, Action, ActorKind, Level, SubjectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A Keycloak group: the id decides, the path is for people."""

    id: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What a program is limited to, whatever the person may do in whose name it comes."""

    actions: frozenset[Action]
    labels: frozenset[str] | None = None
    """``None``: every label that its maker's grants name."""

    def leaves(self, grant: "Grant") -> "Grant":
        """Return what is left of a grant of its maker."""
        reached = self.labels is None or grant.label in self.labels
        left = grant.actions & self.actions & TOKEN_ACTIONS if reached else frozenset()
        return replace(grant, actions=left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks.

    A person is the pair (provider, subject): OpenID Connect Core 1.0, section 5.7, says that nothing else
    names somebody for good. ``groups`` holds the groups that he belongs to, ancestors included. A token has
    all of its maker's, and a narrowing; so has a person who did not come by a session of ours.
    """

    kind: ActorKind
    provider: str = ""
    subject: str = ""
    name: str = ""
    username: str = ""
    roles: frozenset[str] = frozenset()
    groups: frozenset[Group] = frozenset()
    session: str | None = None
    """Public identifier of the session that he came by, if any."""
    token: str | None = None
    """Public identifier of the token that was sent, if one was."""
    narrowing: Narrowing | None = None
    """What a program is left of a person's rights; a token without one has none."""

    @property
    def in_person(self) -> bool:
        """Whether somebody is here himself, and not a program in his name."""
        return self.kind is ActorKind.PERSON and self.narrowing is None

    def left_of(self, grant: "Grant") -> "Grant":
        """Return a grant as far as it reaches for this actor."""
        if self.narrowing is None and self.kind is not ActorKind.TOKEN:
            return grant
        return (self.narrowing or Narrowing(actions=frozenset())).leaves(grant)

    @property
    def key(self) -> str:
        """One text that names the actor in the audit table and in limits."""
        if self.kind is ActorKind.TOKEN:
            return f"{self.kind}:{self.token}"
        return f"{self.kind}:{self.provider}:{self.subject}" if self.subject else str(self.kind)


NOBODY = Actor(kind=ActorKind.NOBODY)
SYSTEM = Actor(kind=ActorKind.SYSTEM, name="system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """To whom a grant was given."""

    kind: SubjectKind
    id: str
    """``provider:sub`` of a person, id of a group."""

    def covers(self, actor: Actor) -> bool:
        """Whether the actor is this person, or belongs to this group."""
        if actor.kind not in (ActorKind.PERSON, ActorKind.TOKEN):
            return False
        if self.kind is SubjectKind.PERSON:
            return self.id == f"{actor.provider}:{actor.subject}"
        return any(group.id == self.id for group in actor.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Some actions on what carries one label, for one subject, until a moment.

    A grant pairs its actions with its label: rights never multiply across grants.
    """

    subject: Subject
    actions: frozenset[Action]
    label: str
    until: datetime | None = None
    """The first moment at which it is over; aware. ``None``: no end."""
    source: str
    """Where it comes from, for people and the audit: ``membership:17``."""

    def holds_for(self, actor: Actor, at: datetime) -> bool:
        """Whether it is given to this actor and still runs."""
        return self.subject.covers(actor) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One study, series or album, resolved, or the system. Never a raw path.

    ``labels`` are its own; ``study_labels`` are those of the study that a series belongs to.
    """

    level: Level
    uid: str = ""
    """StudyInstanceUID or SeriesInstanceUID, or an album's slug."""
    labels: frozenset[str] = frozenset()
    study_labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What came of a question, and why."""

    allowed: bool
    reason: str
    """A word of a closed set (`Reason`), for programs and the audit."""
    rule: str | None = None
    """The grant that decided."""
    label: str | None = None
    """The label through which it was decided: owners see what happened through theirs only."""


class Reason:
    """Why a decision came out as it did."""

    GRANTED = "granted"
    NO_GRANT = "no-grant"
    OTHER_SUBJECT = "other-subject"
    """The grant is somebody else's."""
    OTHER_LABEL = "other-label"
    """The grant is about a label that the resource does not carry."""
    ENDED = "ended"
    OTHER_ACTION = "other-action"
    IN_PERSON = "in-person"
    """Only somebody who signed in may, not a program in his name."""
    NARROWED = "narrowed"
    """The person may, the program in his name may not."""
    NOT_AN_ADMIN = "not-an-admin"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A grant, and what it counted for in one question."""

    grant: Grant
    outcome: str
    """A word of `Reason`."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing is visible: Orthanc is not asked at all."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What carries one of these labels is visible.

    Cannot be empty: to Orthanc an empty label list means everything.
    """

    labels: frozenset[str] = field()

    def __post_init__(self) -> None:
        if not self.labels:
            raise ValueError("an empty set of labels would mean everything to Orthanc: use Nothing()")


Visibility = Nothing | Labelled
