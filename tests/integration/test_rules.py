"""Rules at the real gate: what is written opens and closes within five seconds; what is broken, nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.native.stack import Stack
from tests.integration.people import SignedIn
from tests.integration.raw import send
from tests.integration.truth import Series, Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack

WITHIN = 5.0
"""Seconds in which a grant or a revocation must be in force everywhere (docs/threat-model.md)."""

LABEL = "teaching"


@dataclass(kw_only=True)
class Ruled:
    """A stack whose rules a test writes, and a study that it labels."""

    file: Path
    truth: Truth
    stranger: SignedIn
    admin: SignedIn
    study: list[Series]
    port: int

    def write(self, document: object) -> None:
        """Write in place as an editor may, without a rename."""
        self.file.write_text(document if isinstance(document, str) else json.dumps(document, indent=1))

    def label(self, folder: str, orthanc_id: str, *, on: bool) -> None:
        method = "PUT" if on else "DELETE"
        self.truth.orthanc.request(method, f"/{folder}/{orthanc_id}/labels/{LABEL}").raise_for_status()

    def seen(self, who: SignedIn | None = None) -> set[str]:
        """The SeriesInstanceUIDs that a search finds."""
        with (who or self.stranger).client() as client:
            answer = client.post(
                "/orthanc/tools/find",
                json={"Level": "Series", "Query": {}, "RequestedTags": ["SeriesInstanceUID"]},
            )
        answer.raise_for_status()
        return {row["RequestedTags"]["SeriesInstanceUID"] for row in answer.json()}

    def studies(self) -> set[str]:
        """The StudyInstanceUIDs that QIDO finds."""
        with self.stranger.client() as client:
            return {row["0020000D"]["Value"][0] for row in client.get("/dicom-web/studies").json()}

    def opened(self) -> set[str]:
        """The series of the study of which a frame opens."""
        cookie = [("Cookie", self.stranger.cookie)]
        return {
            one.uid
            for one in self.study
            if one.instances
            and send(
                self.port, "GET", f"{path(one)}/instances/{one.instances[0].uid}/frames/1", cookie
            ).status
            == 200
        }

    def state(self) -> dict[str, Any]:
        with self.admin.client() as client:
            answer: dict[str, Any] = client.get("/api/rules").json()
        return answer


def path(series: Series) -> str:
    return f"/dicom-web/studies/{series.study}/series/{series.uid}"


in_time = partial(eventually, within=WITHIN)


@pytest.fixture
def ruled(stack: dict[str, Any], truth: Truth, people: dict[str, SignedIn], port: int) -> Iterator[Ruled]:
    file = Path(stack["internal"]["auth_service"]["rules_file"])
    before = file.read_text()
    showcase = truth.series[truth.manifest["special"]["showcase"]["series"]]
    made = Ruled(
        file=file,
        truth=truth,
        stranger=people["stranger"],
        admin=people["admin"],
        study=[one for one in truth.series.values() if one.study == showcase.study],
        port=port,
    )
    made.label("studies", showcase.study_id, on=True)
    yield made
    made.label("studies", showcase.study_id, on=False)
    for one in made.study:
        made.label("series", one.id, on=False)
    file.write_text(before)
    in_time(lambda: made.state()["state"] == "good")
    in_time(lambda: made.seen() == set())


def role(*permissions: str, label: str = LABEL) -> dict[str, Any]:
    return {"roles": {"researcher": {"authorized-labels": [label], "permissions": list(permissions)}}}


def test_the_demo_begins_with_rules_that_give_nobody_anything(ruled: Ruled) -> None:
    assert (ruled.state()["state"], ruled.state()["rules"]) == ("good", 0)
    assert ruled.seen() == ruled.seen(ruled.admin) == set()


def test_a_rule_opens_a_labelled_study_and_nothing_else_and_closes_in_time(ruled: Ruled) -> None:
    of_study = {one.uid for one in ruled.study}
    assert ruled.opened() == set()
    ruled.write(role("view"))
    # nginx keeps each series' own refusal for a moment: they open one by one.
    in_time(lambda: ruled.opened() == of_study)
    assert ruled.seen() == of_study
    assert ruled.studies() == {ruled.study[0].study}
    with ruled.stranger.client() as client:
        listed = client.get(f"/dicom-web/studies/{ruled.study[0].study}/series").json()
        assert {row["0020000E"]["Value"][0] for row in listed} == of_study
        image = next(one for one in ruled.study if one.modality == "CT")
        # He may view, and has no right to the file.
        assert client.get(f"{path(image)}/instances/{image.instances[0].uid}").status_code == 403
    ruled.write({"roles": {}})
    in_time(lambda: ruled.opened() == set())
    in_time(lambda: ruled.seen() == set())


def test_a_label_on_a_series_opens_that_series_alone_and_taken_off_closes(ruled: Ruled) -> None:
    ruled.write(role("view"))
    in_time(lambda: ruled.seen() != set())
    ruled.label("studies", ruled.study[0].study_id, on=False)
    in_time(lambda: ruled.seen() == set())
    in_time(lambda: ruled.opened() == set())
    one = ruled.study[0]
    ruled.label("series", one.id, on=True)
    in_time(lambda: ruled.seen() == {one.uid})
    assert ruled.studies() == {one.study}
    ruled.label("series", one.id, on=False)
    in_time(lambda: ruled.opened() == set())


def test_everything_of_a_modality_is_exactly_that(ruled: Ruled) -> None:
    grant = {"to": {"person": "stranger"}, "labels": ["*"], "actions": ["view"], "modalities": ["MR"]}
    ruled.write({"roles": {}, "paradim-grants": [grant]})
    expected = {one.uid for one in ruled.truth.series.values() if one.modality == "MR"}
    in_time(lambda: ruled.seen() == expected)
    assert ruled.studies() == {ruled.truth.series[uid].study for uid in expected}
    with ruled.stranger.client() as client:
        for body, count in (
            ({"Level": "Series", "Query": {}}, len(expected)),
            ({"Level": "Study", "Query": {}}, len({ruled.truth.series[uid].study for uid in expected})),
            ({"Level": "Study", "Query": {"ModalitiesInStudy": "CT"}}, 0),
        ):
            assert client.post("/orthanc/tools/count-resources", json=body).json() == {"Count": count}
        found: list[str] = []
        for since in range(0, len(expected) + 3, 3):
            page = {"Level": "Series", "Query": {}, "Limit": 3, "Since": since}
            found += client.post("/orthanc/tools/find", json=page).json()
        assert sorted(found) == sorted(ruled.truth.series[uid].id for uid in expected)


def test_conditions_labels_and_albums_add_up_page_by_page(ruled: Ruled, people: dict[str, SignedIn]) -> None:
    """Somebody of an album, a label with a condition, and a series-only label at once."""
    alone = next(one for one in ruled.truth.series.values() if one.study != ruled.study[0].study)
    ruled.label("series", alone.id, on=True)
    grant = {"to": {"person": "member-b"}, "labels": [LABEL], "actions": ["view"], "modalities": ["CT"]}
    ruled.write({"roles": {}, "paradim-grants": [grant]})
    labelled = {one.uid for one in [*ruled.study, alone] if one.modality == "CT"}
    expected = labelled | ruled.truth.may("member-b")
    member = people["member-b"]
    try:
        in_time(lambda: ruled.seen(member) == expected)
        with member.client() as client:
            studies: list[dict[str, Any]] = []
            for offset in range(0, len(expected) + 5, 5):
                page = client.get("/dicom-web/studies", params={"limit": 5, "offset": offset})
                studies += page.json()
        counts = {row["0020000D"]["Value"][0]: row["00201206"]["Value"][0] for row in studies}
        assert len(counts) == len(studies)
        assert counts == {
            study: sum(ruled.truth.series[uid].study == study for uid in expected)
            for study in {ruled.truth.series[uid].study for uid in expected}
        }
    finally:
        ruled.label("series", alone.id, on=False)


def test_a_broken_file_changes_nothing_and_is_told_to_administrators(ruled: Ruled) -> None:
    ruled.write(role("view"))
    in_time(lambda: ruled.seen() != set())
    whole = ruled.file.read_text()
    for broken in (whole[: len(whole) // 2], "", role("viwe"), role("view", label="album-head-ct")):
        ruled.write(broken)
        in_time(lambda: ruled.state()["state"] == "kept")
        assert ruled.seen() == {one.uid for one in ruled.study}
        assert ruled.state()["problems"]
        ruled.write(whole)
        in_time(lambda: ruled.state()["state"] == "good")


def test_a_start_without_any_good_rules_serves_administrators_alone(
    ruled: Ruled, native_stack: Stack
) -> None:
    ruled.write("{")
    native_stack.restart("auth_service")
    try:
        cookie = [("Cookie", ruled.stranger.cookie)]
        one = ruled.study[0]
        frame = f"{path(one)}/instances/{one.instances[0].uid}/frames/1"
        for address in ("/api/me", "/dicom-web/studies", frame, f"/dicom-web/studies/{one.study}/metadata"):
            assert send(ruled.port, "GET", address, cookie).status == 503
        assert send(ruled.port, "GET", "/api/me").status == 401
        assert ruled.state()["state"] == "none"
        assert ruled.seen(ruled.admin) == set()
        ruled.write(role("view"))
        in_time(lambda: ruled.opened() != set())
    finally:
        ruled.write({"roles": {}})


def test_nobody_else_asks_how_it_stands(ruled: Ruled) -> None:
    with ruled.stranger.client() as client:
        assert client.get("/api/rules").status_code == 404
        assert client.post("/api/rules/check", content=b"{}").status_code == 404
    with httpx.Client(base_url=ruled.stranger.url, trust_env=False) as nobody:
        assert nobody.get("/api/rules").status_code == 401
    with ruled.admin.client() as client:
        told = client.post("/api/rules/check", content=json.dumps(role("view", label="unused")).encode())
        assert [one["line"] for one in told.json()["warnings"]] == [1]
        assert told.json()["unasked"] == []
