"""Random histories of changes, with a crash between any two steps, against sets."""

import shutil
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import text

from auth_service.albums import ledger
from auth_service.policy.model import SYSTEM
from auth_service.store import ledger as table
from auth_service.vocabulary import ChangeVerb
from tests.unit.auth_service.albums.batching import in_batches_of
from tests.unit.auth_service.albums.crashing import Crash, Fuse
from tests.unit.auth_service.albums.test_ledger import crashing_world, restart, stop

EXISTING = {"1.2.1.1", "1.2.1.2", "1.2.2.1", "1.2.2.2", "1.2.3.1"}
TWICE = "1.2.7.1"
NAMED = sorted({*EXISTING, TWICE, "1.9.9"})


class Histories(RuleBasedStateMachine):
    """What is in an album is a set; whatever crashes, after a restart it is that set."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp(prefix="paradim-ledger-"))
        self.fuse = Fuse()
        self.world = crashing_world(self.folder, self.fuse)
        for patient in ("TEST-7", "TEST-8"):
            self.world.store_series(7, 1, patient=patient, instances=1)
        self.albums: dict[str, set[str]] = {"a": set(), "b": set()}
        self.moments: list[tuple[datetime, dict[str, set[str]]]] = []
        self.batches = ExitStack()
        self.batches.enter_context(in_batches_of(2))

    @rule(
        album=st.sampled_from(["a", "b"]),
        verb=st.sampled_from(list(ChangeVerb)),
        series=st.lists(st.sampled_from(NAMED), min_size=1, max_size=5),
        crashes=st.lists(st.integers(0, 30), max_size=2),
        stops=st.booleans(),
    )
    def change(
        self,
        album: str,
        verb: ChangeVerb,
        series: list[str],
        crashes: list[int],
        stops: bool,  # noqa: FBT001 - hypothesis names its arguments
    ) -> None:
        self.world.wait(minutes=1)
        self.fuse.left = crashes[0] if crashes else None
        known = self.changes()
        try:
            change = ledger.begin(self.world, actor=SYSTEM, album=album, verb=verb, series=series)
            ledger.run(self.world, change=change)
        except Crash:
            self.come_back(crashes[1:], stops=stops)
        self.fuse.left = None
        if stops and self.changes() > known:
            # How much was done by then is the ledger's to say: of what was asked for, and nothing else.
            held, wanted = self.albums[album], set(series) & EXISTING
            now = set(ledger.contents(self.world, album=album))
            assert held - now <= (wanted if verb is ChangeVerb.REMOVE else set())
            assert now - held <= (wanted if verb is ChangeVerb.ADD else set())
            self.albums[album] = now
        elif self.changes() > known:
            wanted = set(series) & EXISTING
            self.albums[album] = (
                self.albums[album] | wanted if verb is ChangeVerb.ADD else self.albums[album] - wanted
            )
        self.moments.append((self.world.clock(), {name: set(held) for name, held in self.albums.items()}))

    @rule(series=st.sampled_from(sorted(EXISTING)))
    def repeat_what_is_there(self, series: str) -> None:
        for album, held in self.albums.items():
            if series in held:
                self.world.put(album, series)

    def come_back(self, crashes: list[int], *, stops: bool) -> None:
        """Start the service again; somebody may stop what was left, and it may die again meanwhile."""
        while True:
            restart(self.world, self.fuse)
            self.world.wait(seconds=1)
            self.fuse.left = None
            with self.world.store.read() as tx:
                due = table.unfinished(tx)
            for change in due if stops else []:
                stop(self.world, change)
            self.fuse.left = crashes.pop(0) if crashes else None
            try:
                ledger.resume_all(self.world)
            except Crash:
                continue
            return

    def changes(self) -> int:
        with self.world.store.read() as tx:
            return tx.scalar(text("SELECT count(*) FROM changes")) or 0

    @invariant()
    def labels_and_ledger_agree_with_the_sets(self) -> None:
        series: dict[str, set[str]] = {}
        studies: dict[str, set[str]] = {}
        for album, held in self.albums.items():
            assert ledger.contents(self.world, album=album) == held
            for uid in held:
                series.setdefault(uid, set()).add(f"album-{album}")
                studies.setdefault(uid.rpartition(".")[0], set()).add(f"album-{album}")
        assert self.world.archive.labels("Series") == series
        assert self.world.archive.labels("Study") == studies

    @invariant()
    def what_was_in_an_album_is_still_known(self) -> None:
        for at, albums in self.moments[-3:]:
            for album, held in albums.items():
                assert ledger.contents(self.world, album=album, at=at) == held

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.batches.close()
            self.world.store.close()
            shutil.rmtree(self.folder)


Histories.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestHistories = Histories.TestCase
