"""The detector: knows everything that is hidden from one person, and reads every byte of every answer for it.

What is hidden comes from Orthanc itself, asked with the gate's own credential, and from the albums of the
samples' manifest: nothing of it comes from the code that decides. A value that something permitted shares
with something hidden is no leak (two series of a study have one StudyInstanceUID), nor is one that the asker
wrote into his request and got back: that such an answer says no more is for the status that a test expects.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from tests.integration.raw import Answer
from tests.integration.spellings import decoded, readings
from tests.integration.truth import Series, Truth

_ROOT = 10
"""Characters by which an identifier is looked up; all are longer."""
_SHORTEST_TEXT = 5
"""Shorter texts ("2", "ECG") stand in any answer by chance: they are not looked for."""
_SAMPLE = 256
"""Bytes of pixels that stand for a picture, if they differ enough among themselves."""
_DISTINCT = 24

_UID = re.compile(rb"[0-9.]{10,}")
_ORTHANC_ID = re.compile(rb"[0-9a-fA-F-]{44,}")

_TEXTS = (
    "PatientName",
    "PatientID",
    "AccessionNumber",
    "StudyDescription",
    "SeriesDescription",
    "PerformedProcedureStepDescription",
    "ReferringPhysicianName",
    "OperatorsName",
    "StationName",
    "DeviceSerialNumber",
)


class Kind(StrEnum):
    """What sort of thing a hidden value is."""

    UID = "uid"
    """StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID, FrameOfReferenceUID."""
    ID = "id"
    """Orthanc's own identifier of a patient, study, series or instance."""
    TEXT = "text"
    """A name, number or description in an attribute; an album's title."""
    LABEL = "label"
    """An album's label, and the slug in it."""
    PIXELS = "pixels"
    """Some bytes from the middle of a picture."""


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One value that tells of something."""

    kind: Kind
    value: bytes


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that there is to know, by the series and the album that it tells of."""

    of_series: Mapping[str, frozenset[Fact]]
    of_album: Mapping[str, frozenset[Fact]]
    truth: Truth

    @classmethod
    def read(cls, truth: Truth) -> "Facts":
        """Read the whole archive with the gate's own credential."""
        studies = {row["ID"]: row for row in _rows(truth, "Study")}
        series = {row["ID"]: row for row in _rows(truth, "Series")}
        return cls(
            of_series={
                one.uid: frozenset(_about(truth, one, series[one.id], studies[one.study_id]))
                for one in truth.series.values()
            },
            of_album={
                album["slug"]: frozenset(_of_album(album["slug"], album["title"]))
                for album in truth.manifest["albums"]
            },
            truth=truth,
        )

    def detector(self, permitted: Iterable[str] = (), albums: Iterable[str] = ()) -> "Detector":
        """Return what finds all that is hidden from who may see these series and these albums, and no more.

        Parameters
        ----------
        permitted : Iterable[str]
            SeriesInstanceUIDs.
        albums : Iterable[str]
            Slugs.

        """
        permitted, albums = set(permitted), set(albums)
        shown: set[Fact] = set()
        hidden: set[Fact] = set()
        for known, open_ones in ((self.of_series, permitted), (self.of_album, albums)):
            for name, facts in known.items():
                (shown if name in open_ones else hidden).update(facts)
        return Detector(hidden=frozenset(hidden - shown), shown=frozenset(shown))

    def hidden_from(self, username: str) -> "Detector":
        """Return the detector of somebody of the stack."""
        return self.detector(self.truth.may(username), self.truth.albums_of(username))


@dataclass(frozen=True)
class Detector:
    """What is hidden from somebody, ready to be looked for."""

    hidden: frozenset[Fact]
    shown: frozenset[Fact]

    def leaks(self, answer: Answer, asked: bytes = b"") -> list[Fact]:
        """Return the hidden values that an answer holds, however they are spelled.

        Parameters
        ----------
        answer : Answer
        asked : bytes
            What the asker sent: what he wrote himself is not told to him.

        Raises
        ------
        UnreadableError
            If the answer is packed in a way that is not known here.

        """
        body = decoded(answer.headers.get("content-encoding", ""), answer.body)
        found = {*self.found_in(answer.head), *self.found_in(body)}
        return sorted(found - set(self.found_in(asked))) if found else []

    def found_in(self, data: bytes) -> Iterator[Fact]:
        """Give the hidden values that some bytes hold, in any of their readings."""
        for reading in readings(data):
            yield from self._identifiers(reading, _UID, Kind.UID)
            yield from self._identifiers(reading.lower(), _ORTHANC_ID, Kind.ID)
            yield from self._texts(reading)
            yield from (fact for fact in self._of_kind[Kind.PIXELS] if fact.value in reading)

    def _identifiers(self, reading: bytes, pattern: re.Pattern[bytes], kind: Kind) -> Iterator[Fact]:
        """Look at each place of each run of an identifier's characters: what is binary has no borders."""
        for run in pattern.findall(reading):
            for start in range(len(run) - _ROOT + 1):
                # A permitted one that begins like a hidden one and is longer is the longest that fits.
                for value, fact in self._by_root.get((kind, run[start : start + _ROOT]), ()):
                    if run.startswith(value, start):
                        if fact in self.hidden:
                            yield fact
                        break

    def _texts(self, reading: bytes) -> Iterator[Fact]:
        lowered = reading.decode("utf-8", "surrogateescape").casefold().encode("utf-8", "surrogateescape")
        for beginning, spelled in self._by_beginning.items():
            if beginning in lowered:
                yield from (fact for text, fact in spelled if _stands_alone(text, lowered))

    @cached_property
    def _of_kind(self) -> Mapping[Kind, list[Fact]]:
        by_kind: dict[Kind, list[Fact]] = defaultdict(list)
        for fact in sorted(self.hidden):
            by_kind[fact.kind].append(fact)
        return by_kind

    @cached_property
    def _by_root(self) -> Mapping[tuple[Kind, bytes], list[tuple[bytes, Fact]]]:
        by_root: dict[tuple[Kind, bytes], list[tuple[bytes, Fact]]] = defaultdict(list)
        for fact in self.hidden | self.shown:
            if fact.kind in (Kind.UID, Kind.ID):
                by_root[fact.kind, fact.value[:_ROOT]].append((fact.value, fact))
        for known in by_root.values():
            known.sort(key=lambda pair: -len(pair[0]))
        return by_root

    @cached_property
    def _by_beginning(self) -> Mapping[bytes, list[tuple[bytes, Fact]]]:
        """The texts as they may be written; one that stands within something permitted tells nothing."""
        texts = (fact.value for fact in self.shown if fact.kind in (Kind.TEXT, Kind.LABEL))
        open_ones = b"\n".join(texts).decode().casefold()
        by_beginning: dict[bytes, list[tuple[bytes, Fact]]] = defaultdict(list)
        for fact in (*self._of_kind[Kind.TEXT], *self._of_kind[Kind.LABEL]):
            for written in _spellings(fact.value.decode()):
                if written not in open_ones:
                    for spelled in {written.encode(), written.encode("latin-1", "replace")}:
                        by_beginning[spelled[:_SHORTEST_TEXT]].append((spelled, fact))
        return by_beginning


def _stands_alone(text: bytes, among: bytes) -> bool:
    """Say whether a text stands somewhere with no letter and no digit on either side."""
    at = among.find(text)
    while at >= 0:
        if not (among[max(at - 1, 0) : at].isalnum() or among[at + len(text) : at + len(text) + 1].isalnum()):
            return True
        at = among.find(text, at + 1)
    return False


def _spellings(text: str) -> set[str]:
    """Return a text as attributes and as pages write it: a name has its parts apart."""
    folded = text.casefold()
    return {folded, folded.replace("^", " "), folded.replace("^", ", ")}


def _rows(truth: Truth, level: str) -> list[dict[str, Any]]:
    answer = truth.orthanc.post(
        "/tools/find",
        json={
            "Level": level,
            "Query": {},
            "RequestedTags": ["PatientName", "PatientID"],
            "ResponseContent": ["MainDicomTags", "Parent"],
        },
    )
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()
    return rows


def _about(truth: Truth, one: Series, series: Mapping[str, Any], study: Mapping[str, Any]) -> Iterator[Fact]:
    for uid in (one.study, one.uid, *(image.uid for image in one.instances)):
        yield Fact(Kind.UID, uid.encode())
    if frame := series["MainDicomTags"].get("FrameOfReferenceUID"):
        yield Fact(Kind.UID, frame.encode())
    for identifier in (study["ParentPatient"], one.study_id, one.id, *(image.id for image in one.instances)):
        yield Fact(Kind.ID, identifier.encode())
    tags = {**study["MainDicomTags"], **study["RequestedTags"], **series["MainDicomTags"]}
    for name in _TEXTS:
        yield from _text(tags.get(name))
    yield from _pixels(truth, one)


def _text(value: str | None) -> Iterator[Fact]:
    if value and len(value.strip()) >= _SHORTEST_TEXT:
        yield Fact(Kind.TEXT, value.strip().encode())


def _pixels(truth: Truth, one: Series) -> Iterator[Fact]:
    """Take some bytes from the middle of the first frame of the middle instance."""
    middle = one.instances[len(one.instances) // 2].id
    answer = truth.orthanc.get(f"/instances/{middle}/frames/0/raw")
    sample = answer.content[len(answer.content) // 2 :][:_SAMPLE] if answer.is_success else b""
    if len(set(sample)) >= _DISTINCT:
        yield Fact(Kind.PIXELS, sample)


def _of_album(slug: str, title: str) -> Iterator[Fact]:
    yield Fact(Kind.LABEL, f"album-{slug}".encode())
    yield Fact(Kind.LABEL, slug.encode())
    yield from _text(title)
