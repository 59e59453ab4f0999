"""How far changes are, who is told, what stops them, and what takes them back."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auth_service.albums import batches, following, labelling, ledger, undoing
from auth_service.albums.changing import change_contents
from auth_service.albums.ending import archive_album
from auth_service.albums.leaving import hand_over
from auth_service.albums.ledger import Report
from auth_service.albums.members import Rights, add_member, change_member, list_members
from auth_service.albums.naming import Named
from auth_service.archive import Archive
from auth_service.errors import Conflict, Forbidden, NotFound
from auth_service.policy.model import SYSTEM, Actor, Narrowing
from auth_service.store.audit import records
from auth_service.store.ledger import Stamp
from auth_service.vocabulary import (
    MEMBER_ACTIONS,
    RULE_ACTIONS,
    TOKEN_ACTIONS,
    Action,
    ActorKind,
    AlbumRole,
    ChangeVerb,
    album_label,
)
from tests.unit.auth_service.albums.batching import in_batches_of
from tests.world import TestWorld, two_albums

ADD, REMOVE = ChangeVerb.ADD, ChangeVerb.REMOVE

HANDED = RULE_ACTIONS - {Action.UPLOAD}
"""What it takes to put series into an album, beside ``upload`` there."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    """The two albums; ``pi-b`` may do everything in ``a`` too, but own it."""
    world = two_albums(tmp_path)
    world.give("a", "pi-b", *MEMBER_ACTIONS)
    yield world
    world.store.close()


def ask(world: TestWorld, who: str, slug: str, verb: ChangeVerb, *studies: str) -> Report:
    """Ask for a change; nothing is done yet."""
    return change_contents(world, actor=world.actor(who), slug=slug, verb=verb, named=Named(studies=studies))


def do(world: TestWorld, who: str, slug: str, verb: ChangeVerb, *studies: str) -> Report:
    return ledger.run(world, change=ask(world, who, slug, verb, *studies).change)


def undo(world: TestWorld, who: str, change: str) -> Report:
    return ledger.run(world, change=undoing.undo(world, actor=world.actor(who), change=change).change)


def inside(world: TestWorld, slug: str) -> frozenset[str]:
    carried = {uid for uid, labels in world.archive.labels("Series").items() if album_label(slug) in labels}
    assert carried == ledger.contents(world, album=slug)
    return frozenset(carried)


def token(
    world: TestWorld,
    maker: str,
    *actions: Action,
    albums: frozenset[str] | None = None,
    name: str = "t1",
) -> Actor:
    """Return a token of somebody's that leaves some actions, or all that it can, in some albums or all."""
    labels = None if albums is None else frozenset(map(album_label, albums))
    narrowing = Narrowing(actions=frozenset(actions) or MEMBER_ACTIONS, labels=labels)
    return replace(world.actor(maker), kind=ActorKind.TOKEN, session=None, token=name, narrowing=narrowing)


def bearer(world: TestWorld, who: str) -> Actor:
    """Return a program that comes with somebody's access token of Keycloak's."""
    return replace(world.actor(who), session=None, narrowing=Narrowing(actions=TOKEN_ACTIONS))


def ask_as(world: TestWorld, actor: Actor, slug: str, verb: ChangeVerb, *studies: str) -> str:
    named = Named(studies=studies)
    return change_contents(world, actor=actor, slug=slug, verb=verb, named=named).change


def test_who_asked_and_the_owners_follow_a_change_and_nobody_else(world: TestWorld) -> None:
    change = ask(world, "pi-b", "a", ADD, "1.2.3", "1.2.77").change
    told = {who: following.read(world, actor=world.actor(who), change=change) for who in ("pi-a", "pi-b")}
    assert {who: (one.state, one.done, one.total) for who, one in told.items()} == dict.fromkeys(
        told, ("waiting", 0, 1)
    )
    for who in ("member-a", "member-b", "stranger", "admin"):
        with pytest.raises(NotFound):
            following.read(world, actor=world.actor(who), change=change)
    with pytest.raises(NotFound):
        following.read(world, actor=world.actor("pi-a"), change="0" * 32)


def test_an_owner_is_not_told_what_another_named_in_vain(world: TestWorld) -> None:
    """A list may hold names of patients that are not his to know."""
    report = change_contents(
        world,
        actor=world.actor("pi-b"),
        slug="a",
        verb=ADD,
        named=Named(studies=["1.2.3", "1.2.77"], names=["SOMEBODY^ELSE"]),
    )
    told = {
        who: {one.uid for one in following.read(world, actor=world.actor(who), change=report.change).failed}
        for who in ("pi-a", "pi-b")
    }
    assert told == {"pi-a": set(), "pi-b": {"1.2.77", "SOMEBODY^ELSE"}}
    found = following.list_changes(world, actor=world.actor("pi-a"), slug="a", limit=1, offset=0)
    assert (found.items[0].failed, found.items[0].failed_total) == ((), 0)


def test_an_owner_who_stops_a_change_is_not_told_what_another_named_in_vain(world: TestWorld) -> None:
    named = Named(studies=["1.2.3", "1.2.77"], names=["SOMEBODY^ELSE"])
    change = change_contents(world, actor=world.actor("pi-b"), slug="a", verb=ADD, named=named).change
    report = following.cancel(world, actor=world.actor("pi-a"), change=change)
    assert report.cancelled is not None
    assert (report.failed, report.failed_total) == ((), 0)


def test_an_owner_is_told_which_of_the_series_could_not_be_done(world: TestWorld) -> None:
    change = ask(world, "pi-b", "a", ADD, "1.2.3", "1.2.77").change
    lost = world.archive.series("1.2.3.1")
    assert lost is not None
    world.archive.delete(lost.id)
    ledger.run(world, change=change)
    report = following.read(world, actor=world.actor("pi-a"), change=change)
    assert [(one.uid, one.reason) for one in report.failed] == [("1.2.3.1", "missing")]
    assert report.failed_total == 1


def test_who_is_in_the_album_no_more_follows_nothing_in_it(world: TestWorld) -> None:
    change = do(world, "pi-b", "a", ADD, "1.2.3").change
    world.revoke("a", "pi-b")
    with pytest.raises(NotFound):
        following.read(world, actor=world.actor("pi-b"), change=change)
    with pytest.raises(NotFound):
        undo(world, "pi-b", change)


def test_a_token_for_another_album_follows_nothing(world: TestWorld) -> None:
    change = ask_as(world, token(world, "pi-b", albums=frozenset({"a", "b"})), "a", ADD, "1.2.3")
    ledger.run(world, change=change)
    assert following.read(world, actor=token(world, "pi-b", albums=frozenset({"a"})), change=change).done == 1
    with pytest.raises(NotFound):
        following.read(world, actor=token(world, "pi-b", albums=frozenset({"b"})), change=change)


def test_a_token_follows_what_it_asked_for_itself_and_its_maker_all_of_it(world: TestWorld) -> None:
    """What somebody, or another program of his, named may tell of what this one must not know."""
    first, second = (token(world, "pi-b", name=name) for name in ("t1", "t2"))
    changes = {
        actor.key: ask_as(world, actor, "a", ADD, "1.2.3", "1.2.77")
        for actor in (first, second, world.actor("pi-b"))
    }

    def followed(actor: Actor) -> set[str]:
        readable = set()
        for change in changes.values():
            with suppress(NotFound):
                readable.add(following.read(world, actor=actor, change=change).change)
        found = following.list_changes(world, actor=actor, slug="a", limit=10, offset=0)
        assert {one.change for one in found.items} == readable
        assert found.total == len(readable)
        return readable

    for actor in (first, second):
        assert followed(actor) == {changes[actor.key]}
    assert followed(world.actor("pi-b")) == set(changes.values())
    # Whoever comes with Keycloak's own token is the person, as far as reading goes.
    assert followed(bearer(world, "pi-b")) == {changes[world.actor("pi-b").key]}


def test_a_token_to_look_stops_nothing_of_its_makers_and_takes_nothing_back(world: TestWorld) -> None:
    waiting = ask(world, "pi-b", "a", ADD, "1.2.3").change
    for do_it in (following.cancel, undoing.undo):
        with pytest.raises(NotFound):
            do_it(world, actor=token(world, "pi-b", Action.VIEW), change=waiting)


@pytest.mark.parametrize("verb", [ADD, REMOVE])
@pytest.mark.parametrize("program", ["token", "bearer"])
def test_a_program_stops_and_takes_back_only_what_it_may_do(
    world: TestWorld, verb: ChangeVerb, program: str
) -> None:
    """To stop an addition takes what adding takes; to take it back, what removing takes; and turned round."""
    doing, back = Action.UPLOAD, Action.REMOVE
    if verb is REMOVE:
        doing, back = back, doing

    def left(*actions: Action) -> Actor:
        made = token(world, "pi-b", *actions) if program == "token" else bearer(world, "pi-b")
        return replace(made, narrowing=Narrowing(actions=frozenset(actions)))

    study = "1.2.3" if verb is ADD else "1.2.1"
    change = ask_as(world, left(Action.VIEW, *HANDED, doing), "a", verb, study)
    with pytest.raises(Forbidden):
        following.cancel(world, actor=left(Action.VIEW, back), change=change)
    ledger.run(world, change=change)
    with pytest.raises(Forbidden):
        undoing.undo(world, actor=left(Action.VIEW, doing), change=change)
    with pytest.raises(NotFound):
        undoing.undo(world, actor=token(world, "pi-b", back, name="another"), change=change)
    assert ledger.report(world, change=change).done == 1
    again = ask_as(world, left(Action.VIEW, *HANDED, doing), "a", verb, "1.2.2")
    assert following.cancel(world, actor=left(doing), change=again).cancelled is not None
    ledger.run(world, change=again)
    made = undoing.undo(world, actor=left(Action.VIEW, *HANDED, back), change=change)
    assert made.undoes == change


def test_a_token_of_an_owners_is_no_owner(world: TestWorld) -> None:
    change = do(world, "pi-b", "a", ADD, "1.2.3").change
    for do_it in (following.read, following.cancel, undoing.undo):
        with pytest.raises(NotFound):
            do_it(world, actor=token(world, "pi-a"), change=change)


def test_owners_list_all_changes_and_others_their_own(world: TestWorld) -> None:
    first = ask(world, "pi-b", "a", ADD, "1.2.3").change
    world.wait(minutes=1)
    second = ask(world, "pi-a", "a", REMOVE, "1.2.1").change

    def listed(who: str, limit: int = 10, offset: int = 0) -> tuple[list[str], int]:
        found = following.list_changes(world, actor=world.actor(who), slug="a", limit=limit, offset=offset)
        return [one.change for one in found.items], found.total

    everything, total = listed("pi-a")
    assert (everything[:2], total) == ([second, first], 3)
    assert listed("pi-a", limit=1, offset=1) == ([first], 3)
    assert listed("pi-b") == ([first], 1)
    assert listed("member-a") == ([], 0)
    with pytest.raises(NotFound):
        listed("stranger")


def test_a_long_report_is_told_in_pages_and_a_list_tells_little_of_each(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was named and is no series comes first, then the series that could not be done."""
    monkeypatch.setattr(following, "MOST_LISTED", 2)
    change = ask(world, "pi-b", "a", ADD, "1.2.3", "1.2.2", *(f"1.2.77.{n}" for n in range(5))).change
    following.cancel(world, actor=world.actor("pi-b"), change=change)
    ledger.run(world, change=change)
    everything = [*(f"1.2.77.{n}" for n in range(5)), "1.2.3.1", "1.2.2.1", "1.2.2.2"]

    def page(limit: int, offset: int) -> list[str]:
        report = following.read(world, actor=world.actor("pi-b"), change=change, limit=limit, offset=offset)
        assert (report.failed_total, report.due, report.total) == (8, 0, 3)
        return [one.uid for one in report.failed]

    assert page(100, 0) == everything
    assert [uid for offset in range(0, 10, 3) for uid in page(3, offset)] == everything
    listed = following.list_changes(world, actor=world.actor("pi-b"), slug="a", limit=5, offset=0)
    assert [len(one.failed) for one in listed.items] == [2]
    assert listed.items[0].failed_total == 8


def test_nobody_has_too_many_changes_under_way(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """By his tokens too, in any album; others, and what is over, do not count."""
    monkeypatch.setattr(ledger, "MOST_UNFINISHED", 2)
    begun = [ask(world, "pi-b", "a", ADD, "1.2.3").change]
    begun.append(ask_as(world, token(world, "pi-b"), "b", REMOVE, "1.2.2"))
    for actor in (world.actor("pi-b"), token(world, "pi-b")):
        with pytest.raises(Conflict) as refused:
            ask_as(world, actor, "a", ADD, "1.2.2")
        assert refused.value.reason == "changes"
    ask(world, "pi-a", "a", REMOVE, "1.2.1")
    # What names nothing that can be done is over as it begins.
    assert ask(world, "pi-b", "a", ADD, "1.2.77").state == "failed"
    ledger.run(world, change=begun[0])
    third = ask(world, "pi-b", "a", ADD, "1.2.2").change
    with pytest.raises(Conflict):
        undoing.undo(world, actor=world.actor("pi-b"), change=begun[0])
    # One that was stopped and is not put back yet is not over.
    following.cancel(world, actor=world.actor("pi-b"), change=third)
    with pytest.raises(Conflict):
        ask(world, "pi-b", "a", ADD, "1.2.2")
    ledger.run(world, change=third)
    undoing.undo(world, actor=world.actor("pi-b"), change=begun[0])


@in_batches_of(1)
def test_a_change_is_stopped_and_what_was_done_stays(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(world, "pi-b", "a", ADD, "1.2.3")
    change = ask(world, "pi-a", "a", REMOVE, "1.2.1", "1.2.2").change
    applied = labelling.apply

    def stopped_meanwhile(archive: Archive, **what: Any) -> list[Stamp]:  # noqa: ANN401 - handed through
        stamps = applied(archive, **what)
        if following.read(world, actor=world.actor("pi-a"), change=change).state == "running":
            following.cancel(world, actor=world.actor("pi-a"), change=change)
            monkeypatch.setattr(batches, "apply", applied)
        return stamps

    monkeypatch.setattr(batches, "apply", stopped_meanwhile)
    report = ledger.run(world, change=change)
    assert (report.state, report.done, report.total) == ("cancelled", 1, 3)
    assert [one.reason for one in report.failed] == ["cancelled", "cancelled"]
    assert len(inside(world, "a")) == 3
    with pytest.raises(Conflict):
        following.cancel(world, actor=world.actor("pi-a"), change=change)
    undo(world, "pi-a", change)
    assert inside(world, "a") == {"1.2.1.1", "1.2.2.1", "1.2.2.2", "1.2.3.1"}


def test_a_change_that_waits_is_stopped_whole(world: TestWorld) -> None:
    change = ask(world, "pi-b", "a", ADD, "1.2.3").change
    following.cancel(world, actor=world.actor("pi-a"), change=change)
    assert ledger.run(world, change=change).state == "cancelled"
    assert inside(world, "a") == {"1.2.1.1", "1.2.2.1", "1.2.2.2"}
    with world.store.read() as tx:
        assert "change-cancelled" in [one.event for one in records(tx)]


def test_others_stop_nothing(world: TestWorld) -> None:
    change = ask(world, "pi-a", "a", REMOVE, "1.2.1").change
    for who in ("pi-b", "member-a", "stranger", "admin"):
        with pytest.raises(NotFound):
            following.cancel(world, actor=world.actor(who), change=change)


def test_what_was_put_in_is_taken_back(world: TestWorld) -> None:
    change = do(world, "pi-b", "a", ADD, "1.2.3", "1.2.2").change
    report = undo(world, "pi-b", change)
    assert (report.verb, report.undoes, report.done) == ("remove", change, 1)
    assert inside(world, "a") == {"1.2.1.1", "1.2.2.1", "1.2.2.2"}, "what was in before stays in"
    with pytest.raises(Conflict):
        undo(world, "pi-b", change)
    undo(world, "pi-a", report.change)
    assert "1.2.3.1" in inside(world, "a")


def test_what_was_taken_out_comes_back(world: TestWorld) -> None:
    change = do(world, "pi-a", "a", REMOVE, "1.2.1", "1.2.2").change
    assert inside(world, "a") == frozenset()
    undo(world, "pi-a", change)
    assert inside(world, "a") == {"1.2.1.1", "1.2.2.1", "1.2.2.2"}
    assert world.archive.labels("Study")["1.2.1"] == {"album-a"}


def test_what_others_touched_since_is_left_as_they_left_it(world: TestWorld) -> None:
    change = do(world, "pi-b", "a", REMOVE, "1.2.1", "1.2.2").change
    do(world, "pi-b", "a", ADD, "1.2.2")
    later = do(world, "pi-a", "a", REMOVE, "1.2.2")
    undo(world, "pi-b", change)
    assert inside(world, "a") == {"1.2.1.1", "1.2.2.1"}
    assert later.done == 1


def test_a_change_that_goes_on_is_not_taken_back(world: TestWorld) -> None:
    change = ask(world, "pi-b", "a", ADD, "1.2.3").change
    with pytest.raises(Conflict):
        undo(world, "pi-b", change)


@pytest.mark.parametrize(
    ("verb", "left", "may"),
    [
        (ADD, Action.REMOVE, True),
        (ADD, Action.UPLOAD, True),
        (ADD, Action.VIEW, False),
        (REMOVE, Action.UPLOAD, False),
        (REMOVE, Action.REMOVE, False),
        (REMOVE, Action.VIEW, False),
    ],
)
def test_who_asked_takes_back_what_he_may_still_do(
    world: TestWorld,
    verb: ChangeVerb,
    left: Action,
    may: bool,  # noqa: FBT001 - a column of the table
) -> None:
    change = do(world, "pi-b", "a", verb, "1.2.3" if verb is ADD else "1.2.1").change
    world.revoke("a", "pi-b")
    world.give("a", "pi-b", left)
    if may:
        assert undo(world, "pi-b", change).done == 1
        return
    with pytest.raises(Forbidden):
        undo(world, "pi-b", change)


def own_by(world: TestWorld, slug: str, user: str) -> None:
    """Make somebody an owner, as the system."""
    add_member(world, actor=SYSTEM, slug=slug, user=user, rights=Rights(role=AlbumRole.OWNER))


def test_who_owns_the_album_since_a_removal_does_not_bring_back_what_was_taken_out(world: TestWorld) -> None:
    """It was taken out before he came: he, and who came with him, were never given it."""
    removed = do(world, "pi-a", "a", REMOVE, "1.2.1").change
    world.wait(days=1)
    own_by(world, "a", "stranger")
    with pytest.raises(Forbidden):
        undo(world, "stranger", removed)
    assert "1.2.1.1" not in inside(world, "a")
    with world.store.read() as tx:
        last = records(tx)[-1]
    assert (last.event, last.actor, last.target) == ("denied", world.actor("stranger").key, "a")
    # Who had all of it when it was taken out may give it to whoever is there now.
    assert undo(world, "pi-a", removed).done == 1
    assert "1.2.1.1" in inside(world, "a")


@pytest.mark.parametrize("how", ["changed", "handed over"])
def test_who_was_given_more_since_a_removal_does_not_bring_back_what_was_taken_out(
    world: TestWorld, how: str
) -> None:
    removed = do(world, "pi-a", "a", REMOVE, "1.2.1").change
    world.wait(days=1)
    if how == "changed":
        [member] = [one for one in list_members(world, actor=SYSTEM, slug="a") if one.subject == "member-a"]
        change_member(world, actor=world.actor("pi-a"), slug="a", member_id=member.id, role=AlbumRole.OWNER)
    else:
        hand_over(world, actor=world.actor("pi-a"), slug="a", user="member-a", keep=None)
    with pytest.raises(Forbidden):
        undo(world, "member-a", removed)
    assert "1.2.1.1" not in inside(world, "a")


def test_what_the_record_no_longer_tells_counts_as_given_since(tmp_path: Path) -> None:
    """When his rights were changed may have been forgotten with the audit of that time."""
    world = two_albums(tmp_path, audit_keep_days=30)
    removed = do(world, "pi-a", "a", REMOVE, "1.2.1").change
    world.wait(days=29)
    undone = undo(world, "pi-a", removed).change
    assert inside(world, "a") >= {"1.2.1.1"}
    undo(world, "pi-a", undone)
    removed = do(world, "pi-a", "a", REMOVE, "1.2.2").change
    world.wait(days=30)
    with pytest.raises(Forbidden):
        undo(world, "pi-a", removed)
    world.store.close()


def test_what_one_may_hand_on_by_other_rights_is_brought_back_and_the_rest_is_not_told(
    world: TestWorld,
) -> None:
    """``pi-b`` has one of the two series in an album of his own; the other is hidden from him by now."""
    removed = do(world, "pi-b", "a", REMOVE, "1.2.2").change
    world.revoke("a", "pi-b")
    world.wait(days=1)
    world.give("a", "pi-b", Action.UPLOAD)
    report = undo(world, "pi-b", removed)
    assert (report.undoes, report.done, report.total, report.failed) == (removed, 1, 1, ())
    assert inside(world, "a") == {"1.2.1.1", "1.2.2.2"}
    with world.store.read() as tx:
        sent = [one for one in records(tx) if one.event == "series-sent"]
    assert [(one.label, one.details) for one in sent] == [("album-b", {"change": report.change, "series": 1})]


def test_of_an_archived_album_nothing_is_taken_back(world: TestWorld) -> None:
    change = do(world, "pi-a", "a", REMOVE, "1.2.1").change
    archive_album(world, actor=world.actor("pi-a"), slug="a", archived=True)
    with pytest.raises(Conflict):
        undo(world, "pi-a", change)
    assert "1.2.1.1" not in inside(world, "a")


def test_nobody_takes_back_what_another_did(world: TestWorld) -> None:
    """An owner took it out: who may put series in does not bring it back, without a right to it."""
    change = do(world, "pi-a", "a", REMOVE, "1.2.1").change
    with pytest.raises(NotFound):
        undo(world, "pi-b", change)
    assert "1.2.1.1" not in inside(world, "a")


def test_what_was_in_it_is_for_who_may_read_what_happened(world: TestWorld) -> None:
    before = world.clock()
    world.wait(days=1)
    do(world, "pi-a", "a", REMOVE, "1.2.1")
    now = following.contents(world, actor=world.actor("member-a"), slug="a")
    assert now == {"1.2.2.1": "1.2.2", "1.2.2.2": "1.2.2"}
    then = following.contents(world, actor=world.actor("pi-a"), slug="a", at=before)
    assert then == {"1.2.1.1": "1.2.1", "1.2.2.1": "1.2.2", "1.2.2.2": "1.2.2"}
    first = following.contents(world, actor=world.actor("pi-a"), slug="a", at=before - timedelta(days=1))
    assert first == {}
    with pytest.raises(Forbidden):
        following.contents(world, actor=world.actor("member-a"), slug="a", at=before)
    with pytest.raises(NotFound):
        following.contents(world, actor=world.actor("stranger"), slug="a")


def test_who_may_not_view_is_not_told_what_is_in_it(world: TestWorld) -> None:
    world.give("b", "member-a", Action.UPLOAD)
    with pytest.raises(Forbidden):
        following.contents(world, actor=world.actor("member-a"), slug="b")
