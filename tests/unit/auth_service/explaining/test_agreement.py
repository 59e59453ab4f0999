"""An explanation says what the gate decides, whoever asks for whatever."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth_service import targets
from auth_service.albums.members import Rights, add_member
from auth_service.errors import NotFound
from auth_service.judging import Verdict
from auth_service.policy.model import SYSTEM, Actor, Narrowing
from auth_service.vocabulary import TOKEN_ACTIONS, Action, AlbumRole, Level, Outcome
from tests.unit.auth_service.explaining.asking import (
    FILE,
    FRAME,
    HERE,
    gate_of,
    token_of,
    tokens_of,
    told,
)
from tests.world import PEOPLE, TestWorld, two_albums


@pytest.fixture(scope="module")
def any_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestWorld, dict[str, Actor]]]:
    made = two_albums(tmp_path_factory.mktemp("explained"))
    made.keycloak.users["admin"].roles = {"admin"}
    made.give("b", "member-a", Action.COMMENT, Action.DOWNLOAD)
    rights = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}), until=made.clock.now.date())
    add_member(made, actor=SYSTEM, slug="a", group="/radiology", rights=rights)
    add_member(made, actor=SYSTEM, slug="b", user="stranger", rights=rights)
    made.store_series(7, 1)
    made.store_series(7, 1, patient="SOMEBODY-ELSE")
    actors = {name: made.actor(name) for name in PEOPLE}
    for who, actions, albums in (
        ("pi-a", ("view",), None),
        ("pi-b", ("download", "view"), ["b"]),
        ("member-a", ("download",), ["a"]),
    ):
        token, secret = token_of(made, who, *actions, albums=albums)
        sent = tokens_of(made).actor(secret, origin=HERE)
        assert sent is not None
        actors[token] = sent
    yield made, actors
    made.store.close()


PATHS = [
    template.format(study, series)
    for template in (FRAME, FILE, "/dicom-web/studies/1.2.{0}/series/1.2.{0}.{1}/metadata")
    for study, series in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (9, 1), (7, 1), (4, 4))
] + [
    "/dicom-web/studies/1.2.1/series/1.2.2.1/metadata",
    "/dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.2.1.1",
]

VERDICTS = {
    Verdict.ALLOWED: Outcome.ALLOWED,
    Verdict.FORBIDDEN: Outcome.FORBIDDEN,
    Verdict.HIDDEN: Outcome.HIDDEN,
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), path=st.sampled_from(PATHS), days=st.sampled_from([0, 3]))
def test_an_explanation_says_what_the_gate_decides(
    any_world: tuple[TestWorld, dict[str, Actor]], data: st.DataObject, path: str, days: int
) -> None:
    world, actors = any_world
    name = data.draw(st.sampled_from(sorted(actors)))
    began: datetime = world.clock.now
    world.wait(days=days)
    try:
        decided = gate_of(world).judge(actors[name], targets.resolve("GET", path), path)
        assert told(world, path, name).outcome is VERDICTS[decided]
    finally:
        world.clock.now = began


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    study=st.sampled_from(["1.2.1", "1.2.2", "1.2.3", "1.2.9", "1.2.7", "1.2.4"]),
    days=st.sampled_from([0, 3]),
)
def test_an_explanation_of_a_study_says_what_the_gate_permits(
    any_world: tuple[TestWorld, dict[str, Actor]], data: st.DataObject, study: str, days: int
) -> None:
    world, actors = any_world
    name = data.draw(st.sampled_from(sorted(actors)))
    began = world.clock.now
    world.wait(days=days)
    try:
        try:
            permitted = gate_of(world).permitted_series(actors[name], Action.VIEW, study)
        except NotFound:
            permitted = frozenset()
        found = told(world, study, name)
        assert (found.outcome is Outcome.ALLOWED) is bool(permitted)
        seen = {one.uid for one in found.thing.series if one.allowed} if found.thing else set()
        assert seen == permitted
    finally:
        world.clock.now = began


def test_an_explanation_of_a_request_by_a_bearer_says_what_the_gate_decided(world: TestWorld) -> None:
    world.keycloak.users["admin"].roles = {"admin"}
    world.give("b", "member-a", Action.COMMENT, Action.DOWNLOAD)
    people = {name: world.actor(name) for name in ("pi-a", "member-a", "stranger", "admin")}
    found: dict[tuple[str, str], Outcome] = {}
    expected: dict[tuple[str, str], Outcome] = {}
    for path in [*PATHS, "/orthanc/system", "/orthanc/patients"]:
        for name, person in people.items():
            # Looks are on record once an hour, and refusals as a count within a minute.
            world.wait(hours=2)
            number = f"{len(found):032x}"
            bearer = replace(person, session=None, narrowing=Narrowing(actions=TOKEN_ACTIONS))
            gate = gate_of(world, replace(HERE, request_id=number))
            expected[path, name] = VERDICTS[gate.judge(bearer, targets.resolve("GET", path), path)]
            explained = told(world, number, None)
            assert explained.credential.by_bearer
            found[path, name] = explained.outcome
    assert found == expected
    assert set(expected.values()) == set(VERDICTS.values())


SYSTEM_ROWS = [
    row
    for row in targets.TABLE
    # What a browser shows is the address of a GET.
    if row.level is Level.SYSTEM and row.way is targets.Way.STREAMED and row.method == "GET"
]


@pytest.mark.parametrize("row", SYSTEM_ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("name", ["admin", "member-a"])
def test_an_explanation_of_a_route_of_administrators_says_what_the_gate_decides(
    any_world: tuple[TestWorld, dict[str, Actor]], row: targets.Row, name: str
) -> None:
    world, actors = any_world
    identifier = "-".join(["0" * 8] * 5)
    path = re.sub(r"\{(id|job)\}", identifier, row.path)
    path = re.sub(r"\{[a-z]+\}", "x", path)
    decided = gate_of(world).judge(actors[name], targets.resolve(row.method, path), path)
    assert told(world, path, name).outcome is VERDICTS[decided]
