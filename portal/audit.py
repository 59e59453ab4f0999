"""What happened, as the audit tells it: the question, its answer, and where the same is had as a file."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from portal.answers import Answer

PER_PAGE = 25
"""So that the entry that is chosen, which is drawn under the table, is not far from its row."""


class AuditEntry(Answer):
    """One thing that happened; owners of albums are not told all of it."""

    id: int
    at: datetime
    event: str
    actor: str
    actor_name: str = ""
    action: str | None = None
    level: str | None = None
    target: str | None = None
    study_uid: str | None = None
    label: str | None = None
    reason: str | None = None
    rule: str | None = None
    count: int = 1
    details: Mapping[str, Any] = Field(default_factory=dict)
    session: str | None = None
    address: str | None = None
    request_id: str | None = None


class AuditPage(Answer):
    """A page of what happened, the newest first, and how much matches in all."""

    items: tuple[AuditEntry, ...]
    total: int


class AuditSearch(BaseModel):
    """What is looked for; what is empty narrows nothing."""

    model_config = ConfigDict(frozen=True)

    event: str | None = None
    actor: str = ""
    album: str = ""
    """A slug."""
    target: str = ""
    first_day: date | None = None
    last_day: date | None = None

    def parameters(self) -> dict[str, str]:
        """Return it as the API hears it."""
        asked = {
            "event": self.event,
            "actor": self.actor,
            "album": self.album,
            "target": self.target,
            "from": self.first_day.isoformat() if self.first_day else None,
            "to": self.last_day.isoformat() if self.last_day else None,
        }
        return {name: value for name, value in asked.items() if value}

    def file(self, public_url: str) -> str:
        """Return the address of all that matches as a table; the browser asks with the person's cookie."""
        return f"{public_url}/api/audit?{urlencode({**self.parameters(), 'format': 'csv'})}"
