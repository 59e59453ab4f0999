"""What came by DICOM, in memory, as the page of administrators sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portal.arrivals import Arrival, ArrivalList
from portal.errors import Invalid, NotFound

if TYPE_CHECKING:
    from tests.pages.fakes import World


def arrival(number: int, **changes: object) -> Arrival:
    """A series that waits."""
    values: dict[str, object] = {
        "id": number,
        "series": f"1.9.{number}",
        "study": "1.9",
        "modality": "MR",
        "ae_title": "CT1",
        "address": "192.0.2.1",
        "arrived": datetime.now(UTC),
        "reason": "no-rule",
        "present": True,
        "patient_id": f"TEST-{number}",
        "study_date": "20260301",
        "study_description": "Head",
        "series_description": "t1",
        "instances": 7,
    }
    return Arrival.model_validate(values | changes)


@dataclass
class Waiting:
    """What waits, and what was decided."""

    items: list[Arrival] = field(default_factory=list)
    arriving: int = 0
    filed: list[tuple[list[int], str]] = field(default_factory=list)
    dismissed: list[tuple[list[int], str]] = field(default_factory=list)


class FakeArrivals:
    """The part of the account; whose it is, is the account's."""

    _world: "World"
    _person: str

    def arrivals(self, *, limit: int, offset: int) -> ArrivalList:
        waiting = self._waiting()
        return ArrivalList(
            items=tuple(waiting.items[offset : offset + limit]),
            total=len(waiting.items),
            studies=len({one.study for one in waiting.items}),
            arriving=waiting.arriving,
        )

    def file_arrivals(self, ids: Sequence[int], album: str, *, language: str) -> None:
        if album not in {one.slug for one in self._world.albums}:
            raise Invalid("album", f"There is no album {album} ({language}).")
        self._waiting().filed.append((list(ids), album))
        self._decided(ids)

    def dismiss_arrivals(self, ids: Sequence[int], reason: str, *, language: str) -> None:
        self._waiting().dismissed.append((list(ids), reason))
        self._decided(ids)

    def _decided(self, ids: Sequence[int]) -> None:
        waiting = self._waiting()
        waiting.items = [one for one in waiting.items if one.id not in ids]

    def _waiting(self) -> Waiting:
        if not self._world.people[self._person].administers:
            raise NotFound
        return self._world.waiting
