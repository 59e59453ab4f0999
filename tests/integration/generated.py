"""Requests that Hypothesis makes up for somebody who may see nothing, with real hidden identifiers in them.

The shapes are those of every route that there is (Orthanc's, DICOMweb's, our own API) and of none; what fills
them is hidden, or is not there, or is not even text. Whatever the answer: no server error, nothing that the
detector knows, and no picture or file.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from auth_service.targets import TABLE
from auth_service.vocabulary import Level
from tests.integration.leaks import Detector, Facts, Kind
from tests.integration.raw import Answer, send
from tests.integration.spellings import UnreadableError

AT_ONCE = 8
"""Requests under way at a time."""
_PER_EXAMPLE = 16

Headers = tuple[tuple[str, str], ...]

API = (
    "/api/me",
    "/api/health",
    "/api/sessions",
    "/api/sessions/{id}",
    "/api/tokens",
    "/api/tokens/{id}",
    "/api/albums",
    "/api/albums/{slug}",
    "/api/albums/{slug}/deletion",
    "/api/albums/ownerless",
    "/api/albums/{slug}/members",
    "/api/albums/{slug}/members/{number}",
    "/api/series/{series}/picture",
    "/internal/authorize",
    "/internal/orthanc/studies/{study}",
    "/portal/study?study={study}",
    "/ohif/viewer?StudyInstanceUIDs={study}",
)
_KEYS = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "PatientName",
    "PatientID",
    "00100010",
    "0020000D",
    "0010,0020",
    "StudyDescription",
    "SeriesDescription",
    "AccessionNumber",
    "ModalitiesInStudy",
    "Modality",
    "StudyDate",
    "NumberOfStudyRelatedSeries",
    "includefield",
    "limit",
    "offset",
    "fuzzymatching",
    "expand",
    "since",
    "requestType",
    "studyUID",
    "seriesUID",
    "objectUID",
    "contentType",
    "resources",
    "token",
    "accept",
    "viewport",
    "window",
    "_method",
    "search",
    "slug",
)
_HEADERS: Sequence[tuple[str, Sequence[str]]] = (
    (
        "Accept",
        (
            "*/*",
            "application/dicom+json",
            "application/dicom+xml",
            'multipart/related; type="*/*"',
            "image/png",
        ),
    ),
    ("Accept-Encoding", ("gzip", "deflate", "identity", "br, gzip")),
    ("Accept-Language", ("fr-CA", "en")),
    ("Range", ("bytes=0-9", "bytes=-1", "bytes=9-0")),
    ("If-None-Match", ("*", '"x"')),
    ("X-HTTP-Method-Override", ("GET", "DELETE")),
    ("X-Original-URI", ("/dicom-web/studies",)),
    ("X-Forwarded-For", ("127.0.0.1",)),
    ("X-Gate-Path", ("/dicom-web/studies",)),
    ("X-Gate-Secret", ("", "x")),
    ("X-Accel-Redirect", ("/internal/orthanc/studies",)),
    ("Content-Type", ("application/json", "text/plain", "application/x-www-form-urlencoded")),
    ("Expect", ("100-continue",)),
    ("Upgrade", ("websocket", "h2c")),
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")
_FILES = (
    "image/",
    "multipart/",
    "application/dicom;",
    "application/zip",
    "application/octet-stream",
    "video/",
)
_LEAVE_OUT = re.compile(r"[\s\x00-\x1f\x7f#\ud800-\udfff]")
"""Bytes that would end the request line or the header: what follows would be no part of the request."""


@dataclass(frozen=True, slots=True)
class Generated:
    """One request that nobody wrote."""

    who: str
    method: str
    target: str
    headers: Headers
    body: bytes


@dataclass
class Tally:
    """What came of all of them."""

    statuses: Counter[int] = field(default_factory=Counter)
    named_hidden: int = 0
    """Requests with something hidden in them that is really there."""
    faults: list[tuple[str, Generated]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many there were."""
        return sum(self.statuses.values())

    def server_errors(self) -> int:
        """How many were answered 5xx."""
        return sum(
            count for status, count in self.statuses.items() if status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )


def requests_about(facts: Facts, who: Iterable[str]) -> SearchStrategy[Generated]:
    """Return the strategy of single requests by one of some people."""
    truth = facts.truth
    series = sorted(truth.series.values(), key=lambda one: one.uid)
    texts = sorted(
        {
            fact.value.decode()
            for known in (*facts.of_series.values(), *facts.of_album.values())
            for fact in known
            if fact.kind in (Kind.TEXT, Kind.LABEL)
        }
    )
    ids = sorted(
        {fact.value.decode() for known in facts.of_series.values() for fact in known if fact.kind is Kind.ID}
    )
    junk = st.text(max_size=12)
    of_place: dict[str, SearchStrategy[str]] = {
        "study": st.sampled_from(sorted({one.study for one in series})),
        "series": st.sampled_from([one.uid for one in series]),
        "instance": st.sampled_from([one.instances[0].uid for one in series]),
        "id": st.sampled_from(ids),
        "slug": st.sampled_from(sorted(truth.albums)),
        "frames": st.sampled_from(["1", "1,2", "99999"]),
        "frame": st.sampled_from(["0", "1", "99999"]),
        "number": st.sampled_from(["1", "2", "-1"]),
        "content": st.sampled_from(["0010-0010", "PatientName", "0008-1115/0/0020-000e"]),
        "tags": st.sampled_from(["00100010", "7fe00010"]),
        "name": st.sampled_from(["dicom", "RemoteAET"]),
    }
    value = st.one_of(*(of_place[place] for place in ("study", "series", "instance", "id", "slug")))
    value = st.one_of(
        value, st.sampled_from(texts), st.sampled_from(["*", "?*", "", "0", "10", "CT", "true"])
    )
    fitting = st.one_of(
        *(
            st.tuples(st.just(key), of_place[place])
            for key, place in (
                ("SeriesInstanceUID", "series"),
                ("SeriesInstanceUID", "series"),
                ("0020000E", "series"),
                ("StudyInstanceUID", "study"),
                ("SOPInstanceUID", "instance"),
            )
        ),
        st.tuples(st.sampled_from(["PatientName", "PatientID", "StudyDescription"]), st.sampled_from(texts)),
    )
    chain = st.sampled_from(series).map(
        lambda one: {"study": one.study, "series": one.uid, "instance": one.instances[0].uid}
    )
    return st.builds(
        lambda who, line, query, headers, body: Generated(
            who=who,
            method=line[0],
            target=_LEAVE_OUT.sub("", line[1] + query),
            headers=tuple(headers),
            body=body,
        ),
        st.sampled_from(list(who)),
        _lines(of_place, chain, junk),
        _queries(fitting, value, junk),
        st.lists(_header(), max_size=3, unique_by=lambda pair: pair[0]),
        _bodies(fitting, value, of_place["id"], junk),
    )


def _lines(
    of_place: dict[str, SearchStrategy[str]], chain: SearchStrategy[dict[str, str]], junk: SearchStrategy[str]
) -> SearchStrategy[tuple[str, str]]:
    """Return methods with paths: mostly those that go together."""
    images = st.sampled_from([(row.method, row.path) for row in TABLE if row.level is not Level.SYSTEM])
    searches = st.sampled_from(
        [
            *(("GET", path) for path in ("/dicom-web/studies", "/dicom-web/series", "/dicom-web/instances")),
            *(
                ("GET", f"/dicom-web/studies/{{study}}/{level}")
                for level in ("series", "instances", "metadata")
            ),
            *(("GET", f"/orthanc/{level}") for level in ("studies", "series", "tools/labels", "wado")),
            *(("POST", f"/orthanc/tools/{tool}") for tool in ("find", "count-resources", "lookup")),
            ("POST", "/orthanc/tools/create-archive"),
            ("GET", "/api/albums"),
        ]
    )
    every = st.sampled_from([*((row.method, row.path) for row in TABLE), *(("GET", path) for path in API)])
    places = st.fixed_dictionaries(of_place)
    together = st.builds(lambda one, those: one | those, places, chain)
    # Mostly of one series, so that there is such a path; else of several, or of what nobody knows.
    whole = st.builds(
        lambda line, held, text: (line[0], _fill(line[1], held, text)),
        st.one_of(images, searches, every),
        st.one_of(together, together, places),
        junk,
    )
    another = st.builds(lambda line, method: (method, line[1]), whole, st.sampled_from(_METHODS))
    spoilt = st.builds(
        lambda line, at, what: (line[0], _with(line[1], at, what)),
        whole,
        st.integers(0, 200),
        st.one_of(junk, st.sampled_from(["/", "..", "/../", "%2f", "%00", ";x", "?", "//", ".", "%2e%2e/"])),
    )
    random = st.tuples(
        st.sampled_from(_METHODS),
        st.lists(st.one_of(junk, *of_place.values()), min_size=1, max_size=6).map(
            lambda parts: "/" + "/".join(parts)
        ),
    )
    return st.one_of(whole, whole, whole, whole, another, spoilt, random)


def _with(path: str, at: int, what: str) -> str:
    at %= len(path) + 1
    return path[:at] + what + path[at:]


def _fill(template: str, places: dict[str, str], junk: str) -> str:
    return re.sub(r"\{([a-z]+)\}", lambda place: places.get(place[1], junk), template)


def _queries(
    fitting: SearchStrategy[tuple[str, str]], value: SearchStrategy[str], junk: SearchStrategy[str]
) -> SearchStrategy[str]:
    pair = st.builds(
        lambda name, held: f"{name}={held}",
        st.one_of(st.sampled_from(_KEYS), st.sampled_from(_KEYS), junk),
        st.one_of(value, value, junk),
    )
    written = st.lists(pair, min_size=1, max_size=3).map(lambda pairs: "?" + "&".join(pairs))
    apt = fitting.map(lambda pair: f"?{pair[0]}={pair[1]}")
    return st.one_of(st.just(""), apt, apt, written, junk.map(lambda text: f"?{text}"))


def _header() -> SearchStrategy[tuple[str, str]]:
    return st.sampled_from(_HEADERS).flatmap(
        lambda known: st.tuples(st.just(known[0]), st.sampled_from(known[1]))
    )


def _bodies(
    fitting: SearchStrategy[tuple[str, str]],
    value: SearchStrategy[str],
    identifier: SearchStrategy[str],
    junk: SearchStrategy[str],
) -> SearchStrategy[bytes]:
    find = st.fixed_dictionaries(
        {
            "Level": st.sampled_from(["Study", "Series", "Instance", "Patient"]),
            "Query": st.one_of(
                fitting.map(lambda pair: dict([pair])),
                st.dictionaries(st.sampled_from(_KEYS[:15]), value, max_size=2),
            ),
        },
        optional={
            "Expand": st.booleans(),
            "Limit": st.integers(-1, 2**33),
            "Labels": st.lists(value, max_size=2),
            "LabelsConstraint": st.sampled_from(["Any", "All", "None"]),
            "RequestedTags": st.lists(st.one_of(st.sampled_from(_KEYS[:15]), junk), max_size=3),
            "ResponseContent": st.just(["MainDicomTags", "Labels", "Parent", "Children", "Metadata"]),
        },
    )
    archive = st.fixed_dictionaries({"Resources": st.lists(identifier, min_size=1, max_size=3)})
    written: SearchStrategy[bytes] = st.one_of(
        find, find, archive, st.lists(identifier, max_size=2), junk
    ).map(lambda body: json.dumps(body).encode())
    return st.one_of(st.just(b""), written, written, value.map(str.encode), st.binary(max_size=20))


def generate(
    strategy: SearchStrategy[Generated],
    *,
    count: int,
    port: int,
    credentials: dict[str, Headers],
    detector: Detector,
    progress: Callable[[int], None] = lambda _: None,
) -> Tally:
    """Make up and send at least so many requests.

    Parameters
    ----------
    strategy : SearchStrategy[Generated]
        What `requests_about` returned for the names in ``credentials``.
    count : int
        How many.
    port : int
        The gate's.
    credentials : dict[str, Headers]
        What each sends besides.
    detector : Detector
        What none of them may read.
    progress : Callable[[int], None]
        Is told now and then how many there were.

    """
    tally = Tally()

    with ThreadPoolExecutor(AT_ONCE) as pool:

        @settings(
            max_examples=-(-count // _PER_EXAMPLE),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(strategy, min_size=_PER_EXAMPLE, max_size=_PER_EXAMPLE))
        def send_some(batch: list[Generated]) -> None:
            for one, answer in zip(
                batch, pool.map(lambda one: _ask(port, one, credentials), batch), strict=True
            ):
                _judge(tally, one, answer, detector)
            progress(tally.total)

        while tally.total < count:  # Hypothesis leaves off where it has tried all there is
            send_some()
    return tally


def _ask(port: int, one: Generated, credentials: dict[str, Headers]) -> Answer | None:
    """Send it; ``None``: the other side hung up, which nginx does where a request cannot be read."""
    headers = [*one.headers, *credentials[one.who], ("Origin", f"http://127.0.0.1:{port}")]
    try:
        return send(port, one.method, one.target, headers, body=one.body)
    except ConnectionError:
        return None


def _judge(tally: Tally, one: Generated, answer: Answer | None, detector: Detector) -> None:
    said = b"\n".join([one.target.encode(), one.body])
    tally.named_hidden += any(True for _ in detector.found_in(said))
    if answer is None:
        tally.statuses[0] += 1
        return
    tally.statuses[answer.status] += 1
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        tally.faults.append((f"server error {answer.status}", one))
    if answer.status < HTTPStatus.MULTIPLE_CHOICES and _is_a_file(answer):
        tally.faults.append((f"a file: {answer.headers['content-type']}", one))
    try:
        if leaks := detector.leaks(answer, said):
            tally.faults.append((f"leaks {leaks}", one))
    except UnreadableError as error:
        tally.faults.append((str(error), one))


def _is_a_file(answer: Answer) -> bool:
    return f"{answer.headers.get('content-type', '')};".startswith(_FILES)
