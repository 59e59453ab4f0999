"""What people may put into albums and take out: what is found, what is refused with why, and what is told."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auth_service.albums import changing, ledger, naming
from auth_service.albums.changing import change_contents, preview
from auth_service.albums.ending import archive_album
from auth_service.albums.ledger import Failure, Report
from auth_service.albums.making import create_album
from auth_service.albums.naming import Named
from auth_service.archive import Archive, questions
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from auth_service.policy.model import NOBODY, SYSTEM, Visibility
from auth_service.search import Question
from auth_service.store import ledger as table
from auth_service.store.audit import records
from auth_service.vocabulary import MEMBER_ACTIONS, RULE_ACTIONS, Action, AuditEvent, ChangeVerb, Level
from tests.world import TestWorld, two_albums

ADD, REMOVE = ChangeVerb.ADD, ChangeVerb.REMOVE


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    """The two albums, and one of each owner's own that is empty."""
    world = two_albums(tmp_path)
    world.album("mine", "pi-a")
    world.album("theirs", "pi-b")
    yield world
    world.store.close()


def put(world: TestWorld, who: str, slug: str, verb: ChangeVerb = ADD, **named: Any) -> Report:  # noqa: ANN401 - of each field its own
    """Ask for a change and have it done."""
    report = change_contents(
        world,
        actor=world.actor(who),
        slug=slug,
        verb=verb,
        named=Named(**named),
    )
    return ledger.run(world, change=report.change)


def inside(world: TestWorld, slug: str) -> frozenset[str]:
    """Return what is in an album, where the ledger and the labels agree."""
    carried = {uid for uid, labels in world.archive.labels("Series").items() if f"album-{slug}" in labels}
    assert carried == ledger.contents(world, album=slug)
    return frozenset(carried)


def failed(report: Report) -> dict[str, str]:
    return {one.uid: one.reason for one in report.failed}


def test_an_owner_puts_his_studies_into_another_album_of_his(world: TestWorld) -> None:
    report = put(world, "pi-a", "mine", studies=["1.2.1", "1.2.2"])
    assert (report.state, report.done, report.total, report.failed) == ("done", 3, 3, ())
    assert inside(world, "mine") == {"1.2.1.1", "1.2.2.1", "1.2.2.2"}
    assert "1.2.1.2" not in inside(world, "mine"), "a series of the study that he may not see"


def test_what_is_hidden_looks_like_what_is_not_there(world: TestWorld) -> None:
    report = put(world, "pi-a", "mine", studies=["1.2.3", "1.2.77"], series=["1.2.9.1", "1.2.9.2"])
    assert (report.state, report.total) == ("failed", 0)
    assert failed(report) == dict.fromkeys(["1.2.3", "1.2.77", "1.2.9.1", "1.2.9.2"], "missing")
    assert inside(world, "mine") == frozenset()


def test_of_a_shared_study_each_owner_hands_on_his_own_series(world: TestWorld) -> None:
    put(world, "pi-b", "theirs", studies=["1.2.2"])
    assert inside(world, "theirs") == {"1.2.2.2"}


def test_who_may_only_look_hands_nothing_on_and_is_told_what_he_lacks(world: TestWorld) -> None:
    world.album("members-own", "member-a")
    report = put(world, "member-a", "members-own", studies=["1.2.2"])
    lacking = tuple(sorted(RULE_ACTIONS - {Action.VIEW}))
    assert report.failed == tuple(
        Failure(uid=uid, reason="forbidden", lacking=lacking) for uid in ("1.2.2.1", "1.2.2.2")
    )
    assert inside(world, "members-own") == frozenset()


def test_a_member_with_every_right_hands_on(world: TestWorld) -> None:
    world.album("members-own", "member-b")
    world.give("a", "member-b", *MEMBER_ACTIONS)
    assert put(world, "member-b", "members-own", studies=["1.2.1"]).done == 1
    assert inside(world, "members-own") == {"1.2.1.1"}


def test_it_is_the_albums_members_who_count_and_not_who_puts_it_in(world: TestWorld) -> None:
    """Whoever may upload into somebody else's album gives that owner all: he must have it all himself."""
    world.give("theirs", "member-a", Action.UPLOAD)
    assert failed(put(world, "member-a", "theirs", series=["1.2.1.1"])) == {"1.2.1.1": "forbidden"}
    world.give("theirs", "pi-a", Action.UPLOAD)
    assert put(world, "pi-a", "theirs", series=["1.2.1.1"]).done == 1
    assert inside(world, "theirs") == {"1.2.1.1"}


@pytest.mark.parametrize(
    ("who", "slug", "error"),
    [
        ("stranger", "a", NotFound),
        ("pi-b", "a", NotFound),
        ("pi-b", "no-such-album", NotFound),
        ("member-a", "a", Forbidden),
        ("admin", "a", NotFound),
    ],
)
@pytest.mark.parametrize("verb", [ADD, REMOVE])
def test_who_may_not_change_an_album_learns_nothing_and_changes_nothing(
    world: TestWorld, who: str, slug: str, error: type[Exception], verb: ChangeVerb
) -> None:
    before = world.archive.labels("Series")
    for ask in (change_contents, preview):
        with pytest.raises(error):
            ask(world, actor=world.actor(who), slug=slug, verb=verb, named=Named(studies=["1.2.1"]))
    with world.store.read() as tx:
        assert table.unfinished(tx) == []
        assert [one.event for one in records(tx)][-1] == AuditEvent.DENIED
    assert world.archive.labels("Series") == before


@pytest.mark.parametrize("verb", [ADD, REMOVE])
def test_nothing_goes_into_an_archived_album_or_out(world: TestWorld, verb: ChangeVerb) -> None:
    archive_album(world, actor=world.actor("pi-a"), slug="a", archived=True)
    for ask in (change_contents, preview):
        with pytest.raises(Conflict):
            ask(world, actor=world.actor("pi-a"), slug="a", verb=verb, named=Named(studies=["1.2.1"]))


def test_nobody_changes_nothing(world: TestWorld) -> None:
    with pytest.raises(NotFound):
        change_contents(world, actor=NOBODY, slug="a", verb=ADD, named=Named(studies=["1.2.1"]))


def test_what_exists_twice_is_told_only_to_who_sees_some_of_it(world: TestWorld) -> None:
    world.store_series(1, 1, patient="SOMEBODY-ELSE")
    assert failed(put(world, "pi-a", "mine", studies=["1.2.1"])) == {"1.2.1.1": "ambiguous"}
    assert failed(put(world, "pi-b", "theirs", studies=["1.2.1"])) == {"1.2.1": "missing"}


def test_a_list_may_name_studies_series_accession_numbers_and_patients(world: TestWorld) -> None:
    world.archive.set_tag("1.2.1", "AccessionNumber", "ACC 7")
    report = put(world, "pi-a", "mine", names=[" ACC 7 ", "TEST-2", "1.2.2.1", "ACC 7", "TEST-3", "nothing"])
    assert inside(world, "mine") == {"1.2.1.1", "1.2.2.1", "1.2.2.2"}
    assert failed(report) == {"TEST-3": "missing", "nothing": "missing"}


def test_a_name_of_different_things_is_not_guessed(world: TestWorld) -> None:
    world.archive.set_tag("1.2.1", "AccessionNumber", "TEST-2")
    assert failed(put(world, "pi-a", "mine", names=["TEST-2"])) == {"TEST-2": "unclear"}
    # Whoever sees only one of them has nothing to wonder about.
    assert put(world, "pi-b", "theirs", names=["TEST-2"]).done == 1


@pytest.mark.parametrize("name", ["*", "TEST-?", "TEST-1\\TEST-2", "", "x" * 65, "a\x00b"])
def test_a_pattern_is_no_name(world: TestWorld, name: str) -> None:
    assert failed(put(world, "pi-a", "mine", names=[name])) == {name[:64]: "malformed"}
    assert failed(put(world, "pi-a", "mine", studies=[name or "."], series=["1.2.1.1"])) == {
        (name or ".")[:64]: "malformed"
    }


def test_a_whole_album_is_what_he_sees_of_it(world: TestWorld) -> None:
    assert put(world, "pi-a", "mine", album="a").done == 3
    assert failed(put(world, "pi-a", "mine", album="b")) == {"b": "missing"}
    assert failed(put(world, "pi-a", "mine", album="no-such-album")) == {"no-such-album": "missing"}
    assert inside(world, "mine") == {"1.2.1.1", "1.2.2.1", "1.2.2.2"}


def test_a_rule_about_everything_tells_of_no_album(tmp_path: Path) -> None:
    """He may see every series, and yet not which of them are in an album that is hidden from him."""
    file = tmp_path / "permissions.jsonc"
    actions = sorted(RULE_ACTIONS)
    grant = {"to": {"person": "stranger"}, "labels": ["*"], "actions": actions}
    file.write_text(json.dumps({"roles": {}, "paradim-grants": [grant]}), encoding="utf-8")
    os.utime(file, (0, 0))
    world = two_albums(tmp_path / "world", rules_file=str(file))
    world.album("own", "stranger")
    world.give("b", "stranger", Action.VIEW)
    assert put(world, "stranger", "own", series=["1.2.1.1"]).done == 1, "the rule is in force"
    for slug in ("a", "no-such-album"):
        for verb in (ADD, REMOVE):
            assert failed(put(world, "stranger", "own", verb, album=slug)) == {slug: "missing"}
        named = Named(album=slug)
        seen = preview(world, actor=world.actor("stranger"), slug="own", verb=ADD, named=named)
        assert (seen.series, [one.why for one in seen.not_taken]) == (0, ["missing"])
    assert put(world, "stranger", "own", album="b").done == 2
    world.store.close()


def test_a_search_finds_what_he_sees(world: TestWorld) -> None:
    ct = Question(level=Level.SERIES, filters={"Modality": "CT"})
    assert put(world, "pi-a", "mine", query=ct).done == 2
    assert inside(world, "mine") == {"1.2.1.1", "1.2.2.1"}
    everything = Question(level=Level.STUDY)
    assert put(world, "pi-b", "theirs", query=everything).done == 2
    assert inside(world, "theirs") == {"1.2.2.2", "1.2.3.1"}


def test_a_search_that_finds_too_much_is_refused(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auth_service.search.MOST_NAMED", 1)
    with pytest.raises(Invalid, match="More than"):
        put(world, "pi-a", "mine", query=Question(level=Level.SERIES))


def test_what_names_nothing_or_too_much_is_refused(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match="at least one"):
        put(world, "pi-a", "mine")
    monkeypatch.setattr(changing, "MOST_NAMED", 2)
    with pytest.raises(Invalid, match="at most"):
        put(world, "pi-a", "mine", studies=["1.2.1"], names=["A", "B"])


def test_a_long_list_is_looked_up_in_pieces(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "AT_ONCE", 1)
    monkeypatch.setattr(questions, "AT_ONCE", 1)
    report = put(world, "pi-a", "mine", studies=["1.2.2", "1.2.1", "1.2.3"], names=["TEST-1"])
    assert failed(report) == {"1.2.3": "missing"}
    assert inside(world, "mine") == {"1.2.1.1", "1.2.2.1", "1.2.2.2"}


def test_a_preview_says_what_would_be_done_and_does_nothing(world: TestWorld) -> None:
    put(world, "pi-a", "mine", series=["1.2.1.1"])
    seen = preview(
        world,
        actor=world.actor("pi-a"),
        slug="mine",
        verb=ADD,
        named=Named(studies=["1.2.1", "1.2.2", "1.2.3"]),
    )
    assert (seen.series, seen.studies, seen.present) == (3, 2, 1)
    assert [(one.name, one.why) for one in seen.not_taken] == [("1.2.3", "missing")]
    assert inside(world, "mine") == {"1.2.1.1"}


def test_rights_are_looked_at_again_when_it_is_written_down(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's last right to the series ends while a long list of his is being looked up."""
    world.give("a", "member-b", *MEMBER_ACTIONS)
    world.album("members-own", "member-b")
    found = naming.look_up

    def slowly(archive: Archive, named: Named, *, visibility: Visibility) -> naming.Found:
        result = found(archive, named, visibility=visibility)
        world.revoke("a", "member-b")
        return result

    monkeypatch.setattr(changing, "look_up", slowly)
    report = put(world, "member-b", "members-own", series=["1.2.1.1"])
    assert failed(report) == {"1.2.1.1": "forbidden"}
    assert inside(world, "members-own") == frozenset()


def test_the_archive_that_does_not_answer_leaves_nothing_written(world: TestWorld) -> None:
    world.archive.down = True
    with pytest.raises(Unavailable):
        put(world, "pi-a", "mine", studies=["1.2.1"])
    with world.store.read() as tx:
        assert table.unfinished(tx) == []


def test_what_is_taken_out_is_named_as_the_ledger_knows_it(world: TestWorld) -> None:
    world.archive.set_tag("1.2.1", "AccessionNumber", "ACC7")
    assert put(world, "pi-a", "a", REMOVE, names=["ACC7"]).done == 1
    assert inside(world, "a") == {"1.2.2.1", "1.2.2.2"}
    report = put(world, "pi-a", "a", REMOVE, studies=["1.2.2", "1.2.3"], series=["1.2.9.1"])
    assert (report.done, failed(report)) == (2, {"1.2.3": "elsewhere", "1.2.9.1": "elsewhere"})
    assert inside(world, "a") == frozenset()
    assert inside(world, "b") == {"1.2.2.2", "1.2.3.1"}


def test_who_may_remove_and_not_look_takes_out_what_he_can_name(world: TestWorld) -> None:
    world.give("a", "member-b", Action.REMOVE)
    assert failed(put(world, "member-b", "a", REMOVE, names=["TEST-1"])) == {"TEST-1": "missing"}
    assert put(world, "member-b", "a", REMOVE, studies=["1.2.1"]).done == 1


def test_what_a_crashed_archive_lost_can_be_taken_out(world: TestWorld) -> None:
    found = world.archive.series("1.2.2.1")
    assert found is not None
    lost = found.id
    world.archive.delete(lost)
    assert put(world, "pi-a", "a", REMOVE, studies=["1.2.2"]).done == 2
    assert inside(world, "a") == {"1.2.1.1"}


def test_all_that_is_asked_for_is_on_record_also_where_it_came_from(world: TestWorld) -> None:
    report = put(world, "pi-a", "mine", studies=["1.2.1", "1.2.3"], series=["1.2.2.2"])
    with world.store.read() as tx:
        found = [one for one in records(tx) if one.details.get("change") == report.change]
    assert [(one.event, one.label, one.actor, one.details) for one in found] == [
        (
            "change-begun",
            "album-mine",
            world.actor("pi-a").key,
            {"change": report.change, "verb": "add", "series": 2, "not_taken": {"missing": 1}},
        ),
        ("series-sent", "album-a", world.actor("pi-a").key, {"change": report.change, "series": 2}),
        (
            "series-added",
            "album-mine",
            world.actor("pi-a").key,
            {"change": report.change, "done": 2, "failed": 0},
        ),
    ]


def test_each_album_by_whose_right_series_are_handed_on_has_it_on_record(world: TestWorld) -> None:
    """Whatever it gave of what it takes: its owners may have kept ``send`` to themselves."""
    world.album("again", "member-b", "1.2.2.1", "1.2.2.2")
    world.album("members-own", "member-b")
    world.give("a", "member-b", *(MEMBER_ACTIONS - {Action.SEND}))
    world.revoke("b", "member-b")
    world.give("b", "member-b", Action.INVITE, Action.COMMENT)
    report = put(world, "member-b", "members-own", series=["1.2.2.1", "1.2.2.2"])
    assert report.done == 2
    with world.store.read() as tx:
        sent = {one.label: one.details for one in records(tx) if one.event == AuditEvent.SERIES_SENT}
    told = {"change": report.change, "series": 2}
    assert sent == {"album-a": told, "album-again": told}, "b gave nothing that it takes"


def test_what_is_in_the_album_already_is_not_sent_into_it_by_itself(world: TestWorld) -> None:
    put(world, "pi-a", "a", studies=["1.2.1"])
    with world.store.read() as tx:
        assert AuditEvent.SERIES_SENT not in [one.event for one in records(tx)]


def test_the_system_needs_no_rights_and_nobody_else_may_do_it_so(world: TestWorld) -> None:
    with pytest.raises(Forbidden):
        ledger.begin(world, actor=world.actor("pi-a"), album="a", verb=ADD, series=["1.2.9.1"])
    made = create_album(world, actor=SYSTEM, title="Made", owner="pi-a")
    assert world.put(made, "1.2.9.1").done == 1
