"""What an archive is made of: exactly the series that the actor may take away, however it is asked for."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from auth_service.albums import members
from auth_service.albums.members import Rights
from auth_service.policy.model import SYSTEM
from auth_service.store.audit import records
from auth_service.vocabulary import Action, AlbumRole, AuditEvent
from tests.fakes.held import orthanc_id
from tests.http.world import CT, World

STUDY_A = orthanc_id("P1.1", "1.1")
SERIES = {
    one: orthanc_id(f"P{one[:3]}", one[:3], one) for one in ("1.1.1", "1.1.2", "1.1.3", "1.2.1", "1.3.1")
}
STUDY_SHARED = orthanc_id("P1.2", "1.2")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path)
    yield made
    made.close()


def handed_over(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """Orthanc's path, and the query that it gets."""
    assert answer.status_code == 200, answer.text
    where = urlsplit(answer.headers["x-accel-redirect"].removeprefix("/internal/orthanc"))
    return where.path, {name: values[0] for name, values in parse_qs(where.query).items()}


def downloads(world: World) -> list[tuple[str, str | None, str | None]]:
    with world.signin.store.read() as tx:
        return [
            (one.actor_name, one.study_uid, one.label)
            for one in records(tx)
            if one.event == AuditEvent.DOWNLOADED
        ]


@pytest.mark.parametrize("kind", ["archive", "media"])
def test_a_study_is_its_permitted_series_and_never_the_study_itself(world: World, kind: str) -> None:
    with world.client("reader_a") as client:
        path, told = handed_over(client.get(f"/orthanc/studies/{STUDY_A}/{kind}"))
    assert path == f"/tools/create-{kind}"
    assert set(told["resources"].split(",")) == {SERIES["1.1.1"], SERIES["1.1.2"]}
    assert told["filename"] == f"{STUDY_A}.zip"
    assert downloads(world) == [("Test Reader_A", "1.1", "album-a")]


def test_wishes_are_rebuilt_and_an_extended_dicomdir_has_its_own_route(world: World) -> None:
    with world.client("owner_a") as client:
        answer = client.get(
            f"/orthanc/studies/{STUDY_A}/media?extended&transcode=1.2.840.10008.1.2.4.90&lossy-quality=70&filename=a.zip"
        )
        path, told = handed_over(answer)
    assert path == "/tools/create-media-extended"
    del told["resources"]
    assert told == {"transcode": "1.2.840.10008.1.2.4.90", "lossy-quality": "70", "filename": "a.zip"}


def test_a_selection_is_taken_apart_and_put_together_from_what_is_permitted(world: World) -> None:
    image = world.images["1.2.1"].id
    with world.client("owner_a") as client:
        answer = client.post(
            "/orthanc/tools/create-archive", json=[STUDY_A, SERIES["1.1.1"], image, STUDY_SHARED]
        )
        _, told = handed_over(answer)
    assert told["resources"].split(",") == [SERIES["1.1.1"], SERIES["1.1.2"], image, SERIES["1.2.1"]]
    assert downloads(world) == [("Test Owner_A", "1.1", "album-a"), ("Test Owner_A", "1.2", "album-a")]


def test_one_hidden_thing_refuses_all_and_nothing_is_on_record_as_taken(world: World) -> None:
    for hidden in (SERIES["1.1.3"], SERIES["1.3.1"], world.images["1.1.3"].id, orthanc_id("P1.1")):
        with world.client("owner_a") as client:
            answer = client.post("/orthanc/tools/create-archive", json={"Resources": [STUDY_A, hidden]})
            missing = client.post(
                "/orthanc/tools/create-archive", json={"Resources": [STUDY_A, "0" * 8 + "-00000000" * 4]}
            )
        assert (answer.status_code, answer.content) == (missing.status_code, missing.content)
        assert answer.status_code == 404
    assert downloads(world) == []


def test_a_long_list_is_streamed_by_the_service_and_is_the_same_list(world: World) -> None:
    for series in range(200):
        world.archive.add(
            PatientID="P7", PatientName="TEST^7", StudyInstanceUID="7", SeriesInstanceUID=f"7.{series}",
            Modality="CT", SOPInstanceUID=f"7.{series}.1", SOPClassUID=CT, InstanceNumber=1,
        )  # fmt: skip
    ids = [orthanc_id("P7", "7", f"7.{series}") for series in range(200)]
    for one in ids:
        world.archive.held["Series"][one].labels.add("album-a")
    with world.client("owner_a") as client:
        answer = client.get(f"/orthanc/studies/{orthanc_id('P7', '7')}/archive")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert "x-accel-redirect" not in answer.headers
    (method, path, body) = world.archive.streamed[-1]
    assert (method, path, set(body["Resources"])) == ("POST", "/tools/create-archive", set(ids))


def test_every_owner_learns_what_went_through_his_album(world: World) -> None:
    """One study, a series of it in each of two albums: whoever takes both may not choose whom to tell."""
    members.add_member(
        world.signin.services,
        actor=SYSTEM,
        slug="b",
        user="reader_a",
        rights=Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW, Action.DOWNLOAD})),
    )
    image = world.archive.add(
        PatientID="P1.1", PatientName="TEST^1.1", StudyInstanceUID="1.1", SeriesInstanceUID="1.1.4",
        Modality="CT", SOPInstanceUID="1.1.4.1", SOPClassUID=CT, InstanceNumber=1,
    )  # fmt: skip
    world.archive.held["Series"][image.series.id].labels.add("album-b")
    both = {("1.1", "album-a"), ("1.1", "album-b")}
    selection = [SERIES["1.1.1"], image.series.id]
    with world.client("reader_a") as client:
        asked: list[Callable[[], httpx.Response]] = [
            lambda: client.get(f"/orthanc/studies/{STUDY_A}/archive"),
            lambda: client.post("/orthanc/tools/create-archive", json=selection),
            lambda: client.post("/orthanc/tools/create-archive", json=selection[::-1]),
            lambda: client.get("/dicom-web/studies/1.1"),
        ]
        for number, ask in enumerate(asked, start=1):
            assert ask().status_code == 200
            taken = [(study, label) for _, study, label in downloads(world)]
            assert (set(taken), len(taken)) == (both, 2 * number)
        for uid in ("1.1.1", "1.1.4", "1.1.1"):
            assert client.get(f"/dicom-web/studies/1.1/series/{uid}/instances").status_code == 200
    with world.signin.store.read() as tx:
        viewed = [(one.study_uid, one.label) for one in records(tx) if one.event == AuditEvent.STUDY_VIEWED]
    assert sorted(viewed) == sorted(both)


def test_an_archive_that_stays_on_the_server_is_refused_to_whoever_does_not_administer(world: World) -> None:
    with world.client("owner_a") as client:
        for wish in ({"Asynchronous": True}, {"Synchronous": False}):
            answer = client.post("/orthanc/tools/create-archive", json={"Resources": [STUDY_A], **wish})
            assert answer.status_code == 404
    assert world.archive.streamed == []
    assert downloads(world) == []


def test_where_only_some_series_may_be_taken_the_others_stay(world: World) -> None:
    members.add_member(
        world.signin.services,
        actor=SYSTEM,
        slug="b",
        user="member_a",
        rights=Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW, Action.DOWNLOAD})),
    )
    image = world.archive.add(
        PatientID="P1.2", PatientName="TEST^1.2", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.2",
        Modality="CT", SOPInstanceUID="1.2.2.1", SOPClassUID="1.2.840.10008.5.1.4.1.1.2", InstanceNumber=1,
    )  # fmt: skip
    world.archive.held["Series"][image.series.id].labels.add("album-a")
    with world.client("member_a") as client:
        _, told = handed_over(client.get(f"/orthanc/studies/{STUDY_SHARED}/archive"))
        only_viewed = client.get(f"/orthanc/series/{image.series.id}/archive")
    assert told["resources"] == SERIES["1.2.1"]
    assert only_viewed.status_code == 403
    assert only_viewed.json()["reason"] == "download"
