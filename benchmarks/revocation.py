"""How long a grant or a revocation takes to be in force, on a resource whose decision is kept warm."""

import time
from collections.abc import Sequence

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
    given: list[float] = []
    taken: list[float] = []
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
    return [_line("right given", given), _line("right taken", taken)]


def token_revoked(world: World) -> list[Line]:
    """Make and revoke a token, and poll a frame by it ten times a second."""
    series = world.truth.series[min(world.truth.albums["lung-phantom"])]
    path = f"/dicom-web/studies/{series.study}/series/{series.uid}/metadata"
    revoked: list[float] = []
    with world.owner.client() as owner:
        for _ in range(TIMES):
            made = owner.post("/api/tokens", json={"name": "bench", "actions": ["view"]})
            made.raise_for_status()
            with httpx.Client(
                base_url=world.info["url"],
                headers={"Authorization": f"Bearer {made.json()['token']}"},
                trust_env=False,
            ) as program:
                _until(program, path, 200)
                owner.delete(f"/api/tokens/{made.json()['id']}").raise_for_status()
                revoked.append(_until(program, path, 401))
    return [_line("token revoked", revoked)]


def _line(what: str, seconds: Sequence[float]) -> Line:
    return Line(
        what=f"{what}, worst of {TIMES}",
        ours=f"{max(seconds):.1f} s",
        other="",
        outcome="in time" if max(seconds) <= BUDGET else "TOO LATE",
        target=f"<= {BUDGET:.0f} s",
        note=f"polled {PER_SECOND} times a second",
    )


def _until(member: httpx.Client, path: str, status: int) -> float:
    """Poll until the answer has this status; return how long it took."""
    began = time.monotonic()
    while time.monotonic() - began < 4 * BUDGET:
        if member.get(path).status_code == status:
            return time.monotonic() - began
        time.sleep(1 / PER_SECOND)
    raise RuntimeError(f"{path} did not become {status}")
