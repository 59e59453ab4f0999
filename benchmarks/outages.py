"""Parts stopped under load: what a member and a stranger get in every second, and that nothing is ever open.

``python -m benchmarks outages [--seconds N] [PART ...]``. A part is stopped as a machine that hangs stops it
(SIGSTOP, and later SIGCONT), and as a crash does (SIGKILL; the supervisor starts it again). The database,
which is a file here, is locked by another process, and made unwritable. Meanwhile a member, a stranger, and
somebody whose membership is taken away in the middle go on asking.
"""

import argparse
import asyncio
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from benchmarks import images
from benchmarks.people import Answer, Person, Request, at_work
from benchmarks.table import Line, show
from benchmarks.world import World
from deploy.native.paths import REPOSITORY
from deploy.native.stack import Stack
from tests.integration.people import SignedIn, sign_in

BEFORE = 4.0
"""Seconds of work before anything happens."""

CALM = 5.0
"""For so long everything must be answered before it counts as being well again."""

LONGEST = 180.0
"""Seconds that getting well may take."""

LOOK = 0.5
"""Seconds between two looks whether it did."""

BUDGET = 5.0
"""Seconds within which a right that was taken away is gone."""

HARMLESS = frozenset({0, 401, 404, 429, 503})
"""What somebody may be answered about what is hidden from him, whatever is down.

429 is of nginx, before anybody decides: while a part hangs, his own unanswered requests add up to all that
he may have open at once.
"""

Outage = Callable[[Stack], AbstractContextManager[object]]


def main(arguments: Sequence[str]) -> int:
    """Run the outages that are named, or all; print every second, and then a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks outages")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each part is gone (30)")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(OUTAGES)}; all by default")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.part) - OUTAGES.keys())
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}")
    stack = Stack(Path(REPOSITORY, "var", "bench"), "bench", say=lambda text: print(text, flush=True))
    try:
        world = World.prepare(stack)
        lines = [
            line
            for name, outage in OUTAGES.items()
            if not options.part or name in options.part
            for line in measure(world, name, outage, seconds=options.seconds)
        ]
    finally:
        stack.down()
    show(lines)
    return 1 if any(line.outcome == "OPEN" for line in lines) else 0


@contextmanager
def silent(stack: Stack, part: str) -> Iterator[None]:
    """Have a part hang; whatever happens, it goes on afterwards."""
    group = stack.pid(part)
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


@contextmanager
def killed(stack: Stack, part: str) -> Iterator[None]:
    """Have a part crash; the supervisor starts it again at once."""
    stack.kill(part)
    yield


@contextmanager
def locked(stack: Stack) -> Iterator[None]:
    """Have another process hold the database so that nobody else can write."""
    connection = sqlite3.connect(stack.data.database, isolation_level=None, timeout=30)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


@contextmanager
def unwritable(stack: Stack) -> Iterator[None]:
    """Have the database's files and their folder be for reading only."""
    database = stack.data.database
    files = [database.parent, *database.parent.glob(f"{database.name}*")]
    modes = {file: file.stat().st_mode for file in files}
    try:
        for file, mode in modes.items():
            file.chmod(mode & ~0o222)
        yield
    finally:
        for file, mode in modes.items():
            if file.exists():
                file.chmod(mode)


def _outages() -> Iterator[tuple[str, Outage]]:
    for part in ("auth_service", "orthanc", "keycloak"):
        yield f"{part}-silent", partial(silent, part=part)
        yield f"{part}-killed", partial(killed, part=part)
    yield "database-locked", locked
    if os.geteuid() != 0:  # root writes where nobody may
        yield "database-unwritable", unwritable


OUTAGES: dict[str, Outage] = dict(_outages())


@dataclass(kw_only=True)
class Course:
    """When what happened, in seconds since the beginning."""

    gone: float = 0.0
    back: float = 0.0
    revoked: float | None = None


def measure(world: World, name: str, outage: Outage, *, seconds: float) -> list[Line]:
    """Have people work through one outage."""
    print(f"\n{name}: gone for {seconds:.0f} s", flush=True)
    leaver = sign_in(world.info, "member-b")
    stranger = sign_in(world.info, "stranger")
    with world.owner.client() as owner, ExitStack() as undone:
        _invite(undone, owner, "member-a")
        leaving = _invite(undone, owner, "member-b")
        member = _person(world, world.member, "member", _work(), 10)
        outsider = _person(world, stranger, "stranger", _work(), 10)
        ending = _person(world, leaver, "leaver", _work()[:1], 4)
        course = Course()

        async def meanwhile(began: float) -> None:
            def now() -> float:
                return time.monotonic() - began

            await asyncio.sleep(BEFORE)
            with outage(world.stack):
                course.gone = now()
                revoking = asyncio.create_task(_revoke(world, leaving, course, now, seconds / 3))
                await asyncio.sleep(seconds)
            course.back = now()
            await revoking
            for _ in range(int(LONGEST / LOOK)):
                await asyncio.sleep(LOOK)
                if _calm(member.answers, now()):
                    break

        at_work([member, outsider, ending], meanwhile)
    _tell(course, [member, outsider, ending])
    return _lines(name, course, member, outsider, ending)


def _person(world: World, who: SignedIn, name: str, work: Sequence[Request], rate: float) -> Person:
    return Person(
        name=name,
        url=world.info["url"],
        headers=who.headers,
        requests=work,
        per_second=rate,
        # Identifiers, patients, the label; pixels cannot come without one of their headers or paths.
        hidden=(images.ROOT.encode(), b"BENCH-", b"TEST^BENCH", b"album-bench"),
    )


def _work() -> list[Request]:
    """Return what is asked in turns; the first is a frame whose decision is always warm."""
    warm = images.MANY[0]
    frames = [
        f"/dicom-web/studies/{study.uid}/series/{series}/instances/{series}.1/frames/1"
        for study in images.MANY[1:]
        for series in study.series_uids
    ]
    find = {
        "Level": "Study",
        "Query": {},
        "Limit": 10,
        "ResponseContent": ["MainDicomTags"],
        "Labels": ["album-bench"],
        "LabelsConstraint": "Any",
    }
    series = warm.series_uids[0]
    always = Request(
        kind="frame, warm",
        path=f"/dicom-web/studies/{warm.uid}/series/{series}/instances/{series}.1/frames/1",
    )
    turns: list[Request] = []
    for first, second in zip(frames[::2], frames[1::2], strict=False):
        turns += [
            always,
            Request(kind="frame, cold", path=first),
            Request(
                kind="QIDO", path=f"/dicom-web/studies?PatientID={warm.patient}&limit=10", of_everybody=True
            ),
            always,
            Request(kind="me", path="/api/me", of_everybody=True),
            Request(kind="frame, cold", path=second),
            Request(kind="find", path="/orthanc/tools/find", body=find, of_everybody=True),
            Request(kind="archive", path=f"/orthanc/series/{warm.series_ids[0]}/archive"),
        ]
    return turns


def _invite(undone: ExitStack, owner: httpx.Client, user: str) -> str:
    """Give somebody rights in the album of the benchmarks; return where they can be taken away."""
    members = "/api/albums/bench/members"
    for earlier in owner.get(members).json()["items"]:  # of a run that was interrupted
        if earlier["subject"]["user"] == user:
            owner.delete(f"{members}/{earlier['id']}").raise_for_status()
    rights = {"subject": {"user": user}, "role": "member", "actions": ["view", "download"], "until": None}
    made = owner.post(members, json=rights)
    made.raise_for_status()
    address = f"{members}/{made.json()['id']}"
    undone.callback(lambda: owner.delete(address))
    return address


async def _revoke(world: World, address: str, course: Course, now: Callable[[], float], after: float) -> None:
    """Take the leaver's membership away, as soon as the stack lets the owner do so."""
    await asyncio.sleep(after)
    async with httpx.AsyncClient(
        base_url=world.info["url"], headers=world.owner.headers, timeout=60, trust_env=False
    ) as owner:
        while course.revoked is None:
            try:
                answer = await owner.delete(address)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code in (204, 404):
                course.revoked = now()
            else:
                await asyncio.sleep(0.5)


def _calm(answers: Iterable[Answer], now: float) -> bool:
    """Tell whether everything of the last seconds was answered, and well."""
    recent = [one for one in answers if one.asked >= now - CALM - 1]
    return (
        len(recent) >= CALM and all(one.fine for one in recent) and any(one.asked > now - 1 for one in recent)
    )


def _tell(course: Course, people: Sequence[Person]) -> None:
    """Print one line a second: what each got that he asked for in that second."""
    last = int(max(one.asked for person in people for one in person.answers))
    for second in range(last + 1):
        state = "gone" if course.gone - 0.5 <= second < course.back - 0.5 else ""
        told = []
        for person in people:
            asked = [one for one in person.answers if int(one.asked) == second]
            counts = Counter(_name(one.status) for one in asked)
            slowest = max((one.took for one in asked), default=0)
            words = " ".join(f"{status}x{count}" for status, count in sorted(counts.items()))
            told.append(f"{person.name} {words} ({slowest:.1f} s)".ljust(38))
        print(f"{second:4} s {state:5} {' '.join(told)}".rstrip(), flush=True)


def _name(status: int) -> str:
    return str(status) if status else "none"


def _lines(name: str, course: Course, member: Person, outsider: Person, ending: Person) -> list[Line]:
    """Sum one outage up; what was open is said in capitals."""
    during = [one for one in member.answers if course.gone <= one.asked < course.back]
    open_to_stranger = [
        one
        for one in outsider.answers
        if one.told or (one.status not in HARMLESS and not (one.fine and one.request.of_everybody))
    ]
    revoked = course.revoked or 0.0
    served_after = max((one.asked - revoked for one in ending.answers if one.fine), default=0.0)
    everybody = [*member.answers, *outsider.answers, *ending.answers]
    longest = max(everybody, key=lambda one: one.took)
    bad = [one.asked + one.took for one in member.answers if not one.fine]
    well = max([0.0, *(at - course.back for at in bad)])
    opened = bool(open_to_stranger) or served_after > BUDGET
    return [
        Line(
            what=name,
            ours=f"member {_counted(during)}",
            other=f"stranger {_counted(outsider.answers)}",
            outcome="OPEN" if opened else "closed",
            target=f"right gone {max(served_after, 0):.1f} s after it was taken",
            note=f"longest {longest.took:.1f} s ({longest.request.kind}), well {well:.1f} s after its return",
        )
    ]


def _counted(answers: Iterable[Answer]) -> str:
    counts = Counter(_name(one.status) for one in answers)
    return ", ".join(f"{count} x {status}" for status, count in counts.most_common())
