"""``reconcile``: say where the ledger and the labels in Orthanc disagree, and put the labels right.

Exit status: 0 they agree, or do now; 1 something is left; 2 it could not begin.
"""

import argparse
import json
from collections import Counter

from auth_service.albums.reconciling import Compared, Difference, reconcile
from auth_service.cli.audit import Say
from auth_service.errors import ServiceError
from auth_service.store import albums as albums_table
from auth_service.vocabulary import Mismatch
from auth_service.world import World

_SHOWN = 20
"""Differences of a kind that are written out for people; ``--json`` writes all."""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("reconcile", help="compare the ledger of albums with the labels in Orthanc")
    parser.add_argument("--repair", action="store_true", help="put the labels right; otherwise only say")
    parser.add_argument("--album", action="append", default=[], metavar="SLUG", help="only this one; repeats")
    parser.add_argument(
        "--pause",
        type=float,
        default=0.2,
        metavar="SECONDS",
        help="to wait after every 200 labels, so that others get their turn (%(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each difference")


def run(world: World, options: argparse.Namespace, *, say: Say) -> int:
    """Compare, and say what differs."""
    with world.store.read() as tx:
        unknown = [slug for slug in options.album if albums_table.album(tx, slug) is None]
    if unknown:
        say(f"There is no album {unknown[0]}.", error=True)
        return 2
    found = left = 0
    try:
        for compared in reconcile(
            world, repair=options.repair, slugs=options.album, pause=max(0.0, options.pause)
        ):
            found += len(compared.differences)
            left += len(compared.left)
            _write(compared, as_json=options.json, say=say)
    except ServiceError as error:
        say(error.message.format(**error.places), error=True)
        return 1
    if not options.json:
        say(f"{found} differences, {left} left." if found else "The ledger and the labels agree.")
    return 1 if left else 0


def _write(compared: Compared, *, as_json: bool, say: Say) -> None:
    remaining = {(one.what, one.uid) for one in compared.left}
    if as_json:
        for one in compared.differences:
            say(json.dumps(_document(one, repaired=(one.what, one.uid) not in remaining)))
        return
    say(compared.label)
    counts = Counter(one.what for one in compared.differences)
    for what in Mismatch:
        if not counts[what]:
            continue
        say(f"  {what}: {counts[what]}. {what.sentence}")
        of_kind = [one for one in compared.differences if one.what is what]
        for one in of_kind[:_SHOWN]:
            state = "" if (one.what, one.uid) in remaining else "  repaired"
            say(f"    {one.level} {one.uid}{state}")
        if len(of_kind) > _SHOWN:
            say(f"    and {len(of_kind) - _SHOWN} more: --json writes all")


def _document(one: Difference, *, repaired: bool) -> dict[str, object]:
    return {
        "label": one.label,
        "what": one.what.value,
        "level": one.level.value,
        "uid": one.uid,
        "repaired": repaired,
    }
