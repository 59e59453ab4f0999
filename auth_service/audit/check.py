"""Check the chains of the audit against the records, or an export against itself.

Who can write the database can also compute a whole chain anew. That shows against the ends of the chains that
were kept elsewhere (the log, a file), and nowhere else.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auth_service.audit.chain import Heads, Link, content_of, digest_of, opening_of
from auth_service.store import audit_chain as table
from auth_service.store.database import Store
from auth_service.store.tables import AuditChain, AuditRemoval

MOST_NAMED = 20
"""Findings of one kind in one chain that are named; further ones are counted."""


@dataclass(slots=True, kw_only=True)
class ChainReport:
    """One chain: how long it is, and what is wrong with it."""

    chain: str
    begun: datetime
    links: int = 0
    removed: int = 0
    """Records that are gone because the site keeps them no longer."""
    findings: dict[str, list[str]] = field(default_factory=dict)
    """What is wrong, by kind."""

    def find(self, kind: str, what: object) -> None:
        """Note a finding."""
        self.findings.setdefault(kind, []).append(str(what))


@dataclass(slots=True, kw_only=True)
class Report:
    """All chains, and what is wrong beside them."""

    chains: list[ChainReport] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing at all was found."""
        return not self.findings and not any(chain.findings for chain in self.chains)

    def lines(self) -> Iterator[str]:
        """Say it, for people."""
        for chain in self.chains:
            state = "; ".join(_few(kind, what) for kind, what in chain.findings.items()) or "good"
            gone = f", {chain.removed} removed by retention" if chain.removed else ""
            yield f"chain {chain.chain} of {chain.begun:%Y-%m-%d %H:%M}: {chain.links} records{gone}: {state}"
        yield from self.findings
        yield "the audit is good" if self.good else "THE AUDIT IS NOT GOOD"


def verify(store: Store, *, at: datetime, unlinked_after: timedelta, kept: Iterable[Heads] = ()) -> Report:
    """Check every chain and every record.

    Parameters
    ----------
    store : Store
    at : datetime
        Now.
    unlinked_after : timedelta
        A record that is in no chain after this time is a finding: the service should have linked it.
    kept : iterable of Heads
        Where chains ended at earlier moments, kept elsewhere: all of it must still be there.

    Raises
    ------
    Unavailable
        If the database cannot be used.

    """
    report = Report()
    with store.snapshot() as tx:
        removals = table.removals(tx)
        until = max((removal.until for removal in removals), default=None)
        for chain in table.chains(tx):
            report.chains.append(_chain(chain, table.links(tx, chain=chain.id), until))
            for name, head in chain.heads.items():
                if table.digest_at(tx, chain=name, position=head[0]) != head[1]:
                    report.chains[-1].find("an earlier chain's end is not there any more", name)
        for name, (position, digest) in ((name, head) for heads in kept for name, head in heads.items()):
            if table.digest_at(tx, chain=name, position=position) != digest:
                report.findings.append(f"kept end not found: chain {name}, position {position}")
        report.findings += [f"chain {name} has no beginning" for name in table.chains_without_opening(tx)]
        report.findings += [f"record {record} has no link" for record in table.records_without_link(tx)]
        report.findings += [
            f"record {record} is in no chain yet, though old"
            if there
            else f"unlinked record {record} is gone"
            for record, there in table.links_due(tx, before=at - unlinked_after)
        ]
        report.findings += _removals_not_on_record(removals, table.removals_on_record(tx))
        gone, told = sum(chain.removed for chain in report.chains), sum(each.count for each in removals)
        if gone > told:
            report.findings.append(f"{gone - told} more old records are gone than retention removed")
    return report


def _chain(opening: AuditChain, links: Iterable[table.Kept], removed_until: datetime | None) -> ChainReport:
    report = ChainReport(chain=opening.id, begun=opening.begun_at)
    heads = {name: (int(head[0]), str(head[1])) for name, head in opening.heads.items()}
    if opening_of(opening.id, opening.begun_at, heads) != opening.digest:
        report.find("its beginning was changed", opening.id)
    previous, expected = opening.digest, 1
    for kept in links:
        _link(report, kept, removed_until)
        if kept.link.position != expected:
            report.find("missing link", _span(expected, kept.link.position - 1))
        elif digest_of(previous, kept.link) != kept.digest:
            report.find("changed link", f"of record {kept.link.record}")
        # What follows is judged by what stands here, so that one finding does not hide the next.
        previous, expected = kept.digest, kept.link.position + 1
        report.links += 1
    return report


def _link(report: ChainReport, kept: table.Kept, removed_until: datetime | None) -> None:
    if kept.record is not None:
        if content_of(kept.record) != kept.link.content:
            report.find("changed record", kept.link.record)
    elif removed_until is not None and kept.link.recorded_at < removed_until:
        report.removed += 1
    else:
        report.find("missing record", kept.link.record)


def _removals_not_on_record(
    removals: Iterable[AuditRemoval], on_record: Iterable[Mapping[str, object]]
) -> Iterator[str]:
    """Say which removals no record tells of; records of removals are removed themselves in the end."""
    told = {(str(details.get("until")), details.get("count")) for details in on_record}
    all_of_them = list(removals)
    newest = max((removal.until for removal in all_of_them), default=None)
    for removal in all_of_them:
        young = newest is not None and removal.removed_at >= newest
        if young and (removal.until.isoformat(), removal.count) not in told:
            yield f"a removal of {removal.count} records until {removal.until.isoformat()} is not on record"


def verify_export(lines: Iterable[str]) -> Report:
    """Check an export (JSON lines) by itself: each record by its digest, each link by the one before.

    Raises
    ------
    ValueError
        If a line is none of an export.

    """
    report = Report()
    chains: dict[str, ChainReport] = {}
    ends: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines, start=1):
        record = _object(line, number)
        stamped = record.pop("link", None)
        if stamped is None:
            report.findings.append(f"line {number}: record {record.get('id')} is in no chain")
            continue
        link, previous, digest = _stamped(stamped, record, number)
        chain = chains.setdefault(link.chain, ChainReport(chain=link.chain, begun=link.linked_at))
        chain.links += 1
        if content_of(record) != link.content:
            chain.find("changed record", link.record)
        if digest_of(previous, link) != digest:
            chain.find("changed link", f"of record {link.record}")
        before = ends.get(link.chain)
        if before is not None and before[0] + 1 == link.position and before[1] != previous:
            chain.find("links do not follow each other", f"record {link.record}")
        ends[link.chain] = (link.position, digest)
    report.chains = list(chains.values())
    return report


def _object(line: str, number: int) -> dict[str, object]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise ValueError(f"line {number} is no record")  # noqa: TRY004 - the value of the file is wrong
    return record


def _stamped(stamped: object, record: Mapping[str, object], number: int) -> tuple[Link, str, str]:
    if not isinstance(stamped, dict):
        raise ValueError(f"line {number} is no record")  # noqa: TRY004 - the value of the file is wrong
    try:
        link = Link(
            chain=str(stamped["chain"]),
            position=int(str(stamped["position"])),
            record=int(str(record["id"])),
            writer=str(stamped["writer"]),
            recorded_at=datetime.fromisoformat(str(stamped["recorded_at"])),
            linked_at=datetime.fromisoformat(str(stamped["linked_at"])),
            content=str(stamped["content"]),
        )
        return link, str(stamped["previous"]), str(stamped["digest"])
    except (KeyError, ValueError) as error:
        raise ValueError(f"line {number} is no record") from error


def read_heads(lines: Iterable[str]) -> list[Heads]:
    """Read ends of chains out of a file: of ``audit heads``, or the service's own log.

    Lines that say nothing of ends are passed over.
    """
    found: list[Heads] = []
    for line in lines:
        try:
            read = json.loads(line[line.index("{") :])
            found.append({str(name): (int(head[0]), str(head[1])) for name, head in read.items()})
        except (ValueError, TypeError, AttributeError, LookupError):
            continue
    return [heads for heads in found if heads]


def _few(kind: str, what: list[str]) -> str:
    named = ", ".join(what[:MOST_NAMED])
    return f"{kind}: {named}" + (f" and {len(what) - MOST_NAMED} more" if len(what) > MOST_NAMED else "")


def _span(first: int, last: int) -> str:
    return f"at {first}" if first == last else f"at {first} to {last}"
