"""The rules file in force: taken whole or not at all, soon after it was written, and closed without one."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auth_service.albums import rights
from auth_service.errors import NoRules, Untold
from auth_service.gate import Gate
from auth_service.grants import grants_of
from auth_service.origin import NOWHERE
from auth_service.policy.model import (
    NOBODY,
    Actor,
    Everything,
    Group,
    Labelled,
    Narrowing,
    Nothing,
    Openings,
)
from auth_service.rules import ASK_AGAIN, LOOK_EVERY, SETTLED, RulesFile, RulesStatus
from auth_service.store.audit import records
from auth_service.vocabulary import TOKEN_ACTIONS, Action, ActorKind, AuditEvent, Level, RulesState
from tests.fakes.directory import FakeDirectory
from tests.world import TestWorld

EVERYTHING = '{"roles": {"admin": {"authorized-labels": ["*"], "permissions": ["view"]}}}'
NOTHING = '{"roles": {}}'


def ours(*grants: dict[str, Any]) -> str:
    return json.dumps({"roles": {}, "paradim-grants": grants}, indent=1)


class Ruled:
    """A world with a rules file, and time for both the file and who looks at it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "permissions.jsonc"
        self.world = TestWorld.make(folder / "world", rules_file=str(self.path))
        self.now = 1000.0
        self.rules = RulesFile(
            settings=self.world.settings,
            store=self.world.store,
            directory=self.world.directory,
            clock=self.world.clock,
            timer=lambda: self.now,
            wall=lambda: self.now,
        )
        self.world.rules = self.rules
        self.world.keycloak.users["admin"].roles = {"admin"}

    def write(self, text: str | bytes, *, at: float | None = None) -> None:
        """Write in place, without a rename, as at this moment."""
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        moment = int((self.now if at is None else at) * 1e9)
        os.utime(self.path, ns=(moment, moment))

    def later(self, seconds: float = LOOK_EVERY + SETTLED) -> RulesStatus:
        self.now += seconds
        return self.rules.status()

    def labels(self, who: str) -> set[str]:
        return {grant.label for grant in self.rules.of(self.world.actor(who))}

    def events(self) -> list[str]:
        with self.world.store.read() as tx:
            return [one.event for one in records(tx) if one.event.startswith("rules-")]


@pytest.fixture
def ruled(tmp_path: Path) -> Iterator[Ruled]:
    made = Ruled(tmp_path)
    yield made
    made.world.store.close()


def test_without_a_file_in_the_settings_memberships_alone_give_rights(tmp_path: Path) -> None:
    world = TestWorld.make(tmp_path)
    assert world.rules.status() == RulesStatus(state=RulesState.OFF)
    for who in ("pi-a", "admin"):
        world.rules.admit(world.actor(who))
        assert world.rules.of(world.actor(who)) == []
    world.store.close()


def test_a_rule_says_whence_it_comes_by_file_and_line(ruled: Ruled) -> None:
    ruled.write('{"roles": {\n"admin": {"authorized-labels": ["*"],\n "permissions": ["view"]}}}')
    assert ruled.later().state is RulesState.GOOD
    [grant] = ruled.rules.of(ruled.world.actor("admin"))
    assert (grant.source, grant.opening) == ("rules:permissions.jsonc:2", Everything())
    assert ruled.rules.of(ruled.world.actor("pi-a")) == []


def test_roles_groups_and_people_are_found_by_what_lasts(ruled: Ruled) -> None:
    ruled.world.keycloak.users["stranger"].roles = {"radiologist"}
    ruled.write(
        ours(
            {"to": {"role": "radiologist"}, "labels": ["r"], "actions": ["view"]},
            {"to": {"group": "/radiology"}, "labels": ["g"], "actions": ["view"]},
            {"to": {"person": "Member-A"}, "labels": ["p"], "actions": ["view"], "modalities": ["CT"]},
            {"to": {"person": "nobody"}, "labels": ["n"], "actions": ["view"]},
            {"to": {"group": "/nowhere"}, "labels": ["n"], "actions": ["view"]},
        )
    )
    status = ruled.later()
    found = {who: ruled.labels(who) for who in ("stranger", "group-member", "member-a", "pi-a")}
    assert found == {"stranger": {"r"}, "group-member": {"g"}, "member-a": {"p"}, "pi-a": set()}
    said = [one.message.format(**one.places) for one in status.warnings]
    assert said == [
        "Keycloak knows no nobody: this gives nothing.",
        "Keycloak knows no /nowhere: this gives nothing.",
    ]
    assert (status.state, status.rules) == (RulesState.GOOD, 5)
    assert ruled.rules.of(NOBODY) == []


def test_a_right_lasts_through_its_last_day_in_the_sites_time_zone(ruled: Ruled) -> None:
    ruled.write(ours({"to": {"role": "pi"}, "labels": ["x"], "actions": ["view"], "until": "2026-03-02"}))
    ruled.later()
    ruled.world.keycloak.users["pi-a"].roles = {"pi"}
    [grant] = ruled.rules.of(ruled.world.actor("pi-a"))
    assert grant.until is not None
    assert grant.until.isoformat() == "2026-03-03T00:00:00-05:00"


def test_a_change_is_in_force_within_a_look_and_the_time_that_a_file_settles(ruled: Ruled) -> None:
    ruled.write(NOTHING)
    ruled.later()
    ruled.write(EVERYTHING)
    ruled.now += LOOK_EVERY
    ruled.rules.admit(ruled.world.actor("admin"))
    assert ruled.labels("admin") == {"*"}
    ruled.write(NOTHING)
    ruled.now += LOOK_EVERY
    ruled.rules.admit(ruled.world.actor("admin"))
    assert ruled.labels("admin") == set()


def test_a_file_is_looked_at_once_a_second_however_often_it_is_used(ruled: Ruled) -> None:
    ruled.write(NOTHING)
    ruled.later()
    ruled.write(EVERYTHING, at=ruled.now - 60)
    ruled.later(LOOK_EVERY / 2)
    assert ruled.labels("admin") == set()
    ruled.later(LOOK_EVERY / 2)
    assert ruled.labels("admin") == {"*"}


def test_a_file_that_is_being_written_is_not_taken(ruled: Ruled) -> None:
    ruled.write(NOTHING)
    ruled.later()
    # It happens to be whole, but its writer has only just stopped, or has not.
    ruled.now += LOOK_EVERY
    ruled.write(EVERYTHING)
    ruled.rules.status()
    assert ruled.labels("admin") == set()
    ruled.write(NOTHING + " ", at=ruled.now + SETTLED / 2)
    ruled.later(SETTLED)
    ruled.later(SETTLED)
    assert ruled.labels("admin") == set()
    assert ruled.events() == ["rules-taken", "rules-taken"]


def test_a_file_stamped_in_the_future_is_taken_once_it_stays_as_it_is(ruled: Ruled) -> None:
    ruled.write(EVERYTHING, at=ruled.now + 3600)
    assert ruled.later().state is RulesState.NONE
    assert ruled.later().state is RulesState.GOOD


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (EVERYTHING[:40], "1:41 This is not JSON with comments"),
        ("", "1:1 This is not JSON with comments"),
        (b'{"roles": {"\xe9": {}}}', "1:1 The file is not written in UTF-8."),
        ('{"roles": {"x": {"permissions": ["viwe"]}}}', "1:34 viwe is not among"),
        ('{"roles": {"x": {"authorized-labels": ["album-a"]}}}', "1:40 album-a is reserved"),
        (b" " * 5_000_000, "1:1 The file is too large."),
    ],
)
def test_what_cannot_be_understood_leaves_what_is_in_force_and_says_why(
    ruled: Ruled, broken: str | bytes, said: str
) -> None:
    ruled.write(EVERYTHING)
    since = ruled.later().since
    ruled.world.wait(hours=1)
    ruled.write(broken)
    status = ruled.later()
    assert (status.state, status.since) == (RulesState.KEPT, since)
    assert ruled.labels("admin") == {"*"}
    [problem] = status.problems
    place = f"{problem.place.line}:{problem.place.column} "
    assert (place + problem.message.format(**problem.places)).startswith(said)
    ruled.later()
    ruled.write(NOTHING)
    status = ruled.later()
    assert (status.state, status.problems, ruled.labels("admin")) == (RulesState.GOOD, (), set())
    assert ruled.events() == ["rules-taken", "rules-refused", "rules-taken"]


def test_a_file_that_is_gone_leaves_what_is_in_force_and_is_taken_when_it_comes_back(ruled: Ruled) -> None:
    ruled.write(EVERYTHING)
    ruled.later()
    aside = ruled.path.with_suffix(".aside")
    ruled.path.rename(aside)
    status = ruled.later()
    assert status.state is RulesState.KEPT
    assert [one.message.format(**one.places) for one in status.problems] == [
        "The file cannot be read: No such file or directory."
    ]
    aside.rename(ruled.path)
    assert ruled.later().state is RulesState.GOOD


def test_one_bad_rule_takes_none_of_the_file(ruled: Ruled) -> None:
    ruled.write(NOTHING)
    ruled.later()
    good = {"to": {"role": "admin"}, "labels": ["*"], "actions": ["view"]}
    ruled.write(ours(good, good | {"actions": ["administer"]}))
    assert ruled.later().state is RulesState.KEPT
    assert ruled.labels("admin") == set()


@pytest.mark.parametrize("text", [None, "{", '{"roles": 1}'])
def test_without_any_good_rules_nobody_is_served_but_an_administrator_in_person(
    ruled: Ruled, text: str | None
) -> None:
    if text is not None:
        ruled.write(text)
    assert ruled.later().state is RulesState.NONE
    world = ruled.world
    world.album("a", "pi-a")
    admin = world.actor("admin")
    token = Actor(kind=ActorKind.TOKEN, subject=admin.subject, roles=admin.roles, token="t1")
    bearer = replace(admin, session=None, narrowing=Narrowing(actions=TOKEN_ACTIONS))
    for who in (world.actor("pi-a"), world.actor("stranger"), token, bearer, NOBODY):
        with pytest.raises(NoRules):
            ruled.rules.admit(who)
        with pytest.raises(NoRules):
            ruled.rules.of(who)
    ruled.rules.admit(admin)
    assert ruled.rules.of(admin) == []
    with world.store.read() as tx, pytest.raises(NoRules):
        grants_of(tx, world, world.actor("pi-a"))


def test_while_keycloak_is_silent_names_mean_whom_they_meant_and_new_ones_nobody_yet(ruled: Ruled) -> None:
    anna = {"to": {"person": "member-a"}, "labels": ["a"], "actions": ["view"]}
    ruled.write(ours(anna))
    ruled.later()
    ruled.world.keycloak.directory_down = True
    ruled.write(ours(anna | {"labels": ["b"]}, anna | {"to": {"person": "member-b"}}))
    status = ruled.later()
    ruled.world.keycloak.directory_down = False
    assert ruled.labels("member-a") == {"b"}
    assert ruled.labels("member-b") == set()
    assert [one.message.format(**one.places) for one in status.warnings] == [
        "Keycloak could not be asked for member-b: this gives nothing yet."
    ]
    since = status.since
    ruled.world.wait(seconds=ASK_AGAIN)
    status = ruled.later(ASK_AGAIN)
    assert (status.warnings, status.since) == ((), since)
    assert ruled.labels("member-b") == {"a"}


def test_a_refused_file_stays_refused_when_the_names_in_force_are_asked_for_again(ruled: Ruled) -> None:
    ruled.world.keycloak.directory_down = True
    ruled.write(ours({"to": {"person": "member-a"}, "labels": ["a"], "actions": ["view"]}))
    assert ruled.later().warnings
    ruled.write("{")
    refused = ruled.later()
    assert refused.state is RulesState.KEPT
    ruled.world.keycloak.directory_down = False
    ruled.world.wait(seconds=ASK_AGAIN)
    status = ruled.later(ASK_AGAIN)
    assert (status.warnings, ruled.labels("member-a")) == ((), {"a"})
    assert (status.state, status.problems, status.since) == (
        RulesState.KEPT,
        refused.problems,
        refused.since,
    )
    assert ruled.events() == ["rules-taken", "rules-refused"]


def test_one_name_of_which_keycloak_will_not_tell_takes_nothing_from_the_others(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = FakeDirectory.group

    def refusing(directory: FakeDirectory, path: str) -> Group | None:
        if path == "/odd":
            raise Untold("keycloak")
        return group(directory, path)

    monkeypatch.setattr(FakeDirectory, "group", refusing)
    names = [{"group": "/odd"}, *({"person": f"member-{letter}"} for letter in "ab"), {"group": "/radiology"}]
    ruled.write(ours(*({"to": name, "labels": ["a"], "actions": ["view"]} for name in names)))
    status = ruled.later()
    assert [one.places["name"] for one in status.warnings] == ["/odd"]
    for who in ("member-a", "member-b", "group-member"):
        assert ruled.labels(who) == {"a"}


def test_what_could_not_be_recorded_is_recorded_later(ruled: Ruled, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError("disk full")

    ruled.write(EVERYTHING)
    with monkeypatch.context() as patched:
        patched.setattr("auth_service.store.audit.add", failing)
        with pytest.raises(OSError, match="disk full"):
            ruled.later()
    assert ruled.events() == []
    ruled.rules.status()
    assert ruled.events() == ["rules-taken"]


def test_a_role_needs_nothing_of_keycloak(ruled: Ruled) -> None:
    ruled.world.keycloak.directory_down = True
    ruled.write(EVERYTHING)
    assert ruled.later().state is RulesState.GOOD
    ruled.world.keycloak.directory_down = False
    assert ruled.labels("admin") == {"*"}


def test_looking_never_writes_within_who_asks_for_grants(ruled: Ruled) -> None:
    ruled.write(EVERYTHING)
    ruled.now += LOOK_EVERY
    with ruled.world.store.write() as tx:
        assert grants_of(tx, ruled.world, ruled.world.actor("pi-a")) == []
    assert ruled.events() == []
    ruled.rules.status()
    assert ruled.events() == ["rules-taken"]


def test_the_record_says_which_file_it_was(ruled: Ruled) -> None:
    ruled.write(NOTHING)
    ruled.later()
    with ruled.world.store.read() as tx:
        [record] = [one for one in records(tx) if one.event == AuditEvent.RULES_TAKEN]
    assert (record.actor, record.target, record.details["rules"]) == ("system", "permissions.jsonc", 0)
    assert len(record.details["sha256"]) == 64


def test_the_gate_joins_rules_and_memberships_and_opens_no_album_by_a_rule(ruled: Ruled) -> None:
    world = ruled.world
    world.keycloak.users["member-a"].roles = {"reader"}
    world.store_series(1, 1)
    world.album("a", "pi-a", "1.2.1.1")
    world.give("a", "member-a", Action.VIEW)
    ruled.write(ours({"to": {"role": "reader"}, "labels": ["trauma"], "actions": ["view", "download"]}))
    ruled.later()
    gate = Gate(
        settings=world.settings,
        store=world.store,
        archive=world.archive,
        rules=world.rules,
        clock=world.clock,
        origin=NOWHERE,
    )
    actor = world.actor("member-a")
    both = frozenset({Labelled(label="album-a"), Labelled(label="trauma")})
    assert gate.visible(actor, Action.VIEW) == Openings(both)
    assert gate.visible(actor, Action.DOWNLOAD) == Openings(frozenset({Labelled(label="trauma")}))
    assert gate.visible(world.actor("stranger"), Action.VIEW) == Nothing()
    series = world.archive.series("1.2.1.1")
    assert series is not None
    assert gate.permitted(actor, Action.DOWNLOAD, "1.2.1.1") is None
    world.archive.set_label(Level.STUDY, series.study_id, "trauma")
    assert gate.permitted(actor, Action.DOWNLOAD, "1.2.1.1") == world.archive.series("1.2.1.1")
    with world.store.read() as tx:
        assert not rights.may(tx, world, actor=actor, action=Action.DOWNLOAD, slug="a")
