"""Orthanc over HTTP, with the gate's own credential.

Every question that speaks of an identifier asks for an exact one and compares what comes back, since
Orthanc's ``/tools/find`` knows wildcards and lists. What exists twice is refused, not guessed.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import httpx

from auth_service.archive.labels import LabelWriter, unasked
from auth_service.archive.model import (
    AmbiguousError,
    ArchivedInstance,
    ArchivedSeries,
    ArchivedStudy,
    NotAccepted,
    Stored,
    Streamed,
)
from auth_service.archive.questions import keywords_of, type_of_level, uid_of_level
from auth_service.errors import Invalid, NotFound, ServiceError, Unavailable
from auth_service.reach import Questions
from auth_service.vocabulary import Level

_PREAMBLE = 128
"""Bytes before the prefix of a DICOM file."""

_TURN = 2.0
"""Seconds that a question waits for a connection."""

_PIECE = 512 * 1024
"""Bytes that are sent on at once: each piece is handed from thread to thread, whatever its size."""

_FOLDER = {Level.STUDY: "studies", Level.SERIES: "series"}


class OrthancArchive:
    """Orthanc over HTTP, with the gate's own credential.

    Parameters
    ----------
    url : str
        Orthanc's own address, without a trailing slash.
    username, password : str
        The gate's account.
    timeout : float
        Seconds that one question may take.
    public_url : str
        Where people reach what Orthanc writes addresses of.

    """

    def __init__(self, *, url: str, username: str, password: str, timeout: float, public_url: str) -> None:
        public = httpx.URL(public_url)
        # As nginx tells Orthanc, whose DICOMweb plugin makes the addresses of bulk data of it.
        self._told = {"Host": public.netloc.decode(), "X-Forwarded-Proto": public.scheme}

        def client(connections: int, timeout: httpx.Timeout) -> httpx.Client:
            return httpx.Client(
                base_url=url,
                auth=(username, password),
                timeout=timeout,
                limits=httpx.Limits(max_connections=connections, max_keepalive_connections=16),
                trust_env=False,
            )

        self._client = client(32, httpx.Timeout(timeout, pool=_TURN))
        # Apart: whoever takes images away slowly must not hold what decisions are asked by.
        self._streams = client(32, httpx.Timeout(timeout, read=300.0, pool=_TURN))
        self._uploads = client(8, httpx.Timeout(timeout, write=300.0, read=300.0, pool=_TURN))
        self._labels = LabelWriter(url=url, username=username, password=password, timeout=timeout)
        self._questions = Questions("orthanc", time.monotonic)
        self._main_tags: Mapping[Level, frozenset[str]] | None = None

    def close(self) -> None:
        """Give the connections back."""
        for client in (self._client, self._streams, self._uploads):
            client.close()

    def find(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Ask ``/tools/find``."""
        answer: list[dict[str, Any]] = self._ask("POST", "/tools/find", json=dict(question)).json()
        return answer

    def count(self, question: Mapping[str, Any]) -> int:
        """Ask ``/tools/count-resources``."""
        return int(self._ask("POST", "/tools/count-resources", json=dict(question)).json()["Count"])

    def study(self, uid: str) -> ArchivedStudy | None:
        """Resolve a StudyInstanceUID with all of its series."""
        found = self._exactly_one(Level.STUDY, uid, ["Labels"])
        if found is None:
            return None
        labels = frozenset(found["Labels"])
        rows = self.find(
            {
                "Level": "Series",
                "Query": {"StudyInstanceUID": uid},
                "ResponseContent": ["Labels", "Parent"],
                "RequestedTags": ["SeriesInstanceUID", "StudyInstanceUID", "Modality"],
            }
        )
        series = tuple(
            ArchivedSeries(
                id=row["ID"],
                uid=row["RequestedTags"]["SeriesInstanceUID"],
                labels=frozenset(row["Labels"]),
                modality=row["RequestedTags"].get("Modality") or "",
                study_id=found["ID"],
                study_uid=uid,
                study_labels=labels,
            )
            for row in rows
            if row["ParentStudy"] == found["ID"]
        )
        return ArchivedStudy(id=found["ID"], uid=uid, labels=labels, series=series)

    def study_by_id(self, orthanc_id: str) -> ArchivedStudy | None:
        """Resolve a study by Orthanc's own identifier."""
        uid = self._uid_of_parent("ParentStudy", orthanc_id, Level.SERIES, "StudyInstanceUID")
        study = self.study(uid) if uid else None
        return study if study is not None and study.id == orthanc_id else None

    def series_by_id(self, orthanc_id: str) -> ArchivedSeries | None:
        """Resolve a series by Orthanc's own identifier."""
        uid = self._uid_of_parent("ParentSeries", orthanc_id, Level.INSTANCE, "SeriesInstanceUID")
        series = self.series(uid) if uid else None
        return series if series is not None and series.id == orthanc_id else None

    def series(self, uid: str) -> ArchivedSeries | None:
        """Resolve a SeriesInstanceUID."""
        found = self._exactly_one(
            Level.SERIES, uid, ["Labels", "Parent"], also="StudyInstanceUID", modality="Modality"
        )
        if found is None:
            return None
        return self._with_study(found)

    def instance(self, orthanc_id: str) -> ArchivedInstance | None:
        """Resolve an instance by Orthanc's own identifier."""
        answer = self._get(f"/instances/{orthanc_id}")
        if answer is None:
            return None
        found = self.instance_by_uid(str(answer.json()["MainDicomTags"]["SOPInstanceUID"]))
        return found if found is not None and found.id == orthanc_id else None

    def instance_by_uid(self, uid: str) -> ArchivedInstance | None:
        """Resolve a SOPInstanceUID."""
        found = self._exactly_one(
            Level.INSTANCE, uid, ["Parent"], also="SOPClassUID", series="SeriesInstanceUID"
        )
        if found is None:
            return None
        series = self.series(found["RequestedTags"]["SeriesInstanceUID"])
        if series is None or series.id != found["ParentSeries"]:
            return None
        return ArchivedInstance(
            id=found["ID"], uid=uid, sop_class=found["RequestedTags"]["SOPClassUID"], series=series
        )

    def series_metadata(self, study_uid: str, series_uid: str) -> bytes | None:
        """Return what DICOMweb says of the instances of a series (PS3.18, section 10.4.1.1.2)."""
        path = f"/dicom-web/studies/{study_uid}/series/{series_uid}/metadata"
        answer = self._get(path, headers=self._told)
        return answer.content if answer is not None else None

    def series_bytes(self, orthanc_id: str) -> int:
        """Ask for the statistics of a series."""
        answer = self._get(f"/series/{orthanc_id}/statistics")
        # Without what Orthanc and its plugins keep beside the files.
        return int(answer.json()["DicomUncompressedSize"]) if answer is not None else 0

    def stream(
        self, method: str, path: str, *, accept: str = "*/*", body: Mapping[str, Any] | None = None
    ) -> Streamed:
        """Ask for what may be long."""
        # A whole archive may be made, and its images recoded, before its first byte comes.
        request = self._streams.build_request(
            method, path, json=body, headers={**self._told, "Accept": accept}
        )
        try:
            answer = self._streams.send(request, stream=True)
        except httpx.HTTPError as error:
            raise Unavailable("orthanc") from error
        if answer.status_code != httpx.codes.OK:
            answer.close()
            raise _refusal(answer.status_code)
        return Streamed(
            headers={name.lower(): value for name, value in answer.headers.items()},
            chunks=answer.iter_raw(_PIECE),
            close=answer.close,
        )

    def store(self, file: Path) -> Stored:
        """Send a file to ``/instances``, as it is read.

        With an empty preamble (PS3.10, section 7.1): Orthanc takes what begins like a zip file for one, and
        stores what is in it.
        """
        size = file.stat().st_size
        try:
            with file.open("rb") as stream:
                stream.seek(_PREAMBLE)
                pieces = chain([bytes(_PREAMBLE)], iter(partial(stream.read, _PIECE), b""))
                headers = {"Content-Type": "application/dicom", "Content-Length": str(size)}
                answer = self._uploads.post("/instances", content=pieces, headers=headers)
            if answer.status_code == httpx.codes.BAD_REQUEST:
                raise NotAccepted
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise Unavailable("orthanc") from error
        said = answer.json()
        if not isinstance(said, dict) or said.get("Status") not in ("Success", "AlreadyStored"):
            raise NotAccepted
        return Stored(id=said["ID"], new=said["Status"] == "Success")

    def delete_instance(self, orthanc_id: str) -> None:
        """Delete an instance."""
        self._ask("DELETE", f"/instances/{orthanc_id}", missing_is_fine=True)

    def all_labels(self) -> frozenset[str]:
        """Ask ``/tools/labels``."""
        return frozenset(self._ask("GET", "/tools/labels").json())

    def set_label(self, level: Level, orthanc_id: str, label: str) -> bool:
        """Put a label on a study or series."""
        return self._label("PUT", level, orthanc_id, label)

    def remove_label(self, level: Level, orthanc_id: str, label: str) -> bool:
        """Take a label off a study or series."""
        return self._label("DELETE", level, orthanc_id, label)

    def labels_of(self, level: Level, orthanc_id: str) -> frozenset[str]:
        """Ask for the labels of one study or series."""
        answer = self._get(f"/{_FOLDER[level]}/{orthanc_id}/labels")
        return frozenset(answer.json()) if answer is not None else frozenset()

    def changes(self, *, since: int | None, limit: int) -> dict[str, Any]:
        """Ask ``/changes``."""
        which = "last" if since is None else f"since={since}&limit={limit}"
        answer: dict[str, Any] = self._ask("GET", f"/changes?{which}").json()
        return answer

    def write_labels(
        self,
        level: Level,
        orthanc_ids: Sequence[str],
        label: str,
        *,
        carries: bool,
        before: Callable[[], None] = unasked,
    ) -> list[bool]:
        """Put a label on many, or take it off."""
        paths = [f"/{_FOLDER[level]}/{orthanc_id}/labels/{label}" for orthanc_id in orthanc_ids]
        return self._labels.write("PUT" if carries else "DELETE", paths, before=before)

    def main_tags(self) -> Mapping[Level, frozenset[str]]:
        """Read from ``/system``, once: they change only with Orthanc's configuration."""
        if self._main_tags is None:
            listed = self._ask("GET", "/system").json()["MainDicomTags"]
            self._main_tags = {
                Level.STUDY: keywords_of(listed["Patient"]) | keywords_of(listed["Study"]),
                Level.SERIES: keywords_of(listed["Series"]),
                Level.INSTANCE: keywords_of(listed["Instance"]),
            }
        return self._main_tags

    def version(self) -> str:
        """Return Orthanc's version."""
        return str(self._ask("GET", "/system").json()["Version"])

    def _uid_of_parent(self, which: str, orthanc_id: str, level: Level, keyword: str) -> str | None:
        """Return an identifier of DICOM's for one of Orthanc's, by something below it.

        ``GET /series/{id}`` would be one question less, and takes a hundred times as long on a large index.
        """
        rows = self.find(
            {
                "Level": type_of_level[level],
                "Query": {},
                which: orthanc_id,
                "ResponseContent": [],
                "RequestedTags": [keyword],
                "Limit": 1,
            }
        )
        return str(rows[0]["RequestedTags"][keyword]) if rows else None

    def _exactly_one(self, level: Level, uid: str, content: list[str], **tags: str) -> dict[str, Any] | None:
        keyword = uid_of_level[level]
        rows = self.find(
            {
                "Level": type_of_level[level],
                "Query": {keyword: uid},
                "ResponseContent": content,
                "RequestedTags": [keyword, *tags.values()],
                "Limit": 3,
            }
        )
        exact = [row for row in rows if row["RequestedTags"].get(keyword) == uid]
        if len(exact) > 1:
            raise AmbiguousError(level, uid)
        return exact[0] if exact else None

    def _with_study(self, found: dict[str, Any]) -> ArchivedSeries | None:
        study_uid = found["RequestedTags"]["StudyInstanceUID"]
        study = self._exactly_one(Level.STUDY, study_uid, ["Labels"])
        if study is None or study["ID"] != found["ParentStudy"]:
            return None
        return ArchivedSeries(
            id=found["ID"],
            uid=found["RequestedTags"]["SeriesInstanceUID"],
            labels=frozenset(found["Labels"]),
            modality=found["RequestedTags"].get("Modality") or "",
            study_id=study["ID"],
            study_uid=study_uid,
            study_labels=frozenset(study["Labels"]),
        )

    def _label(self, method: str, level: Level, orthanc_id: str, label: str) -> bool:
        path = f"/{_FOLDER[level]}/{orthanc_id}/labels/{label}"
        return self._ask(method, path, missing_is_fine=True).status_code != httpx.codes.NOT_FOUND

    def _get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response | None:
        answer = self._ask("GET", path, headers=headers, missing_is_fine=True)
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer

    def _ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        missing_is_fine: bool = False,
    ) -> httpx.Response:
        try:
            with self._questions.asking(httpx.TransportError):
                answer = self._client.request(method, path, json=json, headers=headers)
            if answer.status_code == httpx.codes.BAD_REQUEST:
                raise Invalid("query", "The archive cannot search for this.")
            if not (missing_is_fine and answer.status_code == httpx.codes.NOT_FOUND):
                answer.raise_for_status()
        except httpx.HTTPError as error:
            raise Unavailable("orthanc") from error
        return answer


def _refusal(status: int) -> ServiceError:
    if status == httpx.codes.NOT_FOUND:
        return NotFound()
    if status in (httpx.codes.BAD_REQUEST, httpx.codes.NOT_ACCEPTABLE):
        return Invalid("Accept", "The archive cannot give it in this form: {field}.")
    return Unavailable("orthanc")
