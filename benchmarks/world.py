"""The benchmarks' own stack: the sample data, and an album of what the measurements need besides."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks import images
from deploy.native import samples
from deploy.native.stack import Stack
from tests.integration.people import SignedIn, sign_in
from tests.integration.truth import Truth, archive_of


@dataclass(frozen=True, kw_only=True)
class World:
    """A running stack with data, and two people in it."""

    stack: Stack
    info: dict[str, Any]
    truth: Truth
    owner: SignedIn
    member: SignedIn

    @classmethod
    def prepare(cls, stack: Stack) -> "World":
        """Start the stack and load what the measurements need; both are quick when done before."""
        info = stack.up()
        with archive_of(info) as archive:
            _load(archive)
        _make_album(stack)
        return cls(
            stack=stack,
            info=info,
            truth=Truth(info, samples.make(stack.cache, stack.say) / "manifest.json"),
            owner=sign_in(info, "pi-a"),
            member=sign_in(info, "member-a"),
        )

    @property
    def many_frames(self) -> list[str]:
        """One frame of each of the many series."""
        return [
            f"/dicom-web/studies/{study.uid}/series/{series}/instances/{series}.1/frames/1"
            for study in images.MANY
            for series in study.series_uids
        ]


def _load(archive: httpx.Client) -> None:
    """Send what is not there yet."""
    for study in images.ALL:
        counted = archive.post(
            "/tools/count-resources", json={"Level": "Instance", "Query": {"StudyInstanceUID": study.uid}}
        )
        if counted.json()["Count"] == study.series * study.images:
            continue
        print(f"loading study {study.uid}: {study.series} series of {study.images}", flush=True)
        with ThreadPoolExecutor(4) as pool:
            for answer in pool.map(
                lambda one, of=study: archive.post("/instances", content=of.file(*one)), study.instances()
            ):
                answer.raise_for_status()


def _make_album(stack: Stack) -> None:
    """Put the many series into an album of pi-a's, through the same command as the sample albums."""
    file = Path(stack.data.root, "bench-album.json")
    album = {
        "slug": "bench",
        "title": "Bench",
        "description": "Many small series, a long one, and large studies",
        "owner": "pi-a",
        "members": [],
        "series": [series for study in images.ALL for series in study.series_uids],
    }
    file.write_text(json.dumps({"version": 1, "albums": [album]}), encoding="utf-8")
    stack.load_albums(file)
