"""What is taken away through the real gate: exactly the permitted images, streamed, and as HTTP says."""

import io
import json
import zipfile
from collections.abc import Iterable

import httpx
import pydicom
import pytest

from auth_service import multipart
from tests.integration.people import SignedIn
from tests.integration.raw import send
from tests.integration.truth import Series, Truth

pytestmark = pytest.mark.stack


def images_in(content: bytes) -> set[str]:
    """SOPInstanceUIDs of the DICOM files in an archive."""
    found = set()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            if not name.endswith("DICOMDIR"):
                dataset = pydicom.dcmread(io.BytesIO(archive.read(name)), stop_before_pixels=True)
                found.add(str(dataset.SOPInstanceUID))
    return found


def images_of(series: Iterable[Series]) -> set[str]:
    return {image.uid for one in series for image in one.instances}


def taken(truth: Truth, username: str, study: str) -> list[Series]:
    return [
        one
        for one in truth.series.values()
        if one.study == study and one.uid in truth.may(username, "download")
    ]


def some_studies(truth: Truth) -> list[str]:
    special = truth.manifest["special"]
    return [special["partial"]["study"], special["two_albums"], special["unlabelled"]]


@pytest.mark.parametrize("username", ["pi-a", "pi-b", "member-a", "stranger"])
@pytest.mark.parametrize("kind", ["archive", "media"])
def test_an_archive_of_a_study_holds_what_may_be_taken_away(
    truth: Truth, people: dict[str, SignedIn], username: str, kind: str
) -> None:
    with people[username].client() as client:
        for study in some_studies(truth):
            of_study = [one for one in truth.series.values() if one.study == study]
            permitted = taken(truth, username, study)
            answer = client.get(f"/orthanc/studies/{of_study[0].study_id}/{kind}")
            if permitted:
                assert images_in(answer.content) == images_of(permitted)
                assert (b"DICOMDIR" in answer.content) is (kind == "media")
            else:
                assert answer.status_code == (403 if study in truth.studies(username) else 404)


@pytest.mark.parametrize("username", ["pi-a", "pi-b"])
def test_a_whole_study_by_dicomweb_is_the_permitted_series_under_one_boundary(
    truth: Truth, people: dict[str, SignedIn], username: str
) -> None:
    studies = [*some_studies(truth), truth.manifest["special"]["showcase"]["study"]]
    with people[username].client() as client:
        for study in studies:
            permitted = taken(truth, username, study)
            answer = client.get(f"/dicom-web/studies/{study}")
            if not permitted:
                assert answer.status_code == 404
                continue
            boundary = multipart.boundary_of(answer.headers["content-type"])
            first, *parts, last = answer.content.split(b"--" + boundary)
            assert (first, last.strip()) == (b"", b"--")
            files = [part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for part in parts]
            assert {
                str(pydicom.dcmread(io.BytesIO(file), stop_before_pixels=True).SOPInstanceUID)
                for file in files
            } == images_of(permitted)


def test_a_long_selection_and_a_short_one_are_the_same_images(
    truth: Truth, people: dict[str, SignedIn]
) -> None:
    permitted = [truth.series[uid] for uid in sorted(truth.may("pi-a", "download"))]
    small = sorted(permitted, key=lambda one: len(one.instances))[:6]
    images = [image.id for one in permitted for image in one.instances][:200]
    headers = {"Content-Type": "application/json"}
    with people["pi-a"].client() as client:
        short = client.post("/orthanc/tools/create-archive", json=[one.id for one in small], headers=headers)
        named = client.get("/orthanc/tools/create-media?resources=" + ",".join(one.id for one in small))
        long = client.post("/orthanc/tools/create-archive", json={"Resources": images}, headers=headers)
    assert images_in(short.content) == images_in(named.content) == images_of(small)
    assert len(images_in(long.content)) == 200
    assert images_in(long.content) <= images_of(permitted)


@pytest.mark.parametrize("count", [85, 95, 131, 140])
def test_a_list_is_answered_however_it_is_handed_over(
    truth: Truth, people: dict[str, SignedIn], count: int
) -> None:
    """Up to some 130 things they are named to nginx in a header, from then on the service streams."""
    permitted = [truth.series[uid] for uid in sorted(truth.may("pi-a", "download"))]
    images = [image for one in permitted for image in one.instances][:count]
    with people["pi-a"].client() as client:
        answer = client.post("/orthanc/tools/create-archive", json=[image.id for image in images])
    assert images_in(answer.content) == {image.uid for image in images}


def test_wado_uri_gives_what_orthancs_own_routes_give(truth: Truth, people: dict[str, SignedIn]) -> None:
    series = next(
        truth.series[uid] for uid in sorted(truth.may("pi-a")) if truth.series[uid].modality == "CT"
    )
    image = series.instances[0]
    asked = {
        "requestType": "WADO",
        "studyUID": series.study,
        "seriesUID": series.uid,
        "objectUID": image.uid,
    }
    with people["pi-a"].client() as client:
        picture = client.get("/orthanc/wado", params=asked)
        small = client.get("/orthanc/wado", params=asked | {"contentType": "image/png", "columns": "32"})
        file = client.get("/orthanc/wado", params=asked | {"contentType": "application/dicom"})
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert (small.status_code, small.headers["content-type"]) == (200, "image/png")
    assert file.content == truth.orthanc.get(f"/instances/{image.id}/file").content


@pytest.fixture
def permitted(truth: Truth) -> Series:
    """A CT series that pi-a may take away."""
    return next(
        truth.series[uid]
        for uid in sorted(truth.may("pi-a", "download"))
        if truth.series[uid].modality == "CT"
    )


def test_head_says_what_get_would_and_sends_nothing(
    permitted: Series, people: dict[str, SignedIn], port: int
) -> None:
    headers = [("Cookie", people["pi-a"].cookie)]
    path = f"/dicom-web/studies/{permitted.study}/series/{permitted.uid}"
    for target in (
        f"{path}/metadata",
        f"{path}/instances/{permitted.instances[0].uid}/frames/1",
        f"/orthanc/instances/{permitted.instances[0].id}/file",
        "/dicom-web/studies",
        f"/orthanc/studies/{permitted.study_id}/archive",
    ):
        head, get = (send(port, method, target, headers) for method in ("HEAD", "GET"))
        assert (head.status, head.body) == (200, b""), target
        assert head.headers["content-type"].split(";")[0] == get.headers["content-type"].split(";")[0]


def test_a_part_of_a_file_is_that_part_of_it(
    permitted: Series, people: dict[str, SignedIn], port: int
) -> None:
    target = f"/orthanc/instances/{permitted.instances[0].id}/file"
    headers = [("Cookie", people["pi-a"].cookie)]
    whole = send(port, "GET", target, headers).body
    part = send(port, "GET", target, [*headers, ("Range", "bytes=128-131")])
    assert (part.status, part.body) == (206, b"DICM")
    assert part.headers["content-range"] == f"bytes 128-131/{len(whole)}"
    assert send(port, "GET", target, [*headers, ("Range", f"bytes={len(whole)}-")]).status == 416


def test_a_condition_that_cannot_be_checked_is_passed_over(
    permitted: Series, people: dict[str, SignedIn], port: int
) -> None:
    """Orthanc gives no validators here: a condition is ignored, never taken for met (RFC 9110, 13.2)."""
    target = f"/dicom-web/studies/{permitted.study}/series/{permitted.uid}/metadata"
    headers = [("Cookie", people["pi-a"].cookie)]
    plain = send(port, "GET", target, headers)
    for condition in (("If-None-Match", '"x"'), ("If-Modified-Since", "Fri, 27 Nov 2099 00:00:00 GMT")):
        asked = send(port, "GET", target, [*headers, condition])
        assert (asked.status, asked.body) == (200, plain.body)


def test_an_upgrade_is_passed_over_where_there_is_no_websocket(
    permitted: Series, people: dict[str, SignedIn], port: int
) -> None:
    answer = send(
        port,
        "GET",
        f"/dicom-web/studies/{permitted.study}/series/{permitted.uid}/metadata",
        [
            ("Cookie", people["pi-a"].cookie),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ],
    )
    assert answer.status == 200
    assert "upgrade" not in answer.headers


def test_bodies_come_whole_in_chunks_and_after_a_promise_to_go_on(
    people: dict[str, SignedIn], truth: Truth
) -> None:
    question = json.dumps({"Level": "Study", "Query": {}}).encode()
    expected = {study[0].study_id for study in truth.studies("pi-a").values()}
    headers = {"Content-Type": "application/json"}
    with people["pi-a"].client() as client:
        chunked = client.post(
            "/orthanc/tools/find", content=(bytes([byte]) for byte in question), headers=headers
        )
        promised = client.post(
            "/orthanc/tools/find", content=question, headers=headers | {"Expect": "100-continue"}
        )
        unknown = client.post(
            "/orthanc/tools/find", content=question, headers=headers | {"Expect": "miracles"}
        )
    assert set(chunked.json()) == set(promised.json()) == expected
    assert unknown.status_code in (200, 417)


def test_what_a_member_may_not_take_away_is_not_streamed_by_any_of_these_ways(
    truth: Truth, people: dict[str, SignedIn]
) -> None:
    series = next(
        truth.series[uid] for uid in sorted(truth.may("member-a")) if truth.series[uid].modality == "CT"
    )
    image = series.instances[0]
    path = f"/dicom-web/studies/{series.study}"
    wado = f"requestType=WADO&studyUID={series.study}&seriesUID={series.uid}&objectUID={image.uid}"
    with people["member-a"].client() as client:
        answers: list[httpx.Response] = [
            client.get(target)
            for target in (
                path,
                f"{path}/series/{series.uid}",
                f"{path}/series/{series.uid}/instances/{image.uid}",
                f"/orthanc/instances/{image.id}/file",
                f"/orthanc/series/{series.id}/archive",
                f"/orthanc/studies/{series.study_id}/media",
                f"/orthanc/tools/create-archive?resources={image.id}",
                f"/orthanc/wado?{wado}&contentType=application/dicom",
            )
        ]
    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert all(b"DICM" not in answer.content for answer in answers)
