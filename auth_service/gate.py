"""Decide about data: what a request names is judged (``judging.py``), and what came of it put on record.

The only place where judgements and the audit meet: ``http/authorize.py`` and ``http/scoped.py`` ask here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol, Self, TypeVar

from fastapi import Request

from auth_service import audit
from auth_service.archive import AmbiguousError, Archive, ArchivedInstance, ArchivedSeries, ArchivedStudy
from auth_service.audit import system as audit_system
from auth_service.clock import Clock
from auth_service.errors import Forbidden, NotFound, NotInPerson
from auth_service.grants import grants_of
from auth_service.judging import Judge, Judgement, Verdict, system_verdict
from auth_service.origin import Origin
from auth_service.policy.engine import visible
from auth_service.policy.model import Actor, Decision, Grant, Visibility
from auth_service.rules import RulesFile
from auth_service.settings import Settings
from auth_service.store import members
from auth_service.store.database import Store
from auth_service.targets import Target
from auth_service.vocabulary import Action, Level

Asked = TypeVar("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What of one study is open to an actor for one action: at least one series."""

    study_uid: str
    series: tuple[ArchivedSeries, ...]
    decisions: tuple[Decision, ...]
    """By which grants: one for each label and rule, so that every owner learns what is his to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A study or a series that a list names, as it was found; without series it is not there."""

    uid: str
    level: Level
    series: tuple[ArchivedSeries, ...] = ()
    ambiguous: AmbiguousError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What decisions about data need."""

    settings: Settings
    store: Store
    archive: Archive
    rules: RulesFile
    clock: Clock
    origin: Origin

    @classmethod
    def of(cls, request: Request) -> Self:
        """Take it from the application."""
        services = request.app.state.services
        return cls(
            settings=services.settings,
            store=services.store,
            archive=services.archive,
            rules=services.rules,
            clock=services.clock,
            origin=Origin.of(request.headers),
        )

    def visible(self, actor: Actor, action: Action) -> Visibility:
        """Say what opens series to the actor for this action."""
        return visible(actor, action, grants=self._grants(actor), at=self.clock())

    def permitted(self, actor: Actor, action: Action, uid: str) -> ArchivedSeries | None:
        """Return one series if the actor may do this to it; what exists twice he may not."""
        try:
            opened = self._settled(actor, self._judge(actor).series(action, uid), Level.SERIES, uid)
        except (NotFound, Forbidden):
            return None
        self.seen(actor, opened)
        return opened.series[0]

    def permitted_series(self, actor: Actor, action: Action, study_uid: str) -> frozenset[str]:
        """Return the SeriesInstanceUIDs of a study that the actor may do this to.

        Raises
        ------
        NotFound
            If there is none, or no such study, or two of them.

        """
        judgement = self._judge(actor).study(action, study_uid)
        opened = self._settled(actor, judgement, Level.STUDY, study_uid)
        self.seen(actor, opened)
        return frozenset(series.uid for series in opened.series)

    def study_by_id(self, actor: Actor, orthanc_id: str) -> ArchivedStudy | None:
        """Find a study by Orthanc's identifier; one that exists twice is put on record, and not found."""
        return self._unambiguous(actor, self.archive.study_by_id, orthanc_id)

    def study_by_uid(self, actor: Actor, uid: str) -> ArchivedStudy | None:
        """Find a study by its StudyInstanceUID, with the same care."""
        return self._unambiguous(actor, self.archive.study, uid)

    def series_by_id(self, actor: Actor, orthanc_id: str) -> ArchivedSeries | None:
        """Find a series by Orthanc's identifier, with the same care."""
        return self._unambiguous(actor, self.archive.series_by_id, orthanc_id)

    def instance_by_id(self, actor: Actor, orthanc_id: str) -> ArchivedInstance | None:
        """Find an instance by Orthanc's identifier, with the same care."""
        return self._unambiguous(actor, self.archive.instance, orthanc_id)

    def instance_by_uid(self, actor: Actor, uid: str) -> ArchivedInstance | None:
        """Find an instance by its SOPInstanceUID, with the same care."""
        return self._unambiguous(actor, self.archive.instance_by_uid, uid)

    def open_study(self, actor: Actor, action: Action, study: ArchivedStudy | None, target: str) -> Opened:
        """Decide about each series of a study; a refusal is put on record, under what was asked for.

        Raises
        ------
        NotFound
            If the actor may not even look at any of it.
        Forbidden
            If he may look at some, and do this to none.

        """
        judgement = self._judge(actor).each(action, study.series if study else ())
        return self._settled(actor, judgement, Level.STUDY, target)

    def open_series(self, actor: Actor, action: Action, series: ArchivedSeries | None, target: str) -> Opened:
        """Decide about one series in the same manner."""
        judgement = self._judge(actor).each(action, (series,) if series else ())
        return self._settled(actor, judgement, Level.SERIES, target)

    def open_all(self, actor: Actor, action: Action, listed: Sequence[Listed], target: str) -> list[Opened]:
        """Decide about each thing of a list, by the grants of one moment; the first refusal ends it."""
        judge = self._judge(actor)
        return [
            self._settled(
                actor, judge.each(action, one.series, one.ambiguous), one.level, f"{target}?{one.uid}"
            )
            for one in listed
        ]

    def open_some(self, actor: Actor, action: Action, listed: Sequence[Listed]) -> list[Opened | None]:
        """Decide likewise, where what may not be done is left out: nobody is refused, or learns of it."""
        judge = self._judge(actor)
        return [what_is_open(judge.each(action, one.series, one.ambiguous)) for one in listed]

    def done(self, actor: Actor, action: Action, opened: Opened, target: str) -> None:
        """Put on record what is about to be done with one study: a look into it, or images taken away."""
        if action is Action.DOWNLOAD:
            self.taken(actor, [opened], target)
        else:
            self.seen(actor, opened)

    def seen(self, actor: Actor, opened: Opened) -> None:
        """Put on record that the actor looked into a study."""
        for decision in opened.decisions:
            self._view(actor, opened.study_uid, decision)

    def taken(self, actor: Actor, opened: Sequence[Opened], target: str) -> None:
        """Put on record that the actor took images of some studies away, all of them or none."""
        through = [
            (one.study_uid, decision.label, decision.rule) for one in opened for decision in one.decisions
        ]
        with self.store.write() as transaction:
            audit.downloaded(
                transaction,
                at=self.clock(),
                actor=actor,
                target=target,
                through=dict.fromkeys(through),
                origin=self.origin,
            )
            for rule in dict.fromkeys(rule for _, _, rule in through):
                members.used(transaction, rule, at=self.clock())

    def judge(self, actor: Actor, target: Target, path: str) -> Verdict:
        """Decide about one item route; the path is for the record only."""
        if target.row.level is Level.SYSTEM:
            return self._judge_system(actor, target, path)
        judgement = self._judge(actor).item(target)
        try:
            opened = self._settled(actor, judgement, Level.SERIES, path)
        except NotFound:
            return Verdict.HIDDEN
        except Forbidden:
            return Verdict.FORBIDDEN
        self.done(actor, judgement.action, opened, path)
        return Verdict.ALLOWED

    def _settled(self, actor: Actor, judgement: Judgement, level: Level, target: str) -> Opened:
        """Return what is open; a refusal is put on record, and raised as the actor may know of it."""
        if judgement.ambiguous:
            self._record_ambiguous(actor, judgement.ambiguous)
        if opened := what_is_open(judgement):
            return opened
        self._deny(
            actor,
            judgement.action,
            judgement.decision,
            level=level,
            target=target,
            study_uid=judgement.study_uid,
        )
        if judgement.verdict is Verdict.FORBIDDEN:
            raise Forbidden("You may look at this, but not do this with it.", reason=judgement.action)
        raise NotFound

    def administers(self, actor: Actor, action: Action, target: str) -> None:
        """Let an administrator do something to everything there is, on record.

        Raises
        ------
        NotFound
            If he is none, or no grant of his is without bounds.
        NotInPerson
            If it is a program.

        """
        decision = self._judge(actor).everything(action)
        if not decision.allowed:
            refuse_system(
                self, actor=actor, action=action, decision=decision, path=target, origin=self.origin
            )
        self._administered(actor, action, target)

    def _judge_system(self, actor: Actor, target: Target, path: str) -> Verdict:
        try:
            self.administers(actor, target.row.action, path)
        except NotFound:
            return Verdict.HIDDEN
        except Forbidden:
            return Verdict.FORBIDDEN
        return Verdict.ALLOWED

    def _unambiguous(self, actor: Actor, find: Callable[[Asked], Found], asked: Asked) -> Found | None:
        """Return what is found; what exists twice is put on record, and nothing is found."""
        try:
            return find(asked)
        except AmbiguousError as error:
            self._record_ambiguous(actor, error)
            return None

    def _judge(self, actor: Actor) -> Judge:
        return Judge(actor=actor, archive=self.archive, grants=self._grants(actor), at=self.clock())

    def _grants(self, actor: Actor) -> list[Grant]:
        with self.store.read() as transaction:
            return grants_of(transaction, self, actor)

    def _administered(self, actor: Actor, action: Action, target: str) -> None:
        with self.store.write() as transaction:
            audit_system.administered(
                transaction,
                at=self.clock(),
                actor=actor,
                action=action,
                target=target,
                origin=self.origin,
            )

    def _view(self, actor: Actor, study_uid: str, decision: Decision) -> None:
        with self.store.read() as transaction:
            if audit.has_viewed(
                transaction, at=self.clock(), actor=actor, study_uid=study_uid, label=decision.label
            ):
                return
        with self.store.write() as transaction:
            audit.study_viewed(
                transaction,
                at=self.clock(),
                actor=actor,
                study_uid=study_uid,
                label=decision.label,
                rule=decision.rule,
                origin=self.origin,
            )
            members.used(transaction, decision.rule, at=self.clock())

    def _deny(
        self,
        actor: Actor,
        action: Action,
        decision: Decision,
        *,
        level: Level,
        target: str,
        study_uid: str | None = None,
    ) -> None:
        record_denial(
            self,
            actor=actor,
            action=action,
            decision=decision,
            level=level,
            target=target,
            study_uid=study_uid,
            origin=self.origin,
        )

    def _record_ambiguous(self, actor: Actor, error: AmbiguousError) -> None:
        with self.store.write() as transaction:
            audit.ambiguous(
                transaction,
                at=self.clock(),
                actor=actor,
                level=error.level,
                uid=error.uid,
                origin=self.origin,
            )


def what_is_open(judgement: Judgement) -> Opened | None:
    """Return what of one study a judgement opens, if anything."""
    permitted, study_uid = judgement.permitted, judgement.study_uid
    if not permitted or not study_uid:
        return None
    allowed = [decision for _, decision in judgement.judged if decision.allowed]
    return Opened(study_uid=study_uid, series=permitted, decisions=tuple(dict.fromkeys(allowed)))


class Recorder(Protocol):
    """What a denial is put on record with: a world, or the gate itself."""

    @property
    def store(self) -> Store:
        """The database."""
        ...

    @property
    def clock(self) -> Clock:
        """Says what time it is."""
        ...


def record_denial(
    world: Recorder,
    *,
    actor: Actor,
    action: Action,
    decision: Decision,
    level: Level,
    target: str | None,
    study_uid: str | None = None,
    origin: Origin,
) -> None:
    """Put a denial on record, in a transaction of its own: whatever was refused is undone, and this stays."""
    with world.store.write() as transaction:
        audit.denied(
            transaction,
            at=world.clock(),
            actor=actor,
            action=action,
            level=level,
            target=target,
            study_uid=study_uid,
            label=decision.label,
            reason=decision.reason,
            rule=decision.rule,
            origin=origin,
        )


def refuse_system(
    world: Recorder,
    *,
    actor: Actor,
    action: Action = Action.ADMINISTER,
    decision: Decision,
    path: str,
    origin: Origin,
) -> NoReturn:
    """Refuse what only an administrator may, on record: who is none sees nothing, a program why."""
    record_denial(
        world,
        actor=actor,
        action=action,
        decision=decision,
        level=Level.SYSTEM,
        target=path[:256],
        origin=origin,
    )
    raise NotInPerson if system_verdict(decision) is Verdict.FORBIDDEN else NotFound
