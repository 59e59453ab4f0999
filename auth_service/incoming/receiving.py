"""Note what comes by DICOM while the service runs, and put it into albums by the rules of the site.

Orthanc's list of changes says which series are new, and the first image of each how it came. A series is
filed when Orthanc has got no image of it for a while. Of several replicas one does it at a time.

What the list does not say any more - it was cleared, or another archive is there than before - is found by
looking through all that ever came by DICOM: at each start, and where the list does not go on where it was
left. What is found twice is noted once.

Nothing is taken on trust but what Orthanc itself has written down: who sent each image, and from where. Of
what came from several senders, or from one who is listed no more, an administrator decides.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from auth_service.albums import ledger, resuming
from auth_service.albums.naming import is_uid
from auth_service.audit import arrivals as audit_arrivals
from auth_service.chores import Chore
from auth_service.deidentifying import keeping
from auth_service.incoming import peers as peers_file
from auth_service.incoming.peers import Peers, PeersError
from auth_service.pieces import pieces
from auth_service.policy.model import SYSTEM
from auth_service.store import albums as albums_table
from auth_service.store import arrivals as table
from auth_service.store import followers
from auth_service.store.arrivals import Came
from auth_service.store.followers import Follower
from auth_service.store.tables import Arrival
from auth_service.vocabulary import ArrivalReason, ArrivalState, ChangeVerb
from auth_service.world import World

EVERY = 2.0
"""Seconds between two rounds."""

LEASE = timedelta(seconds=15)
"""Who dies in a round is replaced after so long; that two work at a time, after a longer one, is harmless."""

PAGE = 1000
PAGES = 5
"""How many of Orthanc's changes one round reads at most: a long import is caught up with in several."""

PIECE = 200
"""Series that are looked at together, and that one round settles at most."""

_NEW = "NewSeries"
_BY_DICOM = "DicomProtocol"

log = logging.getLogger(__name__)


class Receiver(Chore):
    """Notes and files what comes."""

    name = "receiver"
    usually = EVERY
    waits = "what comes by DICOM waits"
    failed = "what came by DICOM could not be filed"

    def __init__(self, world: World, *, every: float | None = None) -> None:
        super().__init__(world, every=every)
        self._looked_through = False

    def work(self) -> None:
        """Follow what came; the first time look through all that is there."""
        if one_round(self._world, look_through=not self._looked_through):
            self._looked_through = True

    def leave(self) -> None:
        """Let another replica go on at once."""
        with self._world.store.write() as tx:
            followers.give_turn_back(tx, Follower.ARRIVALS, holder=self._world.store.writer)


def one_round(world: World, *, look_through: bool = False) -> bool:
    """Note what came, file what is complete, and keep what came of it; ``False``: it is another's turn.

    Parameters
    ----------
    world : World
    look_through : bool
        Whether all that ever came by DICOM is looked through, not only what the list of changes says.

    Raises
    ------
    Unavailable
        If Orthanc or the database does not answer; what was not done is done in a later round.

    """
    at = world.clock()
    if not world.settings.dicom_peers_file:
        with world.store.read() as tx:
            if not table.under_way(tx):
                return True
    with world.store.write() as tx:
        if not followers.take_turn(tx, Follower.ARRIVALS, holder=world.store.writer, at=at, until=at + LEASE):
            return False
    if world.settings.dicom_peers_file:
        follow(world, look_through=look_through)
    settle(world)
    close(world)
    return True


def follow(world: World, *, look_through: bool) -> None:
    """Note the series that Orthanc has got by DICOM since its changes were last read."""
    with world.store.read() as tx:
        since = followers.sequence(tx, Follower.ARRIVALS)
    last = world.archive.changes(since=None, limit=1)["Last"]
    if look_through or since is None or last < since:
        _look_through(world, last)
        since = last if since is None or last < since else since
        with world.store.write() as tx:
            followers.set_sequence(tx, Follower.ARRIVALS, since)
    for _ in range(PAGES):
        if since >= last:
            return
        page = world.archive.changes(since=since, limit=PAGE)
        new = {one["ID"]: one["Seq"] for one in page["Changes"] if one["ChangeType"] == _NEW}
        came = [found for one, sequence in new.items() if (found := _came(world, one, sequence))]
        since = max(since, page["Last"])
        with world.store.write() as tx:
            # Together: what was read is noted, whenever this is killed.
            table.note(tx, came, at=world.clock())
            followers.set_sequence(tx, Follower.ARRIVALS, since)
        if page["Done"]:
            return


def settle(world: World) -> None:
    """Decide about the series of which no image has come for a while."""
    after = 0
    while True:
        with world.store.read() as tx:
            arriving = table.in_state(tx, ArrivalState.ARRIVING, limit=PIECE, after=after)
        if not arriving:
            return
        _settle(world, _peers(world), arriving)
        after = arriving[-1].id


def _settle(world: World, peers: Peers | None, arriving: Sequence[Arrival]) -> None:
    stable = {row["ID"]: row["IsStable"] for row in _rows(world, arriving)}
    gone = [one.id for one in arriving if one.orthanc_series not in stable]
    wait: dict[ArrivalReason, list[int]] = defaultdict(list)
    into: dict[str, list[int]] = defaultdict(list)
    for one in arriving:
        if stable.get(one.orthanc_series):
            album = _album_for(world, peers, one)
            (wait[album] if isinstance(album, ArrivalReason) else into[album]).append(one.id)
    with world.store.write() as tx:
        table.move(tx, gone, origin=ArrivalState.ARRIVING, to=ArrivalState.GONE)
        for reason, ids in wait.items():
            table.move(tx, ids, origin=ArrivalState.ARRIVING, to=ArrivalState.TO_BE_FILED, reason=reason)
    for slug, ids in into.items():
        _file(world, slug, ids)


def close(world: World) -> None:
    """Keep what came of the series that were being put into albums: one that was not waits again."""
    while True:
        with world.store.write() as tx:
            stamped = table.stamped(tx, limit=PIECE)
            came_of: dict[str | None, list[int]] = defaultdict(list)
            for one in stamped:
                came_of[one.failure].append(one.arrival)
            for failure, ids in came_of.items():
                to = ArrivalState.FILED if failure is None else ArrivalState.TO_BE_FILED
                table.move(tx, ids, origin=ArrivalState.FILING, to=to, reason=failure)
        if len(stamped) < PIECE:
            return


def _file(world: World, slug: str, ids: Sequence[int]) -> None:
    """Write down, in one transaction, that series go into an album, and that this is what became of them."""
    at = world.clock()
    with world.store.write() as tx:
        rows = [row for row in table.locked(tx, ids).values() if row.state == ArrivalState.ARRIVING]
        album = albums_table.album(tx, slug, lock=True)
        if album is None or album.archived_at is not None:
            table.move(
                tx,
                [row.id for row in rows],
                origin=ArrivalState.ARRIVING,
                to=ArrivalState.TO_BE_FILED,
                reason=ArrivalReason.NO_ALBUM,
            )
            return
        if rows and keeping.deidentifies(tx, album):
            waiting = [row.id for row in rows]
            table.move(
                tx,
                waiting,
                origin=ArrivalState.ARRIVING,
                to=ArrivalState.TO_BE_FILED,
                reason=ArrivalReason.DEIDENTIFIES,
            )
            return
        if not rows:
            return
        uids = list(dict.fromkeys(row.series_uid for row in rows))
        change = ledger.write(tx, album, actor=SYSTEM, verb=ChangeVerb.ADD, series=uids, at=at)
        table.decide(tx, rows, to=ArrivalState.FILING, at=at, by=SYSTEM.key, change=change)
        audit_arrivals.arrivals_filed(
            tx, at=at, actor=SYSTEM, slug=slug, change=change, senders=senders_of(rows)
        )
    resuming.wake()


def senders_of(arrivals: Iterable[Arrival]) -> dict[str, int]:
    """Count series by who sent them: AE title and address."""
    counts: dict[str, int] = defaultdict(int)
    for one in arrivals:
        counts[f"{one.ae_title}@{one.address}"] += 1
    return dict(sorted(counts.items()))


def _album_for(world: World, peers: Peers | None, arrival: Arrival) -> str | ArrivalReason:
    """Return the album that a rule names for a series, or why an administrator must decide."""
    if peers is None:
        return ArrivalReason.NO_PEERS
    whole: dict[str, Any] = {"Level": "Instance", "Query": {}, "ParentSeries": arrival.orthanc_series}
    sent = {
        "Origin": _BY_DICOM,
        "RemoteAET": arrival.ae_title,
        "RemoteIP": arrival.address,
    }
    # The second first: an image that comes in between makes them differ, not the same.
    of_sender = world.archive.count(whole | {"MetadataQuery": sent})
    if of_sender != world.archive.count(whole):
        return ArrivalReason.MIXED
    peer = peers.peer(ae_title=arrival.ae_title, address=arrival.address)
    album = peer.album_for(arrival.modality) if peer is not None else None
    return album or ArrivalReason.NO_RULE


def _peers(world: World) -> Peers | None:
    """Read the list of senders as it is now; ``None``: it cannot be used, and nothing goes by a rule."""
    if not world.settings.dicom_peers_file:
        return None
    try:
        return peers_file.read(Path(world.settings.dicom_peers_file))
    except PeersError as error:
        log.error("the list of DICOM senders cannot be used: %s", "; ".join(error.problems))  # noqa: TRY400 - the cause is in the sentences
        return None


def _rows(world: World, arrivals: Sequence[Arrival]) -> list[dict[str, Any]]:
    """Ask Orthanc whether series are there, and whether they are complete."""
    uids = sorted({one.series_uid for one in arrivals})
    return world.archive.find(
        {
            "Level": "Series",
            "Query": {"SeriesInstanceUID": "\\".join(uids)},
            "ResponseContent": ["IsStable"],
        }
    )


def _look_through(world: World, last: int) -> None:
    """Note every series that came by DICOM and is not known yet."""
    since = 0
    while True:
        page = world.archive.find(
            {
                "Level": "Series",
                "Query": {},
                # Of at least one letter: what came otherwise has an empty one.
                "MetadataQuery": {"RemoteAET": "?*"},
                "ResponseContent": ["Metadata"],
                "Since": since,
                "Limit": PAGE,
            }
        )
        with world.store.read() as tx:
            known = table.known_of(tx, [row["ID"] for row in page])
        for some in pieces([row["ID"] for row in page if row["ID"] not in known], PIECE):
            came = [found for one in some if (found := _came(world, one, last))]
            with world.store.write() as tx:
                table.note(tx, came, at=world.clock())
        if len(page) < PAGE:
            return
        since += len(page)


def _came(world: World, orthanc_series: str, sequence: int) -> Came | None:
    """Say how a series came, by an image that came by DICOM; ``None``: none did, or it is gone."""
    rows = world.archive.find(
        {
            "Level": "Instance",
            "Query": {},
            "ParentSeries": orthanc_series,
            "MetadataQuery": {"Origin": _BY_DICOM},
            "ResponseContent": ["Metadata"],
            "RequestedTags": ["SeriesInstanceUID", "StudyInstanceUID", "Modality"],
            "Limit": 1,
        }
    )
    if not rows:
        return None
    found = _read(rows[0]["Metadata"], rows[0]["RequestedTags"], orthanc_series, sequence)
    # Orthanc's filter lets nothing else in; a question about nothing would be one about everything.
    return found if is_uid(found.series_uid) else None


def _read(
    metadata: Mapping[str, str], tags: Mapping[str, str | None], orthanc_series: str, sequence: int
) -> Came:
    return Came(
        orthanc_series=orthanc_series,
        sequence=sequence,
        series_uid=tags["SeriesInstanceUID"] or "",
        study_uid=tags["StudyInstanceUID"] or "",
        modality=tags.get("Modality") or "",
        ae_title=metadata.get("RemoteAET", ""),
        address=metadata.get("RemoteIP", ""),
        called=metadata.get("CalledAET", ""),
    )
