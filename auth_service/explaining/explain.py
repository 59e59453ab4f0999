"""Explain a decision, or a request on record: nothing is changed but the record, which says who was told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from auth_service.audit import system as audit_system
from auth_service.days import last_day_of
from auth_service.errors import Invalid
from auth_service.explaining import asked, who
from auth_service.explaining.looking import Look, Looker
from auth_service.explaining.model import AlbumName, Explanation, GrantStep, Recorded
from auth_service.explaining.scope import Scope, scope_of
from auth_service.explaining.ways import Ways
from auth_service.gate import refuse_system
from auth_service.grants import grants_of
from auth_service.judging import Judge, judge_system
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.engine import opening_labels
from auth_service.policy.model import Actor, Weighed
from auth_service.store import albums as table
from auth_service.store import audit as audit_table
from auth_service.store.albums import ACTIONS
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import (
    Action,
    AuditEvent,
    Level,
    Outcome,
    SubjectKind,
    Why,
    album_label,
)
from auth_service.world import World

PATH = "/api/explain"
"""Under which a refusal is on record."""

LAST = 10
"""Decisions about him that are shown."""

LONGEST_ASKED = 256

_NUMBER = re.compile(r"[0-9a-f]{12}|[0-9a-f]{32}")
"""What the numbers look like that nginx and the portal give to requests."""

_DECIDED = (
    AuditEvent.DENIED,
    AuditEvent.DOWNLOADED,
    AuditEvent.STUDY_VIEWED,
    AuditEvent.ADMINISTERED,
    AuditEvent.CREDENTIAL_REFUSED,
)
"""What a request leaves on record, and which counts first where it left several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked, put together from the words given and from the record."""

    actor: str
    action: Action | None
    subjects: tuple[asked.Subject, ...]
    record: AuditRecord | None


def explain(
    world: World,
    *,
    asker: Actor,
    actor: str | None = None,
    action: str | None = None,
    resource: str,
    origin: Origin = NOWHERE,
) -> Explanation:
    """Say why somebody gets something, or does not.

    Parameters
    ----------
    asker : Actor
        Who is told: an administrator, an owner of albums (about what touches those), or the system itself.
    actor : str, optional
        A subject, a user name, ``token:ID`` or ``nobody``; by default whom the record names.
    action : str, optional
        A word of `Action`; by default what the address or the record says, else to view.
    resource : str
        An address, a path, a UID, the slug of an album, or the number of a request.

    Raises
    ------
    NotFound
        If he may be told nothing.
    NotInPerson
        If a program asks.
    Invalid
        If a field names nothing.
    Unavailable
        If Orthanc or Keycloak does not answer.

    """
    scope = scope_of(world, asker)
    if scope is None:
        decision = judge_system(asker, world.clock())
        refuse_system(world, actor=asker, decision=decision, path=PATH, origin=origin)
    question = _question(world, scope, actor=actor, action=action, resource=resource)
    # Of another than whom the record names it is not known how he would come.
    came = question.record if actor is None else None
    known = who.find(world, question.actor, scope=scope, came=came)
    told = _Teller(world=world, scope=scope, known=known).tell(question)
    with world.store.write() as tx:
        audit_system.explained(
            tx,
            at=world.clock(),
            actor=asker,
            about=known.key,
            asked=told.asked[:LONGEST_ASKED],
            outcome=told.outcome,
            origin=origin,
        )
    return told


def _question(
    world: World, scope: Scope, *, actor: str | None, action: str | None, resource: str
) -> _Question:
    if action and action not in ACTIONS:
        raise Invalid("action", "There is no right called {right}.", right=action[:64])
    wanted = ACTIONS[action] if action else None
    record = _on_record(world, scope, resource.strip())
    if record is None:
        subjects = _read(world, scope, resource.strip())
        if not actor:
            raise Invalid("actor", "{field}: say about whom, or give the number of a request.")
        _check_scope(scope, wanted, subjects)
        return _Question(actor=actor, action=wanted, subjects=subjects, record=None)
    if wanted is None and record.event == AuditEvent.DENIED and record.action in ACTIONS:
        # A path says it by itself, and knows instances that viewers need whole.
        wanted = None if (record.target or "").startswith("/") else ACTIONS[record.action]
    subjects = _subjects(world, record)
    return _Question(actor=actor or record.actor, action=wanted, subjects=subjects, record=record)


def _read(world: World, scope: Scope, text: str) -> tuple[asked.Subject, ...]:
    if _NUMBER.fullmatch(text) and not _has_album(world, scope, text):
        raise Invalid(
            "resource",
            "{field}: no decision is on record under this number. What nginx answers by itself or by a"
            " decision that it kept, and repeats within a minute, are in its log only: give the address.",
        )
    return asked.read(text, public_url=world.settings.public_url)


def _check_scope(scope: Scope, action: Action | None, subjects: tuple[asked.Subject, ...]) -> None:
    """Refuse what an owner may not ask: who is an administrator is not his to know."""
    system = action is Action.ADMINISTER or any(isinstance(one, asked.System) for one in subjects)
    if system and not scope.whole:
        raise Invalid("resource", "{field}: you may ask about your albums and what is in them.")


def _has_album(world: World, scope: Scope, slug: str) -> bool:
    if scope.labels is not None and album_label(slug) not in scope.labels:
        return False
    with world.store.read() as tx:
        return table.album(tx, slug) is not None


def _on_record(world: World, scope: Scope, text: str) -> AuditRecord | None:
    """Return what a request left on record, as far as one may be told."""
    if not text or "/" in text or len(text) > asked.LONGEST:
        return None
    with world.store.read() as tx:
        found = audit_table.of_request(tx, request_id=text, events=_DECIDED)
    mine = [each for each in found if scope.labels is None or each.label in scope.labels]
    return min(mine, key=lambda each: _DECIDED.index(AuditEvent(each.event)), default=None)


def _subjects(world: World, record: AuditRecord) -> tuple[asked.Subject, ...]:
    """Return what a record is about."""
    target = record.target
    if record.event == AuditEvent.CREDENTIAL_REFUSED:
        return ()
    if target is None:
        raise Invalid(
            "resource", "{field}: this was one of very many refusals, of which only the number is kept."
        )
    if record.level == Level.SYSTEM and not target.startswith(("/dicom-web/", "/orthanc/")):
        # Refused to a program before it was looked at what for: a change of a route that others read, say.
        return (asked.System(target, whose=asked.whose_route(target) or asked.For.ANYBODY),)
    if record.level == Level.ALBUM:
        return (asked.Album(target),)
    if target.startswith("/"):
        return asked.read(target, public_url=world.settings.public_url)
    level = Level.STUDY if record.level == Level.STUDY else Level.SERIES
    return (asked.Identifier(target, level),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Teller:
    """An explanation in the making."""

    world: World
    scope: Scope
    known: who.Known

    def tell(self, question: _Question) -> Explanation:
        """Judge what is asked about, and tell it."""
        judge = self._judge()
        if not self.scope.whole and not judge.grants:
            raise who.unknown()
        looks = self._looks(judge, question)
        # Of several things the first that is refused is what he saw.
        look = next((one for one in looks if one.outcome is not Outcome.ALLOWED), looks[-1])
        refused = self.known.credential.refused
        if refused:
            look = replace(look, outcome=Outcome.UNAUTHENTICATED, reason=refused, decision=None)
        names = self._albums(look)
        zone = self.world.settings.zone
        days = {each.grant.source: last_day_of(each.grant.until, zone) for each in look.weighed}
        decision = look.decision
        return Explanation(
            whole=self.scope.whole,
            asked=asked.described(look.subject),
            others=tuple(asked.described(one.subject) for one in looks if one is not look and not refused),
            action=look.action,
            credential=self.known.credential,
            target=look.target,
            thing=look.thing,
            grants=tuple(self._grant(each, look, names, days) for each in look.weighed),
            outcome=look.outcome,
            reason=look.reason,
            rule=decision.rule if decision else None,
            label=decision.label if decision else None,
            ways=Ways(judge=judge, albums=names, days=days).out_of(look),
            record=_recorded(question.record, self.scope) if question.record else None,
            decisions=self._decisions(),
        )

    def _judge(self) -> Judge:
        world, actor = self.world, self.known.actor
        with world.store.read() as tx:
            grants = grants_of(tx, world, actor)
        return Judge(
            actor=actor,
            archive=self.scope.archive(world.archive),
            grants=self.scope.grants(grants),
            at=world.clock(),
        )

    def _looks(self, judge: Judge, question: _Question) -> list[Look]:
        looker = Looker(
            judge=judge, action=question.action, has_album=partial(_has_album, self.world, self.scope)
        )
        if question.subjects:
            return [looker.look(subject) for subject in question.subjects]
        if not self.known.credential.refused:
            raise Invalid(
                "resource", "{field}: the credential of this request is good now; say what is asked for."
            )
        nothing = asked.System("")
        return [Look(subject=nothing, outcome=Outcome.UNAUTHENTICATED, reason=Why.NOBODY)]

    def _albums(self, look: Look) -> Mapping[str, AlbumName]:
        """Name the albums that a step or a way out speaks of, by label."""
        labels = {each.grant.label for each in look.weighed}
        labels |= {label for one in look.resources for label in opening_labels(one)}
        with self.world.store.read() as tx:
            found = table.with_owners(tx, labels)
        return {
            album_label(album.slug): AlbumName(slug=album.slug, title=album.title, owners=tuple(owners))
            for album, owners in found
        }

    def _grant(
        self,
        weighed: Weighed,
        look: Look,
        names: Mapping[str, AlbumName],
        days: Mapping[str, date | None],
    ) -> GrantStep:
        grant, subject = weighed.grant, weighed.grant.subject
        paths = {group.id: group.path for group in self.known.actor.groups}
        return GrantStep(
            source=grant.source,
            album=names.get(grant.label),
            group=paths.get(subject.id, subject.id) if subject.kind is SubjectKind.GROUP else None,
            role=subject.id if subject.kind is SubjectKind.ROLE else None,
            label=grant.label,
            modalities=tuple(sorted(grant.modalities)) if grant.modalities is not None else None,
            actions=tuple(action for action in Action if action in grant.actions),
            until=days[grant.source],
            outcome=Why(weighed.outcome),
            decided=look.decision is not None and look.decision.rule == grant.source,
        )

    def _decisions(self) -> tuple[Recorded, ...]:
        with self.world.store.read() as tx:
            found = audit_table.last_of(
                tx, actor=self.known.key, events=_DECIDED, labels=self.scope.labels, limit=LAST
            )
        return tuple(_recorded(each, self.scope) for each in found)


def _recorded(record: AuditRecord, scope: Scope) -> Recorded:
    # What a token is called is between its maker and the administrators.
    named = scope.whole or not record.actor.startswith(who.TOKEN)
    return Recorded(
        at=record.at,
        event=record.event,
        actor=record.actor,
        actor_name=record.actor_name if named else "",
        action=record.action,
        level=record.level,
        target=record.target,
        study=record.study_uid,
        label=record.label,
        reason=record.reason,
        rule=record.rule,
        # Under which number a request came, the audit keeps from owners too.
        request_id=record.request_id if scope.whole else None,
        count=record.count,
    )
