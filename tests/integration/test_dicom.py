"""DICOM from listed senders: real storescu, echoscu, findscu, movescu and getscu against real Orthanc."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom.uid import generate_uid

from auth_service.incoming.receiving import LEASE
from deploy.native import aptroot, dicom, render
from deploy.native.paths import Cache
from deploy.native.stack import Stack
from tests.integration.dcmtk import Tools, write_image
from tests.integration.people import SignedIn
from tests.integration.truth import Truth
from tests.stack import DICOM_PEERS
from tests.waiting import PATIENCE, eventually

ALBUM = "sent-by-dicom"
SENT = ["Success"]
REFUSED = ["Refused: OutOfResources"]


@dataclass(frozen=True, kw_only=True)
class Series:
    """A series that exists, or may come to."""

    patient: str
    study: str
    series: str

    def image(self, folder: Path, *, instance: str | None = None, modality: str = "CT") -> Path:
        """Write an image of it."""
        return write_image(
            folder,
            patient=self.patient,
            study=self.study,
            series=self.series,
            instance=instance,
            modality=modality,
        )


def new(study: str | None = None, patient: str | None = None) -> Series:
    uid = generate_uid()
    return Series(patient=patient or f"SENT-{uid[-6:]}", study=study or generate_uid(), series=uid)


@pytest.fixture(scope="module")
def tools(native_stack: Stack, stack: dict[str, Any]) -> Tools:
    return Tools.of(native_stack.cache, stack)


@pytest.fixture(scope="module", autouse=True)
def album(native_stack: Stack, people: Mapping[str, SignedIn], truth: Truth) -> Iterator[str]:
    """The album of the rule, and afterwards everything as it was."""
    before = instances(truth)
    with people["pi-a"].client() as owner:
        made = owner.post("/api/albums", json={"title": "Sent by DICOM", "slug": ALBUM})
        assert made.status_code == 201, made.text
        slug = str(made.json()["slug"])
        if slug != ALBUM:
            # A stack that is kept: the name was used by an earlier run, and no slug is ever used twice.
            relist(native_stack, slug)
        member = {"subject": {"user": "member-b"}, "role": "member", "actions": ["view"], "until": None}
        assert owner.post(f"/api/albums/{slug}/members", json=member).status_code == 201
        yield slug
        for one in instances(truth) - before:
            truth.orthanc.delete(f"/instances/{one}").raise_for_status()
        assert owner.delete(f"/api/albums/{slug}", params={"confirm": slug}).status_code == 200
    waiting = [one["id"] for one in arrivals(people)]
    if waiting:
        asked = {"ids": waiting, "reason": "the end of the tests"}
        with people["admin"].client() as admin:
            assert admin.post("/api/arrivals/dismiss", json=asked).status_code == 204


def relist(native_stack: Stack, slug: str) -> None:
    """Have the rule name another album: the list is written anew, and the stack started again."""
    file = native_stack.data.dicom_peers
    file.write_text(DICOM_PEERS.read_text(encoding="utf-8").replace(ALBUM, slug), encoding="utf-8")
    native_stack.up(with_samples=False)


@pytest.fixture(scope="module")
def others(truth: Truth) -> Series:
    """A series in album head-ct, of which the senders know everything."""
    uid = min(truth.albums["head-ct"])
    [row] = truth.orthanc.post(
        "/tools/find",
        json={
            "Level": "Series",
            "Query": {"SeriesInstanceUID": uid},
            "ResponseContent": ["Parent"],
            "RequestedTags": ["PatientID", "StudyInstanceUID"],
        },
    ).json()
    tags = row["RequestedTags"]
    return Series(patient=tags["PatientID"], study=tags["StudyInstanceUID"], series=uid)


def instances(truth: Truth) -> set[str]:
    return set(truth.orthanc.get("/instances").json())


def images(truth: Truth, series: str) -> int:
    found = truth.orthanc.post(
        "/tools/find",
        json={"Level": "Series", "Query": {"SeriesInstanceUID": series}, "ResponseContent": ["Children"]},
    ).json()
    return sum(len(one["Instances"]) for one in found)


def sees(who: SignedIn, series: Series) -> bool:
    with who.client() as client:
        answer = client.get(f"/dicom-web/studies/{series.study}/series/{series.series}/metadata")
    assert answer.status_code in (200, 404), answer.text
    return answer.status_code == 200


def arrivals(people: Mapping[str, SignedIn], state: str = "to-be-filed") -> list[dict[str, Any]]:
    with people["admin"].client() as client:
        answer = client.get("/api/arrivals", params={"state": state, "limit": 1000})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def waits(people: Mapping[str, SignedIn], series: Series) -> dict[str, Any] | None:
    return next((one for one in arrivals(people) if one["series"] == series.series), None)


def test_a_listed_sender_fills_the_album_of_his_rule(
    tools: Tools, album: str, people: Mapping[str, SignedIn], truth: Truth, tmp_path: Path
) -> None:
    series = new()
    files = [series.image(tmp_path) for _ in range(3)]
    assert tools.store(*files).stored == SENT * 3
    eventually(lambda: sees(people["member-b"], series))
    assert {name for name, one in people.items() if sees(one, series)} == {"pi-a", "member-b"}
    assert images(truth, series.series) == 3
    with people["pi-a"].client() as owner:
        told = owner.get("/api/audit", params={"album": album, "event": "arrivals-filed"}).json()["items"]
    # Owners are told of it, and not from which address it came.
    assert (told[0]["details"]["series"], "127.0.0.1" in str(told[0])) == (1, False)


@pytest.mark.parametrize(
    "case",
    [
        ("NOBODY", "PARADIM", "Calling AE Title Not Recognized"),
        ("sender", "PARADIM", "Calling AE Title Not Recognized"),
        ("ELSEWHERE", "PARADIM", "Calling AE Title Not Recognized"),
        ("PARADIM", "PARADIM", "Calling AE Title Not Recognized"),
        ("SENDER", "ORTHANC", "Called AE Title Not Recognized"),
        ("SENDER", "paradim", "Called AE Title Not Recognized"),
    ],
)
def test_who_is_not_listed_or_calls_another_is_turned_away(
    tools: Tools, truth: Truth, tmp_path: Path, case: tuple[str, str, str]
) -> None:
    title, called, why = case
    before = instances(truth)
    for answer in (
        tools.store(new().image(tmp_path), title=title, called=called),
        tools.run("echoscu", title=title, called=called),
    ):
        assert (answer.rejected, answer.status != 0) == (why, True), answer.text
    assert instances(truth) == before


def test_a_listed_sender_may_ask_whether_anybody_is_there(tools: Tools) -> None:
    answer = tools.run("echoscu")
    assert (answer.status, "Received Echo Response (Success)" in answer.text) == (0, True)


@pytest.mark.parametrize("model", ["-S", "-P", "-W"])
def test_nobody_finds_anything(tools: Tools, others: Series, tmp_path: Path, model: str) -> None:
    key = ("-k", "QueryRetrieveLevel=STUDY") if model != "-W" else ()
    answer = tools.run(
        "findscu", model, *key, "-k", "PatientID", "-k", "StudyInstanceUID", "-X", "-od", tmp_path
    )
    # findscu 3.6.7 ends with 0 all the same.
    assert "Peer aborted Association" in answer.text or "No Acceptable Presentation" in answer.text
    assert "Find Response" not in answer.text
    assert list(tmp_path.iterdir()) == []
    assert (others.study in answer.text, others.patient in answer.text) == (False, False)


@pytest.mark.parametrize("model", ["-S", "-P"])
def test_nobody_gets_anything(tools: Tools, others: Series, truth: Truth, tmp_path: Path, model: str) -> None:
    key = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={others.study}")
    assert tools.run("getscu", model, *key, "-od", tmp_path).status != 0
    assert list(tmp_path.iterdir()) == []
    before = truth.orthanc.get("/jobs").json()
    answer = tools.run("movescu", model, *key, "-aem", "OTHER")
    # movescu 3.6.7 ends with 0 all the same.
    assert ("Peer aborted Association" in answer.text, "Move Response" in answer.text) == (True, False)
    assert truth.orthanc.get("/jobs").json() == before


def test_nothing_comes_into_a_series_of_others(
    tools: Tools, others: Series, people: Mapping[str, SignedIn], truth: Truth, tmp_path: Path
) -> None:
    before = instances(truth)
    for title in ("SENDER", "OTHER"):
        assert tools.store(others.image(tmp_path), title=title).stored == REFUSED
    assert instances(truth) == before
    assert sees(people["member-a"], others)


def first_image(truth: Truth, of: Series) -> tuple[str, str]:
    """Return Orthanc's identifier and the SOPInstanceUID of an image of a series."""
    [row] = truth.orthanc.post(
        "/tools/find",
        json={
            "Level": "Instance",
            "Query": {"SeriesInstanceUID": of.series},
            "ResponseContent": [],
            "RequestedTags": ["SOPInstanceUID"],
            "Limit": 1,
        },
    ).json()
    return row["ID"], row["RequestedTags"]["SOPInstanceUID"]


def test_identifiers_of_others_are_not_taken_over(
    tools: Tools, others: Series, truth: Truth, tmp_path: Path
) -> None:
    before = instances(truth)
    _, instance = first_image(truth, others)
    for taken_over in (
        # The study, by another patient; the series, by another study; the instance, by another series.
        new(study=others.study).image(tmp_path),
        Series(patient=others.patient, study=generate_uid(), series=others.series).image(tmp_path),
        new(study=others.study, patient=others.patient).image(tmp_path, instance=instance),
        new().image(tmp_path, instance=instance),
    ):
        assert tools.store(taken_over).stored == REFUSED, taken_over
    assert instances(truth) == before


@pytest.mark.parametrize("ending", ["\t", "\n", "\v", "\f", "\r", "\x00x", "\u00a0", "\u2003", "\\", "x"])
def test_a_patient_who_looks_the_same_takes_no_study_over(
    tools: Tools, others: Series, truth: Truth, tmp_path: Path, ending: str
) -> None:
    """A study that is there under two patients would be refused for everybody, its owners too."""
    alike = new(study=others.study, patient=f"{others.patient}{ending}")
    tools.store(alike.image(tmp_path))
    found = truth.orthanc.post(
        "/tools/find", json={"Level": "Study", "Query": {"StudyInstanceUID": others.study}}
    ).json()
    assert len(found) == 1


@pytest.mark.parametrize("patient", ["ODD", "EVEN", "É-1", "  LED", ""])
def test_a_patient_is_known_again(tools: Tools, truth: Truth, tmp_path: Path, patient: str) -> None:
    study = generate_uid()
    for _ in range(2):
        series = Series(patient=patient, study=study, series=generate_uid())
        assert tools.store(series.image(tmp_path), title="OTHER").stored == SENT
        assert images(truth, series.series) == 1


def test_what_is_there_already_stays_as_it_is(
    tools: Tools, others: Series, truth: Truth, tmp_path: Path
) -> None:
    """The answer to a duplicate is the same whoever brought the first one, and nothing changes."""
    mine = new()
    first = mine.image(tmp_path)
    assert tools.store(first, title="OTHER").stored == SENT
    kept_id, instance = first_image(truth, others)
    kept = truth.orthanc.get(f"/instances/{kept_id}/attachments/dicom/md5").text
    before = instances(truth)
    forged = others.image(tmp_path, instance=instance)
    assert tools.store(first).stored == tools.store(forged).stored == SENT
    assert instances(truth) == before
    assert truth.orthanc.get(f"/instances/{kept_id}/attachments/dicom/md5").text == kept


def test_a_new_series_of_a_study_of_others_is_in_nobodys_album(
    tools: Tools, others: Series, people: Mapping[str, SignedIn], tmp_path: Path
) -> None:
    series = new(study=others.study, patient=others.patient)
    assert tools.store(series.image(tmp_path), title="OTHER").stored == SENT
    eventually(lambda: waits(people, series) is not None)
    assert [name for name, one in people.items() if sees(one, series)] == []


def test_a_sender_goes_on_with_what_he_began_until_others_hold_it(
    tools: Tools, album: str, people: Mapping[str, SignedIn], truth: Truth, tmp_path: Path
) -> None:
    series = new()
    assert tools.store(series.image(tmp_path)).stored == SENT
    assert tools.store(series.image(tmp_path), title="OTHER").stored == REFUSED
    eventually(lambda: sees(people["member-b"], series))
    assert tools.store(series.image(tmp_path)).stored == SENT
    [row] = truth.orthanc.post(
        "/tools/find",
        json={
            "Level": "Series",
            "Query": {"SeriesInstanceUID": series.series},
            "ResponseContent": ["Labels"],
        },
    ).json()
    assert row["Labels"] == [f"album-{album}"]
    for label in ("album-head-ct", "of-the-site"):
        truth.orthanc.put(f"/series/{row['ID']}/labels/{label}", content=b"").raise_for_status()
        assert tools.store(series.image(tmp_path)).stored == REFUSED
        truth.orthanc.delete(f"/series/{row['ID']}/labels/{label}").raise_for_status()
    assert images(truth, series.series) == 2


def test_a_sender_does_not_go_on_with_what_came_otherwise(tools: Tools, truth: Truth, tmp_path: Path) -> None:
    series = new()
    stored = truth.orthanc.post("/instances", content=series.image(tmp_path).read_bytes())
    assert stored.status_code == 200, stored.text
    assert tools.store(series.image(tmp_path)).stored == REFUSED
    assert images(truth, series.series) == 1


def test_what_no_rule_is_about_waits_until_an_administrator_files_it(
    tools: Tools, album: str, people: Mapping[str, SignedIn], tmp_path: Path
) -> None:
    series, other = new(), new()
    assert tools.store(series.image(tmp_path), title="OTHER").stored == SENT
    assert tools.store(other.image(tmp_path, modality="OT")).stored == SENT
    eventually(lambda: waits(people, series) is not None and waits(people, other) is not None)
    told = waits(people, series)
    assert told is not None
    assert (told["ae_title"], told["address"], told["called"], told["reason"], told["patient_id"]) == (
        "OTHER",
        "127.0.0.1",
        "PARADIM",
        "no-rule",
        series.patient,
    )
    assert [name for name, one in people.items() if sees(one, series)] == []
    for name in ("pi-a", "stranger"):
        with people[name].client() as client:
            assert client.get("/api/arrivals").status_code == 404
            filed = client.post(f"/api/arrivals/{told['id']}/file", json={"album": album})
            assert filed.status_code == 404
    with people["admin"].client() as admin:
        answer = admin.post(f"/api/arrivals/{told['id']}/file", json={"album": album})
    assert answer.status_code == 202, answer.text
    eventually(lambda: sees(people["member-b"], series), within=5)
    assert not sees(people["stranger"], series)
    eventually(lambda: series.series in [one["series"] for one in arrivals(people, "filed")])


def test_what_comes_while_the_service_is_dead_is_filed_afterwards(
    tools: Tools, people: Mapping[str, SignedIn], native_stack: Stack, tmp_path: Path
) -> None:
    native_stack.kill("auth_service")
    series = new()
    assert tools.store(series.image(tmp_path)).stored == SENT
    native_stack.wait("auth_service")
    # Its turn to file must run out first.
    eventually(lambda: sees(people["member-b"], series), within=PATIENCE + LEASE.total_seconds())


@pytest.mark.parametrize("damaged", ["no list", "no script"])
def test_orthanc_does_not_start_without_its_filter(native_stack: Stack, tmp_path: Path, damaged: str) -> None:
    tree = aptroot.present(Cache.default(), aptroot.ORTHANC)
    assert tree is not None
    listed = dicom.Dicom(ae_title="PARADIM", port=1, senders=(), script=str(tmp_path / "received.lua"))
    script = Path(dicom.SCRIPT).read_text(encoding="utf-8")
    (tmp_path / "received.lua").write_text(script if damaged == "no list" else "function (", encoding="utf-8")
    text = render.orthanc(
        port=1,
        username="x",
        password="x",
        storage=str(tmp_path),
        index=str(tmp_path),
        dicomweb_plugin=str(tree.find("usr/share/orthanc/plugins/libOrthancDicomWeb.so").resolve()),
        stable_age=1,
        threads=1,
        dicom=listed,
    )
    file = tmp_path / "orthanc.json"
    file.write_text(text.replace('"Paradim"', '"Nothing"') if damaged == "no list" else text)
    done = subprocess.run(
        [*tree.loader(), str(tree.find("usr/sbin/Orthanc")), str(file)],
        env={"DCMDICTPATH": str(tree.find("usr/share/dcmtk/dicom.dic")), "RES_OPTIONS": "attempts:0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "Cannot execute a Lua command" in done.stdout + done.stderr
    assert native_stack.pid("orthanc") > 0


def test_the_page_and_the_menu_are_there_for_administrators(people: Mapping[str, SignedIn]) -> None:
    def waiting(name: str) -> object:
        with people[name].client() as client:
            answer: httpx.Response = client.get("/api/me")
        return answer.json()["waiting"]

    assert isinstance(waiting("admin"), int)
    assert waiting("pi-a") is None
