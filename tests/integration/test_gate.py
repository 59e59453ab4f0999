"""Through the real gate: what is allowed is Orthanc's own answer, what is not is as if it did not exist."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.integration.people import SignedIn
from tests.integration.raw import Answer, send
from tests.integration.truth import Series, Truth

pytestmark = pytest.mark.stack

ACCOUNTS = ("admin", "pi-a", "member-a", "pi-b", "member-b", "stranger")

RANDOM_UID = "2.25.999999999999999999999999999999999999"
RANDOM_ID = "00000000-11111111-22222222-33333333-44444444"


def item_routes(series: Series) -> Iterator[str]:
    """Every declared item route of a series and of its first instance."""
    path = f"/dicom-web/studies/{series.study}/series/{series.uid}"
    instance = f"{path}/instances/{series.instances[0].uid}"
    yield from (f"{path}/metadata", f"{path}/rendered", f"{path}/thumbnail")
    yield from (f"{instance}/metadata", f"{instance}/rendered", f"{instance}/thumbnail")
    yield from (f"{instance}/frames/1", f"{instance}/frames/1/rendered", f"{instance}/bulk/00100010")
    yield from (f"{instance}/rendered?accept=image/png", f"{instance}/rendered?viewport=64,64")
    yield instance
    yield f"/orthanc/instances/{series.instances[0].id}/preview"


def without_boundary(answer: Answer | httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Reduce an answer to what must be equal: the boundary of a multipart body is random."""
    body = answer.body if isinstance(answer, Answer) else answer.content
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name in ("content-type", "content-disposition", "content-encoding", "cache-control")
    }
    if found := re.search(r'boundary="?([^";]+)', headers.get("content-type", "")):
        headers["content-type"] = headers["content-type"].replace(found[1], "B")
        body = body.replace(found[1].encode(), b"B")
    return (answer.status if isinstance(answer, Answer) else answer.status_code, headers, body)


def some_series(truth: Truth, username: str, modality: str) -> Series:
    return next(
        truth.series[uid] for uid in sorted(truth.may(username)) if truth.series[uid].modality == modality
    )


@pytest.mark.parametrize("modality", ["CT", "SEG"])
def test_an_allowed_item_is_orthancs_own_answer(
    truth: Truth, people: dict[str, SignedIn], port: int, modality: str
) -> None:
    series = some_series(truth, "pi-a", modality)
    for path in item_routes(series):
        direct_path = path.removeprefix("/orthanc")
        direct = truth.orthanc.get(direct_path, headers={"Host": f"127.0.0.1:{port}", "Accept": "*/*"})
        through = send(port, "GET", path, [("Cookie", people["pi-a"].cookie), ("Accept", "*/*")])
        if direct.status_code == 200:
            assert without_boundary(through) == without_boundary(direct), path
        else:
            assert through.status == direct.status_code, path


@pytest.mark.parametrize("username", ACCOUNTS)
def test_a_search_for_studies_is_the_set_that_the_model_expects(
    truth: Truth, people: dict[str, SignedIn], username: str
) -> None:
    expected = {
        study: (
            sorted({one.modality for one in series}),
            len(series),
            sum(len(one.instances) for one in series),
        )
        for study, series in truth.studies(username).items()
    }
    with people[username].client() as client:
        rows = client.get("/dicom-web/studies").json()
        found = {
            row["0020000D"]["Value"][0]: (
                sorted(row["00080061"]["Value"]),
                row["00201206"]["Value"][0],
                row["00201208"]["Value"][0],
            )
            for row in rows
        }
        assert found == expected
        by_find = client.post(
            "/orthanc/tools/find", json={"Level": "Study", "Query": {}, "Expand": True}
        ).json()
        assert {row["MainDicomTags"]["StudyInstanceUID"] for row in by_find} == set(expected)
        assert {child for row in by_find for child in row["Series"]} == {
            truth.series[uid].id for uid in truth.may(username)
        }
        for level, total in (("Study", len(expected)), ("Series", len(truth.may(username)))):
            counted = client.post("/orthanc/tools/count-resources", json={"Level": level, "Query": {}})
            assert counted.json() == {"Count": total}


@pytest.mark.parametrize("username", ["member-a", "pi-b"])
def test_a_filter_on_modality_sees_permitted_series_only(
    truth: Truth, people: dict[str, SignedIn], username: str
) -> None:
    with people[username].client() as client:
        for modality in ("CT", "MR", "SEG", "SR", "PR"):
            rows = client.get(f"/dicom-web/studies?ModalitiesInStudy={modality}").json()
            assert {row["0020000D"]["Value"][0] for row in rows} == {
                study
                for study, series in truth.studies(username).items()
                if any(one.modality == modality for one in series)
            }


@pytest.mark.parametrize("username", ["member-a", "member-b", "stranger"])
def test_series_and_instances_of_a_study_are_the_permitted_ones(
    truth: Truth, people: dict[str, SignedIn], username: str
) -> None:
    seen = truth.studies(username)
    special = truth.manifest["special"]
    studies = sorted(
        {*sorted(seen)[:2], special["partial"]["study"], special["two_albums"], special["unlabelled"]}
    )
    with people[username].client() as client:
        for study in studies:
            answer = client.get(f"/dicom-web/studies/{study}/series")
            permitted = {one.uid for one in seen.get(study, [])}
            if not permitted:
                assert answer.status_code == 404
                continue
            assert {row["0020000E"]["Value"][0] for row in answer.json()} == permitted
            for series in seen[study]:
                rows = client.get(f"/dicom-web/studies/{study}/series/{series.uid}/instances").json()
                assert {row["00080018"]["Value"][0] for row in rows} == {one.uid for one in series.instances}


@pytest.mark.parametrize("username", ["pi-a", "member-a", "member-b", "stranger"])
def test_the_metadata_of_a_study_are_orthancs_own_of_the_permitted_series(
    truth: Truth, people: dict[str, SignedIn], username: str
) -> None:
    seen = truth.studies(username)
    special = truth.manifest["special"]
    with people[username].client() as client:
        for study in (special["partial"]["study"], special["two_albums"], special["showcase"]["study"]):
            answer = client.get(f"/dicom-web/studies/{study}/metadata")
            permitted = sorted(one.uid for one in seen.get(study, []))
            if not permitted:
                assert answer.status_code == 404
                continue
            assert answer.headers["content-type"] == "application/dicom+json"
            host = {"Host": httpx.URL(people[username].url).netloc.decode()}
            direct = [
                row
                for uid in permitted
                for row in truth.orthanc.get(
                    f"/dicom-web/studies/{study}/series/{uid}/metadata", headers=host
                ).json()
            ]
            assert answer.json() == direct


@pytest.mark.parametrize("username", ["member-a", "pi-b", "stranger"])
def test_series_of_all_studies_are_the_permitted_ones(
    truth: Truth, people: dict[str, SignedIn], username: str
) -> None:
    with people[username].client() as client:
        rows = client.get("/dicom-web/series").json()
        ct = client.get("/dicom-web/series?Modality=CT").json()
    assert {row["0020000E"]["Value"][0] for row in rows} == truth.may(username)
    assert {row["0020000E"]["Value"][0] for row in ct} == {
        uid for uid in truth.may(username) if truth.series[uid].modality == "CT"
    }


def test_paging_has_no_repeats_and_no_gaps(truth: Truth, people: dict[str, SignedIn]) -> None:
    found: list[str] = []
    with people["pi-a"].client() as client:
        for since in range(0, 100, 5):
            page: list[dict[str, Any]] = client.post(
                "/orthanc/tools/find",
                json={
                    "Level": "Study",
                    "Query": {},
                    "Limit": 5,
                    "Since": since,
                    "RequestedTags": ["StudyInstanceUID"],
                    "OrderBy": [{"Type": "DicomTag", "Key": "PatientSex", "Direction": "DESC"}],
                },
            ).json()
            found += [row["RequestedTags"]["StudyInstanceUID"] for row in page]
    assert sorted(found) == sorted(truth.studies("pi-a"))


def test_hidden_and_missing_answer_with_the_same_bytes(
    truth: Truth, people: dict[str, SignedIn], port: int
) -> None:
    headers = [("Cookie", people["stranger"].cookie)]
    hidden = some_series(truth, "pi-a", "CT")
    image = hidden.instances[0]
    for path in (*item_routes(hidden), f"/dicom-web/studies/{hidden.study}/series"):
        missing = path
        for real, random in (
            (hidden.study, RANDOM_UID + "1"),
            (hidden.uid, RANDOM_UID + "2"),
            (image.uid, RANDOM_UID + "3"),
            (image.id, RANDOM_ID),
        ):
            missing = missing.replace(real, random)
        first, second = (send(port, "GET", one, headers) for one in (path, missing))
        assert first.status == second.status == 404, path
        assert (first.stable_headers, first.body) == (second.stable_headers, second.body), path


def test_a_hidden_instance_under_a_permitted_series_answers_as_a_missing_one(
    truth: Truth, people: dict[str, SignedIn], port: int
) -> None:
    headers = [("Cookie", people["member-a"].cookie)]
    seen, hidden = some_series(truth, "member-a", "CT"), some_series(truth, "pi-b", "MR")
    path = f"/dicom-web/studies/{seen.study}/series/{seen.uid}/instances"
    for tail in ("/metadata", "/frames/1", "/rendered", "/thumbnail", "/bulk/00100010", ""):
        first = send(port, "GET", f"{path}/{hidden.instances[0].uid}{tail}", headers)
        second = send(port, "GET", f"{path}/{RANDOM_UID}{tail}", headers)
        assert first.status == second.status == 404
        assert (first.stable_headers, first.body) == (second.stable_headers, second.body)


def test_whole_images_need_download_and_whole_segmentations_only_view(
    truth: Truth, people: dict[str, SignedIn], port: int
) -> None:
    def whole(username: str, series: Series) -> int:
        path = f"/dicom-web/studies/{series.study}/series/{series.uid}/instances/{series.instances[0].uid}"
        return send(port, "GET", path, [("Cookie", people[username].cookie)]).status

    ct, seg = some_series(truth, "member-a", "CT"), some_series(truth, "member-a", "SEG")
    mr = some_series(truth, "member-b", "MR")
    assert (whole("member-a", ct), whole("member-a", seg)) == (403, 200)
    assert (whole("pi-a", ct), whole("member-b", mr), whole("stranger", ct)) == (200, 200, 404)


def test_nobody_gets_401_whether_it_exists_or_not(truth: Truth, port: int) -> None:
    series = some_series(truth, "pi-a", "CT")
    for path in (*item_routes(series), "/dicom-web/studies", f"/dicom-web/studies/{series.study}/series"):
        real = send(port, "GET", path)
        random = send(port, "GET", path.replace(series.study, RANDOM_UID).replace(series.uid, RANDOM_UID))
        assert real.status == random.status == 401
        assert (real.stable_headers, real.body) == (random.stable_headers, random.body)


def test_orthanc_itself_demands_the_gates_credential(stack: Mapping[str, Any], truth: Truth) -> None:
    url = stack["internal"]["orthanc"]["url"]
    series = some_series(truth, "pi-a", "CT")
    for path in ("/", "/system", "/studies", "/dicom-web/studies", "/app/explorer.html", "/tools/find",
                 f"/dicom-web/studies/{series.study}/series/{series.uid}/metadata"):  # fmt: skip
        assert httpx.get(url + path, trust_env=False).status_code == 401, path
        assert httpx.post(url + path, trust_env=False, json={}).status_code == 401, path


def test_a_picture_is_there_for_a_browser_and_is_the_middle_of_the_series(
    truth: Truth, people: dict[str, SignedIn]
) -> None:
    showcase = truth.manifest["special"]["showcase"]["series"]
    accept = {"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}
    with people["member-a"].client() as client:
        sent = client.get(f"/api/series/{showcase}/picture?size=128", headers=accept)
        assert sent.status_code == 302
        assert sent.headers["location"].endswith("/rendered?viewport=128,128&window=40.00,100.00,linear")
        shown = client.get(sent.headers["location"], headers=accept)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    with people["stranger"].client() as client:
        assert client.get(f"/api/series/{showcase}/picture").status_code == 404
        assert client.get(sent.headers["location"]).status_code == 404
