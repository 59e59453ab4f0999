"""Running the ordinary clients (apt, mvn, npm, pip) and turning their failures into one sentence."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.native.errors import CannotGoOn

_NETWORK_SIGNS = (
    "temporary failure resolving",
    "could not resolve",
    "unknownhost",
    "unknown host",
    "name or service not known",
    "temporary failure in name resolution",
    "connection refused",
    "connection timed out",
    "network is unreachable",
    "failed to establish a new connection",
    "getaddrinfo",
    "enotfound",
    "eai_again",
    "etimedout",
    "econnrefused",
    "could not connect",
    "unable to connect",
)
NETWORK_REMEDY = "Connect this machine to the network (or set the client's proxy) and run the command again."


def run(
    command: Sequence[str | Path],
    *,
    what: str,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float = 1800,
) -> str:
    """Run a command to its end and return its output.

    Raises
    ------
    CannotGoOn
        With the last lines of what the command said; a missing network is recognised and named.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise CannotGoOn(f"{what}: the program {words[0]} was not found.", "Install it.") from error
    except subprocess.TimeoutExpired as error:
        raise CannotGoOn(f"{what}: no end after {timeout:.0f} seconds.", NETWORK_REMEDY) from error
    if done.returncode != 0:
        raise failure(what, done.stdout)
    return done.stdout


def failure(what: str, output: str) -> CannotGoOn:
    """Return the error that fits what a client printed before it gave up."""
    lowered = output.lower()
    if any(sign in lowered for sign in _NETWORK_SIGNS):
        return CannotGoOn(f"{what}: the network (or the package server) cannot be reached.", NETWORK_REMEDY)
    last = " / ".join([line.strip() for line in output.splitlines() if line.strip()][-4:])
    return CannotGoOn(f"{what} failed: {last or 'no output'}", "Read the message above and try again.")
