"""DICOMweb through the gate, request by request beside Orthanc's own answers.

Where both must be alike they are compared here: status, media type, attributes, pixels. Where they differ,
``docs/dicomweb.md`` says so with the reason; that table is read and every line of it tried.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from deploy.native.paths import REPOSITORY
from tests.integration.people import SignedIn
from tests.integration.raw import Answer, send
from tests.integration.test_gate import without_boundary
from tests.integration.truth import Series, Truth

pytestmark = pytest.mark.stack

USER = "pi-a"

_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_COMPUTED = frozenset({"00080061", "00201206", "00201208"})
"""What tells of a study's series is computed from the permitted ones: `test_gate.py` has what it must be."""

SEARCHES = """
studies
studies?PatientName=TEST*
studies?PatientName=test*
studies?PatientName=TEST^HEAD-CT-01
studies?PatientName=*HEAD-CT-0?
studies?00100010=TEST*
studies?0010,0020=TEST-HCT-01
studies?PatientID=TEST-HCT-0?
studies?PatientID=
studies?StudyDate=20200101-20211231
studies?StudyDate=20200101-
studies?StudyDate=-20211231
studies?StudyDate=20990101-
studies?StudyTime=0900-1200
studies?ModalitiesInStudy=SEG
studies?ModalitiesInStudy=CT,SEG
studies?StudyInstanceUID={study}
studies?StudyInstanceUID={study},1.2.3
studies?StudyInstanceUID=1.2.3
studies?includefield=all
studies?includefield=StudyDescription
studies?includefield=00081030,PatientAge
studies?includefield=00081030&includefield=PatientAge
studies?includefield=Nonsense
studies?limit=100000
studies?offset=1000
studies?fuzzymatching=false&PatientSex=F
studies?fuzzymatching=true&PatientName=TEST*
studies?emptyvaluematching=false&multiplevaluematching=true
studies?limit=x
studies?fuzzymatching=1
studies/{study}/series
studies/{study}/series?Modality=CT
studies/{study}/series?SeriesInstanceUID={series}
studies/{study}/series?SeriesInstanceUID=1.2.3
studies/{study}/series?PatientName=TEST*
studies/{study}/series?PatientName=NOBODY
studies/{study}/series?includefield=BodyPartExamined
studies/{study}/series?limit=1&offset=1
series?Modality=SEG
series?SeriesDescription=Axial*
studies/{study}/series/{series}/instances
studies/{study}/series/{series}/instances?SOPInstanceUID={instance}
studies/{study}/series/{series}/instances?InstanceNumber=1
studies/{study}/series/{series}/instances?includefield=ImageType
studies/{study}/series/{series}/instances?Rows=512
""".strip().splitlines()

WITH_PARENTS = (
    "series?StudyInstanceUID={study}",
    "studies/{study}/instances?SeriesInstanceUID={series}",
    "instances?SeriesInstanceUID={series}",
)
"""Searches that name their parent in the query: Orthanc leaves its attributes out, we write them always."""

RETRIEVALS = """
{i}
{i} multipart/related; type="application/dicom"
{i} multipart/related; type="application/dicom"; transfer-syntax=*
{i} multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1
{i} multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80
{i} multipart/related; type="application/dicom"; transfer-syntax=1.2.3
{i} application/dicom
{i} text/html
{s}
{s} multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1
{s}/metadata
{s}/metadata application/dicom+json
{s}/metadata application/dicom+xml
{i}/metadata
{i}/metadata application/json
{i}/frames/1
{i}/frames/1,1
{i}/frames/1 multipart/related; type="application/octet-stream"
{i}/frames/1 multipart/related; type="application/octet-stream"; transfer-syntax=*
{i}/frames/1 multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80
{i}/frames/1 multipart/related; type="image/jpeg"
{i}/frames/1 multipart/related; type="image/jp2"
{i}/frames/1 text/html
{i}/frames/2
{i}/frames/1,2
{i}/frames
{i}/rendered
{i}/rendered image/png
{i}/rendered image/gif
{i}/rendered text/html
{i}/rendered?window=40,400,linear
{i}/rendered?window=40,400,linear-exact
{i}/rendered?window=40,400,sigmoid
{i}/rendered?window=x
{i}/rendered?viewport=64,64
{i}/rendered?viewport=64,64,0,0,10,10
{i}/rendered?viewport=64
{i}/rendered?quality=50
{i}/rendered?accept=image/png
{i}/frames/1/rendered
{i}/frames/2/rendered
{i}/thumbnail
{i}/thumbnail image/png
{i}/frames/1/thumbnail
{s}/rendered
{s}/thumbnail
{i}/bulk/00100010
{i}/bulk/7fe00010
{i}/bulk/00099999
""".strip().splitlines()


@dataclass(frozen=True, kw_only=True)
class Both:
    """The gate, as somebody who may see a series whole, and Orthanc itself."""

    port: int
    orthancs_port: int
    cookie: str
    password: str
    names: Mapping[str, str]
    permitted: frozenset[str]
    """StudyInstanceUIDs and SeriesInstanceUIDs."""

    def ask(self, target: str, accept: str = "*/*", *, method: str = "GET") -> tuple[Answer, Answer]:
        """Return both answers, the gate's first."""
        target = re.sub(r"\{(\w+)\}", lambda name: self.names[name[1]], target)
        told = ("Accept", accept)
        ours = send(
            self.port,
            method,
            target,
            [("Cookie", self.cookie), ("Origin", f"http://127.0.0.1:{self.port}"), told],
            timeout=120,
        )
        theirs = send(
            self.orthancs_port,
            method,
            target,
            [("Authorization", self.password), ("Host", f"127.0.0.1:{self.port}"), told],
            timeout=120,
        )
        return ours, theirs

    def rows(self, answer: Answer) -> dict[tuple[str, ...], dict[str, Any]]:
        """Return what a search found of what the asker may see, by its identifiers, the computed left out."""
        found = {}
        for row in json.loads(answer.body):
            uids = tuple(row[tag]["Value"][0] for tag in (_STUDY, _SERIES, _INSTANCE) if tag in row)
            if self.permitted.issuperset(uids[:2]):
                found[uids] = {tag: element for tag, element in row.items() if tag not in _COMPUTED}
        return found


@pytest.fixture(scope="module")
def both(truth: Truth, people: dict[str, SignedIn], stack: dict[str, Any], port: int) -> Both:
    orthanc = stack["internal"]["orthanc"]
    credential = b64encode(f"{orthanc['username']}:{orthanc['password']}".encode()).decode()
    mine = [truth.series[uid] for uid in sorted(truth.may(USER))]
    whole = {
        study for study, series in truth.studies(USER).items() if _all_permitted(truth, study, len(series))
    }
    series = min((one for one in mine if one.modality == "CT" and one.study in whole), key=_size)
    path = f"/dicom-web/studies/{series.study}/series/{series.uid}"
    return Both(
        port=port,
        orthancs_port=int(orthanc["url"].rpartition(":")[2]),
        cookie=people[USER].cookie,
        password=f"Basic {credential}",
        names={
            "study": series.study,
            "series": series.uid,
            "instance": series.instances[0].uid,
            "s": path,
            "i": f"{path}/instances/{series.instances[0].uid}",
        },
        permitted=frozenset({uid for one in mine for uid in (one.study, one.uid)}),
    )


def _all_permitted(truth: Truth, study: str, permitted: int) -> bool:
    return sum(one.study == study for one in truth.series.values()) == permitted


def _size(series: Series) -> int:
    return len(series.instances)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_finds_what_orthanc_finds_of_it_with_the_same_attributes(search: str, both: Both) -> None:
    ours, theirs = both.ask(f"/dicom-web/{search}")
    assert ours.status == theirs.status
    if ours.status == 200:
        assert ours.headers["content-type"] == theirs.headers["content-type"]
        assert both.rows(ours) == both.rows(theirs)
        assert len(json.loads(ours.body)) == len(both.rows(ours))


@pytest.mark.parametrize("search", WITH_PARENTS)
def test_a_search_that_names_its_parent_has_all_that_orthanc_writes_and_the_parents(
    search: str, both: Both
) -> None:
    ours, theirs = both.ask(f"/dicom-web/{search}")
    found, orthancs = both.rows(ours), both.rows(theirs)
    assert found.keys() == orthancs.keys()
    assert found
    for uids, row in orthancs.items():
        assert found[uids].items() >= row.items()
        assert found[uids].keys() > row.keys()


@pytest.mark.parametrize("retrieval", RETRIEVALS)
def test_what_is_retrieved_is_orthancs_own_answer_byte_by_byte(retrieval: str, both: Both) -> None:
    target, _, accept = retrieval.partition(" ")
    for _ in ("cold", "warm"):
        ours, theirs = both.ask(target, accept or "*/*")
        assert ours.status == theirs.status
        if ours.status == 200:
            assert without_boundary(ours) == without_boundary(theirs)
        else:
            assert set(json.loads(ours.body)) == {"error", "message"}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One line of the table in the documentation."""

    method: str
    target: str
    accept: str
    orthanc: str
    here: str


def differences() -> Iterator[Difference]:
    """Read the table of ``docs/dicomweb.md``."""
    for line in Path(REPOSITORY, "docs", "dicomweb.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split(" |")]
        if len(cells) == 5 and re.match(r"[A-Z]+ /", cells[0]):
            method, _, target = cells[0].partition(" ")
            assert cells[4], "a difference has a reason"
            yield Difference(
                method=method, target=target, accept=cells[1] or "*/*", orthanc=cells[2], here=cells[3]
            )


@pytest.mark.parametrize(
    "difference", list(differences()), ids=lambda one: f"{one.method} {one.target} {one.accept}"
)
def test_where_both_differ_the_documentation_says_how(difference: Difference, both: Both) -> None:
    ours, theirs = both.ask(difference.target, difference.accept, method=difference.method)
    assert _outcome(both, ours, difference.here) == difference.here
    assert _outcome(both, theirs, difference.orthanc) == difference.orthanc
    assert difference.here != difference.orthanc


def _outcome(both: Both, answer: Answer, said: str) -> str:
    """Say what came, as far as the documentation says it."""
    if " " not in said:
        return str(answer.status)
    return f"{answer.status} {'found' if both.rows(answer) else 'nothing'}"


def test_pages_hold_everything_once(both: Both) -> None:
    every = both.ask("/dicom-web/studies")[0]
    paged: list[tuple[str, ...]] = []
    for offset in range(0, len(json.loads(every.body)) + 7, 7):
        paged += both.rows(both.ask(f"/dicom-web/studies?limit=7&offset={offset}")[0])
    assert len(paged) == len(set(paged))
    assert set(paged) == set(both.rows(every))


@pytest.mark.parametrize("name", ["fuzzymatching", "emptyvaluematching", "multiplevaluematching"])
def test_a_kind_of_matching_that_is_not_done_is_said_in_a_warning(name: str, both: Both) -> None:
    answer, _ = both.ask(f"/dicom-web/studies?{name}=true")
    assert answer.status == 200
    assert f"The {name} parameter is not supported." in answer.headers["warning"]
    assert "warning" not in both.ask(f"/dicom-web/studies?{name}=false")[0].headers


def test_a_study_is_the_parts_of_its_series(both: Both, truth: Truth) -> None:
    ours, theirs = both.ask("/dicom-web/studies/{study}")
    assert re.sub("boundary=.*", "", ours.headers["content-type"]) == re.sub(
        "boundary=.*", "", theirs.headers["content-type"]
    )
    assert sorted(_parts(ours)) == sorted(_parts(theirs))
    metadata, orthancs = (json.loads(one.body) for one in both.ask("/dicom-web/studies/{study}/metadata"))
    by_uid = {row[_INSTANCE]["Value"][0]: row for row in orthancs}
    assert {row[_INSTANCE]["Value"][0]: row for row in metadata} == by_uid
    assert len(by_uid) == sum(_size(one) for one in truth.series.values() if one.study == both.names["study"])


def _parts(answer: Answer) -> list[bytes]:
    found = re.search(r'boundary="?([^";]+)', answer.headers["content-type"])
    assert found
    return [
        part.partition(b"\r\n\r\n")[2]
        for part in answer.body.split(b"--" + found[1].encode())
        if b"DICM" in part
    ]


def test_addresses_of_bulk_data_lead_to_the_bytes_of_the_file(both: Both) -> None:
    (row,) = json.loads(both.ask("{i}/metadata")[0].body)
    addresses = {tag: element["BulkDataURI"] for tag, element in row.items() if "BulkDataURI" in element}
    assert "7FE00010" in addresses
    for address in addresses.values():
        assert address.startswith(f"http://127.0.0.1:{both.port}/dicom-web/")
        ours, _ = both.ask(address.partition(f":{both.port}")[2])
        assert ours.status == 200, address
    (bulk,) = _contents(both.ask("{i}/bulk/7fe00010")[0])
    (frame,) = _contents(both.ask("{i}/frames/1")[0])
    assert bulk == frame
    (file,) = _parts(both.ask("{i}")[0])
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(file.removesuffix(b"\r\n")))
    assert np.frombuffer(frame, dtype="<u2").size == dataset.Rows * dataset.Columns


def _contents(answer: Answer) -> list[bytes]:
    found = re.search(r'boundary="?([^";]+)', answer.headers["content-type"])
    assert found
    parts = answer.body.split(b"--" + found[1].encode())[1:-1]
    return [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts]
