"""Find what people name: studies and series by their identifiers, accession numbers, patients, whole albums.

Nothing that somebody may not view is found: it looks as if it did not exist, also where a hidden thing would
make a name ambiguous. The archive is asked in pieces, as a list may name ten thousand studies.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from auth_service.albums.labelling import PLACED, placed
from auth_service.archive import AT_ONCE, Archive, carrying, existing_twice, labels_of_studies
from auth_service.pieces import pieces
from auth_service.policy.model import Openings, Resource, Visibility
from auth_service.search import Question, find_uids
from auth_service.search.narrowing import resource_of
from auth_service.store.ledger import Place
from auth_service.targets.row import UID_PATTERN
from auth_service.vocabulary import Level, LineFailure, album_label

LONGEST_NAME = 64
"""Signs of an identifier, an accession number (SH) or a patient's identifier (LO); PS3.5, section 6.2."""

_WILDCARDS = frozenset("*?\\")
"""Orthanc reads them as patterns and lists: a name has none of them (PS3.4, section C.2.2.2)."""

_STUDY = "StudyInstanceUID"

_OF_SERIES = ("SeriesInstanceUID", "Modality")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What somebody names, in any of these ways at once."""

    studies: Sequence[str] = ()
    """StudyInstanceUIDs."""
    series: Sequence[str] = ()
    """SeriesInstanceUIDs."""
    names: Sequence[str] = ()
    """Identifiers of any kind, accession numbers, patients' identifiers: lines of a list."""
    album: str | None = None
    """All that he may see of another album, by its slug."""
    query: Question | None = None
    """All that a search of his finds, its page aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A series that was named and may be seen."""

    uid: str
    study: str
    resource: Resource
    """As the policy sees it, without its identifier."""
    place: Place | None = None
    """Where the archive has it, if that was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """Something that was named and is not taken, with why."""

    name: str
    why: LineFailure
    lacking: tuple[str, ...] = ()
    """Where it is forbidden: the rights that he lacks on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of what was named."""

    series: tuple[Candidate, ...]
    not_taken: tuple[NotTaken, ...]


@dataclass(slots=True, kw_only=True)
class _Sought:
    """What was found so far: each series once, in the order in which it was named."""

    series: dict[str, Candidate] = field(default_factory=dict)
    not_taken: list[NotTaken] = field(default_factory=list)

    def take(self, name: str, found: Sequence["_Row"]) -> None:
        """Take what was found for a name, unless any of it exists twice; nothing is the same as missing."""
        unique = [row for row in found if row.unique]
        if not found:
            self.not_taken.append(NotTaken(name=name, why=LineFailure.MISSING))
        for uid in {row.candidate.uid: None for row in found if not row.unique}:
            self.not_taken.append(NotTaken(name=uid, why=LineFailure.AMBIGUOUS))
        for row in unique:
            self.series.setdefault(row.candidate.uid, row.candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A visible series; ``unique`` if neither it nor its study exists twice."""

    candidate: Candidate
    unique: bool


def look_up(archive: Archive, named: Named, *, visibility: Visibility) -> Found:
    """Find what was named.

    Parameters
    ----------
    archive : Archive
    named : Named
        At least one thing.
    visibility : Visibility
        What opens series to who asks.

    Raises
    ------
    Invalid
        If the search cannot be narrowed exactly, or finds too much.
    Unavailable
        If Orthanc does not answer.

    """
    sought = _Sought()
    if not isinstance(visibility, Openings):
        everything = [*named.studies, *named.series, *named.names]
        sought.not_taken += [NotTaken(name=name, why=LineFailure.MISSING) for name in _once(everything)]
        return Found(series=(), not_taken=tuple(sought.not_taken))
    eyes = _Eyes(archive, visibility)
    _by_identifier(sought, _once(named.studies), eyes.of_studies)
    _by_identifier(sought, _once(named.series), eyes.of_series)
    _by_name(sought, _once(name.strip() for name in named.names), eyes)
    if named.album is not None:
        sought.take(named.album, eyes.of_album(named.album))
    if named.query is not None:
        uids = find_uids(archive, named.query, visibility)
        find = eyes.of_studies if named.query.level is Level.STUDY else eyes.of_series
        _by_identifier(sought, uids, find)
    return Found(series=tuple(sought.series.values()), not_taken=tuple(sought.not_taken))


class _Eyes:
    """The archive, as far as somebody may see it."""

    def __init__(self, archive: Archive, openings: Openings) -> None:
        self._archive = archive
        self._opens = cache(openings.opens)
        self._openings = openings

    def of_studies(self, uids: Iterable[str]) -> dict[str, list[_Row]]:
        """Return the visible series of studies, by StudyInstanceUID."""
        return _grouped(self._series("StudyInstanceUID", uids), lambda row: row.candidate.study)

    def of_series(self, uids: Iterable[str]) -> dict[str, list[_Row]]:
        """Return visible series, by SeriesInstanceUID."""
        return _grouped(self._series("SeriesInstanceUID", uids), lambda row: row.candidate.uid)

    def of_album(self, slug: str) -> list[_Row]:
        """Return the visible series of an album; of one in which he may not view there are none.

        A rule about everything opens each series, and says nothing of which of them are in whose album.
        """
        label = album_label(slug)
        if label not in {way.label for way in self._openings.labelled}:
            return []
        # Their studies carry it too: what of them is asked of each series is half of what it takes.
        asked = {"Level": "Study", "Query": {}, "ResponseContent": ["Labels"], "RequestedTags": [_STUDY]}
        studies = {study["ID"]: study for study in self._archive.find(asked | carrying([label]))}
        rows = self._archive.find(_asked({}, _OF_SERIES) | carrying([label]))
        if any(row["ParentStudy"] not in studies for row in rows):
            # One was put in just now, or the index is not right.
            rows = self._archive.find(_asked({}) | carrying([label]))
            return list(self._rows(rows, self._labels_of_studies(rows)))
        for row in rows:
            row["RequestedTags"][_STUDY] = studies[row["ParentStudy"]]["RequestedTags"][_STUDY]
        labels = {identifier: frozenset(study["Labels"]) for identifier, study in studies.items()}
        return list(self._rows(rows, labels))

    def with_attribute(self, keyword: str, values: Iterable[str]) -> dict[str, list[_Row]]:
        """Return the visible series of the studies that have one of these values, by the value."""
        studies: dict[str, list[str]] = defaultdict(list)
        wanted = frozenset(values)
        for piece in pieces(sorted(wanted), AT_ONCE):
            for row in self._archive.find(
                {
                    "Level": "Study",
                    "Query": {keyword: "\\".join(piece)},
                    "CaseSensitive": True,
                    "ResponseContent": [],
                    "RequestedTags": [keyword, "StudyInstanceUID"],
                }
            ):
                if (value := row["RequestedTags"].get(keyword)) in wanted:
                    studies[value].append(row["RequestedTags"]["StudyInstanceUID"])
        rows = self.of_studies({uid for found in studies.values() for uid in found})
        by_value = {
            value: [row for uid in _once(found) for row in rows[uid]] for value, found in studies.items()
        }
        return defaultdict(list, by_value)

    def _series(self, keyword: str, uids: Iterable[str]) -> Iterator[_Row]:
        for piece in pieces(sorted(set(uids)), AT_ONCE):
            rows = self._archive.find(_asked({keyword: "\\".join(piece)}))
            yield from self._rows(rows, self._labels_of_studies(rows))

    def _labels_of_studies(self, series: Sequence[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
        studies = (row["RequestedTags"]["StudyInstanceUID"] for row in series)
        return labels_of_studies(self._archive, studies)[0]

    def _rows(
        self, rows: Sequence[Mapping[str, Any]], labels: Mapping[str, frozenset[str]]
    ) -> Iterator[_Row]:
        found = [(*placed(row), resource_of(row, labels)) for row in rows]
        several = Counter(uid for uid, _, _ in found)
        twice = existing_twice(self._archive, Level.STUDY, {place.study_uid for _, place, _ in found})
        for uid, place, resource in found:
            if self._opens(resource):
                seen = Candidate(uid=uid, study=place.study_uid, resource=resource, place=place)
                yield _Row(candidate=seen, unique=several[uid] == 1 and place.study_uid not in twice)


def _by_identifier(
    sought: _Sought, uids: Sequence[str], find: Callable[[Iterable[str]], Mapping[str, list[_Row]]]
) -> None:
    well_formed = [uid for uid in uids if is_uid(uid)]
    found = find(well_formed)
    for uid in uids:
        if is_uid(uid):
            sought.take(uid, found.get(uid, []))
        else:
            sought.not_taken.append(NotTaken(name=uid[:LONGEST_NAME], why=LineFailure.MALFORMED))


def _by_name(sought: _Sought, names: Sequence[str], eyes: _Eyes) -> None:
    """Take each line of a list for what it can be; one that names different things is told, and not taken."""
    well_formed = [name for name in names if is_name(name)]
    uids = [name for name in well_formed if is_uid(name)]
    ways: list[Mapping[str, list[_Row]]] = [
        eyes.of_studies(uids),
        eyes.of_series(uids),
        # Either may be written as an identifier is: with digits and dots alone.
        eyes.with_attribute("AccessionNumber", well_formed),
        eyes.with_attribute("PatientID", well_formed),
    ]
    for name in names:
        if not is_name(name):
            sought.not_taken.append(NotTaken(name=name[:LONGEST_NAME], why=LineFailure.MALFORMED))
            continue
        found = [way[name] for way in ways if way.get(name)]
        if len({frozenset(row.candidate.uid for row in rows) for rows in found}) > 1:
            sought.not_taken.append(NotTaken(name=name, why=LineFailure.UNCLEAR))
        else:
            sought.take(name, found[0] if found else [])


def series_by_study(placed: Mapping[str, str]) -> dict[str, list[str]]:
    """Turn round what is in an album: from series with their studies to studies with their series."""
    by_study: dict[str, list[str]] = {}
    for uid, study in placed.items():
        by_study.setdefault(study, []).append(uid)
    return by_study


def is_uid(text: str) -> bool:
    """Tell whether a text is written as a DICOM identifier (PS3.5, section 9.1)."""
    return UID_PATTERN.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Tell whether a text may be an accession number or a patient's identifier."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and not _WILDCARDS.intersection(text)


def _asked(query: Mapping[str, str], tags: Sequence[str] = (*_OF_SERIES, _STUDY)) -> dict[str, Any]:
    return {
        "Level": "Series",
        "Query": dict(query),
        "ResponseContent": [*PLACED["ResponseContent"], "Labels"],
        "RequestedTags": list(tags),
    }


def _grouped(rows: Iterable[_Row], by: Callable[[_Row], str]) -> dict[str, list[_Row]]:
    groups: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[by(row)].append(row)
    return groups


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
