"""What came by DICOM and waits to be filed, as auth_service tells administrators of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from portal.answers import Answer
from portal.asking import Asker, read

PER_PAGE = 200
"""Series: a study of many is mostly on one page."""

LONGEST_REASON = 500


class Arrival(Answer):
    """A series that came by DICOM."""

    id: int
    series: str
    study: str
    modality: str
    ae_title: str
    address: str
    arrived: datetime
    reason: str | None = None
    present: bool
    patient_id: str = ""
    study_date: str = ""
    study_description: str = ""
    series_description: str = ""
    instances: int = 0


class ArrivalList(Answer):
    """A page of series, and how many there are in all."""

    items: tuple[Arrival, ...]
    total: int
    studies: int
    arriving: int
    """Series of which images may still come."""


class ArrivalsAccount(Protocol):
    """What can be asked in an administrator's name. What is refused comes as `Invalid` with a sentence."""

    def arrivals(self, *, limit: int, offset: int) -> ArrivalList:
        """List what waits to be filed."""

    def file_arrivals(self, ids: Sequence[int], album: str, *, language: str) -> None:
        """Put series into an album, all of them or none."""

    def dismiss_arrivals(self, ids: Sequence[int], reason: str, *, language: str) -> None:
        """Put series aside, all of them or none."""


class HttpArrivals(Asker):
    """The same over HTTP."""

    def arrivals(self, *, limit: int, offset: int) -> ArrivalList:
        """See `ArrivalsAccount`."""
        page = {"limit": limit, "offset": offset}
        return read(ArrivalList, self._ask("GET", "/api/arrivals", params=page))

    def file_arrivals(self, ids: Sequence[int], album: str, *, language: str) -> None:
        """See `ArrivalsAccount`."""
        body = {"ids": list(ids), "album": album}
        self._ask("POST", "/api/arrivals/file", json=body, headers=_spoken(language))

    def dismiss_arrivals(self, ids: Sequence[int], reason: str, *, language: str) -> None:
        """See `ArrivalsAccount`."""
        body = {"ids": list(ids), "reason": reason}
        self._ask("POST", "/api/arrivals/dismiss", json=body, headers=_spoken(language))


def _spoken(language: str) -> Mapping[str, str]:
    return {"Accept-Language": language}
