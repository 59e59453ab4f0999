"""One table: routes x methods x actors, through the real nginx and Orthanc, expected by hand.

The paths are those of a CT series in the album of ``pi-a``, in which ``member-a`` may view; ``pi-b`` owns
another album, ``stranger`` is in none, ``admin`` administers and has no rule. Nothing here is read from the
table of targets, but for one question at the end: whether a route was forgotten.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from auth_service.targets import TABLE, ParameterError, UndeclaredError, Way, resolve
from tests.integration.people import SignedIn
from tests.integration.raw import send
from tests.integration.truth import Truth

pytestmark = pytest.mark.stack

ACTORS = ("pi-a", "member-a", "pi-b", "stranger", "admin", "nobody")

VIEWED = dict(zip(ACTORS, (200, 200, 404, 404, 404, 401), strict=True))
TAKEN = dict(zip(ACTORS, (200, 403, 404, 404, 404, 401), strict=True))
SEARCHED = dict(zip(ACTORS, (200, 200, 200, 200, 200, 401), strict=True))
ADMINISTERED = dict(zip(ACTORS, (404, 404, 404, 404, 200, 401), strict=True))
OF_EVERYTHING = dict(zip(ACTORS, (404, 404, 404, 404, 404, 401), strict=True))
CLOSED = dict.fromkeys(ACTORS, 404)
ALBUM_WANTED = dict(zip(ACTORS, (400, 400, 400, 400, 400, 401), strict=True))

GET: Mapping[str, tuple[dict[str, int], str]] = {
    "looking at images": (
        VIEWED,
        """
        /dicom-web/studies/{study}/metadata
        /dicom-web/studies/{study}/rendered
        /dicom-web/studies/{study}/thumbnail
        /dicom-web/studies/{study}/series
        /dicom-web/studies/{study}/instances?SeriesInstanceUID={series}
        /dicom-web/studies/{study}/series/{series}/metadata
        /dicom-web/studies/{study}/series/{series}/rendered
        /dicom-web/studies/{study}/series/{series}/thumbnail
        /dicom-web/studies/{study}/series/{series}/instances
        /dicom-web/studies/{study}/series/{series}/instances/{instance}/metadata
        /dicom-web/studies/{study}/series/{series}/instances/{instance}/rendered
        /dicom-web/studies/{study}/series/{series}/instances/{instance}/thumbnail
        /dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/1
        /dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/1/rendered
        /dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/1/thumbnail
        /dicom-web/studies/{study}/series/{series}/instances/{instance}/bulk/00100010
        /orthanc/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}
        /orthanc/studies/{study_id}
        /orthanc/studies/{study_id}/series
        /orthanc/studies/{study_id}/labels
        /orthanc/series/{series_id}
        /orthanc/series/{series_id}/study
        /orthanc/series/{series_id}/labels
        /orthanc/series/{series_id}/instances
        /orthanc/series/{series_id}/module
        /orthanc/series/{series_id}/shared-tags
        /orthanc/series/{series_id}/instances-tags
        /orthanc/series/{series_id}/ordered-slices
        /orthanc/series/{series_id}/statistics
        /orthanc/series/{series_id}/numpy
        /orthanc/instances/{instance_id}
        /orthanc/instances/{instance_id}/series
        /orthanc/instances/{instance_id}/study
        /orthanc/instances/{instance_id}/preview
        /orthanc/instances/{instance_id}/rendered
        /orthanc/instances/{instance_id}/image-uint8
        /orthanc/instances/{instance_id}/image-uint16
        /orthanc/instances/{instance_id}/image-int16
        /orthanc/instances/{instance_id}/matlab
        /orthanc/instances/{instance_id}/numpy
        /orthanc/instances/{instance_id}/frames
        /orthanc/instances/{instance_id}/frames/0
        /orthanc/instances/{instance_id}/frames/0/preview
        /orthanc/instances/{instance_id}/frames/0/rendered
        /orthanc/instances/{instance_id}/frames/0/image-uint8
        /orthanc/instances/{instance_id}/frames/0/image-uint16
        /orthanc/instances/{instance_id}/frames/0/image-int16
        /orthanc/instances/{instance_id}/frames/0/matlab
        /orthanc/instances/{instance_id}/frames/0/numpy
        /orthanc/instances/{instance_id}/frames/0/raw
        /orthanc/instances/{instance_id}/frames/0/raw.gz
        /orthanc/instances/{instance_id}/tags
        /orthanc/instances/{instance_id}/simplified-tags
        /orthanc/instances/{instance_id}/header
        /orthanc/instances/{instance_id}/module
        /orthanc/instances/{instance_id}/statistics
        /orthanc/instances/{instance_id}/content/0010-0010
        """,
    ),
    "looking for what a CT has not": (
        VIEWED | {"pi-a": 404, "member-a": 404},
        "/orthanc/instances/{instance_id}/pdf",
    ),
    "looking for what Orthanc cannot give": (
        VIEWED | {"pi-a": 400, "member-a": 400},
        "/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames",
    ),
    "taking images away": (
        TAKEN,
        """
        /dicom-web/studies/{study}
        /dicom-web/studies/{study}/series/{series}
        /dicom-web/studies/{study}/series/{series}/instances/{instance}
        /orthanc/instances/{instance_id}/file
        /orthanc/studies/{study_id}/archive
        /orthanc/studies/{study_id}/media
        /orthanc/series/{series_id}/archive
        /orthanc/series/{series_id}/media
        /orthanc/tools/create-archive?resources={series_id}
        /orthanc/tools/create-media?resources={instance_id}
        /orthanc/tools/create-media-extended?resources={study_id}
        """,
    ),
    "searching what one may see": (
        SEARCHED,
        """
        /dicom-web/studies
        /dicom-web/series
        /dicom-web/instances?SeriesInstanceUID={series}
        /orthanc/studies
        /orthanc/series
        /orthanc/tools/labels
        """,
    ),
    "asking the archive about itself": (
        ADMINISTERED,
        """
        /orthanc/system
        /orthanc/statistics
        /orthanc/changes
        /orthanc/exports
        /orthanc/jobs
        /orthanc/plugins
        /orthanc/plugins/dicom-web
        /orthanc/modalities
        /orthanc/tools
        /orthanc/tools/accepted-sop-classes
        /orthanc/tools/accepted-transfer-syntaxes
        /orthanc/tools/default-encoding
        /orthanc/tools/dicom-conformance
        /orthanc/tools/generate-uid?level=study
        /orthanc/tools/log-level
        /orthanc/tools/log-level-dicom
        /orthanc/tools/log-level-generic
        /orthanc/tools/log-level-http
        /orthanc/tools/log-level-jobs
        /orthanc/tools/log-level-lua
        /orthanc/tools/log-level-plugins
        /orthanc/tools/log-level-sqlite
        /orthanc/tools/metrics
        /orthanc/tools/metrics-prometheus
        /orthanc/tools/now
        /orthanc/tools/now-local
        /orthanc/tools/unknown-sop-class-accepted
        /dicom-web/info
        """,
    ),
    "asking for what is not there": (
        OF_EVERYTHING,
        """
        /orthanc/jobs/0
        /orthanc/modalities/none
        /orthanc/modalities/none/configuration
        """,
    ),
    "what holds images of anybody": (
        OF_EVERYTHING,
        """
        /orthanc/instances
        /orthanc/patients
        /orthanc/patients/{patient_id}
        /orthanc/patients/{patient_id}/studies
        /orthanc/patients/{patient_id}/series
        /orthanc/patients/{patient_id}/instances
        /orthanc/patients/{patient_id}/labels
        /orthanc/patients/{patient_id}/module
        /orthanc/patients/{patient_id}/shared-tags
        /orthanc/patients/{patient_id}/instances-tags
        /orthanc/patients/{patient_id}/statistics
        /orthanc/patients/{patient_id}/archive
        /orthanc/patients/{patient_id}/media
        /orthanc/studies/{study_id}/instances
        /orthanc/studies/{study_id}/instances-tags
        /orthanc/studies/{study_id}/module
        /orthanc/studies/{study_id}/module-patient
        /orthanc/studies/{study_id}/patient
        /orthanc/studies/{study_id}/shared-tags
        /orthanc/studies/{study_id}/statistics
        /orthanc/series/{series_id}/patient
        /orthanc/instances/{instance_id}/patient
        /orthanc/jobs/0/archive
        """,
    ),
    "closed to everybody": (
        CLOSED,
        """
        /orthanc/
        /orthanc/app/explorer.html
        /orthanc/peers
        /orthanc/queries
        /orthanc/studies/{study_id}/metadata
        /orthanc/series/{series_id}/attachments
        /orthanc/instances/{instance_id}/attachments/dicom/data
        /orthanc/instances/{instance_id}/metadata/RemoteAET
        /orthanc/series/{series_id}/labels/album-head-ct
        /orthanc/storage-commitment/x
        /dicom-web/servers
        /dicom-web/app/client/index.html
        """,
    ),
}

POST: Mapping[str, tuple[dict[str, int], Mapping[str, object]]] = {
    "searching what one may see": (
        SEARCHED,
        {
            "/orthanc/tools/find": {"Level": "Study", "Query": {}},
            "/orthanc/tools/count-resources": {"Level": "Series", "Query": {}},
            "/orthanc/tools/lookup": "{study}",
        },
    ),
    "taking images away": (
        TAKEN,
        {
            "/orthanc/studies/{study_id}/archive": {},
            "/orthanc/studies/{study_id}/media": {},
            "/orthanc/series/{series_id}/archive": {},
            "/orthanc/series/{series_id}/media": {},
            "/orthanc/tools/create-archive": {"Resources": ["{study_id}"]},
            "/orthanc/tools/create-media": ["{series_id}"],
            "/orthanc/tools/create-media-extended": {"Resources": ["{instance_id}"]},
        },
    ),
    "leaving archives on the server": (
        OF_EVERYTHING | {"member-a": 403},
        {"/orthanc/tools/create-archive": {"Resources": ["{study_id}"], "Asynchronous": True}},
    ),
    "archives of patients": (
        OF_EVERYTHING,
        {"/orthanc/patients/{patient_id}/archive": {}, "/orthanc/patients/{patient_id}/media": {}},
    ),
    "closed to everybody": (
        CLOSED,
        {
            "/orthanc/tools/execute-script": "return 1",
            "/orthanc/tools/reset": {},
            "/orthanc/tools/shutdown": {},
            "/orthanc/tools/bulk-content": {"Resources": ["{study_id}"]},
            "/orthanc/tools/bulk-delete": {"Resources": ["{study_id}"]},
            "/orthanc/studies/{study_id}/modify": {},
            "/orthanc/studies/{study_id}/anonymize": {},
            "/orthanc/series/{series_id}/reconstruct": {},
            "/orthanc/instances/{instance_id}/export": "x",
        },
    ),
    "storing without an album": (
        ALBUM_WANTED,
        {"/orthanc/instances": {}, "/dicom-web/studies": {}, "/dicom-web/studies/{study}": {}},
    ),
}

JOBS = ("cancel", "pause", "resume", "resubmit")
"""What administrators do with jobs; there is none here, which Orthanc says by 400."""

OTHER_METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND")


@pytest.fixture(scope="module")
def places(truth: Truth) -> dict[str, str]:
    """What the places in the table stand for."""
    seen = sorted(truth.may("member-a") & truth.may("pi-a", "download") - truth.may("pi-b"))
    study = truth.manifest["special"]["showcase"]["study"]
    one = next(truth.series[uid] for uid in seen if truth.series[uid].study != study and is_ct(truth, uid))
    image = one.instances[0]
    return {
        "study": one.study,
        "series": one.uid,
        "instance": image.uid,
        "study_id": one.study_id,
        "series_id": one.id,
        "instance_id": image.id,
        "patient_id": truth.orthanc.get(f"/studies/{one.study_id}").json()["ParentPatient"],
    }


def is_ct(truth: Truth, uid: str) -> bool:
    return truth.series[uid].modality == "CT"


def filled(text: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        text = text.replace("{" + name + "}", value)
    return text


Ask = Callable[..., dict[str, int]]
"""Method, target and body, with places; returns the status for each actor."""


@pytest.fixture
def ask(people: Mapping[str, SignedIn], port: int, places: Mapping[str, str]) -> Ask:
    """Ask as everybody, or as some."""

    def asked(method: str, target: str, body: str = "", *, who: Sequence[str] = ACTORS) -> dict[str, int]:
        content = filled(body, places).encode()
        own = [("Content-Type", "application/json")] if content else []
        return {
            one: send(
                port,
                method,
                filled(target, places),
                [*own, *(people[one].headers.items() if one != "nobody" else ())],
                body=content,
            ).status
            for one in who
        }

    return asked


def of_get() -> Iterator[tuple[str, str, dict[str, int]]]:
    for what, (expected, paths) in GET.items():
        yield from ((what, path, expected) for path in paths.split())


@pytest.mark.parametrize(("what", "path", "expected"), list(of_get()))
def test_who_gets_what(what: str, path: str, expected: dict[str, int], ask: Ask) -> None:
    assert ask("GET", path) == expected, what


def of_post() -> Iterator[tuple[str, str, object, dict[str, int]]]:
    for what, (expected, bodies) in POST.items():
        yield from ((what, path, body, expected) for path, body in bodies.items())


@pytest.mark.parametrize(("what", "path", "body", "expected"), list(of_post()))
def test_who_may_post_what(what: str, path: str, body: object, expected: dict[str, int], ask: Ask) -> None:
    sent = body if isinstance(body, str) else json.dumps(body)
    assert ask("POST", path, sent) == expected, what


@pytest.mark.parametrize("verb", JOBS)
def test_only_administrators_reach_jobs(verb: str, ask: Ask) -> None:
    got = ask("POST", f"/orthanc/jobs/0/{verb}")
    assert got == OF_EVERYTHING | {"admin": got["admin"]}
    assert got["admin"] in (400, 404)


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_no_other_method_does_anything_for_anybody(method: str, ask: Ask) -> None:
    paths = {path.partition("?")[0] for _, path, _ in of_get()} | {path for _, path, _, _ in of_post()}
    for path in sorted(paths)[:: 1 if method in ("PUT", "DELETE") else 5]:
        assert set(ask(method, path, who=("pi-a", "admin")).values()) <= {404, 405}, path


def test_head_answers_as_get_for_everybody(ask: Ask) -> None:
    for what in ("looking at images", "taking images away", "closed to everybody"):
        expected, paths = GET[what]
        for path in paths.split()[::6]:
            assert ask("HEAD", path) == expected, path


def test_no_route_that_is_for_somebody_was_forgotten() -> None:
    """The one question to the table of targets: that each of its rows was asked for above."""
    example = {
        "study": "1.2", "series": "1.2.3", "instance": "1.2.3.4", "study_id": "-".join(["0a0a0a0a"] * 5),
        "series_id": "-".join(["0b0b0b0b"] * 5), "instance_id": "-".join(["0c0c0c0c"] * 5),
        "patient_id": "-".join(["0d0d0d0d"] * 5),
    }  # fmt: skip
    targets = [("GET", path) for _, path, _ in of_get()]
    targets += [("POST", path) for _, path, _, _ in of_post()]
    targets += [("POST", f"/orthanc/jobs/0/{verb}") for verb in JOBS]
    reached = set()
    for method, target in targets:
        path, _, query = filled(target, example).partition("?")
        try:
            reached.add(resolve(method, path, query).row.name)
        except (UndeclaredError, ParameterError):
            continue
    assert {row.name for row in TABLE if row.way is not Way.NOBODY} - reached == set()
