"""Storing at the real gate, with the tools that people have: in the album at once, and nothing taken over."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pydicom
import pyorthanc
import pytest
import requests
from dicomweb_client import DICOMwebClient
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO

from tests.fakes.files import dicom, zipped
from tests.integration.people import SignedIn
from tests.integration.truth import Series, Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack

WITHIN = 5.0
"""Seconds in which what is put into an album must be seen by its members (docs/threat-model.md)."""


def new_uid() -> str:
    return f"2.25.{uuid4().int}"


@pytest.fixture
def study(truth: Truth) -> Iterator[str]:
    """A StudyInstanceUID that is of nobody yet; what a test stores under it is deleted at its end."""
    uid = new_uid()
    yield uid
    found = truth.orthanc.post("/tools/find", json={"Level": "Study", "Query": {"StudyInstanceUID": uid}})
    for one in found.json():
        truth.orthanc.delete(f"/studies/{one}")


@pytest.fixture
def album(people: dict[str, SignedIn]) -> Iterator[str]:
    """An album of pi-a in which member-a may look at images; deleted at the end."""
    with people["pi-a"].client() as client:
        made = client.post("/api/albums", json={"title": "Uploads", "description": ""})
        assert made.status_code == 201, made.text
        slug: str = made.json()["slug"]
        member = {"subject": {"user": "member-a"}, "role": "member", "actions": ["view"], "until": None}
        assert client.post(f"/api/albums/{slug}/members", json=member).status_code == 201
        yield slug
        assert client.delete(f"/api/albums/{slug}", params={"confirm": slug}).status_code == 200


def labels(truth: Truth, series: str) -> set[str]:
    found = truth.orthanc.post(
        "/tools/find",
        json={"Level": "Series", "Query": {"SeriesInstanceUID": series}, "ResponseContent": ["Labels"]},
    ).json()
    return {label for one in found for label in one["Labels"]}


def sees(who: SignedIn, study: str, series: str) -> bool:
    with who.client() as client:
        return client.get(f"/dicom-web/studies/{study}/series/{series}/metadata").status_code == 200


def token(who: SignedIn, album: str) -> str:
    wanted = {"name": "store", "actions": ["view", "upload"], "albums": [album]}
    with who.client() as client:
        made = client.post("/api/tokens", json=wanted)
    assert made.status_code == 201, made.text
    secret: str = made.json()["token"]
    return secret


def test_what_dicomweb_client_stores_is_seen_by_the_members(
    stack: dict[str, Any], people: dict[str, SignedIn], truth: Truth, album: str, study: str
) -> None:
    series = new_uid()
    # More than nginx takes of other requests.
    images = [dicom(study, series, new_uid(), PixelData=bytes(4 * 1024**2), Rows=1024) for _ in range(3)]
    with requests.Session() as session:
        session.trust_env = False
        session.params = {"album": album}
        session.headers["Authorization"] = f"Bearer {token(people['pi-a'], album)}"
        client = DICOMwebClient(url=f"{stack['url']}/dicom-web", session=session)
        told: Dataset = client.store_instances([pydicom.dcmread(DicomBytesIO(image)) for image in images])
        assert len(told.ReferencedSOPSequence) == len(images)
        assert labels(truth, series) == {f"album-{album}"}
        eventually(lambda: sees(people["member-a"], study, series), within=WITHIN)
        assert not sees(people["stranger"], study, series)
        assert not sees(people["pi-b"], study, series)
        with pytest.raises(requests.HTTPError, match="409"):
            client.store_instances([pydicom.dcmread(DicomBytesIO(images[0]))])


def test_what_pyorthanc_stores_is_answered_as_orthanc_does(
    stack: dict[str, Any], people: dict[str, SignedIn], truth: Truth, album: str, study: str
) -> None:
    series = new_uid()
    packed = zipped({"a.dcm": dicom(study, series, new_uid()), "b.txt": b"text"})
    bearer = {"Authorization": f"Bearer {token(people['pi-a'], album)}"}
    with pyorthanc.Orthanc(f"{stack['url']}/orthanc", headers=bearer) as client:
        answers = client.post(f"{client.url}/instances", params={"album": album}, content=packed).json()
    assert [one["Status"] for one in answers] == ["Success", "Failure"]
    assert truth.orthanc.get(f"/instances/{answers[0]['ID']}").status_code == 200
    assert labels(truth, series) == {f"album-{album}"}


def test_an_upload_of_many_files_is_in_the_album_as_it_comes(
    people: dict[str, SignedIn], truth: Truth, album: str, study: str
) -> None:
    series = [new_uid(), new_uid()]
    with people["pi-a"].client() as client:
        upload = client.post(f"/api/albums/{album}/uploads").json()["id"]
        for number in range(1, 11):
            image = dicom(study, series[number % 2], new_uid())
            half = len(image) // 2
            where = f"/api/uploads/{upload}/files/{number}"
            query: dict[str, str | int] = {"name": f"{number}", "size": len(image)}
            assert client.put(where, params=query, content=image[:half]).json()["received"] == half
            done = client.put(where, params=query | {"offset": half}, content=image[half:])
            assert done.json()["stored"] == 1, done.text
        assert all(labels(truth, one) == {f"album-{album}"} for one in series)
        eventually(lambda: sees(people["member-a"], study, series[0]), within=WITHIN)
        ended = client.post(f"/api/uploads/{upload}/end").json()
        assert (ended["stored"], ended["change"]["state"], ended["change"]["done"]) == (10, "done", 2)
        # It is a change like others, and can be taken back.
        assert client.post(f"/api/changes/{upload}/undo").status_code == 202
    eventually(lambda: labels(truth, series[0]) == set(), within=WITHIN)


def stow(client: httpx.Client, album: str, *images: bytes) -> httpx.Response:
    body = b"".join(
        b"--limit\r\nContent-Type: application/dicom\r\n\r\n" + image + b"\r\n" for image in images
    )
    return client.post(
        f"/dicom-web/studies?album={album}",
        content=body + b"--limit--\r\n",
        headers={"Content-Type": 'multipart/related; type="application/dicom"; boundary=limit'},
    )


def test_nothing_of_others_is_taken_over(
    people: dict[str, SignedIn], truth: Truth, album: str, study: str
) -> None:
    mine = truth.may("pi-a")
    hidden: Series = next(one for uid, one in truth.series.items() if uid not in mine)
    patient = truth.orthanc.get(f"/studies/{hidden.study_id}").json()["PatientMainDicomTags"]["PatientID"]
    before = truth.orthanc.get("/statistics").json()
    attempts = [
        dicom(hidden.study, new_uid(), new_uid(), PatientID=patient),
        dicom(hidden.study, new_uid(), new_uid()),
        dicom(hidden.study, hidden.uid, new_uid(), PatientID=patient),
        dicom(study, hidden.uid, new_uid()),
        dicom(study, new_uid(), hidden.instances[0].uid),
    ]
    with people["pi-a"].client() as client:
        answer = stow(client, album, *attempts)
        assert answer.status_code == 409
        failed = Dataset.from_json(answer.text).FailedSOPSequence
        assert [one.FailureReason for one in failed] == [0x0124] * len(attempts)
        same = stow(
            client, album, dicom(hidden.study, hidden.uid, hidden.instances[0].uid, PatientID=patient)
        )
        assert [one.FailureReason for one in Dataset.from_json(same.text).FailedSOPSequence] == [0x0111]
    assert truth.orthanc.get("/statistics").json() == before
    assert f"album-{album}" not in labels(truth, hidden.uid)
    assert not sees(people["pi-a"], hidden.study, hidden.uid)


def test_who_may_not_store_is_told_so_and_nothing_is_kept(
    stack: dict[str, Any], people: dict[str, SignedIn], truth: Truth, album: str, study: str
) -> None:
    image = dicom(study, new_uid(), new_uid())
    for who, status in (("member-a", 403), ("stranger", 404), ("admin", 404)):
        with people[who].client() as client:
            assert stow(client, album, image).status_code == status, who
            assert client.post(f"/orthanc/instances?album={album}", content=image).status_code == status, who
            assert client.post(f"/api/albums/{album}/uploads").status_code == status, who
    with httpx.Client(base_url=stack["url"], trust_env=False) as nobody:
        assert stow(nobody, album, image).status_code == 401
    # A page of another site cannot have it done by the person's own browser.
    with people["pi-a"].client() as client:
        client.headers["Origin"] = "http://evil.example"
        assert stow(client, album, image).status_code == 403
    found = truth.orthanc.post("/tools/find", json={"Level": "Study", "Query": {"StudyInstanceUID": study}})
    assert found.json() == []
