"""Rules before they are live: what Keycloak and Orthanc know better, and who gains or loses what."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from auth_service import cli
from auth_service.cli import rules as rules_cli
from auth_service.directory import DirectoryPerson
from auth_service.policy.model import Actor, Grant
from auth_service.policy.rules import read
from auth_service.rules import review as rules_review
from auth_service.store import albums, people
from auth_service.vocabulary import Action, Level
from tests.fakes.directory import FakeDirectory
from tests.world import TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    made = two_albums(tmp_path)
    made.keycloak.users["admin"].roles = {"admin"}
    made.keycloak.users["pi-a"].roles = {"pi"}
    study = made.archive.study("1.2.1")
    series = made.archive.series("1.2.3.1")
    assert study is not None
    assert series is not None
    made.archive.set_label(Level.STUDY, study.id, "trauma")
    made.archive.set_label(Level.SERIES, series.id, "stroke")
    yield made
    made.store.close()


def text(*grants: dict[str, Any], **roles: dict[str, list[str]]) -> str:
    return json.dumps({"roles": roles, "paradim-grants": grants})


def grant(label: str, *actions: str, **more: object) -> dict[str, Any]:
    return {"to": {"role": "researcher"}, "labels": [label], "actions": list(actions or ["view"]), **more}


def warned(world: TestWorld, text: str) -> list[str]:
    review = rules_review.check(world, text, at=world.clock())
    assert (review.problems, review.unasked) == ((), ())
    return [one.message.format(**one.places) for one in review.warnings]


def test_rules_that_mean_what_they_say_have_no_warnings(world: TestWorld) -> None:
    written = text(
        grant("trauma"),
        grant("stroke", to={"group": "/radiology"}),
        grant("*", to={"person": "pi-a"}, until="2026-03-02"),
        grant("*", to={"person": "pi-a"}, until="9999-12-31"),
        pi={"authorized-labels": ["trauma"], "permissions": ["view"]},
    )
    assert warned(world, written) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (grant("trauam"), "Nothing in Orthanc carries the label trauam yet."),
        (grant("*", to={"role": "reseacher"}), "Keycloak knows no role reseacher: this gives nothing."),
        (grant("*", to={"person": "nobody"}), "Keycloak knows no nobody: this gives nothing."),
        (grant("*", to={"group": "radiology"}), "Keycloak knows no radiology: this gives nothing."),
        (grant("*", until="2026-03-01"), "This has ended and can never match: 2026-03-01."),
    ],
)
def test_what_keycloak_orthanc_or_the_calendar_know_better_is_said(
    world: TestWorld, given: dict[str, Any], said: str
) -> None:
    assert warned(world, text(given)) == [said]


def test_that_no_administrator_is_left_is_said(world: TestWorld) -> None:
    world.keycloak.users["admin"].roles = {"researcher"}
    assert warned(world, text()) == [
        "No account has the realm role admin: nobody could see what is wrong with the rules."
    ]


@pytest.mark.parametrize("silent", [["keycloak"], ["orthanc"], ["keycloak", "orthanc"]])
def test_what_could_not_be_asked_is_said_and_the_rest_is_checked(world: TestWorld, silent: list[str]) -> None:
    world.keycloak.directory_down, world.archive.down = "keycloak" in silent, "orthanc" in silent
    written = text(grant("trauam", to={"person": "nobody"}))
    review = rules_review.check(world, written, at=world.clock())
    assert list(review.unasked) == silent
    assert len(review.warnings) == 2 - len(silent)
    assert [len(review.rules), *review.problems] == [1]


def differing(world: TestWorld, old: str, new: str) -> list[tuple[str, str, int, int]]:
    found = rules_review.differences(world, read(old).rules, read(new).rules, at=world.clock())
    return [(one.person.username, str(one.action), one.gained, one.lost) for one in found]


def test_who_gains_and_loses_what_is_said_by_person_right_and_number_of_studies(world: TestWorld) -> None:
    old = text(grant("trauma", "view", "download"), grant("*", to={"person": "stranger"}))
    new = text(grant("stroke"), grant("*", to={"group": "/radiology"}, modalities=["CT"]))
    for person in ("stranger", "member-b"):
        world.keycloak.users[person].roles = {"researcher"}
    world.keycloak.users["member-a"].roles = {"pi"}
    # Studies: 1 (CT, SEG; trauma), 2 (CT, MR), 3 (MR; stroke on its series), 9 (CT).
    assert differing(world, old, new) == [
        ("group-member", "download", 0, 1),
        ("group-member", "view", 3, 1),
        ("member-b", "download", 0, 1),
        ("member-b", "view", 0, 1),
        ("pi-b", "download", 0, 1),
        ("pi-b", "view", 0, 1),
        ("stranger", "download", 0, 1),
        ("stranger", "view", 0, 3),
    ]


def test_what_an_album_gives_anyhow_is_neither_gained_nor_lost(world: TestWorld) -> None:
    everything = text(grant("*", to={"person": "member-b"}))
    # Album b holds a series of study 2 and all of study 3.
    assert differing(world, text(), everything) == [("member-b", "view", 3, 0)]
    only_b = text(grant("stroke", to={"person": "member-b"}))
    assert differing(world, text(), only_b) == []


def test_the_same_rules_change_nothing_whatever_their_order_and_form(world: TestWorld) -> None:
    one = text(grant("trauma"), grant("stroke"))
    other = text(researcher={"authorized_labels": ["stroke", "trauma"], "permissions": ["view", "view"]})
    assert differing(world, one, other) == []
    assert world.archive.questions == [] or differing(world, one, other) == []


def test_people_who_were_never_here_count_and_disabled_ones_do_not(world: TestWorld) -> None:
    with world.store.read() as tx:
        assert "stranger" not in {row.username for row in people.of_provider(tx, "keycloak")}
    world.keycloak.users["pi-b"].enabled = False
    by_role = text(grant("stroke", to={"role": "researcher"}))
    names = {name for name, *_ in differing(world, text(), by_role)}
    assert "stranger" in names
    assert "pi-b" not in names


def test_each_name_is_asked_for_once_and_memberships_are_read_once_for_each_person(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: list[str] = []
    read_for: list[str] = []
    person, grants_of = FakeDirectory.person, albums.grants_of

    def asked(directory: FakeDirectory, username: str) -> DirectoryPerson | None:
        named.append(username)
        return person(directory, username)

    def read_memberships(tx: Session, actor: Actor, *, zone: ZoneInfo) -> list[Grant]:
        read_for.append(actor.username)
        return grants_of(tx, actor, zone=zone)

    monkeypatch.setattr(FakeDirectory, "person", asked)
    monkeypatch.setattr(albums, "grants_of", read_memberships)
    assert differing(world, text(), text(grant("*", to={"person": "stranger"}))) == [
        ("stranger", "view", 4, 0)
    ]
    assert named == ["stranger"]
    assert "stranger" in read_for
    assert len(read_for) == len(set(read_for))


# The command line


def written(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_check_prints_places_and_says_by_its_status_what_came_of_it(
    world: TestWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = written(tmp_path, "good.jsonc", text(grant("trauam")))
    assert rules_cli.check(world, good) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{good}:1:76: warning: Nothing in Orthanc carries the label trauam yet.",
        f"{good}: 1 rule(s), 1 warning(s)",
    ]
    bad = written(tmp_path, "bad.jsonc", '{"roles": {}\n "x": 1}')
    assert rules_cli.check(world, bad) == 1
    assert capsys.readouterr().out == (
        f"{bad}:2:2: problem: This is not JSON with comments: Expecting ',' delimiter.\n"
    )
    assert rules_cli.check(world, tmp_path / "missing") == 2
    assert rules_cli.check(world, written(tmp_path, "latin", b"\xe9")) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path / 'missing'} cannot be read: No such file or directory.",
        f"{tmp_path / 'latin'} is not written in UTF-8.",
    ]


def test_check_works_without_settings_and_says_what_it_could_not_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUTH_PUBLIC_URL", raising=False)
    good = written(tmp_path, "good.jsonc", text(grant("trauma")))
    assert cli.main(["rules", "check", str(good)]) == 0
    said = capsys.readouterr().out
    assert "Keycloak could not be asked" in said
    assert "Orthanc could not be asked" in said
    assert cli.main(["rules", "diff", str(good), str(good)]) == 2


def test_diff_prints_a_line_for_each_change(
    world: TestWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = written(tmp_path, "old.jsonc", text(grant("trauma", to={"person": "stranger"})))
    new = written(tmp_path, "new.jsonc", text(grant("*", to={"person": "stranger"}, modalities=["CT"])))
    assert rules_cli.diff(world, old, new) == 0
    assert capsys.readouterr().out == (
        "stranger (Test Stranger): gains view on 2 studies, loses view on 1 study\n"
    )
    assert rules_cli.diff(world, old, old) == 0
    assert capsys.readouterr().out == "Nobody gains or loses anything.\n"
    bad = written(tmp_path, "bad.jsonc", "{")
    assert rules_cli.diff(world, old, bad) == 1
    assert rules_cli.diff(world, old, tmp_path / "missing") == 2
    world.archive.down = True
    assert rules_cli.diff(world, old, new) == 2


def test_rights_that_a_rule_cannot_give_are_not_compared(world: TestWorld) -> None:
    changes = differing(world, text(), text(researcher={"authorized-labels": ["*"], "permissions": ["all"]}))
    assert {action for _, action, *_ in changes} <= {str(action) for action in Action} - {"invite", "remove"}
