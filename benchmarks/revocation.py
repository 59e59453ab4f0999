"""How long a grant or a revocation takes to be in force, on a resource whose decision is kept warm."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from benchmarks.table import Line
from benchmarks.world import World
from deploy.native.accounts import NAMES
from deploy.native.credentials import load_or_make
from tests.integration.revocations import REVOCATIONS, Revocation, holder_of, rule_by_role, seconds_until_gone

TIMES = 20
AT_ONCE = 4
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


def everything_else(world: World) -> list[Line]:
    """End everything that can end, twenty times, and poll by every credential that it meets."""
    secret = load_or_make(world.stack.data.secrets, NAMES).client_secret
    lines = []
    for revocation in REVOCATIONS:
        took: dict[str, list[float]] = {credential: [] for credential in revocation.gone}
        with rule_by_role(world.info), ThreadPoolExecutor(AT_ONCE) as pool:
            for seconds in pool.map(lambda _, one=revocation: _once(world, secret, one), range(TIMES)):
                for credential, value in seconds.items():
                    took[credential].append(value)
        lines += [_line(f"{revocation.what}, {credential}", values) for credential, values in took.items()]
    return lines


def _once(world: World, client_secret: str, revocation: Revocation) -> dict[str, float]:
    with holder_of(world.info, world.truth, client_secret, world.owner) as holder:
        return seconds_until_gone(holder, revocation)


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
