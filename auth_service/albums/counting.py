"""Count albums anew while the service runs: after changes, when images arrive, and from time to time.

Of several replicas one does it at a time, under a lease in the database. Orthanc's list of changes says when
a series has got no image for a while (``StableSeries``): one small question a series tells whose it is. What
the list does not say - what was deleted, or was settling when Orthanc stopped - is found when every album is
counted again, now and then.
"""

from datetime import timedelta

from auth_service.albums import counts
from auth_service.chores import Chore
from auth_service.store import counts as table
from auth_service.store import followers
from auth_service.store.followers import Follower
from auth_service.vocabulary import ALBUM_LABEL_PREFIX, LabelKind, Level, label_kind
from auth_service.world import World

EVERY = 5.0
"""Seconds between two rounds."""

LEASE = timedelta(seconds=60)
"""A round is shorter; who dies in one is replaced after so long."""

AGAIN = timedelta(hours=1)
"""An album that nothing happened to is counted anew after so long."""

ALBUMS = 20
"""Albums that one round counts at most, each with a question of its own: it hinders nobody for long."""

PAGE = 1000
PAGES = 5
"""How many of Orthanc's changes one round reads at most: a long import is caught up with in several."""

_STABLE = "StableSeries"


class Counter(Chore):
    """Keeps the counts of albums up."""

    name = "counter"
    usually = EVERY
    waits = "the counts of albums wait"
    failed = "the counts of albums could not be kept up"

    def work(self) -> None:
        """Follow what arrived, and count what is due."""
        one_round(self._world)

    def leave(self) -> None:
        """Let another replica go on at once."""
        with self._world.store.write() as tx:
            followers.give_turn_back(tx, Follower.COUNTS, holder=self._world.store.writer)


def one_round(world: World) -> bool:
    """Follow what arrived, and count what is due; ``False``: it is another replica's turn.

    Raises
    ------
    Unavailable
        If Orthanc or the database does not answer; what was not done is done in a later round.

    """
    at = world.clock()
    with world.store.write() as tx:
        if not followers.take_turn(tx, Follower.COUNTS, holder=world.store.writer, at=at, until=at + LEASE):
            return False
    follow(world)
    with world.store.read() as tx:
        due = table.due(tx, before=at - AGAIN, limit=ALBUMS)
    for each in due:
        counts.count(world, {each.album_id: each.slug})
    return True


def follow(world: World) -> None:
    """Mark the albums whose series got images since Orthanc's changes were last read."""
    with world.store.read() as tx:
        since = followers.sequence(tx, Follower.COUNTS)
    last = world.archive.changes(since=None, limit=1)["Last"]
    if since is None or last < since:
        # The first look, or another archive than before: nobody knows what happened until now.
        with world.store.write() as tx:
            table.mark_all(tx)
            followers.set_sequence(tx, Follower.COUNTS, last)
        return
    for _ in range(PAGES):
        if since >= last:
            return
        page = world.archive.changes(since=since, limit=PAGE)
        series = {one["ID"] for one in page["Changes"] if one["ChangeType"] == _STABLE}
        slugs = {slug for one in series for slug in _albums_of(world, one)}
        since = max(since, page["Last"])
        with world.store.write() as tx:
            table.mark(tx, table.ids_of(tx, slugs).values())
            followers.set_sequence(tx, Follower.COUNTS, since)
        if page["Done"]:
            return


def _albums_of(world: World, series: str) -> set[str]:
    return {
        label.removeprefix(ALBUM_LABEL_PREFIX)
        for label in world.archive.labels_of(Level.SERIES, series)
        if label_kind(label) is LabelKind.ALBUM
    }
