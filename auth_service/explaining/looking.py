"""Look at one thing with the judge who decides about it, and keep all that he saw."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType

from auth_service.albums.rights import judge_album
from auth_service.archive import ArchivedSeries
from auth_service.explaining import asked
from auth_service.explaining.model import SeriesStep, Target, Thing
from auth_service.explaining.scope import NEEDED
from auth_service.judging import Judge, Judgement, Verdict, judge_system, resource_of, system_verdict
from auth_service.policy.engine import opening_labels, weigh, worth
from auth_service.policy.model import Decision, Reason, Resource, Weighed
from auth_service.targets import Target as Declared
from auth_service.vocabulary import Action, Level, Outcome, Why

_OUTCOMES = MappingProxyType(
    {
        Verdict.ALLOWED: Outcome.ALLOWED,
        Verdict.FORBIDDEN: Outcome.FORBIDDEN,
        Verdict.HIDDEN: Outcome.HIDDEN,
    }
)

NEAREST = (
    Why.GRANTED,
    Why.NARROWED,
    Why.OTHER_ACTION,
    Why.ENDED,
    Why.NO_GRANT,
    Why.OTHER_MODALITY,
    Why.OTHER_LABEL,
    Why.OTHER_SUBJECT,
)
"""What counts for more comes first: of a grant, or of the series of a study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen when one thing was judged."""

    subject: asked.Subject
    outcome: Outcome
    reason: Why
    action: Action | None = None
    decision: Decision | None = None
    target: Target | None = None
    thing: Thing | None = None
    weighed: tuple[Weighed, ...] = ()
    resources: tuple[Resource, ...] = ()
    """What a grant would have to open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """Somebody's request, judged and kept."""

    judge: Judge
    action: Action | None
    """``None``: what the address asks for, else to view."""
    has_album: Callable[[str], bool]

    def look(self, subject: asked.Subject) -> Look:
        """Judge one thing."""
        if self.action is Action.ADMINISTER:
            return self._system(subject)
        match subject:
            case asked.System():
                found = self._system(subject)
            case asked.Refused():
                found = self._refused(subject)
            case asked.Album():
                found = self._album(subject)
            case asked.Search():
                found = self._search(subject)
            case asked.Item():
                found = self._item(subject)
            case asked.ById():
                found = self._by_id(subject)
            case asked.Study():
                found = self._study(subject)
            case asked.Identifier():
                found = self._identifier(subject)
        return found

    def _system(self, subject: asked.Subject) -> Look:
        target = subject.target if isinstance(subject, asked.System) else None
        whose = subject.whose if isinstance(subject, asked.System) else asked.For.ADMINISTRATORS
        action = target.row.action if target else Action.ADMINISTER
        decision = self.judge.everything(action) if target else self._in_person(whose)
        return Look(
            subject=subject,
            outcome=_OUTCOMES[system_verdict(decision)],
            reason=Why(decision.reason),
            action=action,
            decision=decision,
            target=_target(asked.described(subject), target) if target else None,
            thing=Thing(level=Level.SYSTEM, uid=""),
        )

    def _in_person(self, whose: asked.For) -> Decision:
        """Judge a route of ours: by its own condition, once it is somebody who signed in."""
        judge = self.judge
        decision = judge_system(judge.actor, judge.at)
        if decision.reason != Reason.NOT_AN_ADMIN or whose is asked.For.ADMINISTRATORS:
            return decision
        if whose is asked.For.ANYBODY:
            return Decision(allowed=True, reason=Reason.GRANTED)
        for grant in sorted(judge.grants, key=lambda grant: grant.source):
            if all(worth(grant, judge.actor, one, at=judge.at) == Reason.GRANTED for one in NEEDED):
                return Decision(allowed=True, reason=Reason.GRANTED, rule=grant.source, label=grant.label)
        return decision

    def _refused(self, subject: asked.Refused) -> Look:
        row = subject.row
        target = Target(
            path=subject.path,
            row=row.name if row else None,
            route=f"{row.method} {row.path}" if row else None,
            way=row.way.value if row else None,
            parameter=subject.parameter,
            why=row.why if row else None,
        )
        return Look(subject=subject, outcome=subject.outcome, reason=subject.reason, target=target)

    def _album(self, subject: asked.Album) -> Look:
        action = self.action or Action.VIEW
        thing = Thing(level=Level.ALBUM, uid=subject.slug)
        if not self.has_album(subject.slug):
            return Look(
                subject=subject, outcome=Outcome.HIDDEN, reason=Why.MISSING, action=action, thing=thing
            )
        judge = self.judge
        decision, verdict = judge_album(judge.actor, action, subject.slug, grants=judge.grants, at=judge.at)
        resource = Resource(level=Level.ALBUM, uid=subject.slug)
        return Look(
            subject=subject,
            outcome=_OUTCOMES[verdict],
            reason=Why(decision.reason),
            action=action,
            decision=decision,
            thing=thing,
            weighed=self._weighed(action, [resource]),
            resources=(resource,),
        )

    def _search(self, subject: asked.Search) -> Look:
        action = subject.target.row.action
        judge = self.judge
        # What is found is what these open, whatever it carries: none is about another label or modality.
        weighed = [
            Weighed(grant=grant, outcome=worth(grant, judge.actor, action, at=judge.at))
            for grant in judge.grants
        ]
        return Look(
            subject=subject,
            outcome=Outcome.ALLOWED,
            reason=Why.SEARCH,
            action=action,
            target=_target(subject.path, subject.target),
            weighed=_in_order(weighed),
        )

    def _item(self, subject: asked.Item) -> Look:
        judgement = self.judge.item(subject.target)
        if self.action not in (None, judgement.action):
            judgement = self.judge.each(
                self.action, [series for series, _ in judgement.judged], judgement.ambiguous
            )
        places = subject.target.places
        level = subject.target.row.level if "id" in places else Level.SERIES
        named = places["id"] if "id" in places else places["series"]
        target = _target(subject.path, subject.target)
        return self._seen(subject, judgement, level=level, uid=named, target=target)

    def _identifier(self, subject: asked.Identifier) -> Look:
        action, judge = self.action or Action.VIEW, self.judge
        for level, judged in (
            (Level.STUDY, judge.study),
            (Level.SERIES, judge.series),
            (Level.INSTANCE, judge.instance),
        ):
            if subject.level in (None, level):
                judgement = judged(action, subject.uid)
                if judgement.judged or judgement.ambiguous or subject.level:
                    return self._seen(subject, judgement, level=level, uid=subject.uid)
        return self._seen(subject, judge.each(action, ()), level=Level.SERIES, uid=subject.uid)

    def _by_id(self, subject: asked.ById) -> Look:
        target = _target(subject.path, subject.target) if subject.target else None
        action = self.action or (subject.target.row.action if subject.target else Action.DOWNLOAD)
        levels = (subject.level,) if subject.level else (Level.STUDY, Level.INSTANCE, Level.SERIES)
        for level in levels:
            judgement = self.judge.by_id(action, level, subject.id)
            if judgement.judged or judgement.ambiguous:
                break
        return self._seen(subject, judgement, level=level, uid=subject.id, target=target)

    def _study(self, subject: asked.Study) -> Look:
        action = self.action or (subject.target.row.action if subject.target else Action.VIEW)
        judgement = self.judge.study(action, subject.uid)
        target = _target(subject.path or "", subject.target) if subject.target else None
        if subject.series is None:
            return self._seen(subject, judgement, level=Level.STUDY, uid=subject.uid, target=target)
        one = [series for series, _ in judgement.judged if series.uid == subject.series]
        judgement = self.judge.each(action, one, judgement.ambiguous)
        return self._seen(subject, judgement, level=Level.SERIES, uid=subject.series, target=target)

    def _seen(
        self,
        subject: asked.Subject,
        judgement: Judgement,
        *,
        level: Level,
        uid: str,
        target: Target | None = None,
    ) -> Look:
        if not judgement.judged:
            return _nothing(subject, judgement, level=level, uid=uid, target=target)
        series = [each for each, _ in judgement.judged]
        resources = tuple(resource_of(each) for each in series)
        # An instance follows its series, which is what carries labels.
        shown, named = (level, uid) if level is Level.STUDY else (Level.SERIES, series[0].uid)
        return Look(
            subject=subject,
            outcome=_OUTCOMES[judgement.verdict],
            reason=Why(judgement.decision.reason),
            action=judgement.action,
            decision=judgement.decision,
            target=target,
            thing=_thing(shown, named, judgement),
            weighed=self._weighed(judgement.action, resources),
            resources=resources,
        )

    def _weighed(self, action: Action, resources: Iterable[Resource]) -> tuple[Weighed, ...]:
        """Weigh every grant; of a study's series, by the one for which it counts most."""
        judge, best = self.judge, dict[str, Weighed]()
        for resource in resources:
            for each in weigh(judge.actor, action, resource, grants=judge.grants, at=judge.at):
                before = best.get(each.grant.source)
                if before is None or _rank(each) < _rank(before):
                    best[each.grant.source] = each
        return _in_order(best.values())


def _in_order(weighed: Iterable[Weighed]) -> tuple[Weighed, ...]:
    return tuple(sorted(weighed, key=lambda each: (_rank(each), each.grant.source)))


def _rank(weighed: Weighed) -> int:
    return NEAREST.index(Why(weighed.outcome))


def _nothing(
    subject: asked.Subject, judgement: Judgement, *, level: Level, uid: str, target: Target | None
) -> Look:
    twice = judgement.ambiguous
    return Look(
        subject=subject,
        outcome=Outcome.HIDDEN,
        reason=Why.AMBIGUOUS if twice else Why.MISSING,
        action=judgement.action,
        target=target,
        thing=Thing(level=twice.level, uid=twice.uid) if twice else Thing(level=level, uid=uid),
    )


def _thing(level: Level, uid: str, judgement: Judgement) -> Thing:
    study = judgement.judged[0][0]
    return Thing(
        level=level,
        uid=study.study_uid if level is Level.STUDY else uid,
        study=study.study_uid,
        study_labels=tuple(sorted(study.study_labels)),
        series=tuple(_series(series, decision) for series, decision in judgement.judged),
    )


def _series(series: ArchivedSeries, decision: Decision) -> SeriesStep:
    return SeriesStep(
        uid=series.uid,
        labels=tuple(sorted(opening_labels(resource_of(series)))),
        allowed=decision.allowed,
        reason=Why(decision.reason),
    )


def _target(path: str, declared: Declared) -> Target:
    row = declared.row
    return Target(path=path, row=row.name, route=f"{row.method} {row.path}", way=row.way.value)
