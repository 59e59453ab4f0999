"""Orthanc's listings and documents: the permitted series and nothing that tells of the others."""

from collections.abc import Iterator

import pytest

from auth_service import search
from auth_service.store.audit import records
from auth_service.vocabulary import AuditEvent
from tests.fakes.held import orthanc_id
from tests.http.world import World

STUDY = orthanc_id("P1.1", "1.1")
SHARED = orthanc_id("P1.2", "1.2")
SERIES = {
    one: orthanc_id(f"P{one[:3]}", one[:3], one) for one in ("1.1.1", "1.1.2", "1.1.3", "1.2.1", "1.3.1")
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World.make(tmp_path_factory.mktemp("listings"))
    yield made
    made.close()


def test_lists_are_the_exact_sets_of_each_person(world: World) -> None:
    expected = {
        "member_a": ({STUDY, SHARED}, {SERIES["1.1.1"], SERIES["1.1.2"], SERIES["1.2.1"]}),
        "member_b": ({SHARED, orthanc_id("P1.3", "1.3")}, {SERIES["1.2.1"], SERIES["1.3.1"]}),
        "stranger": (set(), set()),
        "admin": (set(), set()),
    }
    for who, (studies, series) in expected.items():
        with world.client(who) as client:
            assert set(client.get("/orthanc/studies").json()) == studies
            assert set(client.get("/orthanc/series").json()) == series


def test_a_list_may_be_paged_expanded_and_asked_for_attributes(world: World) -> None:
    with world.client("member_a") as client:
        pages = [client.get(f"/orthanc/studies?limit=1&since={since}").json() for since in range(3)]
        expanded = client.get("/orthanc/studies?expand").json()
        asked = client.get("/orthanc/series?requestedTags=Modality;StudyDate").json()
    assert sorted(pages[0] + pages[1]) == sorted([STUDY, SHARED])
    assert pages[2] == []
    assert {row["ID"]: row["Labels"] for row in expanded} == {STUDY: ["album-a"], SHARED: ["album-a"]}
    assert {row["RequestedTags"]["Modality"] for row in asked} == {"CT", "SEG"}


def test_the_document_of_a_study_names_its_permitted_series_only(world: World) -> None:
    with world.client("member_a") as client:
        document = client.get(f"/orthanc/studies/{STUDY}").json()
        children = client.get(f"/orthanc/studies/{STUDY}/series").json()
        by_series = client.get(f"/orthanc/series/{SERIES['1.1.1']}/study").json()
        by_instance = client.get(f"/orthanc/instances/{world.images['1.1.1'].id}/study").json()
    assert set(document["Series"]) == {SERIES["1.1.1"], SERIES["1.1.2"]}
    assert {row["ID"] for row in children} == set(document["Series"])
    assert document == by_series == by_instance
    assert document["MainDicomTags"]["StudyInstanceUID"] == "1.1"
    assert set(document) <= {
        "ID",
        "Type",
        "MainDicomTags",
        "PatientMainDicomTags",
        "Labels",
        "ParentPatient",
        "Series",
    }


def test_labels_of_others_do_not_show(world: World) -> None:
    with world.client("member_a") as client:
        for path in (f"studies/{SHARED}/labels", f"series/{SERIES['1.2.1']}/labels", "tools/labels"):
            assert client.get(f"/orthanc/{path}").json() == ["album-a"]
    with world.client("stranger") as client:
        assert client.get("/orthanc/tools/labels").json() == []


def test_instances_of_a_series_are_all_of_them_however_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_LIMIT", 1)
    with world.client("member_b") as client:
        path = f"/orthanc/series/{SERIES['1.3.1']}/instances"
        assert len(client.get(path).json()) == 2
        assert len(client.get(path + "?limit=1").json()) == 1
        assert client.get(path + "?expand=false").json()[0] in set(world.archive.held["Instance"])


def test_a_document_of_an_instance_and_of_its_series(world: World) -> None:
    image = world.images["1.1.1"]
    with world.client("member_a") as client:
        document = client.get(f"/orthanc/instances/{image.id}?requestedTags=Modality").json()
        series = client.get(f"/orthanc/instances/{image.id}/series").json()
        assert series == client.get(f"/orthanc/series/{SERIES['1.1.1']}").json()
    assert document["ID"] == image.id
    assert document["ParentSeries"] == series["ID"] == SERIES["1.1.1"]
    assert document["RequestedTags"] == {"Modality": "CT"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("1.1", ["/studies/" + STUDY]),
        ("1.1.2", ["/series/" + SERIES["1.1.2"]]),
        ("1.1.1.1", ["/instances/" + orthanc_id("P1.1", "1.1", "1.1.1", "1.1.1.1")]),
        (" 1.1 ", ["/studies/" + STUDY]),
        ("1.1.3", []),
        ("1.1.3.1", []),
        ("1.3", []),
        ("P1.1", []),
        ("1.*", []),
        ("*", []),
        ("1.1\\1.3", []),
        ("9.9", []),
    ],
)
def test_lookup_finds_exactly_what_is_permitted(world: World, asked: str, found: list[str]) -> None:
    with world.client("member_a") as client:
        answer = client.post("/orthanc/tools/lookup", content=asked.encode())
    assert answer.status_code == 200
    assert [one["Path"] for one in answer.json()] == found


def test_what_is_refused_is_on_record_with_its_path(world: World) -> None:
    with world.client("stranger") as client:
        assert client.get(f"/orthanc/studies/{STUDY}").status_code == 404
    with world.signin.store.read() as tx:
        targets = {one.target for one in records(tx) if one.event == AuditEvent.DENIED}
    assert f"/orthanc/studies/{STUDY}" in targets
