"""Decide about data: what a request names is resolved in the archive, judged, and put on record.

The only place where archive, policy and audit meet: ``http/authorize.py`` and ``http/scoped.py`` ask here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, Self, TypeVar

from fastapi import Request

from auth_service import audit, audit_system
from auth_service.archive import AmbiguousError, Archive, ArchivedInstance, ArchivedSeries, ArchivedStudy
from auth_service.clock import Clock
from auth_service.errors import Forbidden, NotFound
from auth_service.grants import grants_of
from auth_service.policy.engine import decide, visible
from auth_service.policy.model import Actor, Decision, Grant, Reason, Resource, Visibility
from auth_service.rules import RulesFile
from auth_service.settings import Settings
from auth_service.store.database import Store
from auth_service.targets import VIEWER_CLASSES, Target
from auth_service.vocabulary import Action, Level

_UNKNOWN = Decision(allowed=False, reason=Reason.NO_GRANT)
"""About what does not exist, or exists twice, or holds nothing that a grant opens."""

Asked = TypeVar("Asked")
Found = TypeVar("Found")


class Verdict(Enum):
    """What the client may learn of a decision about one item."""

    ALLOWED = auto()
    HIDDEN = auto()
    """It looks as if it did not exist."""
    FORBIDDEN = auto()
    """He may read it, but not do this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from, for the record."""

    address: str | None
    request_id: str | None

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read what nginx says of the client; nobody else is heard (``http/app.py``)."""
        return cls(
            address=request.headers.get("x-gate-address"), request_id=request.headers.get("x-request-id")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What of one study is open to an actor for one action: at least one series."""

    study_uid: str
    series: tuple[ArchivedSeries, ...]
    decision: Decision


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
            origin=Origin.of(request),
        )

    def visible(self, actor: Actor, action: Action) -> Visibility:
        """Say what opens series to the actor for this action."""
        return visible(actor, action, grants=self._grants(actor), at=self.clock())

    def permitted(self, actor: Actor, action: Action, uid: str) -> ArchivedSeries | None:
        """Return one series if the actor may do this to it; what exists twice he may not."""
        series = self._unambiguous(actor, self.archive.series, uid)
        try:
            opened = self.open_series(actor, action, series, uid)
        except (NotFound, Forbidden):
            return None
        self.seen(actor, opened)
        return series

    def permitted_series(self, actor: Actor, action: Action, study_uid: str) -> frozenset[str]:
        """Return the SeriesInstanceUIDs of a study that the actor may do this to.

        Raises
        ------
        NotFound
            If there is none, or no such study, or two of them.

        """
        study = self._unambiguous(actor, self.archive.study, study_uid)
        opened = self.open_study(actor, action, study, study_uid)
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
        return self._open(actor, action, study.series if study else (), Level.STUDY, target)

    def open_series(self, actor: Actor, action: Action, series: ArchivedSeries | None, target: str) -> Opened:
        """Decide about one series in the same manner."""
        return self._open(actor, action, (series,) if series else (), Level.SERIES, target)

    def done(self, actor: Actor, action: Action, opened: Opened, target: str) -> None:
        """Put on record what is about to be done with one study: a look into it, or images taken away."""
        if action is Action.DOWNLOAD:
            self.taken(actor, [opened], target)
        else:
            self.seen(actor, opened)

    def seen(self, actor: Actor, opened: Opened) -> None:
        """Put on record that the actor looked into a study."""
        self._view(actor, opened.study_uid, opened.decision)

    def taken(self, actor: Actor, opened: Sequence[Opened], target: str) -> None:
        """Put on record that the actor took images of some studies away, all of them or none."""
        with self.store.write() as transaction:
            for one in opened:
                audit.downloaded(
                    transaction,
                    at=self.clock(),
                    actor=actor,
                    target=target,
                    study_uid=one.study_uid,
                    label=one.decision.label,
                    rule=one.decision.rule,
                    address=self.origin.address,
                    request_id=self.origin.request_id,
                )

    def _open(
        self, actor: Actor, action: Action, candidates: Sequence[ArchivedSeries], level: Level, target: str
    ) -> Opened:
        grants, at = self._grants(actor), self.clock()

        def decided(wanted: Action) -> list[tuple[ArchivedSeries, Decision]]:
            return [
                (series, decide(actor, wanted, _resource(series), grants=grants, at=at))
                for series in candidates
            ]

        decisions = decided(action)
        allowed = [(series, decision) for series, decision in decisions if decision.allowed]
        if allowed:
            return Opened(
                study_uid=allowed[0][0].study_uid,
                series=tuple(series for series, _ in allowed),
                decision=allowed[0][1],
            )
        study_uid = candidates[0].study_uid if candidates else None
        miss = decisions[0][1] if decisions else _UNKNOWN
        self._deny(actor, action, miss, level=level, target=target, study_uid=study_uid)
        if any(decision.allowed for _, decision in decided(Action.VIEW)):
            raise Forbidden("You may look at this, but not do this with it.", reason=action)
        raise NotFound

    def judge(self, actor: Actor, target: Target, path: str) -> Verdict:
        """Decide about one item route; the path is for the record only."""
        if target.row.level is Level.SYSTEM:
            return self._judge_system(actor, target, path)
        resolved = self._unambiguous(actor, self._resolve, target)
        series = resolved.series if isinstance(resolved, ArchivedInstance) else resolved
        action = _action(target, resolved)
        try:
            opened = self.open_series(actor, action, series, path)
        except NotFound:
            return Verdict.HIDDEN
        except Forbidden:
            return Verdict.FORBIDDEN
        self.done(actor, action, opened, path)
        return Verdict.ALLOWED

    def administers(self, actor: Actor, action: Action, target: str) -> None:
        """Let an administrator do something to everything there is, on record.

        Raises
        ------
        NotFound
            If he is none, or no grant of his is without bounds.

        """
        decision = self._of_everything(actor, action)
        if not decision.allowed:
            self._deny(actor, action, decision, level=Level.SYSTEM, target=target)
            raise NotFound
        self._administered(actor, action, target)

    def _judge_system(self, actor: Actor, target: Target, path: str) -> Verdict:
        try:
            self.administers(actor, target.row.action, path)
        except NotFound:
            return Verdict.HIDDEN
        return Verdict.ALLOWED

    def _of_everything(self, actor: Actor, action: Action) -> Decision:
        """Decide about the archive as a whole: who administers it, and may do this to all that is in it."""
        decision = decide(actor, Action.ADMINISTER, Resource(level=Level.SYSTEM), grants=(), at=self.clock())
        if not decision.allowed or action is Action.ADMINISTER:
            return decision
        # What carries no label is opened by nothing but a rule about everything, without a condition.
        return decide(actor, action, Resource(level=Level.STUDY), grants=self._grants(actor), at=self.clock())

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

    def _unambiguous(self, actor: Actor, find: Callable[[Asked], Found], asked: Asked) -> Found | None:
        """Return what is found; what exists twice is put on record, and nothing is found."""
        try:
            return find(asked)
        except AmbiguousError as error:
            self._record_ambiguous(actor, error)
            return None

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
                address=self.origin.address,
                request_id=self.origin.request_id,
            )

    def _view(self, actor: Actor, study_uid: str, decision: Decision) -> None:
        with self.store.read() as transaction:
            if audit.has_viewed(transaction, at=self.clock(), actor=actor, study_uid=study_uid):
                return
        with self.store.write() as transaction:
            audit.study_viewed(
                transaction,
                at=self.clock(),
                actor=actor,
                study_uid=study_uid,
                label=decision.label,
                rule=decision.rule,
                address=self.origin.address,
                request_id=self.origin.request_id,
            )

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
                address=self.origin.address,
                request_id=self.origin.request_id,
            )


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
            address=origin.address,
            request_id=origin.request_id,
        )


def _belongs(series: ArchivedSeries, target: Target) -> bool:
    places = target.places
    return series.uid == places["series"] and series.study_uid == places["study"]


def whole(instance: ArchivedInstance) -> Action:
    """Return what somebody must be allowed who wants the whole of an instance."""
    return Action.VIEW if instance.sop_class in VIEWER_CLASSES else Action.DOWNLOAD


def _action(target: Target, resolved: ArchivedSeries | ArchivedInstance | None) -> Action:
    if target.row.by_class and isinstance(resolved, ArchivedInstance):
        return whole(resolved)
    return target.row.action


def _resource(series: ArchivedSeries) -> Resource:
    return Resource(
        level=Level.SERIES,
        uid=series.uid,
        labels=series.labels,
        study_labels=series.study_labels,
        modality=series.modality,
    )
