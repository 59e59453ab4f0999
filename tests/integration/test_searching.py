"""The questions of the page Search to the real Orthanc, narrowed to what somebody may see."""

import pytest
from pyorthanc import Orthanc

from auth_service.search.ranges import Range, age, thickness
from tests.integration.people import SignedIn
from tests.integration.truth import Truth

pytestmark = pytest.mark.stack

TAGS = (
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "BodyPartExamined",
    "Manufacturer",
    "SliceThickness",
    "PatientAge",
    "PatientBirthDate",
    "StudyDate",
)


@pytest.fixture(scope="module")
def known(truth: Truth) -> dict[str, dict[str, str]]:
    """The tags of every series, as Orthanc itself tells them, by SeriesInstanceUID."""
    question = {"Level": "Series", "Query": {}, "RequestedTags": list(TAGS), "ResponseContent": []}
    rows = truth.orthanc.post("/tools/find", json=question).json()
    return {
        row["RequestedTags"]["SeriesInstanceUID"]: {k: v or "" for k, v in row["RequestedTags"].items()}
        for row in rows
    }


def asked(person: SignedIn, level: str, uid: str, **question: object) -> set[str]:
    """What is found, over pages of twenty, and counted the same."""
    found: list[str] = []
    wanted = {"Level": level, "Query": {}, **question}
    order = [{"Type": "DicomTag", "Key": uid, "Direction": "ASC"}]
    page = wanted | {"RequestedTags": [uid], "ResponseContent": [], "Limit": 20, "OrderBy": order}
    url = person.url + "/orthanc"
    with Orthanc(url, return_raw_response=True, headers=person.headers, trust_env=False) as client:
        while rows := client.post_tools_find(json=page | {"Since": len(found)}).json():
            found += [row["RequestedTags"][uid] for row in rows]
        total = client.post_tools_count_resources(json=wanted).json()["Count"]
    assert len(found) == len(set(found)) == total
    return set(found)


@pytest.mark.parametrize("username", ["pi-a", "member-a", "pi-b", "stranger"])
def test_ranges_and_attributes_of_series_find_exactly_what_is_so_and_may_be_seen(
    truth: Truth, people: dict[str, SignedIn], known: dict[str, dict[str, str]], username: str
) -> None:
    mine = {uid: known[uid] for uid in truth.may(username)}
    person = people[username]
    for lowest, highest in ((None, 1.0), (1.0, 3.0), (2.5, None)):
        wanted = Range(lowest=lowest, highest=highest)
        ends = {"From": lowest, "To": highest}
        ranges = {"SliceThickness": {name: end for name, end in ends.items() if end is not None}}
        series = {uid for uid, tags in mine.items() if wanted.holds(thickness(tags))}
        assert asked(person, "Series", "SeriesInstanceUID", Ranges=ranges) == series
        studies = {mine[uid]["StudyInstanceUID"] for uid in series}
        assert asked(person, "Study", "StudyInstanceUID", Ranges=ranges) == studies
    for lowest, highest in ((0.0, 45.0), (46.0, 130.0)):
        wanted = Range(lowest=lowest, highest=highest)
        ranges = {"PatientAge": {"From": lowest, "To": highest}}
        studies = {tags["StudyInstanceUID"] for tags in mine.values() if wanted.holds(age(tags))}
        assert asked(person, "Study", "StudyInstanceUID", Ranges=ranges) == studies
    for keyword in ("BodyPartExamined", "Manufacturer"):
        for value in sorted({tags[keyword] for tags in known.values()} - {""}):
            if set(value) & set("*?\\"):
                continue
            studies = {tags["StudyInstanceUID"] for tags in mine.values() if tags[keyword] == value}
            assert asked(person, "Study", "StudyInstanceUID", Query={keyword: value}) == studies


def test_the_samples_have_what_is_searched_for(known: dict[str, dict[str, str]]) -> None:
    for keyword in ("BodyPartExamined", "SliceThickness", "PatientAge"):
        assert any(tags.get(keyword) for tags in known.values()), keyword
