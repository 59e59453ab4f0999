"""The demo's sample data: made once per cache and loaded into a stack (`deploy.samples` does both)."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.native import aptroot, environment
from deploy.native.errors import CannotGoOn
from deploy.native.files import locked
from deploy.native.paths import REPOSITORY, Cache

_MODULE = (sys.executable, "-m", "deploy.samples")


def make(cache: Cache, say: Callable[[str], None]) -> Path:
    """Return the folder of the sample files, made if they are not in the cache yet."""
    env = {**environment.fetching(), "PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(cache.root.parent)}
    folder = cache.root / "samples" / _run("key", env=env, capture=True).strip()
    with locked(cache.lock, waiting=lambda: say("another set-up is filling the cache; waiting for it")):
        head = aptroot.get(cache, aptroot.SAMPLES, say)
        _run(
            "make", "--out", str(folder), "--invesalius", str(head.root), "--cache", str(cache.root), env=env
        )
    return folder


def load(folder: Path, *, stack_json: Path, env: Mapping[str, str]) -> None:
    """Send the sample files to a running stack and have their albums made; what is there already is left."""
    _run("load", "--stack-json", str(stack_json), "--samples", str(folder), env=env)


def _run(*words: str, env: Mapping[str, str], capture: bool = False) -> str:
    done = subprocess.run(
        [*_MODULE, *words],
        env=dict(env),
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else None,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CannotGoOn(
            f"The sample data: `{words[0]}` failed (its message is above).",
            "Run the command again: it goes on where it stopped.",
        )
    return done.stdout or ""
