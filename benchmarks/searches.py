"""Searches through the gate, against Orthanc's own labelled find for the same page."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.table import Line, ratio
from benchmarks.world import World

ROUNDS = 40

_TAGS = ["StudyInstanceUID", "PatientID", "PatientName", "StudyDate", "StudyDescription"]
_COMPUTED = ["ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"]


def studies(world: World) -> list[Line]:
    """Ask for a page of an album's studies, with and without what is computed from permitted series."""
    return [_page(world, "bench", tags) for tags in (_TAGS, _TAGS + _COMPUTED)]


def _page(world: World, slug: str, tags: list[str]) -> Line:
    question: dict[str, Any] = {
        "Level": "Study",
        "Query": {},
        "Labels": [f"album-{slug}"],
        "LabelsConstraint": "Any",
        "Limit": 100,
        "RequestedTags": tags,
        "OrderBy": [{"Type": "DicomTag", "Key": "StudyDate", "Direction": "DESC"}],
    }
    ours, others = [], []
    with world.owner.client() as client:
        for _ in range(ROUNDS):
            ours.append(_seconds(lambda: client.post("/orthanc/tools/find", json=question)))
            others.append(_seconds(lambda: world.truth.orthanc.post("/tools/find", json=question)))
    return Line(
        what=f"page of 100 studies, {len(tags)} attributes",
        ours=f"{sorted(ours)[ROUNDS // 2] * 1000:.0f} ms",
        other=f"{sorted(others)[ROUNDS // 2] * 1000:.0f} ms",
        outcome=f"{ratio(ours, others):.2f} x",
        note="against Orthanc's own labelled find",
    )


def _seconds(ask: Callable[[], httpx.Response]) -> float:
    began = time.perf_counter()
    answer = ask()
    took = time.perf_counter() - began
    answer.raise_for_status()
    return took
