"""Orthanc in memory: a second implementation of ``Archive``, not a mock.

It holds patients, studies, series and instances, and answers ``/tools/find`` and ``/tools/count-resources``
as Orthanc 1.12.7 does where the project relies on it: labels do not inherit, an empty list of labels means
everything, an empty value matches all, order is that of text, and what is not ordered comes by identifier.
``tests/integration`` asks it and the real one the same questions.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import translate
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.datadict import dictionary_VR, keyword_dict, tag_for_keyword
from pydicom.errors import InvalidDicomError

from auth_service.archive import (
    AmbiguousError,
    ArchivedInstance,
    ArchivedSeries,
    ArchivedStudy,
    NotAccepted,
    Stored,
    Streamed,
)
from auth_service.archive.labels import unasked
from auth_service.errors import NotFound, Unavailable
from auth_service.vocabulary import Level
from tests.fakes.held import COMPUTED, KEYS, LEVELS, MAIN, Held, orthanc_id

_OF_LEVEL = {Level.STUDY: "Study", Level.SERIES: "Series"}
_LEVEL = {"Study": Level.STUDY, "Series": Level.SERIES, "Instance": Level.INSTANCE}

_WILD = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
"""Value representations in which Orthanc allows wildcards."""

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,64}")


class FakeArchive:
    """What the auth service asks of Orthanc, answered from memory."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Held]] = {level: {} for level in LEVELS}
        self.questions: list[dict[str, Any]] = []
        """Every find and count, as it was asked."""
        self.streamed: list[tuple[str, str, dict[str, Any]]] = []
        """Method, path and body of everything that was read as it came."""
        self.happened: list[tuple[str, str]] = []
        """Orthanc's changes: their type, and the identifier of what they are about."""
        self.asked_labels_of: list[str] = []
        """Every resource whose labels were asked for."""
        self.measured: list[str] = []
        """Series whose size was asked for."""
        self.sent: list[int] = []
        """Sizes of the files that were sent to it."""
        self.refuses = False
        """Whether it takes no file."""
        self.down = False

    # What tests do to it.

    def add(self, **tags: str | int) -> ArchivedInstance:
        """Store one instance, given by its tags; what of the four identifiers exists is added to."""
        dicom = {keyword: str(value) for keyword, value in tags.items()}
        parent: Held | None = None
        path: list[str] = []
        new_series = False
        for level in LEVELS:
            path.append(dicom[KEYS[level]])
            identifier = orthanc_id(*path)
            here = self.held[level].get(identifier)
            if here is None:
                kept = dicom if level == "Instance" else {k: dicom[k] for k in MAIN[level] if k in dicom}
                here = Held(type=level, id=identifier, tags=kept, parent=parent)
                self.held[level][identifier] = here
                new_series = new_series or level == "Series"
                if parent is not None:
                    parent.children[identifier] = here
            parent = here
        assert parent is not None
        self.happened.append(("NewInstance", parent.id))
        if new_series:
            self.happened.append(("NewSeries", parent.up("Series").id))
            parent.up("Series").metadata["RemoteAET"] = ""
        parent.metadata = {"Origin": "RestApi", "RemoteAET": "", "RemoteIP": "127.0.0.1"}
        return _instance(parent)

    def receive(
        self, ae_title: str, address: str, *, called: str = "PARADIM", **tags: str | int
    ) -> ArchivedInstance:
        """Store one instance that comes by DICOM; its series settles by `settle`."""
        stored = self.add(**tags)
        here, series = self.held["Instance"][stored.id], self.held["Series"][stored.series.id]
        here.metadata = {
            "Origin": "DicomProtocol",
            "RemoteAET": ae_title,
            "RemoteIP": address,
            "CalledAET": called,
        }
        series.metadata["RemoteAET"] = series.metadata["RemoteAET"] or ae_title
        series.settling = True
        return stored

    def delete(self, identifier: str) -> None:
        """Delete a resource with all below it, and what is empty above it."""
        here = next(level[identifier] for level in self.held.values() if identifier in level)
        for level in LEVELS:
            for below in list(here.below(level)) if level in LEVELS[LEVELS.index(here.type) :] else []:
                del self.held[level][below.id]
        while here.parent is not None:
            del here.parent.children[here.id]
            here = here.parent
            if here.children:
                break
            del self.held[here.type][here.id]

    def set_tag(self, uid: str, keyword: str, value: str) -> None:
        """Give what has an identifier an attribute, or another value of it."""
        for level in LEVELS:
            for here in self.held[level].values():
                if here.tags[KEYS[level]] == uid:
                    here.tags[keyword] = value

    def settle(self, series: str) -> None:
        """Let a series have got no image for a while, by its UID: Orthanc then says that it is stable."""
        here = self._exactly_one("Series", series)
        assert here is not None
        here.settling = False
        self.happened.append(("StableSeries", here.id))

    def labels(self, level: str = "Series") -> dict[str, set[str]]:
        """Return the labels of everything on a level that carries any, by UID."""
        return {here.tags[KEYS[level]]: set(here.labels) for here in self.held[level].values() if here.labels}

    # What the service asks.

    def find(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Answer ``/tools/find``.

        What the index does not keep is looked up in the page that the index gave, as Orthanc does.
        """
        self._asked(question)
        slow = _not_in_index(question)
        since, limit = question.get("Since", 0), question.get("Limit", 0)
        if slow and since:
            raise Unavailable("orthanc")
        found = _ordered(self._matching(question, leave_out=slow), question)
        page = found[since : since + limit] if limit else found[since:]
        return [_row(here, question) for here in page if _all_match(here, question, slow)]

    def count(self, question: Mapping[str, Any]) -> int:
        """Answer ``/tools/count-resources``."""
        self._asked(question)
        if question.get("CaseSensitive") or _not_in_index(question):
            raise Unavailable("orthanc")
        return len(self._matching(question, leave_out=[]))

    def study(self, uid: str) -> ArchivedStudy | None:
        """Resolve a StudyInstanceUID with all of its series."""
        here = self._exactly_one("Study", uid)
        if here is None:
            return None
        return ArchivedStudy(
            id=here.id,
            uid=uid,
            labels=frozenset(here.labels),
            series=tuple(_series(child) for child in _by_id(here.children.values())),
        )

    def study_by_id(self, orthanc_id: str) -> ArchivedStudy | None:
        """Resolve a study by Orthanc's own identifier."""
        self._alive()
        here = self.held["Study"].get(orthanc_id)
        return self.study(here.tags["StudyInstanceUID"]) if here else None

    def series_by_id(self, orthanc_id: str) -> ArchivedSeries | None:
        """Resolve a series by Orthanc's own identifier."""
        self._alive()
        here = self.held["Series"].get(orthanc_id)
        return self.series(here.tags["SeriesInstanceUID"]) if here else None

    def series(self, uid: str) -> ArchivedSeries | None:
        """Resolve a SeriesInstanceUID."""
        here = self._exactly_one("Series", uid)
        if here is None:
            return None
        self._exactly_one("Study", here.up("Study").tags["StudyInstanceUID"])
        return _series(here)

    def instance(self, orthanc_id: str) -> ArchivedInstance | None:
        """Resolve an instance by Orthanc's own identifier."""
        self._alive()
        here = self.held["Instance"].get(orthanc_id)
        return self.instance_by_uid(here.tags["SOPInstanceUID"]) if here else None

    def instance_by_uid(self, uid: str) -> ArchivedInstance | None:
        """Resolve a SOPInstanceUID."""
        here = self._exactly_one("Instance", uid)
        if here is None or self.series(here.up("Series").tags["SeriesInstanceUID"]) is None:
            return None
        return _instance(here)

    def series_metadata(self, study_uid: str, series_uid: str) -> bytes | None:
        """Return the identifiers of a series' instances as DICOM JSON."""
        here = self._exactly_one("Series", series_uid)
        if here is None or here.up("Study").tags["StudyInstanceUID"] != study_uid:
            return None
        uids = sorted(child.tags["SOPInstanceUID"] for child in here.children.values())
        return json.dumps([{"00080018": {"vr": "UI", "Value": [uid]}} for uid in uids]).encode()

    def series_bytes(self, orthanc_id: str) -> int:
        """Take each instance for 1000 bytes."""
        self._alive()
        here = self.held["Series"].get(orthanc_id)
        self.measured.append(orthanc_id)
        return 1000 * len(here.children) if here else 0

    def stream(
        self, method: str, path: str, *, accept: str = "*/*", body: Mapping[str, Any] | None = None
    ) -> Streamed:
        """Give a series' instances as a multipart answer, or say what an archive was made of."""
        self._alive()
        self.streamed.append((method, path, dict(body or {})))
        if method == "POST":
            told = json.dumps({"Resources": [], **(body or {})}).encode()
            return Streamed(headers={"content-type": "application/zip"}, chunks=iter([told]))
        here = self._exactly_one("Series", path.rpartition("/")[2])
        if here is None:
            raise NotFound
        boundary = f"of-{here.tags['SeriesInstanceUID']}".encode()
        parts = b"".join(
            b"--" + boundary + b"\r\nContent-Type: application/dicom\r\n\r\n" + uid.encode() + b"\r\n"
            for uid in sorted(child.tags["SOPInstanceUID"] for child in here.children.values())
        )
        whole = parts + b"--" + boundary + b"--\r\n"
        kind = f'multipart/related; type="application/dicom"; boundary={boundary.decode()}'
        return Streamed(
            headers={"content-type": kind}, chunks=(whole[at : at + 7] for at in range(0, len(whole), 7))
        )

    def store(self, file: Path) -> Stored:
        """Store a file, unless there is one of its identifiers."""
        self._alive()
        self.sent.append(file.stat().st_size)
        if self.refuses:
            raise NotAccepted
        try:
            dataset = dcmread(file, stop_before_pixels=True)
        except InvalidDicomError:
            raise NotAccepted from None
        tags = {
            element.keyword: str(element.value or "")
            for element in dataset
            if element.keyword and element.VR != "SQ"
        }
        tags = {"PatientID": "", **tags}
        identifier = orthanc_id(*(tags[KEYS[level]] for level in LEVELS))
        if identifier in self.held["Instance"]:
            return Stored(id=identifier, new=False)
        return Stored(id=self.add(**tags).id, new=True)

    def delete_instance(self, orthanc_id: str) -> None:
        """Delete an instance, with what is empty above it."""
        self._alive()
        if orthanc_id in self.held["Instance"]:
            self.delete(orthanc_id)

    def all_labels(self) -> frozenset[str]:
        """Return every label that anything carries."""
        self._alive()
        return frozenset(
            label for level in self.held.values() for here in level.values() for label in here.labels
        )

    def set_label(self, level: Level, orthanc_id: str, label: str) -> bool:
        """Put a label on a study or series."""
        here = self._labelled(level, orthanc_id, label)
        if here is not None:
            here.labels.add(label)
        return here is not None

    def remove_label(self, level: Level, orthanc_id: str, label: str) -> bool:
        """Take a label off a study or series."""
        here = self._labelled(level, orthanc_id, label)
        if here is not None:
            here.labels.discard(label)
        return here is not None

    def labels_of(self, level: Level, orthanc_id: str) -> frozenset[str]:
        """Return the labels of a study or series."""
        self._alive()
        self.asked_labels_of.append(orthanc_id)
        here = self.held[_OF_LEVEL[level]].get(orthanc_id)
        return frozenset(here.labels) if here is not None else frozenset()

    def changes(self, *, since: int | None, limit: int) -> dict[str, Any]:
        """Answer ``/changes``, whose numbers begin at 1."""
        self._alive()
        after = len(self.happened) - 1 if since is None else since
        page: list[dict[str, Any]] = [
            {"Seq": number, "ChangeType": kind, "ID": identifier}
            for number, (kind, identifier) in enumerate(self.happened, 1)
            if after < number <= after + limit
        ]
        last = page[-1]["Seq"] if page else max(after, 0)
        return {"Changes": page, "Last": last, "Done": last >= len(self.happened)}

    def write_labels(
        self,
        level: Level,
        orthanc_ids: Sequence[str],
        label: str,
        *,
        carries: bool,
        before: Callable[[], None] = unasked,
    ) -> list[bool]:
        found = []
        for one in orthanc_ids:
            before()
            found.append((self.set_label if carries else self.remove_label)(level, one, label))
        return found

    def main_tags(self) -> Mapping[Level, frozenset[str]]:
        """Return the keywords in the index."""
        self._alive()
        return {
            Level.STUDY: frozenset(MAIN["Patient"] | MAIN["Study"]),
            Level.SERIES: frozenset(MAIN["Series"]),
            Level.INSTANCE: frozenset(MAIN["Instance"]),
        }

    def version(self) -> str:
        """Return a version that has all that the project needs."""
        self._alive()
        return "1.12.7"

    def _alive(self) -> None:
        if self.down:
            raise Unavailable("orthanc")

    def _asked(self, question: Mapping[str, Any]) -> None:
        self._alive()
        self.questions.append(dict(question))

    def _labelled(self, level: Level, identifier: str, label: str) -> Held | None:
        self._alive()
        if not _LABEL.fullmatch(label):
            raise Unavailable("orthanc")
        return self.held[_OF_LEVEL[level]].get(identifier)

    def _exactly_one(self, level: str, uid: str) -> Held | None:
        self._alive()
        found = [here for here in self.held[level].values() if here.tags[KEYS[level]] == uid]
        if len(found) > 1:
            raise AmbiguousError(_LEVEL[level], uid)
        return found[0] if found else None

    def _matching(self, question: Mapping[str, Any], *, leave_out: list[str]) -> list[Held]:
        query: Mapping[str, str] = question.get("Query", {})
        for keyword, value in query.items():
            _check(question["Level"], keyword, value)
        return [
            here
            for here in _by_id(self.held[question["Level"]].values())
            if _labels_match(here.labels, question)
            and _is_below(here, question)
            and _metadata_match(here, question)
            and _all_match(here, question, [keyword for keyword in query if keyword not in leave_out])
        ]


def _by_id(found: Iterable[Held]) -> list[Held]:
    return sorted(found, key=lambda here: here.id)


def _series(here: Held) -> ArchivedSeries:
    study = here.up("Study")
    return ArchivedSeries(
        id=here.id,
        uid=here.tags["SeriesInstanceUID"],
        labels=frozenset(here.labels),
        modality=here.tags.get("Modality", ""),
        study_id=study.id,
        study_uid=study.tags["StudyInstanceUID"],
        study_labels=frozenset(study.labels),
    )


def _instance(here: Held) -> ArchivedInstance:
    return ArchivedInstance(
        id=here.id,
        uid=here.tags["SOPInstanceUID"],
        sop_class=here.tags.get("SOPClassUID", ""),
        series=_series(here.up("Series")),
    )


def _check(level: str, keyword: str, value: str) -> None:
    """Refuse what Orthanc answers with 400, and what it answers wrongly, so that nobody relies on it."""
    if keyword not in keyword_dict:
        raise Unavailable("orthanc")
    if ("*" in value or "?" in value) and _vr(keyword) not in _WILD:
        raise Unavailable("orthanc")
    if any(keyword in MAIN[below] for below in LEVELS[LEVELS.index(level) + 1 :]):
        raise AssertionError(f"{keyword} is asked at the level {level}, where Orthanc's answers are wrong")


def _not_in_index(question: Mapping[str, Any]) -> list[str]:
    """Return the tags asked for whose values Orthanc must read from files or compute."""
    level = question["Level"]
    return [
        keyword
        for keyword in question.get("Query", {})
        if not (keyword == "ModalitiesInStudy" and level == "Study") and not _indexed(level, keyword)
    ]


def _indexed(level: str, keyword: str) -> bool:
    return any(keyword in MAIN[above] for above in LEVELS[: LEVELS.index(level) + 1])


def _ordered(found: list[Held], question: Mapping[str, Any]) -> list[Held]:
    """Order as text, whatever the tag; what has no value comes last in both directions."""
    for order in reversed(question.get("OrderBy", [])):
        key, direction = order["Key"], order["Direction"]
        known = order["Type"] == "DicomTag" and _indexed(question["Level"], key)
        if not known or direction not in ("ASC", "DESC"):
            raise Unavailable("orthanc")
        valued = [(value, here) for here in found if (value := here.value(key)) is not None]
        valued.sort(key=lambda pair: pair[0], reverse=direction == "DESC")
        found = [here for _, here in valued] + [here for here in found if here.value(key) is None]
    return found


def _vr(keyword: str) -> str:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return dictionary_VR(tag)


def _labels_match(carried: set[str], question: Mapping[str, Any]) -> bool:
    asked = set(question.get("Labels", []))
    constraint = question.get("LabelsConstraint", "All")
    if constraint not in ("All", "Any", "None"):
        raise Unavailable("orthanc")
    if not asked:
        return True
    if constraint == "All":
        return asked <= carried
    return bool(asked & carried) is (constraint == "Any")


def _is_below(here: Held, question: Mapping[str, Any]) -> bool:
    return "ParentSeries" not in question or here.up("Series").id == question["ParentSeries"]


def _metadata_match(here: Held, question: Mapping[str, Any]) -> bool:
    asked: Mapping[str, str] = question.get("MetadataQuery", {})
    return all(
        re.fullmatch(translate(value.replace("[", "[[]")), here.metadata[name]) is not None
        if name in here.metadata
        else False
        for name, value in asked.items()
    )


def _all_match(here: Held, question: Mapping[str, Any], keywords: Iterable[str]) -> bool:
    query, case = question.get("Query", {}), bool(question.get("CaseSensitive", False))
    return all(_matches(here, keyword, query[keyword], case=case) for keyword in keywords)


def _matches(here: Held, keyword: str, asked: str, *, case: bool) -> bool:
    if not asked:
        return True
    value = here.value(keyword)
    if value is None:
        return False
    if keyword == "ModalitiesInStudy":
        return bool(set(asked.split("\\")) & set(value.split("\\")))
    return _matches_text(keyword, *((asked, value) if case else (asked.casefold(), value.casefold())))


def _matches_text(keyword: str, asked: str, value: str) -> bool:
    if "\\" in asked:
        return value in asked.split("\\")
    if _vr(keyword) in ("DA", "TM", "DT") and "-" in asked:
        low, _, high = asked.partition("-")
        return low <= value and (not high or value <= high)
    if "*" in asked or "?" in asked:
        return re.fullmatch(translate(asked.replace("[", "[[]")), value) is not None
    return value == asked


def _row(here: Held, question: Mapping[str, Any]) -> dict[str, Any]:
    content = set(question.get("ResponseContent", []))
    if question.get("Expand"):
        content |= {"MainDicomTags", "Labels", "Parent", "Children"}
    row: dict[str, Any] = {"ID": here.id, "Type": here.type}
    if "MainDicomTags" in content:
        main = dict(here.tags) if here.type != "Instance" else _main(here)
        row["MainDicomTags"] = {tag: value for tag, value in main.items() if tag not in here.unindexed}
        if here.type == "Study":
            row["PatientMainDicomTags"] = dict(here.up("Patient").tags)
    if "Metadata" in content:
        row["Metadata"] = {"MainDicomTagsSignature": here.signature, **here.metadata}
    if "IsStable" in content and here.type == "Series":
        row["IsStable"] = not here.settling
    if "Labels" in content:
        row["Labels"] = sorted(here.labels)
    if "Parent" in content and here.parent is not None:
        row[f"Parent{here.parent.type}"] = here.parent.id
    if "Children" in content and here.children:
        folder = {"Patient": "Studies", "Study": "Series", "Series": "Instances"}[here.type]
        row[folder] = [child.id for child in _by_id(here.children.values())]
    computed = [keyword for keyword in question.get("Query", {}) if not _indexed(here.type, keyword)]
    if requested := [*question.get("RequestedTags", []), *computed]:
        row["RequestedTags"] = dict(_requested(here, requested))
    return row


def _requested(here: Held, keywords: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Yield requested tags; one that is missing is ``None``, or left out where it would be inherited."""
    for keyword in keywords:
        value = here.value(keyword)
        if value is not None or not (keyword in COMPUTED or here.inherits(keyword)):
            yield keyword, value


def _main(here: Held) -> dict[str, str]:
    return {keyword: value for keyword, value in here.tags.items() if keyword in MAIN["Instance"]}
