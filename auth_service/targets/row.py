"""What one declared route is: its method and path, the query it takes, and what must be allowed for it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from auth_service.vocabulary import Action, Level

UID = r"[0-9]++(?:\.[0-9]++)*+"
"""A DICOM unique identifier as it is written in paths (PS3.5, section 9.1; its 64 characters: `MAX_UID`).

Possessive: what an identifier took it never gives back, so that a path that fits no row is known quickly.
"""

MAX_UID = 64

UID_PATTERN = re.compile(rf"(?=.{{1,{MAX_UID}}}\Z){UID}")
"""A whole identifier, length included."""

ORTHANC_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){4}")

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "study": UID,
        "series": UID,
        "instance": UID,
        # Not more at once: Orthanc makes the whole answer in memory.
        "frames": r"[1-9][0-9]*+(?:,[1-9][0-9]*+){0,99}+",
        "tags": r"[0-9A-Fa-f]++(?:/[0-9A-Fa-f]++)*+",
        "id": r"[0-9a-f]++(?:-[0-9a-f]++)*+",
        "frame": r"[0-9]++",
        "content": r"[0-9A-Za-z-]++(?:/[0-9A-Za-z-]++)*+",
        "job": r"[0-9a-f]++(?:-[0-9a-f]++)*+",
        "output": r"[a-z]+",
        "name": r"[0-9A-Za-z_-]+",
        "rest": r".*",
    }
)
"""What may stand in a place of a path, as a regular expression that Python and nginx read alike."""


class Way(StrEnum):
    """How a permitted request is served."""

    STREAMED = "streamed"
    """nginx asks for a decision, then streams from Orthanc itself."""
    ANSWERED = "answered"
    """nginx hands the request to the auth service, which asks Orthanc a narrowed question."""
    NOBODY = "nobody"
    """Known, and refused to everybody as if it did not exist; the row says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One declared route.

    At the level of the system an action is meant on everything there is: it needs `Action.ADMINISTER`
    besides, and a grant without bounds.
    """

    name: str
    method: str
    path: str
    """A template with ``{places}``."""
    action: Action
    level: Level
    way: Way
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What each query parameter may hold, as a regular expression."""
    by_class: bool = False
    """The action is `Action.VIEW` where the instance is of a class that viewers need whole."""
    cached: bool = True
    """Whether nginx may keep the decision."""
    why: str = ""
    """Why it is for nobody."""

    @property
    def places(self) -> tuple[str, ...]:
        """The names of the places in the path, in order."""
        return tuple(re.findall(r"\{([a-z]+)\}", self.path))

    @property
    def nginx_pattern(self) -> str:
        """The path as a regular expression for nginx, whose named groups become variables."""
        return template(self.path, lambda place: f"(?<gate_{place}>{PLACES[place]})")

    @property
    def nginx_key(self) -> str:
        """What `Target.cache_key` says, in nginx's variables."""
        return "|".join((self.name, *(f"$gate_{place}" for place in self.key_places)))

    @property
    def key_places(self) -> tuple[str, ...]:
        """The places that a decision depends on: study and series, or Orthanc's own identifier.

        That a frame or an instance belongs to the series of its path is checked by Orthanc's DICOMweb plugin,
        which answers 404 (an integration test asks it). Orthanc's REST routes name one thing only.
        """
        return tuple(place for place in self.places if place in ("study", "series", "id"))


def template(path: str, place: Callable[[str], str]) -> str:
    """Turn a path with ``{places}`` into a regular expression, each place by a function of its name."""
    parts = re.split(r"\{([a-z]+)\}", path)
    return "".join(
        place(part) if index % 2 else re.escape(part).replace("\\-", "-") for index, part in enumerate(parts)
    )
