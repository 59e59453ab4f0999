"""Whence a request came, for the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from: every record of it says so."""

    address: str | None
    request_id: str | None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """Read what nginx says of the client; nobody else is heard (``http/app.py``)."""
        return cls(address=headers.get("x-gate-address"), request_id=headers.get("x-request-id"))


NOWHERE = Origin(address=None, request_id=None)
"""Where the system itself asks from."""
