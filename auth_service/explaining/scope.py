"""How much somebody may be told: an administrator all, an owner what touches his albums, others nothing.

What an owner may not know is taken away *before* anything is judged, so that an explanation about a foreign
study and one about a study that does not exist are the same answer.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from auth_service.albums.rights import accesses
from auth_service.archive import AmbiguousError, ArchivedInstance, ArchivedSeries, ArchivedStudy
from auth_service.judging import Resolver, judge_system
from auth_service.policy.model import Actor, Grant
from auth_service.vocabulary import Action, ActorKind, album_label
from auth_service.world import World

Found = TypeVar("Found")

NEEDED = frozenset({Action.MANAGE, Action.AUDIT})
"""What one may in an album to be told about it: who its members are, and what happened through it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What somebody may be told about."""

    labels: frozenset[str] | None
    """``None``: about everything."""

    @property
    def whole(self) -> bool:
        """Whether nothing is kept back."""
        return self.labels is None

    def grants(self, grants: Iterable[Grant]) -> list[Grant]:
        """Return those of the grants that may be spoken of."""
        return [grant for grant in grants if self.labels is None or grant.label in self.labels]

    def archive(self, archive: Resolver) -> Resolver:
        """Return the archive as far as it may be spoken of."""
        return archive if self.labels is None else OwnArchive(archive, self.labels)


def scope_of(world: World, asker: Actor) -> Scope | None:
    """Return what somebody may be told; ``None``: nothing, and no token anything."""
    at = world.clock()
    if asker.kind is ActorKind.SYSTEM or judge_system(asker, at).allowed:
        return Scope(None)
    if not asker.in_person:
        return None
    with world.store.read() as tx:
        found = accesses(tx, asker, at=at, zone=world.settings.zone)
    own = frozenset(album_label(each.album.slug) for each in found if each.actions >= NEEDED)
    return Scope(own) if own else None


class OwnArchive:
    """The archive as an owner may hear of it: the series of his albums, with the labels of his albums.

    What exists twice cannot be told to be his: it is not there.
    """

    def __init__(self, archive: Resolver, labels: Collection[str]) -> None:
        self._archive = archive
        self._labels = frozenset(labels)

    def study(self, uid: str) -> ArchivedStudy | None:
        """Resolve a study to those of its series that are his; none of them: no study."""
        return self._cut_study(_one(self._archive.study, uid))

    def study_by_id(self, orthanc_id: str) -> ArchivedStudy | None:
        """Resolve a study in the same manner, by Orthanc's own identifier."""
        return self._cut_study(_one(self._archive.study_by_id, orthanc_id))

    def series(self, uid: str) -> ArchivedSeries | None:
        """Resolve a series of his."""
        return self._cut(_one(self._archive.series, uid))

    def series_by_id(self, orthanc_id: str) -> ArchivedSeries | None:
        """Resolve a series of his, by Orthanc's own identifier."""
        return self._cut(_one(self._archive.series_by_id, orthanc_id))

    def instance(self, orthanc_id: str) -> ArchivedInstance | None:
        """Resolve an instance of a series of his, by Orthanc's own identifier."""
        return self._cut_instance(_one(self._archive.instance, orthanc_id))

    def instance_by_uid(self, uid: str) -> ArchivedInstance | None:
        """Resolve an instance of a series of his."""
        return self._cut_instance(_one(self._archive.instance_by_uid, uid))

    def _cut_study(self, study: ArchivedStudy | None) -> ArchivedStudy | None:
        own = tuple(cut for each in study.series if (cut := self._cut(each))) if study else ()
        return replace(study, labels=study.labels & self._labels, series=own) if study and own else None

    def _cut_instance(self, instance: ArchivedInstance | None) -> ArchivedInstance | None:
        series = self._cut(instance.series) if instance else None
        return replace(instance, series=series) if instance and series else None

    def _cut(self, series: ArchivedSeries | None) -> ArchivedSeries | None:
        labels = series.labels & self._labels if series else None
        if series is None or not labels:
            return None
        return replace(series, labels=labels, study_labels=series.study_labels & self._labels)


def _one(find: Callable[[str], Found | None], asked: str) -> Found | None:
    try:
        return find(asked)
    except AmbiguousError:
        return None
