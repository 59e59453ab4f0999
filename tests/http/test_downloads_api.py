"""Albums, lists and selections that are taken away: exactly what may be, on record, and measured before."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from auth_service.albums import members
from auth_service.albums.members import Rights
from auth_service.downloads import MOST_NAMED
from auth_service.policy.model import SYSTEM
from auth_service.store.audit import records
from auth_service.vocabulary import Action, AlbumRole, AuditEvent
from tests.fakes.held import orthanc_id
from tests.http.world import CT, World


def series_id(uid: str) -> str:
    return orthanc_id(f"P{uid[:3]}", uid[:3], uid)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path)
    yield made
    made.close()


def handed_over(answer: httpx.Response) -> tuple[str, set[str]]:
    """Orthanc's path, and the series that an archive is made of."""
    assert answer.status_code == 200, answer.text
    where = urlsplit(answer.headers["x-accel-redirect"].removeprefix("/internal/orthanc"))
    return where.path, set(parse_qs(where.query)["resources"][0].split(","))


def downloads(world: World) -> list[tuple[str, str | None, str | None]]:
    with world.signin.store.read() as tx:
        return [
            (one.actor_name, one.study_uid, one.label)
            for one in records(tx)
            if one.event == AuditEvent.DOWNLOADED
        ]


def denials(world: World) -> list[str | None]:
    with world.signin.store.read() as tx:
        return [one.target for one in records(tx) if one.event == AuditEvent.DENIED]


def add_series(world: World, uid: str, *labels: str, description: str = "", patient: str = "") -> str:
    study = uid.rpartition(".")[0]
    image = world.archive.add(
        PatientID=patient or f"P{study}", PatientName="TEST", StudyInstanceUID=study, SeriesInstanceUID=uid,
        Modality="CT", SeriesDescription=description, SOPInstanceUID=f"{uid}.1", SOPClassUID=CT,
    )  # fmt: skip
    world.archive.held["Series"][image.series.id].labels.update(labels)
    return image.series.id


def token(world: World, who: str, *, actions: list[str], albums: list[str] | None) -> dict[str, str]:
    wanted = {"name": "notebook", "actions": actions, "albums": albums, "until": None}
    with world.client(who) as client:
        made = client.post("/api/tokens", json=wanted)
    assert made.status_code == 201, made.text
    return {"authorization": f"Bearer {made.json()['token']}", "cookie": ""}


def test_an_album_is_what_carries_its_label_and_each_study_is_on_record(world: World) -> None:
    with world.client("reader_a") as client:
        path, taken = handed_over(client.get("/api/albums/a/archive"))
        assert path == "/tools/create-archive"
        assert taken == {series_id(uid) for uid in ("1.1.1", "1.1.2", "1.2.1")}
    assert sorted(downloads(world)) == [
        ("Test Reader_A", "1.1", "album-a"),
        ("Test Reader_A", "1.2", "album-a"),
    ]


def test_with_a_dicomdir_and_of_one_study_it_is_that_study_within_the_album(world: World) -> None:
    with world.client("reader_a") as client:
        path, taken = handed_over(client.get("/api/albums/a/archive?format=dicomdir&study=1.1"))
    assert path == "/tools/create-media"
    assert taken == {series_id("1.1.1"), series_id("1.1.2")}
    assert downloads(world) == [("Test Reader_A", "1.1", "album-a")]


def test_an_albums_archive_is_by_its_own_grants_and_not_by_those_of_another(world: World) -> None:
    """Who may take away in b, and only look in a, takes nothing of a; series of b that he asks a for stay."""
    members.add_member(
        world.signin.services,
        actor=SYSTEM,
        slug="b",
        user="member_a",
        rights=Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW, Action.DOWNLOAD})),
    )
    with world.client("member_a") as client:
        assert client.get("/api/albums/a/archive").status_code == 403
        assert client.get("/api/albums/a/manifest").status_code == 403
        _, taken = handed_over(client.get("/api/albums/b/archive"))
    assert taken == {series_id("1.2.1"), series_id("1.3.1")}
    assert {label for _, _, label in downloads(world)} == {"album-b"}
    assert denials(world).count("a") == 1  # the repeat is counted on it


def test_a_hidden_album_looks_like_one_that_is_not_there(world: World) -> None:
    with world.client("owner_a") as client:
        for what in ("archive", "size", "manifest"):
            hidden, missing = (client.get(f"/api/albums/{slug}/{what}") for slug in ("b", "none"))
            assert (hidden.status_code, hidden.content) == (404, missing.content)


def test_what_exists_twice_is_in_no_archive(world: World) -> None:
    add_series(world, "1.1.7", "album-a")
    add_series(world, "1.5.1", "album-a")
    add_series(world, "1.5.1", "album-a", patient="another")
    with world.client("owner_a") as client:
        _, taken = handed_over(client.get("/api/albums/a/archive"))
        assert taken == {series_id(uid) for uid in ("1.1.1", "1.1.2", "1.1.7", "1.2.1")}
        for address in ("study=1.5", "series=1.5.1"):
            assert client.get(f"/api/archives?{address}").status_code == 404
        answer = client.post("/api/archives/size", json={"studies": ["1.5"], "series": ["1.5.1"]}).json()
    assert (answer["series"], answer["left_out"]) == (0, 2)


def test_a_list_is_taken_as_its_permitted_series_or_not_at_all(world: World) -> None:
    with world.client("owner_a") as client:
        _, taken = handed_over(client.post("/api/archives", json={"studies": ["1.1"], "series": ["1.2.1"]}))
        assert taken == {series_id(uid) for uid in ("1.1.1", "1.1.2", "1.2.1")}
        before = downloads(world)
        for hidden in ("1.1.3", "1.3.1", "1.4.1", "9.9"):
            answer = client.post("/api/archives", json={"studies": ["1.1"], "series": [hidden]})
            assert answer.status_code == 404
            assert hidden not in answer.text
    assert downloads(world) == before
    assert denials(world) == [f"/api/archives?{uid}" for uid in ("1.1.3", "1.3.1", "1.4.1", "9.9")]


def test_a_narrowed_token_takes_what_it_is_left(world: World) -> None:
    members.add_member(
        world.signin.services,
        actor=SYSTEM,
        slug="b",
        user="reader_a",
        rights=Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW, Action.DOWNLOAD})),
    )
    both, one, look = (
        token(world, "reader_a", actions=actions, albums=albums)
        for actions, albums in (
            (["view", "download"], None),
            (["view", "download"], ["b"]),
            (["view"], None),
        )
    )
    with world.client("nobody") as client:
        assert handed_over(client.get("/api/albums/a/archive", headers=both))[1]
        assert client.get("/api/albums/a/archive", headers=one).status_code == 404
        assert client.get("/api/albums/a/manifest", headers=one).status_code == 404
        assert handed_over(client.get("/api/albums/b/archive", headers=one))[1]
        assert client.get("/api/archives?study=1.1", headers=one).status_code == 404
        assert client.get("/api/albums/a/archive", headers=look).status_code == 403
        assert client.get("/api/archives?study=1.1", headers=look).status_code == 403
        _, shared = handed_over(client.get("/api/archives?study=1.2", headers=one))
        for path in ("/api/selection", "/api/selection/archive", "/api/searches"):
            assert client.get(path, headers=both).status_code == 403
    assert shared == {series_id("1.2.1")}


def test_a_long_album_is_one_list_that_the_service_streams(world: World) -> None:
    ids = {add_series(world, f"7.{number}", "album-a") for number in range(700)}
    with world.client("owner_a") as client:
        answer = client.get("/api/albums/a/archive?format=dicomdir&study=7")
    assert answer.headers["content-type"] == "application/zip"
    method, path, body = world.archive.streamed[-1]
    assert (method, path, set(body["Resources"])) == ("POST", "/tools/create-media", ids)
    assert downloads(world) == [("Test Owner_A", "7", "album-a")]


def test_a_list_costs_a_few_questions_however_long_it_is(world: World) -> None:
    for number in range(600):
        add_series(world, f"8.{number}.1", "album-a")
    world.archive.questions.clear()
    with world.client("owner_a") as client:
        answer = client.post("/api/archives", json={"studies": [f"8.{number}" for number in range(600)]})
    assert answer.status_code == 200
    assert len(json.loads(answer.content)["Resources"]) == 600
    assert len(world.archive.questions) < 10


def test_sizes_are_of_what_may_be_taken_and_asked_for_once(world: World) -> None:
    with world.client("reader_a") as client:
        size = client.get("/api/albums/a/size").json()
        again = client.get("/api/albums/a/size?study=1.1").json()
        listed = client.post("/api/archives/size", json={"studies": ["1.1", "1.4"], "series": ["1.2.1"]})
    assert size == {
        "studies": 2, "series": 3, "instances": 6, "bytes": 6000, "complete": True, "left_out": 0,
    }  # fmt: skip
    assert (again["series"], again["bytes"]) == (2, 4000)
    assert listed.json() == size | {"left_out": 1}
    assert len(world.archive.measured) == 3
    add_series(world, "1.1.9", "album-a")
    with world.client("reader_a") as client:
        assert client.get("/api/albums/a/size").json()["bytes"] == 7000


def test_who_may_only_look_learns_no_size_of_a_list(world: World) -> None:
    with world.client("member_a") as client:
        size = client.post("/api/archives/size", json={"studies": ["1.1", "1.4", "9.9"]}).json()
    assert (size["series"], size["bytes"], size["left_out"]) == (0, 0, 3)


def test_a_manifest_names_each_series_and_where_it_is(world: World) -> None:
    add_series(world, "1.1.5", "album-a", description="=1+1")
    with world.client("reader_a") as client:
        told = client.get("/api/albums/a/manifest").json()
        answer = client.get("/api/albums/a/manifest?format=csv")
    url = world.signin.settings.public_url
    assert told["total"] == 4
    assert told["items"][2] == {
        "StudyInstanceUID": "1.1",
        "SeriesInstanceUID": "1.1.5",
        "Modality": "CT",
        "SeriesDescription": "=1+1",
        "NumberOfSeriesRelatedInstances": 1,
        "RetrieveURL": f"{url}/dicom-web/studies/1.1/series/1.1.5",
    }
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["SeriesInstanceUID"] for row in rows] == [one["SeriesInstanceUID"] for one in told["items"]]
    assert rows[2]["SeriesDescription"] == "'=1+1"
    assert answer.headers["content-disposition"] == 'attachment; filename="a.csv"'
    assert downloads(world) == []


def test_a_selection_is_taken_as_far_as_it_may_be(world: World) -> None:
    with world.client("reader_a") as client:
        chosen = {"studies": ["1.1", "1.4"], "series": ["1.2.1", "1.3.1", "9.9"]}
        client.put("/api/selection", json=chosen)
        size = client.get("/api/selection/size").json()
        _, taken = handed_over(client.get("/api/selection/archive?format=dicomdir"))
    assert (size["series"], size["left_out"]) == (3, 3)
    assert taken == {series_id(uid) for uid in ("1.1.1", "1.1.2", "1.2.1")}
    assert sorted(study or "" for _, study, _ in downloads(world)) == ["1.1", "1.2"]


@pytest.mark.parametrize(
    "path", ["/api/albums/a/archive", "/api/archives?study=1.1", "/api/selection/archive"]
)
def test_what_cannot_be_put_on_record_is_not_given(world: World, path: str) -> None:
    with world.client("owner_a") as client:
        client.put("/api/selection", json={"studies": ["1.1"]})
        with world.signin.store.write() as tx:
            tx.connection().exec_driver_sql(
                "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'disk full'); END"
            )
        answer = client.get(path)
    assert answer.status_code == 503
    assert "x-accel-redirect" not in answer.headers
    assert world.archive.streamed == []


def test_too_long_a_list_is_refused(world: World) -> None:
    uids = [f"1.{number}" for number in range(MOST_NAMED)]
    with world.client("owner_a") as client:
        for path in ("/api/archives", "/api/archives/size"):
            assert client.post(path, json={"studies": uids, "series": ["1.1.1"]}).status_code == 422
        assert client.get("/api/archives?" + "&".join(f"study={uid}" for uid in uids[:51])).status_code == 422
