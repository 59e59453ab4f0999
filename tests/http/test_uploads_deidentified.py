"""An album that de-identifies takes no identified file, by whatever door it comes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from auth_service.deidentifying import keeping
from auth_service.vocabulary import Action
from tests.fakes.files import dicom, zipped
from tests.http.test_storing import as_orthanc, body, may, stow, told
from tests.http.test_uploads_api import give, reasons, sent
from tests.http.world import SEG, World

PATIENT = "Q7-IDENTIFIED"
NAME = "TEST^IDENTIFIED"
US = "1.2.840.10008.5.1.4.1.1.6.1"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path, held_folder=str(tmp_path / "held"))
    with made.client("owner_a") as client:
        answer = client.put("/api/albums/a/deidentification", json={"options": []})
        assert answer.status_code == 200, answer.text
    yield made
    made.close()


def identified(series: str, number: int, **tags: object) -> bytes:
    return dicom("2.1", series, f"{series}.{number}", **{"PatientID": PATIENT, "PatientName": NAME, **tags})


def held(world: World) -> list[dict[str, str]]:
    """What of the archive is neither the world's own nor in vain: tags of new instances."""
    return [
        one.tags | one.up("Patient").tags
        for one in world.archive.held["Instance"].values()
        if not one.tags["SOPInstanceUID"].startswith("1.")
    ]


def test_every_door_takes_it_without_the_patient_and_all_join(world: World) -> None:
    assert sent(world, "owner_a", identified("2.1.1", 1))["stored"] == 1
    assert sent(world, "owner_a", zipped({"a": identified("2.1.1", 2)}))["stored"] == 1
    answer = stow(world, "owner_a", body(identified("2.1.1", 3)))
    # What is stored is not what was sent, and the answer says so (PS3.18, section 10.5.3.1).
    assert answer.status_code == 202
    stored = told(answer).ReferencedSOPSequence[0]
    assert stored.WarningReason == 0xB000
    assert as_orthanc(world, identified("2.1.1", 4)).json()["Status"] == "Success"
    found = held(world)
    assert len(found) == 4
    assert stored.ReferencedSOPInstanceUID in {one["SOPInstanceUID"] for one in found}
    assert len({one["StudyInstanceUID"] for one in found}) == len({one["PatientID"] for one in found}) == 1
    for one in found:
        assert PATIENT not in one.values()
        assert NAME not in one.values()
        assert one["PatientIdentityRemoved"] == "YES"
    assert set(world.archive.labels("Series")) >= {one["SeriesInstanceUID"] for one in found}


def test_a_series_that_grew_is_told_as_the_album_has_it_and_only_to_who_may_see_that(world: World) -> None:
    sent(world, "owner_a", identified("2.1.1", 1))
    give(world, "a", "stranger", Action.UPLOAD)
    [series] = {one["SeriesInstanceUID"] for one in held(world)}
    mine = sent(world, "owner_a", identified("2.1.1", 2))["change"]
    assert (mine["grown"], mine["grown_images"]) == ([{"series": series, "images": 1}], 1)
    theirs = sent(world, "stranger", identified("2.1.1", 3))["change"]
    assert (theirs["grown"], theirs["grown_total"], theirs["grown_images"]) == ([], 1, 1)


def test_who_may_upload_is_told_that_it_is_deidentified_and_nothing_of_how(world: World) -> None:
    may(world, "stranger", Action.VIEW, Action.UPLOAD)
    told_of = {}
    for who in ("owner_a", "stranger", "member_a", "reader_a"):
        with world.client(who) as client:
            document = client.get("/api/albums/a").json()
            listed = client.get("/api/albums").json()["items"]
        assert [one["deidentifies"] for one in listed if one["slug"] == "a"] == [document["deidentifies"]]
        told_of[who] = document["deidentifies"]
        assert not {"options", "key", "sealed_key", "held", "since", "has_key", "readable"} & set(document)
    assert told_of == {"owner_a": True, "stranger": True, "member_a": None, "reader_a": None}
    with world.client("owner_a") as client:
        client.delete("/api/albums/a/deidentification").raise_for_status()
        # Its key is kept, and nothing is de-identified any more.
        assert client.get("/api/albums/a").json()["deidentifies"] is False


def test_the_same_file_twice_is_one_image(world: World) -> None:
    assert sent(world, "owner_a", identified("2.1.1", 1))["stored"] == 1
    again = sent(world, "owner_a", identified("2.1.1", 1))
    assert (again["stored"], again["present"]) == (0, 1)


def test_a_named_study_is_the_one_that_was_sent(world: World) -> None:
    content = body(identified("2.1.1", 1), dicom("2.2", "2.2.1", "2.2.1.1"))
    answer = stow(world, "owner_a", content, path="/dicom-web/studies/2.1?album=a")
    assert answer.status_code == 202
    assert [one.FailureReason for one in told(answer).FailedSOPSequence] == [0xA900]
    assert len(held(world)) == 1


def test_what_may_name_somebody_in_its_pixels_waits_for_a_look(world: World) -> None:
    found = sent(world, "owner_a", identified("2.1.1", 1, SOPClassUID=US, Modality="US"))
    assert (found["stored"], reasons(found)) == (0, [("folder/1.dcm", "held")])
    assert held(world) == []
    with world.client("owner_a") as client:
        waiting = client.get("/api/albums/a/held").json()
        assert waiting["total"] == 1
        released = client.post(f"/api/albums/a/held/{waiting['items'][0]['id']}/release")
        assert released.status_code == 204, released.text
        assert client.get("/api/albums/a/held").json()["total"] == 0
    assert [one["PatientID"] == PATIENT for one in held(world)] == [False]
    series = held(world)[0]["SeriesInstanceUID"]
    assert world.archive.labels("Series")[series] == {"album-a"}


def test_what_cannot_be_cleaned_is_refused(world: World) -> None:
    found = sent(world, "owner_a", identified("2.1.1", 1, SOPClassUID=PDF, Modality="DOC"))
    assert [reason for _, reason in reasons(found)] == ["not-deidentifiable"]
    assert held(world) == []


def test_what_a_viewer_makes_of_cleaned_images_stays_with_them(world: World) -> None:
    sent(world, "owner_a", identified("2.1.1", 1))
    of = held(world)[0]
    may(world, "stranger", Action.VIEW, Action.ANNOTATE)
    made = dicom(
        of["StudyInstanceUID"],
        "2.9.1",
        "2.9.1.1",
        PatientID=of["PatientID"],
        PatientName=NAME,
        SOPClassUID=SEG,
        Modality="SEG",
    )
    answer = stow(world, "stranger", body(made))
    assert answer.status_code == 202, answer.text
    assert told(answer).RetrieveURL.endswith(f"/dicom-web/studies/{of['StudyInstanceUID']}")
    both = held(world)
    assert len(both) == 2
    assert len({(one["StudyInstanceUID"], one["PatientID"]) for one in both}) == 1
    assert all(NAME not in one.values() for one in both)


def test_a_segmentation_of_identified_images_is_cleaned_like_them(world: World) -> None:
    # Study 1.1 was in the album before it de-identified.
    made = dicom("1.1", "2.9.1", "2.9.1.1", PatientID="P1.1", SOPClassUID=SEG, Modality="SEG")
    answer = stow(world, "owner_a", body(made))
    found: Dataset = told(answer)
    assert "2.9.1" not in world.archive.labels("Series")
    assert [one["PatientID"] == "P1.1" for one in held(world)] in ([], [False])
    assert answer.status_code in (202, 409), found


def test_an_album_whose_key_cannot_be_read_takes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_profile", lambda *_: None)
    assert stow(world, "owner_a", body(identified("2.1.1", 1))).status_code == 503
    assert held(world) == []
    assert world.archive.sent == []
