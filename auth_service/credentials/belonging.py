"""Which groups somebody belongs to: tokens name their paths, and what counts are their ids."""

import logging
import time
from collections.abc import Callable, Iterable

from auth_service.directory import Directory, with_ancestors
from auth_service.errors import Unavailable
from auth_service.policy.model import Group
from auth_service.reach import Reach

log = logging.getLogger(__name__)


class Belonging:
    """From the paths of groups to groups, their ancestors included.

    Parameters
    ----------
    timer : callable
        Seconds of a monotonic clock.

    """

    def __init__(self, directory: Directory, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._reach = Reach(timer)

    def groups(self, paths: frozenset[str], *, known: Iterable[Group] = ()) -> frozenset[Group]:
        """Return today's groups; while the directory is silent, those ``known`` before that are still his.

        Without it nothing is ever added: a grant by a group waits for the first check that finds it again.
        """
        if not paths:
            return frozenset()
        if self._reach.may_ask():
            try:
                found = self._directory.groups_with_ancestors(paths)
            except Unavailable:
                self._reach.silent()
                log.warning("the directory does not answer: groups are not looked up")
            else:
                self._reach.answered()
                return found
        still_his = {path for group in paths for path in with_ancestors(group)}
        return frozenset(group for group in known if group.path in still_his)
