"""Decide about data: what a request names is resolved in the archive, judged, and put on record.

The only place where archive, policy and audit meet: ``http/authorize.py`` and ``http/scoped.py`` ask here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self, TypeVar

from fastapi import Request

from auth_service import audit
from auth_service.archive import AmbiguousError, Archive, ArchivedInstance, ArchivedSeries
from auth_service.clock import Clock
from auth_service.errors import NotFound
from auth_service.policy.engine import decide, visible
from auth_service.policy.model import Actor, Decision, Grant, Reason, Resource, Visibility
from auth_service.settings import Settings
from auth_service.store.albums import grants_of
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
class Gate:
    """What decisions about data need."""

    settings: Settings
    store: Store
    archive: Archive
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
            clock=services.clock,
            origin=Origin.of(request),
        )

    def visible(self, actor: Actor, action: Action) -> Visibility:
        """Say which labels open series to the actor for this action."""
        return visible(actor, action, grants=self._grants(actor), at=self.clock())

    def permitted(self, actor: Actor, action: Action, uid: str) -> ArchivedSeries | None:
        """Return one series if the actor may do this to it; what exists twice he may not."""
        series = self._unambiguous(actor, self.archive.series, uid)
        if series is None:
            self._deny(actor, action, _UNKNOWN, level=Level.SERIES, target=uid)
            return None
        decision = decide(actor, action, _resource(series), grants=self._grants(actor), at=self.clock())
        self._record(actor, action, decision, series)
        return series if decision.allowed else None

    def permitted_series(self, actor: Actor, action: Action, study_uid: str) -> frozenset[str]:
        """Return the SeriesInstanceUIDs of a study that the actor may do this to.

        Raises
        ------
        NotFound
            If there is none, or no such study, or two of them.

        """
        study = self._unambiguous(actor, self.archive.study, study_uid)
        grants, at = self._grants(actor), self.clock()
        permitted: dict[str, Decision] = {}
        for series in study.series if study else ():
            decision = decide(actor, action, _resource(series), grants=grants, at=at)
            if decision.allowed:
                permitted[series.uid] = decision
        if not permitted:
            self._deny(
                actor,
                action,
                _UNKNOWN,
                level=Level.STUDY,
                target=study_uid,
                study_uid=study_uid if study else None,
            )
            raise NotFound
        self._view(actor, study_uid, next(iter(permitted.values())))
        return frozenset(permitted)

    def judge(self, actor: Actor, target: Target, path: str) -> Verdict:
        """Decide about one item route; the path is for the record only."""
        resolved = self._unambiguous(actor, self._resolve, target)
        if resolved is None:
            self._deny(actor, target.row.action, _UNKNOWN, level=target.row.level, target=path)
            return Verdict.HIDDEN
        series = resolved.series if isinstance(resolved, ArchivedInstance) else resolved
        action = _action(target, resolved)
        grants, at = self._grants(actor), self.clock()
        decision = decide(actor, action, _resource(series), grants=grants, at=at)
        self._record(actor, action, decision, series, path)
        if decision.allowed:
            return Verdict.ALLOWED
        may_read = decide(actor, Action.VIEW, _resource(series), grants=grants, at=at).allowed
        return Verdict.FORBIDDEN if may_read else Verdict.HIDDEN

    def _resolve(self, target: Target) -> ArchivedSeries | ArchivedInstance | None:
        """Find the one thing that the path names, with everything in the path belonging together."""
        places = target.places
        if "id" in places:
            return self.archive.instance(places["id"])
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
            return grants_of(transaction, actor, zone=self.settings.zone)

    def _record(
        self,
        actor: Actor,
        action: Action,
        decision: Decision,
        series: ArchivedSeries,
        path: str | None = None,
    ) -> None:
        if not decision.allowed:
            self._deny(
                actor,
                action,
                decision,
                level=Level.SERIES,
                target=path or series.uid,
                study_uid=series.study_uid,
            )
        elif action is Action.DOWNLOAD:
            with self.store.write() as transaction:
                audit.downloaded(
                    transaction,
                    at=self.clock(),
                    actor=actor,
                    target=path or series.uid,
                    study_uid=series.study_uid,
                    label=decision.label,
                    rule=decision.rule,
                    address=self.origin.address,
                    request_id=self.origin.request_id,
                )
        else:
            self._view(actor, series.study_uid, decision)

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
        with self.store.write() as transaction:
            audit.denied(
                transaction,
                at=self.clock(),
                actor=actor,
                action=action,
                level=level,
                target=target,
                study_uid=study_uid,
                label=decision.label,
                reason=decision.reason,
                rule=decision.rule,
                address=self.origin.address,
                request_id=self.origin.request_id,
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


def _belongs(series: ArchivedSeries, target: Target) -> bool:
    places = target.places
    return series.uid == places["series"] and series.study_uid == places["study"]


def _action(target: Target, resolved: ArchivedSeries | ArchivedInstance) -> Action:
    viewers_need_it = isinstance(resolved, ArchivedInstance) and resolved.sop_class in VIEWER_CLASSES
    return Action.VIEW if target.row.by_class and viewers_need_it else target.row.action


def _resource(series: ArchivedSeries) -> Resource:
    return Resource(
        level=Level.SERIES, uid=series.uid, labels=series.labels, study_labels=series.study_labels
    )
