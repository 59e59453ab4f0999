"""Putting in and taking out at the real gate: in force within five seconds, and nothing else opens.

The albums of the stack are as they were when a test ends: others look at them, too.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.native.paths import REPOSITORY
from deploy.native.stack import Stack
from tests.integration.people import SignedIn
from tests.integration.raw import send
from tests.integration.truth import Series, Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack

WITHIN = 5.0
"""Seconds in which a grant or a revocation must be in force everywhere (docs/threat-model.md)."""

ALBUM = "head-ct"


@pytest.fixture
def study(truth: Truth) -> list[Series]:
    """The smallest study of the album, whose series are in no other."""
    elsewhere = {uid for slug, uids in truth.albums.items() if slug != ALBUM for uid in uids}
    found = [
        series
        for series in truth.studies("member-a").values()
        if not elsewhere.intersection(one.uid for one in series)
    ]
    return min(found, key=lambda series: sum(len(one.instances) for one in series))


def ask(who: SignedIn, path: str, what: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    with who.client() as client:
        answer = client.post(path, json=what) if what is not None else client.get(path)
    return answer.status_code, answer.json()


def done(who: SignedIn, change: str) -> dict[str, Any]:
    """Wait until a change is over."""
    found: dict[str, Any] = {}

    def over() -> bool:
        found.update(ask(who, f"/api/changes/{change}")[1])
        return found["finished"] is not None

    eventually(over, within=30)
    return found


def begin(who: SignedIn, verb: str, **named: object) -> dict[str, Any]:
    status, begun = ask(who, f"/api/albums/{ALBUM}/changes", {verb: named})
    assert status == 202, begun
    return done(who, begun["id"])


@contextmanager
def taken_out(who: SignedIn, study: list[Series]) -> Iterator[str]:
    """Take a study out of the album, and bring it back at the end."""
    change = begin(who, "remove", studies=[study[0].study])
    assert (change["state"], change["done"]) == ("done", len(study))
    try:
        yield change["id"]
    finally:
        status, undone = ask(who, f"/api/changes/{change['id']}/undo", {})
        assert status == 202, undone
        assert done(who, undone["id"])["done"] == len(study)


def opens(who: SignedIn, port: int, one: Series) -> bool:
    path = f"/dicom-web/studies/{one.study}/series/{one.uid}/metadata"
    return send(port, "GET", path, [("Cookie", who.cookie)]).status == 200


def test_what_is_taken_out_closes_and_what_comes_back_opens_in_time(
    people: dict[str, SignedIn], study: list[Series], port: int
) -> None:
    owner, member = people["pi-a"], people["member-a"]
    assert all(opens(member, port, one) for one in study)
    with taken_out(owner, study):
        eventually(lambda: not any(opens(member, port, one) for one in study), within=WITHIN)
        listed = ask(member, f"/api/albums/{ALBUM}/studies")[1]["items"]
        assert study[0].study not in {one["study"] for one in listed}
    eventually(lambda: all(opens(member, port, one) for one in study), within=WITHIN)


def test_who_may_only_look_changes_nothing(
    people: dict[str, SignedIn], study: list[Series], truth: Truth
) -> None:
    before = truth.may("member-a")
    for who, status in (("member-a", 403), ("pi-b", 404), ("stranger", 404), ("admin", 404)):
        for verb in ("add", "remove"):
            assert (
                ask(people[who], f"/api/albums/{ALBUM}/changes", {verb: {"studies": [study[0].study]}})[0]
                == status
            )
    assert truth.may("member-a") == before


def test_accession_numbers_and_patients_are_found_as_they_are_written(
    people: dict[str, SignedIn], study: list[Series], truth: Truth
) -> None:
    """Orthanc's index has identifiers in capitals, without accents: what is asked is exact all the same."""
    row = truth.orthanc.post(
        "/tools/find",
        json={
            "Level": "Study",
            "Query": {"StudyInstanceUID": study[0].study},
            "RequestedTags": ["PatientID"],
            "ResponseContent": [],
        },
    ).json()[0]
    patient = row["RequestedTags"]["PatientID"]
    path = f"/api/albums/{ALBUM}/changes/preview"
    found = ask(people["pi-a"], path, {"add": {"names": [patient]}})[1]
    assert found["series"] >= len(study)
    assert found["failed"] == []
    lower = ask(people["pi-a"], path, {"add": {"names": [patient.swapcase()]}})[1]
    assert lower["series"] == 0
    hidden = ask(people["pi-b"], "/api/albums/brain-mr/changes/preview", {"add": {"names": [patient]}})[1]
    assert hidden["failed"] == [{"uid": patient, "reason": "missing", "lacking": []}]


def reconcile(stack: Stack, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command as an administrator on the server does."""
    written = (stack.data.run / "auth_service.env").read_text(encoding="utf-8")
    environment = dict(line.split("=", 1) for line in written.splitlines())
    ran = subprocess.run(
        [sys.executable, "-m", "auth_service", "reconcile", "--json", *arguments],
        cwd=REPOSITORY,
        env=environment | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr
    return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()]


def test_labels_that_were_lost_or_written_by_hand_are_put_right(
    native_stack: Stack, people: dict[str, SignedIn], study: list[Series], truth: Truth, port: int
) -> None:
    assert reconcile(native_stack) == (0, [])
    one, label = study[0], f"album-{ALBUM}"
    foreign = next(other for other in truth.series.values() if other.uid not in truth.albums[ALBUM])
    place, strange = (f"/series/{series.id}/labels/{label}" for series in (one, foreign))
    truth.orthanc.delete(place).raise_for_status()
    truth.orthanc.put(strange).raise_for_status()
    try:
        status, found = reconcile(native_stack)
        assert status == 1
        assert {(each["what"], each["uid"]) for each in found if each["level"] == "series"} == {
            ("unlabelled", one.uid),
            ("unknown", foreign.uid),
        }
        status, found = reconcile(native_stack, "--repair")
        assert (status, {each["repaired"] for each in found}) == (0, {True})
        assert reconcile(native_stack) == (0, [])
    finally:
        truth.orthanc.put(place).raise_for_status()
        truth.orthanc.delete(strange).raise_for_status()
    eventually(lambda: opens(people["member-a"], port, one), within=WITHIN)
    assert not opens(people["member-a"], port, foreign)
