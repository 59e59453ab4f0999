"""Read the file that lists who may send by DICOM, and into which album what he sends goes.

One file says it to Orthanc (whose configuration is made from it) and to this service, so that the two never
differ. It is taken whole or not at all: with one problem nobody may send, and nothing is filed by a rule.
"""

from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from auth_service.policy import jsonc

LARGEST = 1_000_000
"""Bytes of a file."""


class PeersError(Exception):
    """The file cannot be used; ``problems`` says why, each with line and column where it has one."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _address(value: str) -> str:
    """Let only one host's IPv4 address pass, as Orthanc writes it: it compares the two as text."""
    try:
        address = IPv4Address(value)
    except ValueError as error:
        raise ValueError("must be an IPv4 address, such as 192.0.2.10") from error
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        raise ValueError("must be the address of one host")
    return str(address)


AeTitle = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 ._+-]{0,14}[A-Za-z0-9._+-])?$")]
"""PS3.5, section 6.2, without what is a wildcard, or ends in a space that does not count."""

Album = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,49}$")]
Modality = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,16}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FilingRule(_Part):
    """Into which album a series goes."""

    album: Album
    modalities: Annotated[list[Modality], Field(min_length=1, max_length=50)] | None = None
    """Only of these; ``None``: of any."""

    def holds_for(self, modality: str) -> bool:
        """Tell whether the rule is about series of a modality."""
        return self.modalities is None or modality in self.modalities


class Peer(_Part):
    """Somebody who may send."""

    ae_title: AeTitle
    address: Annotated[str, AfterValidator(_address)]
    rules: Annotated[list[FilingRule], Field(max_length=100)] = []
    """The first that holds decides; where none does, an administrator files it."""

    def album_for(self, modality: str) -> str | None:
        """Return the slug of the album into which a series of a modality goes."""
        return next((rule.album for rule in self.rules if rule.holds_for(modality)), None)


class Peers(_Part):
    """The file."""

    ae_title: AeTitle
    """Our own: what is called by another name is refused."""
    peers: Annotated[list[Peer], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        titles = [peer.ae_title.casefold() for peer in self.peers]
        twice = sorted({title for title in titles if titles.count(title) > 1})
        if twice:
            raise ValueError(f"each AE title is listed once: {', '.join(twice)} is not")
        return self

    @cached_property
    def by_title(self) -> Mapping[str, Peer]:
        """The peers by their AE titles."""
        return {peer.ae_title: peer for peer in self.peers}

    def peer(self, *, ae_title: str, address: str) -> Peer | None:
        """Return who sends under a title and from an address."""
        found = self.by_title.get(ae_title)
        return found if found is not None and found.address == address else None


def read(path: Path) -> Peers:
    """Read the file.

    Raises
    ------
    PeersError
        If it cannot be used, with everything that is wrong with it.

    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PeersError([f"it cannot be read: {error.strerror}"]) from error
    if len(raw) > LARGEST:
        raise PeersError([f"it is larger than {LARGEST} bytes"])
    try:
        document = jsonc.read(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise PeersError(["it is not text in UTF-8"]) from error
    except jsonc.UnreadableError as error:
        raise PeersError([_told(error.place, f"this is not JSON with comments: {error.why}")]) from error
    problems = [_told(place, f"{path[-1]} stands twice here") for path, place in document.repeated]
    try:
        peers = Peers.model_validate(document.value)
    except ValidationError as error:
        problems += [
            _told(document.place(tuple(one["loc"])), _sentence(dict(one)))
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise PeersError(problems) from None
    if problems:
        raise PeersError(problems)
    return peers


def _told(place: jsonc.Place, sentence: str) -> str:
    return f"line {place.line}, column {place.column}: {sentence}"


def _sentence(problem: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    return f"{name}: {problem['msg']}" if name else str(problem["msg"])
