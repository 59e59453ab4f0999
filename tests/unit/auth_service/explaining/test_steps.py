"""Every word occurs, every way out would do, and what people have can be pasted."""

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from auth_service import targets
from auth_service.albums.members import Rights, add_member, change_member, list_members, remove_member
from auth_service.errors import Invalid, NotFound, Unavailable
from auth_service.explaining.model import Explanation
from auth_service.explaining.text import lines
from auth_service.policy.model import SYSTEM, Reason
from auth_service.store.audit import records
from auth_service.store.tables import ApiToken
from auth_service.vocabulary import Action, AlbumRole, AuditEvent, Level, Outcome, WayOut, Why
from tests.unit.auth_service.explaining.asking import FILE, FRAME, HERE, gate_of, token_of, tokens_of, told
from tests.world import TestWorld, two_albums


def a_flaw_for_each_reason(world: TestWorld) -> dict[Why, Explanation]:
    """Ask one question for each word that a decision may end with, and each that a grant may count for."""
    world.give("b", "member-a", Action.COMMENT)
    ended = world.give("b", "stranger", Action.VIEW)
    change_member(
        world, actor=SYSTEM, slug="b", member_id=ended.id, until=world.clock.now.date(), keep_until=False
    )
    token, _ = token_of(world, "member-b", "view", albums=["b"])
    revoked, _ = token_of(world, "member-b", "view")
    tokens_of(world).revoke(world.actor("member-b"), revoked.removeprefix("token:"), origin=HERE)
    short, _ = token_of(world, "member-b", "view")
    with world.store.write() as tx:
        tx.execute(
            update(ApiToken)
            .where(ApiToken.id == short.removeprefix("token:"))
            .values(until=world.clock.now.date() - timedelta(days=1))
        )
    world.store_series(7, 1)
    world.store_series(7, 1, patient="SOMEBODY-ELSE")
    world.wait(days=2)
    world.keycloak.users["group-member"].enabled = False
    return {
        Why.GRANTED: told(world, FRAME.format(1, 1)),
        Why.NO_GRANT: told(world, FRAME.format(9, 1)),
        Why.OTHER_ACTION: told(world, FILE.format(1, 1)),
        Why.ENDED: told(world, "1.2.3.1", "stranger"),
        Why.NARROWED: told(world, FILE.format(3, 1), token),
        Why.IN_PERSON: told(world, "/api/people", token),
        Why.NOT_AN_ADMIN: told(world, "/api/people"),
        Why.NOBODY: told(world, FRAME.format(1, 1), "nobody"),
        Why.NO_ACCOUNT: told(world, FRAME.format(1, 1), "group-member"),
        Why.REVOKED: told(world, FRAME.format(3, 1), revoked),
        Why.OVER: told(world, FRAME.format(3, 1), short),
        Why.MISSING: told(world, "1.2.3.4.5"),
        Why.AMBIGUOUS: told(world, "1.2.7.1"),
        Why.UNDECLARED: told(world, "/orthanc/statistics-of-nothing"),
        Why.FOR_NOBODY: told(world, "/orthanc/tools/execute-script"),
        Why.PARAMETER: told(world, FRAME.format(1, 1) + "?token=x"),
        Why.SEARCH: told(world, "/dicom-web/studies?PatientName=DOE"),
    }


def test_every_reason_is_told_with_the_status_that_he_sees(world: TestWorld) -> None:
    found = a_flaw_for_each_reason(world)
    assert {why: (each.reason, each.status) for why, each in found.items()} == {
        Why.GRANTED: (Why.GRANTED, 200),
        Why.NO_GRANT: (Why.NO_GRANT, 404),
        Why.OTHER_ACTION: (Why.OTHER_ACTION, 403),
        Why.ENDED: (Why.ENDED, 404),
        Why.NARROWED: (Why.NARROWED, 403),
        Why.IN_PERSON: (Why.IN_PERSON, 403),
        Why.NOT_AN_ADMIN: (Why.NOT_AN_ADMIN, 404),
        Why.NOBODY: (Why.NOBODY, 401),
        Why.NO_ACCOUNT: (Why.NO_ACCOUNT, 401),
        Why.REVOKED: (Why.REVOKED, 401),
        Why.OVER: (Why.OVER, 401),
        Why.MISSING: (Why.MISSING, 404),
        Why.AMBIGUOUS: (Why.AMBIGUOUS, 404),
        Why.UNDECLARED: (Why.UNDECLARED, 404),
        Why.FOR_NOBODY: (Why.FOR_NOBODY, 404),
        Why.PARAMETER: (Why.PARAMETER, 400),
        Why.SEARCH: (Why.SEARCH, 200),
    }
    of_grants = {grant.outcome for each in found.values() for grant in each.grants}
    # A grant of somebody else is never read for an actor: the policy alone knows the word. Conditions come
    # from rules (below).
    assert set(found) | of_grants == set(Why) - {Why.OTHER_SUBJECT, Why.OTHER_MODALITY}


RULES = """{
  "roles": {},
  "paradim-grants": [
    {"to": {"role": "researcher"}, "labels": ["*"], "actions": ["view"], "modalities": ["MR"]}
  ]
}"""


def test_a_rule_is_told_with_its_line_for_whom_and_for_which_modalities(tmp_path: Path) -> None:
    file = tmp_path / "permissions.jsonc"
    file.write_text(RULES)
    os.utime(file, (0, 0))
    world = two_albums(tmp_path / "world", rules_file=str(file))
    world.keycloak.users["admin"].roles = {"admin"}
    world.keycloak.users["stranger"].roles = {"researcher"}
    refused, allowed = (
        told(world, FRAME.format(1, 1), "stranger"),
        told(world, FRAME.format(3, 1), "stranger"),
    )
    [grant] = refused.grants
    assert (grant.source, grant.role, grant.label) == ("rules:permissions.jsonc:4", "researcher", "*")
    assert (grant.modalities, grant.outcome) == (("MR",), Why.OTHER_MODALITY)
    assert (refused.reason, refused.status) == (Why.NO_GRANT, 404)
    assert (allowed.reason, allowed.rule, allowed.status) == (Why.GRANTED, grant.source, 200)
    assert "role researcher: view in * of MR" in "\n".join(lines(refused))
    [searched] = told(world, "/dicom-web/studies", "stranger").grants
    assert searched.outcome is Why.GRANTED, "a rule with a condition opens a search too"
    world.store.close()


def test_every_reason_of_the_policy_can_be_told() -> None:
    reasons = {value for name, value in vars(Reason).items() if name.isupper()}
    assert reasons <= {str(word) for word in Why}


def test_every_way_out_occurs_and_names_album_and_owner(world: TestWorld) -> None:
    world.archive.set_label(Level.SERIES, _orthanc(world, "1.2.9.1"), "teaching")
    found = a_flaw_for_each_reason(world)
    token, _ = token_of(world, "stranger", "view", albums=None)
    foreign = told(world, FRAME.format(1, 1), token)
    narrow, _ = token_of(world, "member-b", "download", albums=["b"])
    needs_both = told(world, FRAME.format(1, 1), narrow)
    put = told(world, "1.2.1.2")
    all_ways = [way for each in (*found.values(), foreign, needs_both, put) for way in each.ways]
    assert {way.kind for way in all_ways} == set(WayOut)
    (right,) = found[Why.OTHER_ACTION].ways
    assert (right.kind, right.action, right.album.slug if right.album else "") == (
        WayOut.RIGHT,
        Action.DOWNLOAD,
        "a",
    )
    assert right.album is not None
    assert right.album.owners == (world.keycloak.users["pi-a"].name,)
    (date_over,) = found[Why.ENDED].ways
    assert (date_over.kind, date_over.ended) == (WayOut.DATE, date(2026, 3, 2))
    assert [way.kind for way in foreign.ways] == [WayOut.MEMBERSHIP]
    assert [way.token_too for way in foreign.ways] == [False]
    assert [(way.kind, way.token_too) for way in needs_both.ways] == [(WayOut.MEMBERSHIP, True)]
    assert [way.kind for way in found[Why.NO_GRANT].ways] == [WayOut.RULE]
    assert [way.kind for way in put.ways] == [WayOut.PUT]


def _orthanc(world: TestWorld, uid: str) -> str:
    series = world.archive.series(uid)
    assert series is not None
    return series.id


def test_taking_a_way_out_lets_him_in(world: TestWorld) -> None:
    for resource in (
        FRAME.format(1, 1),
        FILE.format(2, 2),
        "1.2.3",
        "a",
        "/portal/study?study=1.2.3&album=b",
    ):
        before = told(world, resource, "stranger")
        assert before.outcome is Outcome.HIDDEN
        way = before.ways[0]
        assert way.kind is WayOut.MEMBERSHIP
        assert way.album is not None
        assert way.action is not None
        member = world.give(way.album.slug, "stranger", way.action)
        assert told(world, resource, "stranger").outcome is Outcome.ALLOWED, resource
        remove_member(world, actor=SYSTEM, slug=way.album.slug, member_id=member.id)


def test_the_steps_are_told_as_they_were_taken(world: TestWorld) -> None:
    world.give("b", "member-a", Action.COMMENT)
    found = told(world, FILE.format(2, 2))
    assert found.target is not None
    assert found.thing is not None
    assert (found.target.row, found.target.way) == ("instance", "streamed")
    assert (found.thing.study, found.thing.series[0].labels) == ("1.2.2", ("album-a", "album-b"))
    assert found.action is Action.DOWNLOAD
    assert [(one.album.slug if one.album else "", one.outcome, one.decided) for one in found.grants] == [
        ("a", Why.OTHER_ACTION, True),
        ("b", Why.OTHER_ACTION, False),
    ]
    assert found.grants[0].actions == (Action.VIEW,)
    assert found.credential.username == "member-a"
    assert found.credential.roles == tuple(sorted(world.keycloak.users["member-a"].roles))


def test_a_grant_by_a_group_names_the_group(world: TestWorld) -> None:
    rights = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}))
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=rights)
    found = told(world, FRAME.format(1, 1), "group-member")
    assert found.outcome is Outcome.ALLOWED
    assert [grant.group for grant in found.grants] == ["/radiology"]


@pytest.mark.parametrize(
    ("resource", "asked", "others"),
    [
        ("http://portal.test/portal/study?study=1.2.1&album=a", "1.2.1", ("a",)),
        ("/portal/album?album=a", "a", ()),
        ("/ohif/viewer?StudyInstanceUIDs=1.2.1,1.2.3", "1.2.3", ("1.2.1",)),
        ("/api/series/1.2.1.1/picture", "1.2.1.1", ()),
        ("/api/albums/a/members", "a", ()),
        ("/dicom-web/studies/1.2.1/metadata", "/dicom-web/studies/1.2.1/metadata", ()),
        ("/dicom-web/studies/1.2.1/series/1.2.1.1/instances?x=1", None, ()),
        ("1.2.1.1.1", "1.2.1.1.1", ()),
    ],
)
def test_whatever_a_browser_shows_can_be_pasted(
    world: TestWorld, resource: str, asked: str | None, others: tuple[str, ...]
) -> None:
    resource = resource.replace("http://portal.test", world.settings.public_url)
    found = told(world, f"  {resource} ")
    assert found.asked == (asked or resource.partition("?")[0])
    assert found.others == others


@pytest.mark.parametrize(
    "resource",
    [
        "",
        "x" * 5000,
        "http://elsewhere.test/dicom-web/studies/1",
        "/portal/me",
        "/ohif/viewer",
        "UPPER",
        "a/b",
    ],
)
def test_what_names_nothing_is_said_by_its_field(world: TestWorld, resource: str) -> None:
    with pytest.raises(Invalid) as error:
        told(world, resource)
    assert error.value.field == "resource"


@pytest.mark.parametrize("actor", ["", "no-such-person", "token:none", "../admin", "share:1", "x" * 300])
def test_an_unknown_actor_is_said_by_its_field(world: TestWorld, actor: str) -> None:
    with pytest.raises(Invalid) as error:
        told(world, FRAME.format(1, 1), actor)
    assert error.value.field == "actor"


def test_an_unknown_action_is_said_by_its_field(world: TestWorld) -> None:
    with pytest.raises(Invalid) as error:
        told(world, FRAME.format(1, 1), action="fly")
    assert error.value.field == "action"


def test_a_person_is_found_by_subject_by_name_and_by_his_name_in_the_record(world: TestWorld) -> None:
    user = world.keycloak.users["member-a"]
    for name in (user.sub, "Member-A", f"person:{world.settings.provider}:{user.sub}"):
        assert told(world, FRAME.format(1, 1), name).credential.id == user.sub


def test_a_number_of_a_request_is_enough(world: TestWorld) -> None:
    actor, path = world.actor("member-a"), FRAME.format(9, 1)
    gate_of(world).judge(actor, targets.resolve("GET", path), path)
    found = told(world, "1" * 32, None)
    assert (found.asked, found.reason, found.credential.id) == (path, Why.NO_GRANT, actor.subject)
    assert found.record is not None
    assert (found.record.event, found.record.reason) == (AuditEvent.DENIED, Reason.NO_GRANT)
    assert found.credential.session == "session-of-member-a"
    assert found.credential.session_ended == "over"
    assert [each.target for each in found.decisions] == [path]


def test_each_kind_of_record_is_understood(world: TestWorld) -> None:
    actor = world.actor("member-b")
    download = FILE.format(3, 1)
    gate_of(world, replace(HERE, request_id="2" * 32)).judge(
        actor, targets.resolve("GET", download), download
    )
    gate_of(world, replace(HERE, request_id="3" * 32)).permitted_series(actor, Action.VIEW, "1.2.3")
    with pytest.raises(NotFound):
        gate_of(world, replace(HERE, request_id="4" * 32)).permitted_series(actor, Action.VIEW, "1.2.1")
    with pytest.raises(NotFound):
        list_members(world, actor=actor, slug="a", origin=replace(HERE, request_id="5" * 32))
    _, secret = token_of(world, "member-b", "view")
    world.keycloak.users["member-b"].enabled = False
    assert tokens_of(world).actor(secret, origin=replace(HERE, request_id="6" * 32)) is None
    found = {number: told(world, number * 32, None) for number in "23456"}
    assert {number: (each.asked, each.reason) for number, each in found.items()} == {
        "2": (download, Why.NO_ACCOUNT),
        "3": ("1.2.3", Why.NO_ACCOUNT),
        "4": ("1.2.1", Why.NO_ACCOUNT),
        "5": ("a", Why.NO_ACCOUNT),
        "6": ("", Why.NO_ACCOUNT),
    }
    world.keycloak.users["member-b"].enabled = True
    world.wait(seconds=5)
    again = {number: told(world, number * 32, None) for number in "2345"}
    assert [each.reason for each in again.values()] == [
        Why.GRANTED,
        Why.GRANTED,
        Why.NO_GRANT,
        Why.NO_GRANT,
    ]
    assert again["5"].action is Action.MANAGE
    with pytest.raises(Invalid):
        told(world, "6" * 32, None)


def test_what_was_done_to_the_archive_as_a_whole_is_on_record_by_its_action_and_counted(
    world: TestWorld,
) -> None:
    path = "/orthanc/system"
    for _ in range(2):
        gate_of(world).judge(world.actor("admin"), targets.resolve("GET", path), path)
    with world.store.read() as tx:
        [record] = [each for each in records(tx) if each.event == AuditEvent.ADMINISTERED]
    assert (record.action, record.reason, record.target, record.count) == ("administer", "", path, 2)
    found = told(world, HERE.request_id or "", None)
    assert (found.asked, found.outcome, found.reason) == (path, Outcome.ALLOWED, Why.GRANTED)


def test_a_number_that_left_nothing_is_said_to_be_in_nginxs_log(world: TestWorld) -> None:
    with pytest.raises(Invalid) as error:
        told(world, "f" * 32)
    assert "log" in error.value.message


def test_that_somebody_was_told_is_on_record_and_nothing_else_is(world: TestWorld) -> None:
    def counted() -> list[tuple[str, str | None]]:
        with world.store.read() as tx:
            return [(each.event, each.target) for each in records(tx)]

    before = counted()
    told(world, FRAME.format(1, 1))
    told(world, "/dicom-web/studies?PatientName=DOE")
    told(world, "1.2.9.1")
    assert counted()[len(before) :] == [
        (AuditEvent.EXPLAINED, FRAME.format(1, 1)),
        (AuditEvent.EXPLAINED, "/dicom-web/studies"),
        (AuditEvent.EXPLAINED, "1.2.9.1"),
    ]
    with world.store.read() as tx:
        last = records(tx)[-1]
    about = f"person:{world.settings.provider}:{world.keycloak.users['member-a'].sub}"
    assert (last.actor, last.details) == (
        world.actor("admin").key,
        {"about": about, "outcome": "hidden"},
    )


def test_when_a_part_is_down_nothing_is_said_that_is_not_known(world: TestWorld) -> None:
    world.archive.down = True
    with pytest.raises(Unavailable):
        told(world, FRAME.format(1, 1))
    assert told(world, "a").outcome is Outcome.ALLOWED
    world.keycloak.down = True
    with pytest.raises(Unavailable):
        told(world, "a")


def test_it_can_be_read_in_a_terminal(world: TestWorld) -> None:
    found = a_flaw_for_each_reason(world)
    written = "\n".join(line for each in found.values() for line in lines(each))
    for each in found.values():
        assert each.reason.sentence in written
    forbidden = list(lines(found[Why.OTHER_ACTION]))
    assert forbidden[0].startswith(f"member-a: download {FILE.format(1, 1)} -> 403 forbidden.")
    assert any(
        line.startswith(" 4 grant      membership:") and "view in Album a" in line for line in forbidden
    )
    assert forbidden[-1].startswith(
        " - One more right in an album in which he is. (download in Album a [a; owner:"
    )


def test_every_word_has_a_sentence() -> None:
    assert all(word.sentence for words in (Outcome, Why, WayOut) for word in words)


def test_orthancs_own_routes_are_explained_by_the_things_they_name(world: TestWorld) -> None:
    study, series = world.archive.study("1.2.1"), world.archive.series("1.2.1.2")
    assert study is not None
    assert series is not None
    wado = "/orthanc/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1&objectUID=1.2.1.1.1"
    found = {
        path: (each.outcome, each.reason, each.thing.uid if each.thing else None)
        for path in (
            f"/orthanc/studies/{study.id}",
            f"/orthanc/studies/{study.id}/archive",
            f"/orthanc/series/{series.id}",
            f"/orthanc/series/{series.id}/shared-tags",
            f"/orthanc/tools/create-archive?resources={series.id}",
            f"/orthanc/series/{'0' * 8}-00000000-00000000-00000000-00000000",
            wado,
        )
        for each in [told(world, path)]
    }
    assert list(found.values()) == [
        (Outcome.ALLOWED, Why.GRANTED, "1.2.1"),
        (Outcome.FORBIDDEN, Why.OTHER_ACTION, "1.2.1"),
        (Outcome.HIDDEN, Why.NO_GRANT, "1.2.1.2"),
        (Outcome.HIDDEN, Why.NO_GRANT, "1.2.1.2"),
        (Outcome.HIDDEN, Why.NO_GRANT, "1.2.1.2"),
        (Outcome.HIDDEN, Why.MISSING, "00000000-00000000-00000000-00000000-00000000"),
        (Outcome.ALLOWED, Why.GRANTED, "1.2.1.1"),
    ]


def test_the_archive_as_a_whole_is_explained_by_the_role_and_by_a_grant_without_bounds(
    world: TestWorld,
) -> None:
    system, patients = "/orthanc/system", "/orthanc/patients"
    found = {
        (path, who): (each.outcome, each.reason, [way.kind for way in each.ways])
        for path in (system, patients)
        for who in ("admin", "member-a")
        for each in [told(world, path, who)]
    }
    assert found == {
        (system, "admin"): (Outcome.ALLOWED, Why.GRANTED, []),
        (system, "member-a"): (Outcome.HIDDEN, Why.NOT_AN_ADMIN, [WayOut.ROLE]),
        (patients, "admin"): (Outcome.HIDDEN, Why.NO_GRANT, [WayOut.RULE]),
        (patients, "member-a"): (Outcome.HIDDEN, Why.NOT_AN_ADMIN, [WayOut.ROLE]),
    }


def test_our_own_routes_are_explained_by_for_whom_they_are(world: TestWorld) -> None:
    token, _ = token_of(world, "admin", "view")
    whom = ("admin", "pi-a", "member-a", token)
    found = {
        path: [told(world, path, who).status for who in whom]
        for path in ("/api/rules/check", "/api/people", "/api/audit", "/portal/why", "/api/sessions")
    }
    assert found == {
        "/api/rules/check": [200, 404, 404, 403],
        "/api/people": [200, 404, 404, 403],
        "/api/audit": [200, 200, 404, 403],
        "/portal/why": [200, 200, 404, 403],
        "/api/sessions": [200, 200, 200, 403],
    }


def test_what_is_for_nobody_says_why(world: TestWorld) -> None:
    found = told(world, "/orthanc/tools/execute-script", "admin")
    assert found.target is not None
    assert found.target.way == "nobody"
    assert found.target.why
