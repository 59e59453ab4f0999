"""The nouns of a decision: who asks, about what, by which grant, and what came of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from auth_service.vocabulary import (
    EVERYTHING,
    TOKEN_ACTIONS,
    Action,
    ActorKind,
    LabelKind,
    Level,
    SubjectKind,
    album_label,
    label_kind,
)


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
    """``None``: whatever its maker's grants open. Otherwise labels of albums: no rule is reached by them."""

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
    def subject_id(self) -> str:
        """The person as memberships name him: of a token, its maker."""
        return f"{self.provider}:{self.subject}"

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
    """``provider:sub`` of a person, id of a group, name of a role."""

    def covers(self, actor: Actor) -> bool:
        """Whether the actor is this person, belongs to this group, or has this role."""
        if actor.kind not in (ActorKind.PERSON, ActorKind.TOKEN):
            return False
        if self.kind is SubjectKind.PERSON:
            return self.id == actor.subject_id
        if self.kind is SubjectKind.ROLE:
            return self.id in actor.roles
        return any(group.id == self.id for group in actor.groups)


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
    modality: str = ""
    """Of a series; empty where it has none, which meets no condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    modalities: frozenset[str] | None = None
    """Only series of these: Modality in capitals (PS3.3, C.7.3.1.1.1). ``None``: of any, or of none."""

    def __post_init__(self) -> None:
        if self.modalities is not None and not self.modalities:
            raise ValueError("a condition that nothing meets opens nothing: leave the opening out")

    def _suits(self, resource: Resource) -> bool:
        """Whether the condition is met; what is no series meets none, as a study has series of all kinds."""
        if self.modalities is None:
            return True
        return resource.level is Level.SERIES and resource.modality.upper() in self.modalities


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled(_Opening):
    """What one label opens.

    A series by its own label, and by the site's on its study; a study by the site's only, as an album's
    label there is an index that says "some series of it are in the album"; an album by its own.
    """

    label: str

    def __post_init__(self) -> None:
        # Without zero-argument super(), which slots of dataclasses do not know before Python 3.14.
        _Opening.__post_init__(self)
        if not self.label or self.label == EVERYTHING:
            raise ValueError("to Orthanc no label would mean everything: use Everything()")

    def opens(self, resource: Resource) -> bool:
        """Tell whether this alone opens a resource."""
        of_site = label_kind(self.label) is LabelKind.SITE
        match resource.level:
            case Level.ALBUM:
                carried = frozenset({album_label(resource.uid)})
            case Level.SERIES:
                carried = resource.labels | resource.study_labels if of_site else resource.labels
            case Level.STUDY if of_site:
                carried = resource.labels
            case _:
                return False
        return self.label in carried and self._suits(resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything(_Opening):
    """What the ``*`` of a rule opens: every series, labelled or not; no album, and not the system."""

    def opens(self, resource: Resource) -> bool:
        """Tell whether this alone opens a resource."""
        return resource.level in (Level.STUDY, Level.SERIES) and self._suits(resource)


Opening = Labelled | Everything
"""One way in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Some actions on what carries one label, or on everything, for one subject, until a moment.

    A grant pairs its actions with its label and its condition: rights never multiply across grants.
    """

    subject: Subject
    actions: frozenset[Action]
    label: str
    """A label in Orthanc, or `EVERYTHING`."""
    modalities: frozenset[str] | None = None
    """Only series of these; ``None``: of any."""
    until: datetime | None = None
    """The first moment at which it is over; aware. ``None``: no end."""
    source: str
    """Where it comes from, for people and the audit: ``membership:17``, ``rules:permissions.jsonc:14``."""

    def holds_for(self, actor: Actor, at: datetime) -> bool:
        """Whether it is given to this actor and still runs."""
        return self.subject.covers(actor) and (self.until is None or at < self.until)

    @property
    def opening(self) -> Opening:
        """What it opens."""
        if self.label == EVERYTHING:
            return Everything(modalities=self.modalities)
        return Labelled(label=self.label, modalities=self.modalities)


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
    OTHER_MODALITY = "other-modality"
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
class Openings:
    """What any of these opens is visible.

    Cannot be empty: to Orthanc a question without labels is about everything.
    """

    ways: frozenset[Opening]

    def __post_init__(self) -> None:
        if not self.ways:
            raise ValueError("no way in is not a question to Orthanc: use Nothing()")

    def opens(self, resource: Resource) -> bool:
        """Tell whether a resource is visible."""
        return any(way.opens(resource) for way in self.ways)

    @property
    def everything(self) -> bool:
        """Whether nothing is hidden at all: an explicit `Everything` without a condition is among them."""
        return Everything() in self.ways

    @property
    def labelled(self) -> frozenset[Labelled]:
        """Those that go by a label."""
        return frozenset(way for way in self.ways if isinstance(way, Labelled))

    @property
    def conditional(self) -> bool:
        """Whether any of them has a condition."""
        return any(way.modalities is not None for way in self.ways)

    @property
    def albums_only(self) -> frozenset[str] | None:
        """The labels, where all of them are albums' without a condition: Orthanc narrows by them alone."""
        plain = {
            way.label
            for way in self.labelled
            if way.modalities is None and label_kind(way.label) is LabelKind.ALBUM
        }
        return frozenset(plain) if len(plain) == len(self.ways) else None

    def within(self, labels: Collection[str]) -> "Visibility":
        """Narrow to what carries one of these labels, which the actor named himself.

        Where everything is open a label of the site's may be named; one of an album's only where he is a
        member, as nobody learns of an album by the series in it.
        """
        ways: set[Opening] = {way for way in self.labelled if way.label in labels}
        for way in self.ways - self.labelled:
            ways |= {
                Labelled(label=label, modalities=way.modalities)
                for label in labels
                if label_kind(label) is LabelKind.SITE
            }
        return Openings(frozenset(ways)) if ways else Nothing()

    def shown(self, labels: Iterable[str]) -> frozenset[str]:
        """Return those of the labels of something visible that may be told."""
        named = {way.label for way in self.labelled}
        any_of_site = len(self.ways) > len(self.labelled)
        return frozenset(
            label
            for label in labels
            if label in named or (any_of_site and label_kind(label) is LabelKind.SITE)
        )


Visibility = Nothing | Openings
