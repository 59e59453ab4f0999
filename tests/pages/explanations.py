"""Explanations as auth_service gives them, to be drawn: one of each outcome, and every word there is."""

from typing import Any

from auth_service.vocabulary import ActorKind, AuditEvent, Level, Outcome, WayOut, Why
from portal.explanation import Explanation
from tests.pages.fakes import NOW, ROOT

STUDY, SERIES = f"{ROOT}.1.1", f"{ROOT}.1.1.1"
PATH = f"/dicom-web/studies/{STUDY}/series/{SERIES}/metadata"

ALBUM = {"slug": "head-ct", "title": "Head CT", "owners": ["Owner Test"]}

HIDDEN: dict[str, Any] = {
    "whole": True,
    "asked": PATH,
    "others": [],
    "action": "view",
    "credential": {
        "kind": ActorKind.PERSON,
        "id": "sub-stranger",
        "name": "Stranger Test",
        "username": "stranger",
        "refused": None,
        "roles": ["researcher"],
        "groups": ["/radiology/chest"],
        "sessions": 2,
    },
    "target": {"path": PATH, "row": "series-metadata", "route": "GET /dicom-web/studies/{study}"},
    "thing": {
        "level": Level.SERIES,
        "uid": SERIES,
        "study": STUDY,
        "series": [{"uid": SERIES, "labels": ["album-head-ct"], "allowed": False}],
    },
    "grants": [
        {
            "source": "membership:7",
            "album": {"slug": "brain-mr", "title": "Brain MR", "owners": []},
            "group": "/radiology",
            "role": None,
            "label": "album-brain-mr",
            "modalities": None,
            "actions": ["view", "comment"],
            "until": "2027-01-31",
            "outcome": Why.OTHER_LABEL,
            "decided": False,
        }
    ],
    "outcome": Outcome.HIDDEN,
    "status": 404,
    "reason": Why.NO_GRANT,
    "rule": None,
    "ways": [
        {
            "kind": WayOut.MEMBERSHIP,
            "action": "view",
            "album": ALBUM,
            "label": "album-head-ct",
            "ended": None,
            "token_too": False,
        }
    ],
    "record": None,
    "decisions": [
        {
            "at": NOW.isoformat(),
            "event": AuditEvent.DENIED,
            "action": "view",
            "target": PATH,
            "reason": Why.NO_GRANT,
            "request_id": "a" * 32,
            "count": 3,
        }
    ],
}


def explanation(**changes: object) -> Explanation:
    """Return the one of somebody from whom a series is hidden, with changes."""
    return Explanation.model_validate(HIDDEN | changes)


def way(kind: str, **changes: object) -> dict[str, Any]:
    """Return a way out."""
    return {**HIDDEN["ways"][0], "kind": kind, "ended": "2026-03-02", **changes}


def grant(**changes: object) -> dict[str, Any]:
    """Return a grant."""
    return {**HIDDEN["grants"][0], **changes}
