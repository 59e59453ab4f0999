"""Judge what a request names: resolve it in the archive and ask the policy, with nothing put on record.

``gate.py`` records what comes of it and tells nginx; ``explaining/`` shows it. Both judge here, so that an
explanation cannot differ from the decision that it explains.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol, TypeVar

from auth_service.archive import AmbiguousError, ArchivedInstance, ArchivedSeries, ArchivedStudy
from auth_service.policy.engine import decide, nearness
from auth_service.policy.model import Actor, Decision, Grant, Reason, Resource
from auth_service.targets import VIEWER_CLASSES, Target
from auth_service.vocabulary import Action, ActorKind, Level

NOTHING_FOUND = Decision(allowed=False, reason=Reason.NO_GRANT)
"""About what does not exist, or exists twice, or holds nothing that a grant opens."""

Asked = TypeVar("Asked")
Found = TypeVar("Found")


class Resolver(Protocol):
    """What a judgement asks of the archive: one thing by its identifier, none, or `AmbiguousError`."""

    def study(self, uid: str) -> ArchivedStudy | None:
        """Resolve a StudyInstanceUID."""
        ...

    def series(self, uid: str) -> ArchivedSeries | None:
        """Resolve a SeriesInstanceUID."""
        ...

    def study_by_id(self, orthanc_id: str) -> ArchivedStudy | None:
        """Resolve a study by Orthanc's own identifier."""
        ...

    def series_by_id(self, orthanc_id: str) -> ArchivedSeries | None:
        """Resolve a series by Orthanc's own identifier."""
        ...

    def instance(self, orthanc_id: str) -> ArchivedInstance | None:
        """Resolve an instance by Orthanc's own identifier."""
        ...

    def instance_by_uid(self, uid: str) -> ArchivedInstance | None:
        """Resolve a SOPInstanceUID."""
        ...


class Verdict(Enum):
    """What the client may learn of a decision about one item."""

    ALLOWED = auto()
    HIDDEN = auto()
    """It looks as if it did not exist."""
    FORBIDDEN = auto()
    """He may read it, but not do this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What came of one action on one series, or on each of the series of a study."""

    action: Action
    verdict: Verdict
    decision: Decision
    """The first that allows, else the one that came closest."""
    judged: tuple[tuple[ArchivedSeries, Decision], ...] = ()
    """Empty: there is no such thing, or more than one."""
    ambiguous: AmbiguousError | None = None

    @property
    def permitted(self) -> tuple[ArchivedSeries, ...]:
        """The series that the actor may do this to."""
        return tuple(series for series, decision in self.judged if decision.allowed)

    @property
    def study_uid(self) -> str | None:
        """The study of what was judged."""
        return self.judged[0][0].study_uid if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Somebody who asks, with the grants that he has, at one moment."""

    actor: Actor
    archive: Resolver
    grants: Sequence[Grant]
    at: datetime

    def item(self, target: Target) -> Judgement:
        """Judge one item route: the one thing that its path names."""
        found, ambiguous = _unambiguous(self._resolve, target)
        series = found.series if isinstance(found, ArchivedInstance) else found
        return self.each(_action(target, found), (series,) if series else (), ambiguous)

    def series(self, action: Action, uid: str) -> Judgement:
        """Judge one action on one series, by its SeriesInstanceUID."""
        series, ambiguous = _unambiguous(self.archive.series, uid)
        return self.each(action, (series,) if series else (), ambiguous)

    def instance(self, action: Action, uid: str) -> Judgement:
        """Judge one action on the series of an instance, by its SOPInstanceUID."""
        instance, ambiguous = _unambiguous(self.archive.instance_by_uid, uid)
        return self.each(action, (instance.series,) if instance else (), ambiguous)

    def study(self, action: Action, uid: str) -> Judgement:
        """Judge one action on each series of a study, by its StudyInstanceUID."""
        study, ambiguous = _unambiguous(self.archive.study, uid)
        return self.each(action, study.series if study else (), ambiguous)

    def by_id(self, action: Action, level: Level, orthanc_id: str) -> Judgement:
        """Judge one action on a study, a series or an instance, by Orthanc's own identifier."""
        if level is Level.STUDY:
            study, ambiguous = _unambiguous(self.archive.study_by_id, orthanc_id)
            return self.each(action, study.series if study else (), ambiguous)
        if level is Level.SERIES:
            series, ambiguous = _unambiguous(self.archive.series_by_id, orthanc_id)
            return self.each(action, (series,) if series else (), ambiguous)
        instance, ambiguous = _unambiguous(self.archive.instance, orthanc_id)
        return self.each(action, (instance.series,) if instance else (), ambiguous)

    def each(
        self, action: Action, candidates: Sequence[ArchivedSeries], ambiguous: AmbiguousError | None = None
    ) -> Judgement:
        """Judge one action on each of some series; may he look at any, he is told that he may not do this."""
        judged = tuple((series, self._decide(action, series)) for series in candidates)
        decision = min((one for _, one in judged), key=nearness, default=NOTHING_FOUND)
        verdict = Verdict.ALLOWED
        if not decision.allowed:
            may_look = any(self._decide(Action.VIEW, series).allowed for series in candidates)
            verdict = Verdict.FORBIDDEN if may_look else Verdict.HIDDEN
        return Judgement(
            action=action, verdict=verdict, decision=decision, judged=judged, ambiguous=ambiguous
        )

    def everything(self, action: Action) -> Decision:
        """Judge an action on the archive as a whole: who administers it, and may do this to all of it."""
        decision = judge_system(self.actor, self.at)
        if not decision.allowed or action is Action.ADMINISTER:
            return decision
        # What carries no label is opened by nothing but a rule about everything, without a condition.
        return decide(self.actor, action, Resource(level=Level.STUDY), grants=self.grants, at=self.at)

    def _decide(self, action: Action, series: ArchivedSeries) -> Decision:
        return decide(self.actor, action, resource_of(series), grants=self.grants, at=self.at)

    def _resolve(self, target: Target) -> ArchivedSeries | ArchivedInstance | None:
        """Find the one thing that the path names, with everything in the path belonging together."""
        places = target.places
        if "id" in places:
            find = self.archive.instance if target.row.level is Level.INSTANCE else self.archive.series_by_id
            return find(places["id"])
        if target.row.by_class:
            instance = self.archive.instance_by_uid(places["instance"])
            if instance is None or not _belongs(instance.series, target):
                return None
            return instance
        series = self.archive.series(places["series"])
        return series if series is not None and _belongs(series, target) else None


def judge_system(actor: Actor, at: datetime) -> Decision:
    """Judge what only an administrator may do, in person: of a program not even the roles are looked at."""
    if actor.kind in (ActorKind.PERSON, ActorKind.TOKEN) and not actor.in_person:
        return Decision(allowed=False, reason=Reason.IN_PERSON)
    return decide(actor, Action.ADMINISTER, Resource(level=Level.SYSTEM), grants=(), at=at)


def system_verdict(decision: Decision) -> Verdict:
    """Say what may be learnt of such a decision: a program, that it takes a person; others, nothing."""
    if decision.allowed:
        return Verdict.ALLOWED
    return Verdict.FORBIDDEN if decision.reason == Reason.IN_PERSON else Verdict.HIDDEN


def resource_of(series: ArchivedSeries) -> Resource:
    """Return a series as the policy sees it."""
    return Resource(
        level=Level.SERIES,
        uid=series.uid,
        labels=series.labels,
        study_labels=series.study_labels,
        modality=series.modality,
    )


def whole(instance: ArchivedInstance) -> Action:
    """Return what somebody must be allowed who wants the whole of an instance."""
    return Action.VIEW if instance.sop_class in VIEWER_CLASSES else Action.DOWNLOAD


def _unambiguous(find: Callable[[Asked], Found], asked: Asked) -> tuple[Found | None, AmbiguousError | None]:
    """Return what is found; of what exists twice nothing is found, and which it is."""
    try:
        return find(asked), None
    except AmbiguousError as error:
        return None, error


def _belongs(series: ArchivedSeries, target: Target) -> bool:
    places = target.places
    return series.uid == places["series"] and series.study_uid == places["study"]


def _action(target: Target, resolved: ArchivedSeries | ArchivedInstance | None) -> Action:
    if target.row.by_class and isinstance(resolved, ArchivedInstance):
        return whole(resolved)
    return target.row.action
