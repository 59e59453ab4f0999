"""Same cache key, same decision: over generated requests, for what nginx keeps.

nginx keys by credential, method, row with identifiers, and query; a decision that differs within one key
would be somebody's answer given to another request.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth_service.gate import Gate
from auth_service.origin import NOWHERE
from auth_service.targets import TABLE, ParameterError, Target, UndeclaredError, Way, resolve
from tests.http.world import PEOPLE, SERIES, World

Request = tuple[str, str, str]
"""User name, path, query."""

STUDIES = [*sorted({study for study, *_ in SERIES}), "9", "01.1"]
UIDS = [*sorted({series for _, series, *_ in SERIES}), "9.9", "1.1.1.1"]
INSTANCES = [f"{series}.{number}" for _, series, *_ in SERIES for number in (1, 2)] + ["9.9.9"]
QUERIES = [
    "",
    "viewport=9,9",
    "viewport=9,9&accept=image/png",
    "x=1",
    "accept=text/html",
    "&",
    "|frames|1.1|1.1.1",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World.make(tmp_path_factory.mktemp("keys"))
    yield made
    made.close()


def requests(ids: list[str]) -> st.SearchStrategy[Request]:
    places = {
        "study": st.sampled_from(STUDIES),
        "series": st.sampled_from(UIDS),
        "instance": st.sampled_from(INSTANCES),
        "frames": st.sampled_from(["1", "2", "1,2", "1,02"]),
        "tags": st.sampled_from(["00100010", "7fe00010/1/00100020"]),
        "id": st.sampled_from(ids),
        "frame": st.sampled_from(["0", "1", "00"]),
        "content": st.sampled_from(["0010-0010", "PatientName"]),
    }
    rows = st.sampled_from([row for row in TABLE if row.way is Way.STREAMED and row.cached])
    paths = rows.flatmap(
        lambda row: st.fixed_dictionaries({place: places[place] for place in row.places}).map(
            lambda filled: row.path.format(**filled)
        )
    )
    return st.tuples(st.sampled_from(sorted(PEOPLE)), paths, st.sampled_from(QUERIES))


def decide(world: World, request: Request) -> tuple[Target | None, str]:
    who, path, query = request
    services = world.signin.services
    try:
        target = resolve("GET", path, query)
    except (UndeclaredError, ParameterError) as refused:
        return None, type(refused).__name__
    gate = Gate(
        settings=services.settings,
        store=services.store,
        archive=services.archive,
        rules=services.rules,
        clock=services.clock,
        origin=NOWHERE,
    )
    actor = services.sessions.actor(world.sids[who])
    assert actor is not None
    return target, gate.judge(actor, target, path).name


def conflicts(
    world: World, asked: list[Request], key: Callable[[Target], str]
) -> dict[tuple[str, str, str], set[str]]:
    """The keys under which decisions differ, among those that nginx would keep."""
    kept: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for request in asked:
        target, decision = decide(world, request)
        if target is not None and target.row.cached:
            kept[request[0], key(target), request[2]].add(decision)
    return {one: decisions for one, decisions in kept.items() if len(decisions) > 1}


def ids_of(world: World) -> list[str]:
    images = world.images.values()
    return (
        [image.id for image in images]
        + [image.series.id for image in images]
        + ["00000000-11111111-22222222-33333333-44444444"]
    )


def test_same_key_same_decision(world: World) -> None:
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(requests(ids_of(world)), min_size=10, max_size=60))
    def holds(asked: list[Request]) -> None:
        assert conflicts(world, asked, lambda target: target.cache_key) == {}

    holds()


def test_the_property_notices_a_key_that_is_too_coarse(world: World) -> None:
    asked = [
        ("member_a", "/dicom-web/studies/1.1/series/1.1.1/metadata", ""),
        ("member_a", "/dicom-web/studies/1.1/series/1.1.3/metadata", ""),
    ]
    study_only = conflicts(world, asked, lambda target: f"{target.row.name}|{target.places['study']}")
    assert list(study_only.values()) == [{"ALLOWED", "HIDDEN"}]


def test_whole_instances_would_conflict_and_are_therefore_never_kept(world: World) -> None:
    image = resolve("GET", "/dicom-web/studies/1.1/series/1.1.1/instances/1.1.1.1")
    other = resolve("GET", "/dicom-web/studies/1.1/series/1.1.1/instances/1.1.2.1")
    assert image.cache_key == other.cache_key
    assert not image.row.cached
