"""Searches through the gate, against Orthanc's own labelled find for the same page."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.table import Line, ratio
from benchmarks.world import World
from portal.archive import STUDY_TAGS

ROUNDS = 30
PAGE = 101
TARGET = "<= 1.50 x"

_TAGS = ["StudyInstanceUID", "PatientID", "PatientName", "StudyDate", "StudyDescription"]
_COMPUTED = ["ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"]


def studies(world: World) -> list[Line]:
    """Ask for a page of an album's studies, against Orthanc's own labelled find for the same."""
    return [
        _page(world, "attributes", _TAGS),
        _page(world, "modalities and counts", _COMPUTED),
        _page(world, "both", _TAGS + _COMPUTED),
        _page(world, "as the portal asks", list(STUDY_TAGS)),
    ]


def qido(world: World) -> list[Line]:
    """Ask for a page of studies by QIDO-RS, against Orthanc's own answer about everything it has."""
    path = f"/dicom-web/studies?limit={PAGE}"
    return [
        _compare(
            world,
            f"QIDO, {PAGE} studies",
            lambda gate: gate.get(path),
            lambda orthanc: orthanc.get(path),
            note="against Orthanc's own QIDO, which narrows nothing",
        )
    ]


def _page(world: World, what: str, tags: list[str]) -> Line:
    question: dict[str, Any] = {
        "Level": "Study",
        "Query": {},
        "Labels": ["album-bench"],
        "LabelsConstraint": "Any",
        "Limit": PAGE,
        # Without it Orthanc answers identifiers alone, whatever attributes are asked for.
        "ResponseContent": ["MainDicomTags"],
        "RequestedTags": tags,
        "OrderBy": [{"Type": "DicomTag", "Key": "StudyDate", "Direction": "DESC"}],
    }
    return _compare(
        world,
        f"page of {PAGE} studies, {what}",
        lambda gate: gate.post("/orthanc/tools/find", json=question),
        lambda orthanc: orthanc.post("/tools/find", json=question),
        note="against Orthanc's own labelled find",
    )


def _compare(
    world: World,
    what: str,
    ours: Callable[[httpx.Client], httpx.Response],
    others: Callable[[httpx.Client], httpx.Response],
    *,
    note: str,
) -> Line:
    taken: list[float] = []
    others_taken: list[float] = []
    with world.owner.client() as gate:
        for _ in range(ROUNDS):
            taken.append(_seconds(lambda: ours(gate)))
            others_taken.append(_seconds(lambda: others(world.truth.orthanc)))
    return Line(
        what=what,
        ours=f"{sorted(taken)[ROUNDS // 2] * 1000:.0f} ms",
        other=f"{sorted(others_taken)[ROUNDS // 2] * 1000:.0f} ms",
        outcome=f"{ratio(taken, others_taken):.2f} x",
        target=TARGET,
        note=note,
    )


def _seconds(ask: Callable[[], httpx.Response]) -> float:
    began = time.perf_counter()
    answer = ask()
    took = time.perf_counter() - began
    answer.raise_for_status()
    if len(answer.json()) != PAGE:
        raise RuntimeError(f"a page of {PAGE} was expected, {len(answer.json())} came")
    return took
