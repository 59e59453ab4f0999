"""Storing by tools: STOW-RS and Orthanc's own way, into one album, with exact answers."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset

from auth_service.albums import members
from auth_service.albums.members import Rights
from auth_service.http import parts
from auth_service.policy.model import SYSTEM
from auth_service.targets import VIEWER_CLASSES
from auth_service.vocabulary import Action, AlbumRole
from tests.fakes.files import dicom, zipped
from tests.fakes.held import orthanc_id
from tests.http.world import SEG, World

KIND = 'multipart/related; type="application/dicom"; boundary=limit'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path)
    yield made
    made.close()


def body(*contents: bytes, kind: bytes = b"application/dicom") -> bytes:
    out = BytesIO()
    for content in contents:
        out.write(b"--limit\r\nContent-Type: " + kind + b"\r\n\r\n" + content + b"\r\n")
    out.write(b"--limit--\r\n")
    return out.getvalue()


def stow(
    world: World, who: str, content: bytes, *, kind: str = KIND, path: str = "/dicom-web/studies?album=a"
) -> httpx.Response:
    with world.client(who) as client:
        return client.post(path, content=content, headers={"content-type": kind})


def told(answer: httpx.Response) -> Dataset:
    assert answer.headers["content-type"] == "application/dicom+json"
    return Dataset.from_json(answer.text)


def may(world: World, user: str, *actions: Action) -> None:
    rights = Rights(role=AlbumRole.MEMBER, actions=frozenset(actions))
    members.add_member(world.signin.services, actor=SYSTEM, slug="a", user=user, group=None, rights=rights)


def labels(world: World, series: str) -> set[str]:
    return world.archive.labels("Series").get(series, set())


def test_what_is_stored_is_named_with_its_address(world: World) -> None:
    answer = stow(world, "owner_a", body(dicom("2.1", "2.1.1", "2.1.1.1"), dicom("2.1", "2.1.1", "2.1.1.2")))
    assert answer.status_code == 200
    found = told(answer)
    base = f"{world.signin.settings.public_url}/dicom-web/studies/2.1"
    assert found.RetrieveURL == base
    assert [(one.ReferencedSOPInstanceUID, one.RetrieveURL) for one in found.ReferencedSOPSequence] == [
        (f"2.1.1.{number}", f"{base}/series/2.1.1/instances/2.1.1.{number}") for number in (1, 2)
    ]
    assert "FailedSOPSequence" not in found
    assert labels(world, "2.1.1") == {"album-a"}


def test_some_are_refused_and_each_with_its_reason(world: World) -> None:
    answer = stow(
        world,
        "owner_a",
        body(
            dicom("2.1", "2.1.1", "2.1.1.1"),
            dicom("2.2", "2.2.1", "2.2.1.1"),
            dicom("1.3", "1.3.9", "1.3.9.1"),
            dicom("1.3", "1.3.1", "1.3.1.1"),
            b"no image",
        ),
    )
    assert answer.status_code == 202
    found = told(answer)
    assert "RetrieveURL" not in found
    assert [one.ReferencedSOPInstanceUID for one in found.ReferencedSOPSequence] == ["2.1.1.1", "2.2.1.1"]
    assert [(one.ReferencedSOPInstanceUID, one.FailureReason) for one in found.FailedSOPSequence] == [
        ("1.3.9.1", 0x0124),
        ("1.3.1.1", 0x0111),
    ]
    assert [one.FailureReason for one in found.OtherFailuresSequence] == [0xC000]


def test_into_a_named_study_comes_nothing_of_another(world: World) -> None:
    content = body(dicom("2.1", "2.1.1", "2.1.1.1"), dicom("2.2", "2.2.1", "2.2.1.1"))
    answer = stow(world, "owner_a", content, path="/dicom-web/studies/2.1?album=a")
    assert answer.status_code == 202
    assert [one.FailureReason for one in told(answer).FailedSOPSequence] == [0xA900]
    only = stow(
        world,
        "owner_a",
        body(dicom("2.2", "2.2.1", "2.2.1.1")),
        path="/dicom-web/studies/2.1?album=a",
    )
    assert only.status_code == 409
    assert labels(world, "2.2.1") == set()


def test_a_duplicate_gets_the_same_answer_whoever_holds_the_first_copy(world: World) -> None:
    def again(series: str) -> tuple[int, list[int]]:
        answer = stow(world, "owner_a", body(dicom(series[:3], series, f"{series}.1")))
        return answer.status_code, [one.FailureReason for one in told(answer).FailedSOPSequence]

    assert again("1.1.1") == again("1.3.1") == again("1.4.1") == (409, [0x0111])


@pytest.mark.parametrize(
    ("content", "kind", "status", "field"),
    [
        (body(b"x"), "application/dicom", 415, "Content-Type"),
        (body(b"x"), 'multipart/related; type="application/dicom+json"; boundary=limit', 415, "Content-Type"),
        (body(b"x"), 'multipart/related; type="application/dicom"', 415, "Content-Type"),
        (body(b"{}", kind=b"application/dicom+json"), KIND, 415, "Content-Type"),
        (b"", KIND, 400, "body"),
        (b"--other\r\n\r\nx\r\n--other--\r\n", KIND, 400, "body"),
        (body(dicom("2.1", "2.1.1", "2.1.1.1"))[:-9], KIND, 400, "body"),
        (b"--limit--\r\n", KIND, 400, "body"),
    ],
)
def test_what_is_no_message_of_dicom_files_is_refused(
    world: World, content: bytes, kind: str, status: int, field: str
) -> None:
    answer = stow(world, "owner_a", content, kind=kind)
    assert (answer.status_code, answer.json()["reason"]) == (status, field)


def test_many_parts_with_nothing_in_them_become_neither_files_nor_lines(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    temporary = NamedTemporaryFile

    def counted(**how: Any) -> Any:  # noqa: ANN401 - whatever it is asked with
        made.append("file")
        return temporary(**how)

    monkeypatch.setattr("auth_service.http.parts.NamedTemporaryFile", counted)
    monkeypatch.setattr(parts, "MOST_USELESS", 20)
    answer = stow(world, "owner_a", body(*[b""] * 5000))
    assert (answer.status_code, answer.json()["reason"]) == (400, "body")
    assert made == []
    with world.client("owner_a") as client:
        assert client.get("/api/albums/a/changes").json()["items"][0]["failed_total"] == 20


def test_what_came_before_the_body_broke_is_said_to_be_stored(world: World) -> None:
    content = body(dicom("2.1", "2.1.1", "2.1.1.1"), dicom("2.1", "2.1.1", "2.1.1.2"))
    answer = stow(world, "owner_a", content[:-60])
    assert answer.status_code == 202
    found = told(answer)
    assert [one.ReferencedSOPInstanceUID for one in found.ReferencedSOPSequence] == ["2.1.1.1"]
    assert [one.FailureReason for one in found.OtherFailuresSequence] == [0x0110]


def test_who_may_not_store_is_told_before_anything_is_read(world: World) -> None:
    content = body(dicom("2.1", "2.1.1", "2.1.1.1"))
    for who, status in (("nobody", 401), ("member_a", 403), ("stranger", 404), ("owner_b", 404)):
        assert stow(world, who, content).status_code == status, who
        with world.client(who) as client:
            as_orthanc = client.post("/orthanc/instances?album=a", content=dicom("2.1", "2.1.1", "2.1.1.1"))
        assert as_orthanc.status_code == status, who
    assert world.archive.sent == []
    assert stow(world, "owner_a", content, path="/dicom-web/studies").status_code == 400
    assert stow(world, "owner_a", content, path="/dicom-web/studies?album=b").status_code == 404


def test_who_may_annotate_stores_what_a_viewer_makes_and_no_images(world: World) -> None:
    may(world, "stranger", Action.VIEW, Action.ANNOTATE)
    made = dicom("1.1", "1.1.8", "1.1.8.1", SOPClassUID=SEG, Modality="SEG")
    assert stow(world, "stranger", body(made)).status_code == 200
    assert labels(world, "1.1.8") == {"album-a"}
    for content in (
        dicom("1.1", "1.1.7", "1.1.7.1"),
        dicom("2.1", "2.1.1", "2.1.1.1", SOPClassUID=SEG),
        dicom("1.1", "1.1.1", "1.1.1.9", SOPClassUID=SEG),
        dicom("1.3", "1.3.9", "1.3.9.1", SOPClassUID=SEG),
    ):
        answer = stow(world, "stranger", body(content))
        assert answer.status_code == 409
        assert [one.FailureReason for one in told(answer).FailedSOPSequence] == [0x0124]


@pytest.mark.parametrize("sop_class", sorted(VIEWER_CLASSES))
def test_whatever_a_viewer_makes_can_be_stored(world: World, sop_class: str) -> None:
    may(world, "stranger", Action.VIEW, Action.ANNOTATE)
    made = dicom("1.1", "1.1.8", "1.1.8.1", SOPClassUID=sop_class)
    assert stow(world, "stranger", body(made)).status_code == 200


def as_orthanc(world: World, content: bytes, who: str = "owner_a") -> httpx.Response:
    with world.client(who) as client:
        return client.post("/orthanc/instances?album=a", content=content)


def test_orthancs_own_way_answers_as_orthanc_does(world: World) -> None:
    content = dicom("2.1", "2.1.1", "2.1.1.1")
    identifiers = ("P2.1", "2.1", "2.1.1", "2.1.1.1")
    expected: dict[str, Any] = {
        "ID": orthanc_id(*identifiers),
        "ParentPatient": orthanc_id(*identifiers[:1]),
        "ParentStudy": orthanc_id(*identifiers[:2]),
        "ParentSeries": orthanc_id(*identifiers[:3]),
        "Path": f"/instances/{orthanc_id(*identifiers)}",
        "Status": "Success",
    }
    assert as_orthanc(world, content).json() == expected
    assert as_orthanc(world, content).json() == expected | {"Status": "AlreadyStored"}
    assert labels(world, "2.1.1") == {"album-a"}


def test_orthancs_own_way_takes_zip_files(world: World) -> None:
    answer = as_orthanc(world, zipped({"one.dcm": dicom("2.1", "2.1.1", "2.1.1.1"), "two.txt": b"text"}))
    assert [(one["Status"], one.get("Reason")) for one in answer.json()] == [
        ("Success", None),
        ("Failure", "not-dicom"),
    ]


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"text", 400, "body"),
        (dicom("1.3", "1.3.9", "1.3.9.1"), 409, "taken"),
    ],
)
def test_orthancs_own_way_refuses_with_a_reason(
    world: World, content: bytes, status: int, reason: str
) -> None:
    answer = as_orthanc(world, content)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


def test_without_the_archive_nothing_is_said_to_be_stored(world: World) -> None:
    world.archive.down = True
    assert stow(world, "owner_a", body(dicom("2.1", "2.1.1", "2.1.1.1"))).status_code == 503
    world.archive.down = False
    assert stow(world, "owner_a", body(dicom("2.1", "2.1.1", "2.1.1.1"))).status_code == 200


def test_a_token_stores_where_it_is_left_that(world: World) -> None:
    def token(*actions: str, albums: list[str]) -> str:
        with world.client("owner_a") as client:
            made = client.post("/api/tokens", json={"name": "t", "actions": actions, "albums": albums})
        assert made.status_code == 201, made.text
        secret: str = made.json()["token"]
        return secret

    content, gate = body(dicom("2.1", "2.1.1", "2.1.1.1")), world.signin.settings.gate_secret
    for secret, status in (
        (token("view", albums=["a"]), 403),
        (token("upload", albums=["a"]), 200),
    ):
        with world.client("nobody") as client:
            answer = client.post(
                "/dicom-web/studies?album=a",
                content=content,
                headers={
                    "content-type": KIND,
                    "authorization": f"Bearer {secret}",
                    "x-gate-secret": gate.get_secret_value(),
                },
            )
        assert answer.status_code == status
