"""Record the requests that programs and browsers make for their owner: others then send the very same."""

import inspect
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pydicom
import pyorthanc
import requests
from dicomweb_client.api import DICOMwebClient
from pyorthanc import Instance, Orthanc, Study
from pyorthanc import Series as OrthancSeries
from requests.adapters import HTTPAdapter

from tests.integration.truth import Series

OF_A_SHAPE = 3
"""Requests of one shape that are kept: a viewer asks for a hundred frames alike."""

_HEADERS = frozenset(
    {
        "accept",
        "accept-language",
        "content-type",
        "if-modified-since",
        "if-none-match",
        "origin",
        "range",
        "upgrade",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
    }
)
"""What may change an answer; credentials are the replayer's own."""

_IDENTIFIER = re.compile(r"[0-9]+(?:\.[0-9]+){3,}|[0-9a-f]{8}(?:-[0-9a-f]{8}){4}")
_STATIC = re.compile(r"/(?:ohif|portal|keycloak|auth)/.*\.[a-z0-9]{2,5}")
"""Files from the disk, which are the same for everybody: they hold nothing of anybody's."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One request as it was sent, the credential aside."""

    by: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.partition("?")[0]

    @property
    def said(self) -> bytes:
        """All that the asker wrote."""
        return b"\n".join([self.target.encode(), *(value.encode() for _, value in self.headers), self.body])

    @property
    def shape(self) -> tuple[str, str, str, str]:
        """What requests that differ only in whom they are about have in common."""
        names = ",".join(sorted(re.findall(r"[?&]([^=&]+)", self.target)))
        path = re.sub(r"/frames/[0-9,]+", "/frames/N", _IDENTIFIER.sub("*", self.path))
        return (self.by, self.method, path, names)


@dataclass
class Record:
    """The requests of one owner, some of each shape."""

    url: str
    requests: list[Recorded] = field(default_factory=list)
    seen: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def add(self, by: str, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> None:
        """Keep a request to the stack, unless enough like it are there."""
        parts = urlsplit(url)
        if parts.netloc != urlsplit(self.url).netloc or _STATIC.fullmatch(parts.path):
            return
        kept = tuple(sorted((name, value) for name, value in headers.items() if name.lower() in _HEADERS))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        one = Recorded(by=by, method=method, target=target, headers=kept, body=body or b"")
        self.seen[one.shape] += 1
        if self.seen[one.shape] <= OF_A_SHAPE:
            self.requests.append(one)


class _Recording(HTTPAdapter):
    """Send as requests does, and write down what was sent."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self._record = record

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        headers = {name: str(value) for name, value in request.headers.items()}
        body = request.body if isinstance(request.body, bytes) else None
        self._record.add("dicomweb-client", str(request.method), str(request.url), headers, body)
        return super().send(request, *args, **kwargs)  # type: ignore[arg-type]


def of_dicomweb_client(record: Record, token: str, wanted: Iterable[Series]) -> None:
    """Search and retrieve with dicomweb-client, by a bearer."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    session.mount("http://", _Recording(record))
    client = DICOMwebClient(f"{record.url}/dicom-web", session=session)
    _try_all(
        lambda: client.search_for_studies(limit=5),
        lambda: client.search_for_studies(
            search_filters={"PatientName": "TEST*"}, fields=["StudyDescription"]
        ),
        lambda: client.search_for_studies(search_filters={"StudyDate": "20200101-"}, offset=1, limit=2),
        lambda: client.search_for_series(search_filters={"Modality": "CT"}),
        client.search_for_instances,
    )
    for series in wanted:
        _retrieve(client, series)


def _retrieve(client: DICOMwebClient, series: Series) -> None:
    study, uid, image = series.study, series.uid, series.instances[0].uid
    _try_all(
        lambda: client.search_for_studies(search_filters={"StudyInstanceUID": study}),
        lambda: client.search_for_series(study),
        lambda: client.search_for_instances(study, uid),
        lambda: client.search_for_instances(study, search_filters={"SeriesInstanceUID": uid}),
        lambda: client.search_for_instances(search_filters={"SeriesInstanceUID": uid}),
        lambda: client.retrieve_study_metadata(study),
        lambda: client.retrieve_series_metadata(study, uid),
        lambda: client.retrieve_instance_metadata(study, uid, image),
        lambda: client.retrieve_instance_frames(study, uid, image, [1]),
        lambda: client.retrieve_instance_frames_rendered(study, uid, image, [1], media_types=("image/jpeg",)),
        lambda: client.retrieve_instance_rendered(study, uid, image, media_types=("image/png",)),
        lambda: client.retrieve_series_rendered(study, uid),
        lambda: client.retrieve_instance(study, uid, image),
        lambda: client.retrieve_instance(study, uid, image, media_types=(("application/dicom", "*"),)),
        lambda: client.retrieve_series(study, uid),
        lambda: client.retrieve_study(study),
        lambda: client.retrieve_bulkdata(
            f"{client.base_url}/studies/{study}/series/{uid}/instances/{image}/bulk/7fe00010"
        ),
    )


def of_pyorthanc(record: Record, username: str, token: str, wanted: Iterable[Series]) -> None:
    """Use pyorthanc's classes and all of its generated client that reads one thing, by Basic."""

    def write_down(request: httpx.Request) -> None:
        record.add("pyorthanc", request.method, str(request.url), request.headers, request.read())

    with Orthanc(
        f"{record.url}/orthanc",
        username=username,
        password=token,
        timeout=30,
        trust_env=False,
        event_hooks={"request": [write_down]},
    ) as client:
        _try_all(
            lambda: pyorthanc.find_studies(client, {"PatientName": "TEST*"}),
            lambda: pyorthanc.find_series(client, {"Modality": "CT"}, labels=["album-head-ct"]),
            lambda: pyorthanc.find_series(client, labels=["album-head-ct"], labels_constraint="Any"),
            client.get_studies,
            client.get_series,
            client.get_instances,
            client.get_patients,
            client.get_tools_labels,
            client.get_system,
            client.get_statistics,
            client.get_changes,
            lambda: client.post_tools_count_resources({"Level": "Study", "Query": {}}),
        )
        for series in wanted:
            _classes(client, series)
            _generated(client, series)


def _classes(client: Orthanc, series: Series) -> None:
    study, one = Study(series.study_id, client), OrthancSeries(series.id, client)
    image = Instance(series.instances[0].id, client)
    find = {"Level": "Series", "Query": {"StudyInstanceUID": series.study}, "Expand": True}
    in_series = {"Level": "Instance", "Query": {"SeriesInstanceUID": series.uid}}
    _try_all(
        study.get_main_information,
        lambda: study.series,
        lambda: study.labels,
        lambda: study.parent_patient.main_dicom_tags,
        study.get_zip,
        lambda: one.instances,
        lambda: one.parent_study.uid,
        one.get_shared_tags,
        one.get_zip,
        lambda: image.tags,
        lambda: image.simplified_tags,
        lambda: image.parent_series.uid,
        image.get_dicom_file_content,
        lambda: image.get_content_by_tag("PatientName"),
        image.get_pydicom,
        lambda: client.post_tools_find(find),
        lambda: client.post_tools_find(in_series),
        lambda: client.post(f"{client.url}/tools/lookup", content=series.uid),  # its own way warns
        lambda: client.post_tools_create_archive({"Resources": [series.id], "Synchronous": True}),
    )


def _generated(client: Orthanc, series: Series) -> None:
    """Call every generated method that reads one study, series or instance."""
    identifiers = {"studies": series.study_id, "series": series.id, "instances": series.instances[0].id}
    others = {"frame": 0, "path": "0010-0010", "group": "0010", "name": "dicom"}
    for name, method in inspect.getmembers(client, inspect.ismethod):
        found = re.match(r"get_(studies|series|instances)_id", name)
        if found is None or name.endswith(("_archive", "_media")):  # the classes took those
            continue
        needed = [
            one.name
            for one in inspect.signature(method).parameters.values()
            if one.default is inspect.Parameter.empty and one.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        given = {one: identifiers[found[1]] if one == "id_" else others.get(one, "0") for one in needed}
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # Orthanc has the route
            _try_all(lambda method=method, given=given: method(**given))  # type: ignore[misc]


def _try_all(*asking: Callable[[], object]) -> None:
    """Do one after the other: what is refused was asked all the same, and is on record."""
    for ask in asking:
        with suppress(
            httpx.HTTPError,
            requests.HTTPError,
            requests.RequestException,
            pydicom.errors.InvalidDicomError,
            KeyError,
            ValueError,
            TypeError,
            NotImplementedError,
        ):
            ask()
