"""Uploads over HTTP: what comes is in the album, nothing that exists is taken over, and nothing is lost."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth_service.albums import members
from auth_service.albums.members import Rights
from auth_service.policy.model import SYSTEM
from auth_service.uploads import spool, tending
from auth_service.uploads.sending import LARGEST_PIECE
from auth_service.vocabulary import Action, AlbumRole
from tests.fakes.files import dicom, zipped
from tests.http.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path)
    yield made
    made.close()


def give(world: World, slug: str, user: str, *actions: Action) -> int:
    return members.add_member(
        world.signin.services,
        actor=SYSTEM,
        slug=slug,
        user=user,
        group=None,
        rights=Rights(role=AlbumRole.MEMBER, actions=frozenset(actions)),
    ).id


def begin(client: httpx.Client, slug: str = "a") -> str:
    answer = client.post(f"/api/albums/{slug}/uploads")
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


def put(
    client: httpx.Client, upload: str, number: int, content: bytes, name: str = "x.dcm", **query: object
) -> httpx.Response:
    wanted = {"name": name, "size": len(content), **query}
    return client.put(
        f"/api/uploads/{upload}/files/{number}",
        params={key: str(value) for key, value in wanted.items()},
        content=content,
    )


def sent(world: World, who: str, *contents: bytes, slug: str = "a") -> dict[str, Any]:
    """Upload these as files of one upload, end it, and return how it is."""
    with world.client(who) as client:
        upload = begin(client, slug)
        for number, content in enumerate(contents, 1):
            answer = put(client, upload, number, content, name=f"folder/{number}.dcm")
            assert answer.status_code == 200, answer.text
            assert answer.json()["done"] is True
        ended = client.post(f"/api/uploads/{upload}/end")
        assert ended.status_code == 200, ended.text
        found: dict[str, Any] = ended.json()
        return found


def reasons(upload: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["uid"], one["reason"]) for one in upload["change"]["failed"]]


def inside(world: World, who: str, slug: str = "a") -> set[str]:
    with world.client(who) as client:
        return {one["series"] for one in client.get(f"/api/albums/{slug}/series").json()["items"]}


def labels(world: World, series: str) -> set[str]:
    return world.archive.labels("Series").get(series, set())


def test_new_series_are_in_the_album_as_they_come(world: World) -> None:
    before = inside(world, "owner_a")
    with world.client("owner_a") as client:
        upload = begin(client)
        assert put(client, upload, 1, dicom("2.1", "2.1.1", "2.1.1.1")).json()["stored"] == 1
        # Seen at once, before the upload is ended.
        assert labels(world, "2.1.1") == {"album-a"}
        assert inside(world, "member_a") == before | {"2.1.1"}
        put(client, upload, 2, dicom("2.1", "2.1.1", "2.1.1.2"))
        put(client, upload, 3, dicom("2.1", "2.1.2", "2.1.2.1"))
        running = client.get(f"/api/uploads/{upload}").json()
        assert (running["change"]["state"], running["stored"], running["files"]) == ("receiving", 3, 3)
        ended = client.post(f"/api/uploads/{upload}/end").json()
    assert (ended["change"]["state"], ended["change"]["done"], ended["change"]["total"]) == ("done", 2, 2)
    assert inside(world, "owner_a") == before | {"2.1.1", "2.1.2"}
    assert world.archive.labels("Study")["2.1"] == {"album-a"}


def test_a_file_that_comes_in_pieces_is_gone_on_with_where_it_was_left(world: World) -> None:
    content = dicom("2.1", "2.1.1", "2.1.1.1")
    with world.client("owner_a") as client:
        upload = begin(client)
        where = f"/api/uploads/{upload}/files/1"
        wanted: dict[str, str | int] = {"name": "x.dcm", "size": len(content)}
        first = client.put(where, params=wanted, content=content[:100]).json()
        assert (first["received"], first["done"]) == (100, False)
        again = client.put(where, params=wanted, content=content[:100])
        assert (again.status_code, again.json()["reason"]) == (409, "offset")
        assert "100" in again.json()["message"]
        rest = client.put(where, params=wanted | {"offset": 100}, content=content[100:]).json()
        assert (rest["received"], rest["done"], rest["stored"]) == (len(content), True, 1)
        # Whoever did not hear the answer asks again, and is told the same.
        assert client.put(where, params=wanted, content=content).json() == rest
        assert client.get(f"/api/uploads/{upload}/files").json() == {"items": [rest], "total": 1}
        assert client.get("/api/albums/a/uploads").json()["items"][0]["id"] == upload
    assert len(world.archive.sent) == 1


def test_a_zip_file_is_the_files_in_it(world: World) -> None:
    packed = zipped(
        {
            "a/1": dicom("2.1", "2.1.1", "2.1.1.1"),
            "a/2": dicom("2.2", "2.2.1", "2.2.1.1"),
            "readme": b"not an image",
            "__MACOSX/junk": b"x",
        }
    )
    found = sent(world, "owner_a", packed)
    assert (found["stored"], found["present"], found["refused"]) == (2, 0, 1)
    assert reasons(found) == [("folder/1.dcm/readme", "not-dicom")]
    assert {"2.1.1", "2.2.1"} <= inside(world, "owner_a")


def test_what_cannot_be_taken_is_a_line_and_the_rest_goes_in(world: World) -> None:
    whole = dicom("2.1", "2.1.1", "2.1.1.1")
    found = sent(
        world,
        "owner_a",
        whole,
        b"",
        b"a text",
        whole[:-4],
        dicom("2.1", "", "2.1.2.1"),
        dicom("2.1", "2.1.9", "2.1.9.1", SOPClassUID="1.2.840.10008.5.1.4.38.1"),
        dicom("2.1", "2.1.3", "2.1.3.1", PatientID="another"),
        dicom("2.1", "2.1.3", "2.1.3.2"),
    )
    assert [reason for _, reason in reasons(found)] == [
        "not-dicom",
        "not-dicom",
        "broken",
        "broken",
        "not-storable",
        "wrong-patient",
    ]
    assert (found["stored"], found["refused"], found["change"]["done"]) == (2, 6, 2)
    assert {"2.1.1", "2.1.3"} <= inside(world, "owner_a")


def test_a_duplicate_gets_the_same_answer_whoever_holds_the_first_copy(world: World) -> None:
    def again(series: str, sop: str) -> dict[str, Any]:
        found = sent(world, "owner_a", dicom(series[:3], series, sop))
        return {key: found[key] for key in ("stored", "present", "refused")} | {"told": reasons(found)}

    mine, hidden, nobodys = again("1.1.1", "1.1.1.1"), again("1.3.1", "1.3.1.1"), again("1.4.1", "1.4.1.1")
    assert mine == hidden == nobodys == {"stored": 0, "present": 1, "refused": 0, "told": []}
    assert (labels(world, "1.3.1"), labels(world, "1.4.1")) == ({"album-b"}, set())


@pytest.mark.parametrize(
    ("study", "series", "sop", "patient"),
    [
        ("1.3", "1.3.1", "1.3.1.9", "P1.3"),
        ("1.3", "1.3.9", "1.3.9.1", "P1.3"),
        ("1.3", "1.3.9", "1.3.9.1", "P9"),
        ("2.1", "1.3.1", "2.1.1.1", "P2.1"),
        ("2.1", "2.1.1", "1.3.1.1", "P2.1"),
        ("1.1", "1.1.3", "1.1.3.9", "P1.1"),
        ("1.4", "1.4.1", "1.4.1.9", "P1.4"),
    ],
    ids=[
        "into a hidden series",
        "a new series of a hidden study",
        "a hidden study under another patient",
        "a hidden series in a study of one's own",
        "a hidden image in a series of one's own",
        "into a hidden series of a study of one's album",
        "into a series that is in no album",
    ],
)
def test_nothing_that_exists_is_taken_over_and_all_of_it_looks_the_same(
    world: World, study: str, series: str, sop: str, patient: str
) -> None:
    before = {level: dict(world.archive.labels(level)) for level in ("Study", "Series")}
    held = {level: set(world.archive.held[level]) for level in ("Patient", "Study", "Series", "Instance")}
    found = sent(world, "owner_a", dicom(study, series, sop, PatientID=patient))
    assert reasons(found) == [("folder/1.dcm", "taken")]
    assert {level: set(world.archive.held[level]) for level in held} == held
    assert {level: dict(world.archive.labels(level)) for level in before} == before


def test_a_new_series_of_a_study_that_one_sees_goes_into_the_album_and_into_no_other(world: World) -> None:
    # Study 1.2 is in both albums by its one series.
    assert sent(world, "owner_a", dicom("1.2", "1.2.9", "1.2.9.1"))["stored"] == 1
    assert labels(world, "1.2.9") == {"album-a"}
    assert "1.2.9" not in inside(world, "owner_b", "b")


def test_who_may_only_upload_adds_to_what_he_brought_and_sees_nothing(world: World) -> None:
    give(world, "a", "stranger", Action.UPLOAD)
    found = sent(world, "stranger", dicom("2.1", "2.1.1", "2.1.1.1"), dicom("2.1", "2.1.2", "2.1.2.1"))
    assert found["stored"] == 2
    with world.client("stranger") as client:
        assert client.get("/api/albums/a/series").status_code == 403
        assert client.get("/dicom-web/studies?PatientID=P2.1").json() == []


def test_who_may_not_upload_begins_nothing(world: World) -> None:
    for who, status in (("nobody", 401), ("member_a", 403), ("stranger", 404), ("owner_b", 404)):
        with world.client(who) as client:
            assert client.post("/api/albums/a/uploads").status_code == status, who
            assert client.get("/api/albums/a/uploads").status_code == status, who


def test_an_upload_is_its_own_persons_and_of_nobody_else(world: World) -> None:
    give(world, "a", "member_b", Action.UPLOAD, Action.VIEW)
    with world.client("owner_a") as client:
        upload = begin(client)
    content = dicom("2.1", "2.1.1", "2.1.1.1")
    for who in ("member_b", "stranger", "admin"):
        with world.client(who) as client:
            answers = [
                client.get(f"/api/uploads/{upload}"),
                client.get(f"/api/uploads/{upload}/files"),
                put(client, upload, 1, content),
                client.post(f"/api/uploads/{upload}/end"),
            ]
        assert [answer.status_code for answer in answers] == [404] * 4, who
    assert world.archive.sent == []


def test_a_right_that_is_taken_back_ends_an_upload_in_the_middle(world: World) -> None:
    given = give(world, "a", "member_b", Action.UPLOAD)
    with world.client("member_b") as client:
        upload = begin(client)
        assert put(client, upload, 1, dicom("2.1", "2.1.1", "2.1.1.1")).status_code == 200
        members.remove_member(world.signin.services, actor=SYSTEM, slug="a", member_id=given)
        refused = put(client, upload, 2, dicom("2.1", "2.1.2", "2.1.2.1"))
    assert refused.status_code == 404
    assert labels(world, "2.1.2") == set()


def test_after_its_end_nothing_comes_by_an_upload(world: World) -> None:
    with world.client("owner_a") as client:
        upload = begin(client)
        client.post(f"/api/uploads/{upload}/end")
        refused = put(client, upload, 1, dicom("2.1", "2.1.1", "2.1.1.1"))
        assert (refused.status_code, refused.json()["reason"]) == (409, "over")
        assert client.post(f"/api/uploads/{upload}/end").status_code == 200


def test_an_upload_can_be_stopped_and_taken_back_like_any_change(world: World) -> None:
    before = inside(world, "owner_a")
    with world.client("owner_a") as client:
        upload = begin(client)
        put(client, upload, 1, dicom("2.1", "2.1.1", "2.1.1.1"))
        assert client.post(f"/api/changes/{upload}/cancel").status_code == 200
        assert put(client, upload, 2, dicom("2.1", "2.1.2", "2.1.2.1")).status_code == 409
        ended = client.post(f"/api/uploads/{upload}/end").json()
        assert ended["change"]["state"] == "cancelled"
        assert inside(world, "owner_a") == before | {"2.1.1"}
        assert client.post(f"/api/changes/{upload}/undo").status_code == 202


def test_a_stopped_upload_takes_no_image_into_a_series_that_was_there_before(world: World) -> None:
    with world.client("owner_a") as client:
        upload = begin(client)
        assert (
            put(client, upload, 1, dicom("1.1", "1.1.1", "1.1.1.8", PatientID="P1.1")).json()["stored"] == 1
        )
        ended = client.get(f"/api/uploads/{upload}").json()
        assert ended["change"]["total"] == 0
        client.post(f"/api/changes/{upload}/cancel")
        assert put(client, upload, 2, dicom("1.1", "1.1.1", "1.1.1.9", PatientID="P1.1")).status_code == 409
    again = sent(world, "owner_a", dicom("1.1", "1.1.1", "1.1.1.9", PatientID="P1.1"))
    assert (again["stored"], again["change"]["state"]) == (1, "done")


def test_one_person_has_so_many_uploads_open(world: World) -> None:
    with world.client("owner_a") as client:
        answers = [client.post("/api/albums/a/uploads").status_code for _ in range(21)]
    assert answers == [201] * 20 + [409]


def test_bounds_are_kept(world: World, tmp_path: Path) -> None:
    world.close()
    world = World.make(tmp_path, upload_largest_mb=1, upload_total_mb=2, upload_most_files=3)
    big = dicom("2.1", "2.1.1", "2.1.1.1", PixelData=bytes(1024**2 + 2))
    bomb = zipped({"bomb": bytes(64 * 1024**2)})
    assert len(bomb) < 100_000
    found = sent(world, "owner_a", big, bomb, dicom("2.1", "2.1.2", "2.1.2.1"))
    assert [reason for _, reason in reasons(found)] == ["too-large", "too-large"]
    assert found["stored"] == 1
    with world.client("owner_a") as client:
        upload = begin(client)
        for number in (1, 2, 3):
            assert put(client, upload, number, b"text").status_code == 200
        many = put(client, upload, 4, b"text")
        assert (many.status_code, many.json()["reason"]) == (422, "number")
        upload = begin(client)
        large = put(client, upload, 1, b"", size=3 * 1024**2)
        assert (large.status_code, large.json()["reason"]) == (422, "size")
        longer = put(client, upload, 2, b"12345", size=4)
        assert (longer.status_code, longer.json()["reason"]) == (422, "body")
    world.close()


def test_what_is_begun_and_not_ended_counts_too(world: World, tmp_path: Path) -> None:
    world.close()
    world = World.make(tmp_path, upload_total_mb=3)
    with world.client("owner_a") as client:
        upload = begin(client)
        assert put(client, upload, 1, b"begun", size=2 * 1024**2).json()["received"] == 5
        refused = put(client, upload, 2, b"more", size=2 * 1024**2)
        assert (refused.status_code, refused.json()["reason"]) == (422, "size")
        assert put(client, upload, 2, b"text").status_code == 200
    world.close()


def test_a_disk_that_is_nearly_full_takes_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.client("owner_a") as client:
        upload = begin(client)
        monkeypatch.setattr(spool, "SPARED", 2**62)
        for answer in (put(client, upload, 1, b"text"), client.post("/api/albums/a/uploads")):
            assert (answer.status_code, answer.json()["reason"]) == (503, "uploads")


def test_many_files_in_a_zip_file_are_bounded_too(world: World, tmp_path: Path) -> None:
    world.close()
    world = World.make(tmp_path, upload_most_files=2)
    packed = zipped({f"f{n}": dicom("2.1", "2.1.1", f"2.1.1.{n}") for n in range(1, 5)})
    found = sent(world, "owner_a", packed)
    assert (found["stored"], [reason for _, reason in reasons(found)]) == (2, ["too-many"])
    world.close()


def test_a_piece_is_bounded(world: World) -> None:
    with world.client("owner_a") as client:
        upload = begin(client)
        content = bytes(LARGEST_PIECE + 1)
        refused = put(client, upload, 1, content)
        assert (refused.status_code, refused.json()["reason"]) == (422, "body")
        assert client.get(f"/api/uploads/{upload}/files").json()["items"][0]["received"] == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"size": 4}, "name"),
        ({"name": "x"}, "size"),
        ({"name": "x", "size": -1}, "size"),
        ({"name": "x", "size": 4, "offset": "x"}, "offset"),
        ({"name": "x", "size": 4, "more": 1}, "more"),
    ],
)
def test_bad_input_names_the_field(world: World, query: dict[str, Any], field: str) -> None:
    with world.client("owner_a") as client:
        answer = client.put(f"/api/uploads/{begin(client)}/files/1", params=query, content=b"1234")
    assert (answer.status_code, answer.json()["reason"]) == (422, field)


def test_without_the_archive_the_file_waits_and_can_be_asked_for_again(world: World) -> None:
    content = dicom("2.1", "2.1.1", "2.1.1.1")
    with world.client("owner_a") as client:
        upload = begin(client)
        world.archive.down = True
        assert put(client, upload, 1, content).status_code == 503
        world.archive.down = False
        query: dict[str, str | int] = {"name": "x.dcm", "size": len(content), "offset": len(content)}
        again = client.put(f"/api/uploads/{upload}/files/1", params=query)
        assert (again.status_code, again.json()["stored"]) == (200, 1)
    assert labels(world, "2.1.1") == {"album-a"}


def test_what_nobody_goes_on_with_is_closed_and_leaves_nothing_on_disk(world: World, tmp_path: Path) -> None:
    world.close()
    world = World.make(tmp_path, upload_idle_minutes=30)
    with world.client("owner_a") as client:
        upload = begin(client)
        put(client, upload, 1, dicom("2.1", "2.1.1", "2.1.1.1"))
        put(client, upload, 2, b"half of it", size=100)
    folder = Path(world.signin.settings.upload_folder)
    assert [one.name for one in folder.rglob("2")] == ["2"]
    world.signin.clock.now += timedelta(minutes=31)
    tending.look_after(world.signin.services)
    assert list(folder.rglob("2")) == []
    with world.client("owner_a") as client:
        state = client.get(f"/api/uploads/{upload}").json()["change"]["state"]
    assert state == "done"
    world.close()
