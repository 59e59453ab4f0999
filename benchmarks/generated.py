"""Fifty thousand requests that nobody wrote, by somebody who may see nothing: no server error, no leak."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.table import Line
from benchmarks.world import World
from tests.integration.generated import Headers, generate, requests_about
from tests.integration.leaks import Facts
from tests.integration.people import SignedIn, sign_in

COUNT = 50_000
_TOLD_EACH = 5_000


def by_a_stranger(world: World) -> list[Line]:
    """Make up requests of all shapes with hidden identifiers in them, and read every byte of the answers."""
    facts = Facts.read(world.truth)
    began = time.monotonic()
    with credentials_of(sign_in(world.info, "stranger")) as credentials:
        tally = generate(
            requests_about(facts, credentials),
            count=COUNT,
            port=int(world.info["url"].rpartition(":")[2]),
            credentials=credentials,
            detector=facts.detector(),
            progress=_tell,
        )
    for fault, request in tally.faults[:20]:
        print(f"{fault}: {request}", flush=True)
    statuses = ", ".join(
        f"{count} x {status or 'hung up'}" for status, count in sorted(tally.statuses.items())
    )
    hits = len(tally.faults) - tally.server_errors()
    return [
        Line(
            what="generated requests, by a stranger",
            ours=f"{tally.total}",
            other=f"{tally.named_hidden} name something hidden",
            outcome=f"{tally.server_errors()} server errors, {hits} leaks",
            target="0, 0",
            note=f"{statuses}; {time.monotonic() - began:.0f} s",
        )
    ]


@contextmanager
def credentials_of(stranger: SignedIn) -> Iterator[dict[str, Headers]]:
    """Give what senders send: his session mostly, a token of his, and nothing.

    Answers to bad credentials come late by design: the replay has those.
    """
    session: Headers = (("Cookie", stranger.cookie),)
    with stranger.client() as own:
        made = own.post("/api/tokens", json={"name": "generated", "actions": ["view", "download"]})
        made.raise_for_status()
        yield {
            "session": session,
            "the same session": session,
            "session, once more": session,
            "token": (("Authorization", f"Bearer {made.json()['token']}"),),
            "nobody": (),
        }
        own.delete(f"/api/tokens/{made.json()['id']}").raise_for_status()


def _tell(total: int) -> None:
    if total % _TOLD_EACH < 16:  # noqa: PLR2004 - they come by the batch
        print(f"  {total} sent", flush=True)
