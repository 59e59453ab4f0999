"""``audit verify``, ``audit export`` and ``audit heads``: for administrators on the server.

Exit status: 0 good or done, 1 something is wrong with the audit, 2 it could not begin.
"""

import argparse
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from auth_service import spreadsheets
from auth_service.audit import check as audit_check
from auth_service.audit.chain import Heads, plain
from auth_service.clock import system_clock
from auth_service.days import moment, moment_after
from auth_service.errors import Invalid, Unavailable
from auth_service.settings import Settings
from auth_service.store import audit_chain as chains
from auth_service.store import audit_search
from auth_service.store.database import Store
from auth_service.store.tables import AuditLink, AuditRecord

UNLINKED_AFTER_MINUTES = 30
"""The service links within two minutes, and within eleven what a killed process left."""

_LINK = ("chain", "position", "writer", "recorded_at", "linked_at", "content", "digest")


class Say(Protocol):
    """Writes a line for people, or a piece of a file."""

    def __call__(self, line: str, *, error: bool = False, end: str = "\n") -> None:
        """Write it."""
        ...


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to the parser."""
    audit = commands.add_parser("audit", help="check the audit, or take it away")
    verbs = audit.add_subparsers(dest="verb", required=True)
    verify = verbs.add_parser("verify", help="check that nothing was changed or is gone")
    verify.add_argument(
        "--heads", type=Path, metavar="FILE", help="ends of chains that were kept: of 'audit heads', or a log"
    )
    verify.add_argument(
        "--export", type=Path, metavar="FILE", help="check an export in place of the database"
    )
    verify.add_argument(
        "--unlinked-after",
        type=int,
        default=UNLINKED_AFTER_MINUTES,
        metavar="MINUTES",
        help="how long a record may be in no chain (%(default)s)",
    )
    export = verbs.add_parser("export", help="write the records with their digests to standard output")
    export.add_argument("--from", dest="since", type=date.fromisoformat, metavar="DAY", help="first day")
    export.add_argument("--to", dest="until", type=date.fromisoformat, metavar="DAY", help="last day")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="(%(default)s)")
    verbs.add_parser("heads", help="say where the chains end, to be kept elsewhere")


def run(settings: Settings, options: argparse.Namespace, *, say: Say) -> int:
    """Run one of the commands; return its exit status."""
    try:
        if options.verb == "verify" and options.export is not None:
            return _verify_export(options.export, say)
        store = Store(settings.database_url)
        try:
            if options.verb == "verify":
                return _verify(store, options, say)
            if options.verb == "export":
                return _export(store, options, settings.zone, say)
            with store.read() as tx:
                say(json.dumps(chains.heads(tx)))
            return 0
        finally:
            store.close()
    except Unavailable as error:
        say(f"{error.reason} does not answer.", error=True)
    except Invalid as error:
        say(error.message.format(**error.places), error=True)
    except OSError as error:
        say(f"{error.filename} cannot be read: {error.strerror}.", error=True)
    return 2


def _verify(store: Store, options: argparse.Namespace, say: Say) -> int:
    kept: list[Heads] = []
    if options.heads is not None:
        kept = audit_check.read_heads(options.heads.read_text(encoding="utf-8").splitlines())
        if not kept:
            say(f"{options.heads} holds no ends of chains.", error=True)
            return 2
    unlinked_after = timedelta(minutes=options.unlinked_after)
    return _told(audit_check.verify(store, at=system_clock(), unlinked_after=unlinked_after, kept=kept), say)


def _verify_export(path: Path, say: Say) -> int:
    with path.open(encoding="utf-8") as file:
        try:
            report = audit_check.verify_export(file)
        except ValueError as error:
            say(f"{path} is no export (JSON lines): {error}.", error=True)
            return 2
    return _told(report, say)


def _told(report: audit_check.Report, say: Say) -> int:
    for line in report.lines():
        say(line)
    return 0 if report.good else 1


def _export(store: Store, options: argparse.Namespace, zone: ZoneInfo, say: Say) -> int:
    since = moment("--from", options.since, zone) if options.since else None
    before = moment_after("--to", options.until, zone) if options.until else None
    with store.snapshot() as tx:
        found = audit_search.with_links(tx, since=since, before=before)
        records = (_as_object(record, link, previous) for record, link, previous in found)
        if options.format == "csv":
            for piece in spreadsheets.table(_heads(), (_row(each) for each in records)):
                say(piece.decode("utf-8"), end="")
        else:
            for each in records:
                say(json.dumps(each, ensure_ascii=False, sort_keys=True))
    return 0


def _as_object(record: AuditRecord, link: AuditLink | None, previous: str | None) -> dict[str, Any]:
    columns = AuditRecord.__table__.columns.keys()
    whole: dict[str, Any] = plain({name: getattr(record, name) for name in columns})
    whole["link"] = None
    if link is not None and link.digest is not None:
        stamped = plain({name: getattr(link, name) for name in _LINK})
        whole["link"] = {**stamped, "previous": previous}
    return whole


def _heads() -> Iterator[str]:
    yield from AuditRecord.__table__.columns.keys()
    yield from (*_LINK, "previous")


def _row(record: dict[str, Any]) -> Iterator[object]:
    link = record["link"] or {}
    for name in AuditRecord.__table__.columns.keys():  # noqa: SIM118 - a collection of columns, no dictionary
        yield json.dumps(record[name], ensure_ascii=False) if name == "details" else record[name]
    for name in (*_LINK, "previous"):
        yield link.get(name)
