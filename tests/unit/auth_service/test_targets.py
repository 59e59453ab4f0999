"""The table of data routes: what is in it is found whole, what is not is denied."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.targets import TABLE, ParameterError, UndeclaredError, Way, resolve

SERIES = "/dicom-web/studies/1.2/series/3.4"
INSTANCE = SERIES + "/instances/5.6"
ORTHANC_ID = "a8798ea9-793ff2a9-80ef7a33-5ba2f936-fdc00310"


@pytest.mark.parametrize(
    ("path", "row", "places", "key"),
    [
        ("/dicom-web/studies", "search-studies", {}, "search-studies"),
        ("/dicom-web/studies/1.2/series", "search-series", {"study": "1.2"}, "search-series|1.2"),
        (
            SERIES + "/metadata",
            "series-metadata",
            {"study": "1.2", "series": "3.4"},
            "series-metadata|1.2|3.4",
        ),
        (
            INSTANCE + "/frames/1,2",
            "frames",
            {"study": "1.2", "series": "3.4", "instance": "5.6", "frames": "1,2"},
            "frames|1.2|3.4",
        ),
        (
            INSTANCE + "/bulk/7fe00010",
            "instance-bulkdata",
            {"study": "1.2", "series": "3.4", "instance": "5.6", "tags": "7fe00010"},
            "instance-bulkdata|1.2|3.4",
        ),
        (
            f"/orthanc/instances/{ORTHANC_ID}/preview",
            "orthanc-instances-preview",
            {"id": ORTHANC_ID},
            f"orthanc-instances-preview|{ORTHANC_ID}",
        ),
        (
            f"/orthanc/instances/{ORTHANC_ID}/frames/0/raw.gz",
            "orthanc-instances-frames-frame-raw-gz",
            {"id": ORTHANC_ID, "frame": "0"},
            f"orthanc-instances-frames-frame-raw-gz|{ORTHANC_ID}",
        ),
        (SERIES, "series", {"study": "1.2", "series": "3.4"}, "series|1.2|3.4"),
        ("/orthanc/system", "get-system", {}, "get-system"),
    ],
)
def test_a_declared_path_is_found_with_its_places(
    path: str, row: str, places: dict[str, str], key: str
) -> None:
    target = resolve("GET", path)
    assert (target.row.name, dict(target.places), target.cache_key) == (row, places, key)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/"),
        ("get", SERIES + "/metadata"),
        ("POST", SERIES + "/metadata"),
        ("DELETE", "/dicom-web/studies/1.2"),
        ("GET", "/dicom-web/studies/1.2/metadata/"),
        ("GET", "/dicom-web/studies/"),
        ("GET", SERIES + "/metadata/"),
        ("GET", SERIES + "/metadata\n"),
        ("GET", "/dicom-web/studies/1.2./series/3.4/metadata"),
        ("GET", "/dicom-web/studies/.1.2/series/3.4/metadata"),
        ("GET", "/dicom-web/studies/1..2/series/3.4/metadata"),
        ("GET", "/dicom-web/studies/\u0661.2/series/3.4/metadata"),
        ("GET", "/DICOM-WEB/studies"),
        ("GET", INSTANCE + "/frames/0"),
        ("GET", INSTANCE + "/frames/1,"),
        ("GET", INSTANCE + "/bulk/"),
        ("POST", "/orthanc/tools/execute-script"),
        ("PUT", f"/orthanc/series/{ORTHANC_ID}/labels/album-a"),
        ("DELETE", f"/orthanc/studies/{ORTHANC_ID}"),
        ("GET", f"/orthanc/series/{ORTHANC_ID}/metadata"),
        ("GET", f"/orthanc/instances/{ORTHANC_ID}/frames/0/raw-gz"),
        ("GET", f"/orthanc/instances/{ORTHANC_ID}/content/../../system"),
        ("GET", "/orthanc/wado/"),
        ("GET", f"/orthanc/instances/{ORTHANC_ID.upper()}/preview"),
    ],
)
def test_what_is_not_in_the_table_is_undeclared(method: str, path: str) -> None:
    with pytest.raises(UndeclaredError):
        resolve(method, path)


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        (SERIES + "/metadata", "x=1", "x"),
        (SERIES + "/metadata", "&", "query"),
        (SERIES + "/metadata", "token=abc", "token"),
        (SERIES + "/metadata", "_method=DELETE", "_method"),
        (INSTANCE + "/frames/1", "accept=image/jpeg", "accept"),
        (INSTANCE + "/rendered", "viewport=1,2&viewport=3,4", "viewport"),
        (INSTANCE + "/rendered", "viewport=1", "viewport"),
        (INSTANCE + "/rendered", "accept=text/html", "accept"),
        (INSTANCE + "/rendered", "accept=image/png%0d%0aX:1", "accept"),
        (INSTANCE + "/rendered", "window=1,2", "window"),
        (INSTANCE + "/rendered", "Accept=image/png", "Accept"),
        ("/orthanc/tools/find?", "", "undeclared"),
        ("/dicom-web/studies/" + "1" * 65 + "/series/3.4/metadata", "", "study"),
        ("/orthanc/instances/a8798ea9/preview", "", "id"),
    ],
)
def test_a_parameter_that_the_row_does_not_allow_is_refused_by_name(
    path: str, query: str, parameter: str
) -> None:
    if parameter == "undeclared":
        with pytest.raises(UndeclaredError):
            resolve("GET", path, query)
        return
    with pytest.raises(ParameterError) as refused:
        resolve("GET", path, query)
    assert refused.value.parameter == parameter


@pytest.mark.parametrize(
    "query",
    ["", "accept=image/jpeg", "accept=image%2Fjpeg", "viewport=64,64", "viewport=64%2C64", "quality=80",
     "window=40,400,linear", "accept=image/png&viewport=1,2,3,4,5,-6.5"],
)  # fmt: skip
def test_rendering_takes_the_parameters_of_the_standard(query: str) -> None:
    assert resolve("GET", INSTANCE + "/rendered", query).row.name == "instance-rendered"


@given(st.text(alphabet="/.,-0123456789abcdefinrsstudme~_ %|", max_size=60))
def test_a_random_path_is_declared_or_refused_and_never_half_matched(path: str) -> None:
    try:
        target = resolve("GET", path)
    except (UndeclaredError, ParameterError):
        return
    rebuilt = target.row.path.format(**target.places)
    assert rebuilt == path


def test_names_are_unique_and_of_characters_that_a_key_may_hold() -> None:
    names = [row.name for row in TABLE]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


def test_no_two_rows_match_the_same_request() -> None:
    examples = {"study": "1.2", "series": "3.4", "instance": "5.6", "frames": "1", "tags": "0010",
                "id": ORTHANC_ID, "frame": "0", "content": "0010-0010", "job": "1a-2b", "output": "archive",
                "name": "x_y", "rest": "a/b"}  # fmt: skip
    declared = [row for row in TABLE if row.way is not Way.NOBODY]
    for row in TABLE:
        path = row.path.format(**examples)
        matching = [
            other.name
            for other in (declared if row in declared else [*declared, row])
            if other.method == row.method and re.fullmatch(other.nginx_pattern.replace("(?<", "(?P<"), path)
        ]
        assert matching == [row.name]


def test_a_decision_that_is_kept_does_not_depend_on_what_its_key_leaves_out() -> None:
    for row in TABLE:
        if row.way is Way.STREAMED and row.cached:
            assert not row.by_class
            assert set(row.places) - set(row.key_places) <= {"instance", "frames", "tags", "frame", "content"}


def test_a_list_of_frames_has_an_end() -> None:
    frames = [str(number) for number in range(1, 102)]
    assert resolve("GET", f"{INSTANCE}/frames/{','.join(frames[:100])}").row.name == "frames"
    with pytest.raises(UndeclaredError):
        resolve("GET", f"{INSTANCE}/frames/{','.join(frames)}")


def test_head_is_found_as_get() -> None:
    assert resolve("HEAD", SERIES + "/metadata") == resolve("GET", SERIES + "/metadata")
