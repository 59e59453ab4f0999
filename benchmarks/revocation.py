"""How long a grant or a revocation takes to be in force, on a resource whose decision is kept warm."""

import time

import httpx

from benchmarks.table import Line
from benchmarks.world import World

TIMES = 20
PER_SECOND = 10
BUDGET = 5.0


def given_and_taken(world: World) -> list[Line]:
    """Add and remove a member, and poll his frame ten times a second."""
    series = world.truth.series[min(world.truth.albums["lung-phantom"])]
    path = f"/dicom-web/studies/{series.study}/series/{series.uid}/metadata"
    members = "/api/albums/lung-phantom/members"
    given, taken = [], []
    with world.owner.client() as owner, world.member.client() as member:
        for _ in range(TIMES):
            _until(member, path, 404)
            added = owner.post(
                members,
                json={"subject": {"user": "member-a"}, "role": "member", "actions": ["view"], "until": None},
            )
            added.raise_for_status()
            given.append(_until(member, path, 200))
            owner.delete(f"{members}/{added.json()['id']}").raise_for_status()
            taken.append(_until(member, path, 404))
    return [
        Line(
            what=f"right {what}, worst of {TIMES}",
            ours=f"{max(seconds):.1f} s",
            other="",
            outcome="in time" if max(seconds) <= BUDGET else "TOO LATE",
            target=f"<= {BUDGET:.0f} s",
            note=f"polled {PER_SECOND} times a second",
        )
        for what, seconds in (("given", given), ("taken", taken))
    ]


def _until(member: httpx.Client, path: str, status: int) -> float:
    """Poll until the answer has this status; return how long it took."""
    began = time.monotonic()
    while time.monotonic() - began < 4 * BUDGET:
        if member.get(path).status_code == status:
            return time.monotonic() - began
        time.sleep(1 / PER_SECOND)
    raise RuntimeError(f"{path} did not become {status}")
