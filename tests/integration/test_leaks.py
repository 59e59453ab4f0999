"""The detector finds what was planted, however it is spelled, and says nothing of what anybody may see."""

import base64
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID as DicomUID  # noqa: N811 - what the tests plant is called UID
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
)

from tests.integration.leaks import Detector, Fact, Facts, Kind
from tests.integration.people import SignedIn
from tests.integration.raw import Answer, send
from tests.integration.spellings import UnreadableError
from tests.integration.truth import Truth

UID = b"2.25.3141592653589793"
LONGER = b"2.25.31415926535897932"
ORTHANC_ID = b"0003efa1-ef5ec41a-ac3bbb4c-741c4073-1472cd85"
NAME = "TEST^FANTÔME-03"
LABEL = b"album-lung-phantom"

HIDDEN = [
    Fact(Kind.UID, UID),
    Fact(Kind.ID, ORTHANC_ID),
    Fact(Kind.TEXT, NAME.encode()),
    Fact(Kind.LABEL, LABEL),
]
DETECTOR = Detector(
    hidden=frozenset(HIDDEN),
    shown=frozenset({Fact(Kind.UID, LONGER), Fact(Kind.TEXT, b"TEST^HEAD-CT-01")}),
)


def answer(body: bytes = b"", **headers: str) -> Answer:
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers.items())]
    named = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=200, headers=named, body=body, head="\r\n".join(lines).encode("latin-1"))


def in_a_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("CT000000", data)
    return file.getvalue()


def as_the_name_in_a_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(data.decode(), b"")
    return file.getvalue()


def in_a_part(data: bytes) -> bytes:
    return b"--b1\r\nContent-Type: application/dicom+json\r\n\r\n" + data + b"\r\n--b1--\r\n"


def in_a_dicom_file(syntax: str) -> Callable[[bytes], bytes]:
    def write(data: bytes) -> bytes:
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = DicomUID(syntax)
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = DicomUID("1.2.3")
        inner = Dataset()
        inner.TextValue = data.decode()
        dataset = Dataset()
        dataset.file_meta = meta
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.ReferencedSeriesSequence = Sequence([inner])
        file = io.BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        return file.getvalue()

    return write


def escaped(data: bytes) -> bytes:
    return "".join(f"\\u{ord(character):04x}" for character in data.decode()).encode()


SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda data: data,
    "among others": lambda data: b"x" * 999 + b"\0" + data + b"\0" + b"y" * 999,
    "in capitals": lambda data: data.decode().upper().encode(),
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "a zip's member": in_a_zip,
    "a zip in a part": lambda data: in_a_part(in_a_zip(data)),
    "a part": in_a_part,
    "JSON": lambda data: json.dumps({"Value": [data.decode()]}).encode(),
    "JSON in JSON": lambda data: json.dumps(json.dumps([data.decode()])).encode(),
    "JSON's escapes": lambda data: b'{"a": "' + escaped(data) + b'"}',
    "a script's escapes": lambda data: "".join(f"\\x{one:02X}" for one in data).encode(),
    "percent": lambda data: "".join(f"%{one:02x}" for one in data).encode(),
    "percent twice": lambda data: quote(quote(data.decode(), safe=""), safe="").encode(),
    "entities": lambda data: "".join(f"&#x{ord(one):x};" for one in data.decode()).encode(),
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "base64": base64.b64encode,
    "base64 amid other bytes": lambda data: b"data:;base64," + base64.b64encode(b"x:" + data + b";y"),
    "base64 for addresses": lambda data: base64.urlsafe_b64encode(b"?" + data).rstrip(b"="),
    "hexadecimal": lambda data: data.hex().encode(),
    "a DICOM file": in_a_dicom_file(ExplicitVRLittleEndian),
    "a DICOM file, deflated": in_a_dicom_file(DeflatedExplicitVRLittleEndian),
    "a DICOM file, big endian": in_a_dicom_file(ExplicitVRBigEndian),
    "a deflated DICOM file in a zip": lambda data: in_a_zip(
        in_a_dicom_file(DeflatedExplicitVRLittleEndian)(data)
    ),
}


@pytest.mark.parametrize("fact", HIDDEN, ids=lambda fact: fact.kind)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_it_finds_what_is_planted_however_it_is_spelled(fact: Fact, spelling: str) -> None:
    if spelling == "UTF-16" and not fact.value.isascii():
        pytest.skip("only what ASCII has is read of UTF-16")
    assert DETECTOR.leaks(answer(SPELLINGS[spelling](fact.value))) == [fact]


def test_it_reads_names_of_members_headers_and_the_status_line() -> None:
    assert DETECTOR.leaks(answer(as_the_name_in_a_zip(UID))) == [HIDDEN[0]]
    assert DETECTOR.leaks(answer(Location=f"/x?study={UID.decode()}")) == [HIDDEN[0]]
    said = Answer(status=404, headers={}, body=b"", head=b"HTTP/1.1 404 no " + ORTHANC_ID)
    assert DETECTOR.leaks(said) == [HIDDEN[1]]


def test_it_reads_content_codings_and_refuses_those_it_does_not_know() -> None:
    assert DETECTOR.leaks(answer(gzip.compress(UID), Content_Encoding="gzip")) == [HIDDEN[0]]
    raw = zlib.compress(UID)[2:-4]
    assert DETECTOR.leaks(answer(raw, Content_Encoding="deflate")) == [HIDDEN[0]]
    with pytest.raises(UnreadableError):
        DETECTOR.leaks(answer(b"?", Content_Encoding="br"))


def test_a_name_is_found_as_pages_write_it() -> None:
    for written in ("test fantôme-03", "TEST, FANTÔME-03"):
        assert DETECTOR.leaks(answer(f"<td>{written}</td>".encode())) == [HIDDEN[2]]


def test_what_is_permitted_is_no_leak_though_it_begins_alike() -> None:
    assert DETECTOR.leaks(answer(LONGER)) == []
    assert DETECTOR.leaks(answer(LONGER + b"\0" + UID)) == [HIDDEN[0]]
    assert DETECTOR.leaks(answer(b"album-lung-phantoms, TEST^HEAD-CT-01")) == []


def test_what_the_asker_wrote_himself_is_not_told_to_him() -> None:
    asked = b"GET /dicom-web/series?StudyInstanceUID=" + UID
    assert DETECTOR.leaks(answer(b'"' + UID + b'"'), asked) == []
    assert DETECTOR.leaks(answer(UID + ORTHANC_ID), asked) == [HIDDEN[1]]


@pytest.mark.stack
def test_it_knows_something_of_every_kind_about_every_hidden_series(facts: Facts, truth: Truth) -> None:
    stranger = facts.hidden_from("stranger")
    assert stranger.shown == frozenset()
    assert {fact.kind for fact in stranger.hidden} == set(Kind)
    for series in truth.series.values():
        known = {fact.kind for fact in facts.of_series[series.uid]}
        assert known >= {Kind.UID, Kind.ID, Kind.TEXT}, series
    instances = sum(len(series.instances) for series in truth.series.values())
    assert sum(fact.kind is Kind.UID for fact in stranger.hidden) > instances


def _has_pixels(facts: Facts, uid: str) -> bool:
    return any(fact.kind is Kind.PIXELS for fact in facts.of_series[uid])


@pytest.mark.stack
def test_the_owners_real_answers_are_full_of_what_is_hidden_from_the_stranger(
    facts: Facts, truth: Truth, people: dict[str, SignedIn], port: int
) -> None:
    series = min(
        (truth.series[uid] for uid in truth.may("pi-a") if _has_pixels(facts, uid)),
        key=lambda one: len(one.instances),
    )
    path = f"/dicom-web/studies/{series.study}/series/{series.uid}"
    image = series.instances[len(series.instances) // 2]
    stranger, owner = facts.hidden_from("stranger"), facts.hidden_from("pi-a")
    for target, kinds in (
        ("/dicom-web/studies", {Kind.UID, Kind.TEXT}),
        (f"{path}/metadata", {Kind.UID, Kind.TEXT}),
        (f"{path}/instances/{image.uid}/frames/1", {Kind.PIXELS}),
        (f"{path}/instances/{image.uid}", {Kind.UID, Kind.TEXT, Kind.PIXELS}),
        (f"/orthanc/series/{series.id}", {Kind.UID, Kind.ID, Kind.TEXT}),
        (f"/orthanc/series/{series.id}/archive", {Kind.UID, Kind.TEXT, Kind.PIXELS}),
        ("/orthanc/tools/labels", {Kind.LABEL}),
        ("/api/albums", {Kind.UID, Kind.TEXT, Kind.LABEL}),
    ):
        got = send(port, "GET", target, [("Cookie", people["pi-a"].cookie)])
        assert got.status == 200, target
        assert {fact.kind for fact in stranger.leaks(got)} >= kinds, target
        assert owner.leaks(got) == [], target
