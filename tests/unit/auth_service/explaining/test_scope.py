"""Who is told what: an owner what is his, others nothing, and nobody what is hidden by what is said of it."""

from dataclasses import replace

import pytest

from auth_service import targets
from auth_service.albums.members import change_member, list_members
from auth_service.errors import Invalid, NotFound, NotInPerson
from auth_service.explaining.explain import explain
from auth_service.explaining.model import Explanation
from auth_service.policy.model import NOBODY, SYSTEM
from auth_service.store.audit import records
from auth_service.vocabulary import Action, AlbumRole, AuditEvent, Outcome, Why
from tests.unit.auth_service.explaining.asking import (
    FILE,
    FRAME,
    HERE,
    as_owner,
    gate_of,
    token_of,
    tokens_of,
    told,
)
from tests.world import TestWorld


@pytest.mark.parametrize("who", ["member-a", "member-b", "group-member", "stranger"])
def test_who_owns_nothing_is_told_nothing_and_is_on_record(world: TestWorld, who: str) -> None:
    for resource in (FRAME.format(1, 1), "a", "no-such-album", "1.2.3.4.5"):
        with pytest.raises(NotFound):
            explain(world, asker=world.actor(who), actor=who, resource=resource)
    with world.store.read() as tx:
        last = records(tx)[-1]
    assert (last.event, last.target, last.count) == (AuditEvent.DENIED, "/api/explain", 4)


@pytest.mark.parametrize("who", ["pi-a", "admin"])
def test_no_token_is_told_anything_whoever_made_it(world: TestWorld, who: str) -> None:
    _, secret = token_of(world, who, "view")
    token = tokens_of(world).actor(secret, origin=HERE)
    assert token is not None
    for asker, error in ((token, NotInPerson), (NOBODY, NotFound)):
        with pytest.raises(error):
            explain(world, asker=asker, actor="member-a", resource=FRAME.format(1, 1))


def test_an_owner_is_told_about_his_album_only(world: TestWorld) -> None:
    world.give("b", "member-a", Action.VIEW, Action.DOWNLOAD)
    found = as_owner(world, FILE.format(2, 2))
    assert found.whole is False
    assert (found.outcome, found.reason) == (Outcome.FORBIDDEN, Why.OTHER_ACTION)
    assert [grant.label for grant in found.grants] == ["album-a"]
    assert found.thing is not None
    assert found.thing.series[0].labels == ("album-a",)
    assert found.thing.study_labels == ("album-a",)
    assert [way.label for way in found.ways] == ["album-a"]
    assert (found.credential.roles, found.credential.groups, found.credential.sessions) == ((), (), None)
    assert "b" not in repr(found).replace("album-", "").split("'")


FOREIGN = [
    (FRAME.format(3, 1), FRAME.format(4, 1)),
    (FILE.format(9, 1), FILE.format(4, 1)),
    ("1.2.3", "1.2.4"),
    ("1.2.3.1", "1.2.4.1"),
    ("1.2.3.1.1", "1.2.4.1.1"),
    ("1.2.1.2", "1.2.4.2"),
    ("1.2.7.1", "1.2.4.1"),
    ("1.2.7", "1.2.4"),
    ("1.2.7.1.1", "1.2.4.1.1"),
    ("/dicom-web/studies/1.2.3/metadata", "/dicom-web/studies/1.2.4/metadata"),
    ("/portal/study?study=1.2.3", "/portal/study?study=1.2.4"),
    ("/ohif/viewer?StudyInstanceUIDs=1.2.3", "/ohif/viewer?StudyInstanceUIDs=1.2.4"),
    ("/api/series/1.2.9.1/picture", "/api/series/1.2.4.1/picture"),
    ("b", "z"),
    ("/portal/album?album=b", "/portal/album?album=z"),
]


@pytest.mark.parametrize(("hidden", "missing"), FOREIGN)
def test_an_owner_cannot_tell_what_is_hidden_from_what_is_not_there(
    world: TestWorld, hidden: str, missing: str
) -> None:
    world.store_series(7, 1)
    world.store_series(7, 1, patient="SOMEBODY-ELSE")
    world.give("b", "member-a", Action.VIEW)

    def written(found: Explanation) -> str:
        return repr(found).replace("1.2.4", "UID").replace("'z'", "'SLUG'")

    one = repr(as_owner(world, hidden))
    for uid in ("1.2.3", "1.2.9", "1.2.7"):
        one = one.replace(uid, "UID")
    assert one.replace("'b'", "'SLUG'").replace("1.2.1.2", "UID.2") == written(as_owner(world, missing))


def test_an_instance_is_not_found_by_orthancs_identifier_by_an_owner_of_something_else(
    world: TestWorld,
) -> None:
    instance = next(
        here.id
        for here in world.archive.held["Instance"].values()
        if here.tags["SOPInstanceUID"] == "1.2.3.1.1"
    )
    mine = next(
        here.id
        for here in world.archive.held["Instance"].values()
        if here.tags["SOPInstanceUID"] == "1.2.1.1.1"
    )
    hidden = as_owner(world, f"/orthanc/instances/{instance}/preview")
    missing = as_owner(world, "/orthanc/instances/00000000-00000000-00000000-00000000-00000000/preview")
    assert (hidden.outcome, hidden.reason, hidden.ways) == (missing.outcome, missing.reason, missing.ways)
    assert as_owner(world, f"/orthanc/instances/{mine}/preview").outcome is Outcome.ALLOWED


@pytest.mark.parametrize("actor", ["member-b", "pi-b", "stranger", "admin", "nobody", "no-such-person"])
def test_an_owner_cannot_ask_about_people_who_have_nothing_in_his_albums(
    world: TestWorld, actor: str
) -> None:
    with pytest.raises(Invalid) as unknown:
        as_owner(world, FRAME.format(1, 1), "no-such-person")
    with pytest.raises(Invalid) as error:
        as_owner(world, FRAME.format(1, 1), actor)
    assert (error.value.field, error.value.message) == ("actor", unknown.value.message)


def test_an_owner_cannot_ask_who_administers(world: TestWorld) -> None:
    for resource, action in (("/api/people", None), ("a", "administer")):
        with pytest.raises(Invalid):
            as_owner(world, resource, action=action)


def test_an_owner_sees_of_records_what_happened_through_his_album(world: TestWorld) -> None:
    world.give("b", "member-a", Action.VIEW)
    actor = world.actor("member-a")
    for number, (study, series) in enumerate([(1, 1), (3, 1), (9, 1)], start=1):
        path = FILE.format(study, series)
        gate_of(world, replace(HERE, request_id=str(number) * 32)).judge(
            actor, targets.resolve("GET", path), path
        )
    assert [each.target for each in as_owner(world, "a").decisions] == [FILE.format(1, 1)]
    by_number = as_owner(world, "1" * 32, None)
    assert by_number.asked == FILE.format(1, 1)
    assert by_number.record is not None
    assert {each.request_id for each in (by_number.record, *by_number.decisions)} == {None}
    whole = told(world, "1" * 32, None)
    assert whole.record is not None
    assert whole.record.request_id == "1" * 32
    for digit in "238":
        with pytest.raises(Invalid) as error:
            as_owner(world, digit * 32)
        assert "log" in error.value.message


def test_an_owner_does_not_learn_what_a_token_is_called_or_where_else_it_reaches(world: TestWorld) -> None:
    world.give("b", "member-a", Action.VIEW)
    token, secret = token_of(world, "member-a", "view", albums=["a", "b"])
    sent = tokens_of(world).actor(secret, origin=HERE)
    assert sent is not None
    gate_of(world).judge(sent, targets.resolve("GET", FRAME.format(1, 1)), FRAME.format(1, 1))
    found = as_owner(world, FRAME.format(1, 1), token)
    assert found.outcome is Outcome.ALLOWED
    assert found.credential.albums == ("a",)
    assert len(found.decisions) == 1
    assert "notebook" not in repr(found)
    assert "notebook" in repr(told(world, FRAME.format(1, 1), token))


def test_a_member_with_the_right_to_invite_is_told_nothing(world: TestWorld) -> None:
    world.give("a", "stranger", Action.VIEW, Action.INVITE)
    with pytest.raises(NotFound):
        explain(world, asker=world.actor("stranger"), actor="member-a", resource="a")


def test_an_owner_whose_right_has_ended_is_told_nothing(world: TestWorld) -> None:
    owner = next(each for each in list_members(world, actor=SYSTEM, slug="a") if each.rights.role == "owner")
    other = world.give("a", "pi-b", Action.VIEW)
    change_member(world, actor=SYSTEM, slug="a", member_id=other.id, role=AlbumRole.OWNER)
    change_member(
        world, actor=SYSTEM, slug="a", member_id=owner.id, until=world.clock.now.date(), keep_until=False
    )
    world.wait(days=2)
    with pytest.raises(NotFound):
        as_owner(world, "a")
