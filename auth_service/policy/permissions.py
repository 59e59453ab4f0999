"""The permission names of Orthanc's own auth service, and what each of them gives here.

The list is closed, as it is there: a name that is not in it is a mistake at its place in the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from auth_service.vocabulary import RULE_ACTIONS, Action


@dataclass(frozen=True, slots=True)
class Permission:
    """What a name gives here, and why that."""

    actions: frozenset[Action]
    reason: str


def _gives(*actions: Action, reason: str) -> Permission:
    return Permission(frozenset(actions), reason)


_OF_THE_SYSTEM = "It is about the system: that comes with the realm role admin, and with no rule."
_CHANGES_DICOM = "It changes or deletes what is stored, for everybody: nobody does that by a rule."

PERMISSIONS: Mapping[str, Permission] = {
    "all": Permission(RULE_ACTIONS, "Whatever a rule can give on images; not what is about the system."),
    "view": _gives(Action.VIEW, reason="The same."),
    "download": _gives(Action.DOWNLOAD, reason="The same."),
    "upload": _gives(Action.UPLOAD, reason="New series where the label is; never over what exists."),
    "send": _gives(Action.SEND, reason="Put series into albums, or send them to people."),
    "share": _gives(reason="A link leads to an album, and its owner gives it."),
    "delete": _gives(reason=_CHANGES_DICOM),
    "modify": _gives(reason=_CHANGES_DICOM),
    "anonymize": _gives(reason=_CHANGES_DICOM),
    "edit-labels": _gives(reason="A label gives rights: who could write them would give them to himself."),
    "q-r-remote-modalities": _gives(reason=_OF_THE_SYSTEM),
    "settings": _gives(reason=_OF_THE_SYSTEM),
    "api-view": _gives(reason=_OF_THE_SYSTEM),
    "admin-permissions": _gives(reason=_OF_THE_SYSTEM),
    "audit-logs": _gives(reason=_OF_THE_SYSTEM),
    "worklists": _gives(reason=_OF_THE_SYSTEM),
}
