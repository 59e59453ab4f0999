"""Study-level retrieval: the permitted series, all of them and no other, however the archive changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_service.store.audit import records
from auth_service.vocabulary import AuditEvent
from tests.http.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path)
    yield made
    made.close()


def instances(world: World, who: str, study: str) -> list[str]:
    with world.client(who) as client:
        answer = client.get(f"/dicom-web/studies/{study}/metadata")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    return [row["00080018"]["Value"][0] for row in answer.json()]


def test_it_holds_the_permitted_series_and_nothing_of_the_hidden_one(world: World) -> None:
    assert instances(world, "member_a", "1.1") == ["1.1.1.1", "1.1.1.2", "1.1.2.1", "1.1.2.2"]
    assert instances(world, "member_b", "1.2") == ["1.2.1.1", "1.2.1.2"]


def test_hidden_and_missing_answer_alike_and_without_a_word_of_either(world: World) -> None:
    with world.client("stranger") as client:
        hidden, missing = (client.get(f"/dicom-web/studies/{study}/metadata") for study in ("1.1", "9.9"))
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)
    assert hidden.status_code == 404


def test_a_series_that_goes_meanwhile_is_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = world.archive.series_metadata
    for gone, left in (("1.1.1", ["1.1.2.1", "1.1.2.2"]), ("1.1.2", ["1.1.1.1", "1.1.1.2"])):
        monkeypatch.setattr(
            world.archive,
            "series_metadata",
            lambda study, series, gone=gone: None if series == gone else whole(study, series),
        )
        assert instances(world, "member_a", "1.1") == left
    monkeypatch.setattr(world.archive, "series_metadata", lambda _study, _series: None)
    with world.client("member_b") as client:
        assert client.get("/dicom-web/studies/1.2/metadata").status_code == 404
    assert instances(world, "member_a", "1.1") == []


def test_a_series_without_instances_leaves_no_hole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = world.archive.series_metadata
    for empty in ("1.1.1", "1.1.2"):
        monkeypatch.setattr(
            world.archive,
            "series_metadata",
            lambda study, series, empty=empty: b"[ ]" if series == empty else whole(study, series),
        )
        assert len(instances(world, "member_a", "1.1")) == 2


def test_without_the_archive_it_says_so(world: World) -> None:
    world.archive.down = True
    with world.client("member_a") as client:
        answer = client.get("/dicom-web/studies/1.1/metadata")
    assert (answer.status_code, answer.json()["reason"]) == (503, "orthanc")


def test_the_first_look_is_on_record_once(world: World) -> None:
    instances(world, "member_a", "1.1")
    instances(world, "member_a", "1.1")
    with world.signin.store.read() as tx:
        rows = [row for row in records(tx) if row.event == AuditEvent.STUDY_VIEWED]
    assert [(row.study_uid, row.count) for row in rows] == [("1.1", 1)]


def test_series_of_all_studies_and_instances_of_one_series_are_found(world: World) -> None:
    with world.client("member_b") as client:
        series = client.get("/dicom-web/series").json()
        found = client.get("/dicom-web/instances?SeriesInstanceUID=1.3.1").json()
        hidden = client.get("/dicom-web/instances?SeriesInstanceUID=1.1.1").json()
        other = client.get("/dicom-web/studies/1.2/instances?SeriesInstanceUID=1.3.1").json()
    assert {row["0020000E"]["Value"][0] for row in series} == {"1.2.1", "1.3.1"}
    assert {row["00080018"]["Value"][0] for row in found} == {"1.3.1.1", "1.3.1.2"}
    assert hidden == other == []
