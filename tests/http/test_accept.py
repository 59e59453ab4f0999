"""What a client takes decides whether it gets DICOM JSON: by the standard, and before anything is told."""

from collections.abc import Iterator

import pytest

from tests.http.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all: nothing here changes anything."""
    made = World.make(tmp_path_factory.mktemp("accept"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/*", 200),
        ("application/json", 200),
        ("application/dicom+json", 200),
        ("Application/DICOM+JSON; charset=utf-8", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/dicom+json;q=0, application/json", 200),
        ("application/dicom+json; q=0.000", 406),
        ("application/dicom+xml", 406),
        ('multipart/related; type="application/dicom+json"', 406),
        ("text/html", 406),
        ("image/json", 406),
        ("", 200),
    ],
)
@pytest.mark.parametrize("path", ["/dicom-web/studies", "/dicom-web/studies/1.1/metadata"])
def test_who_takes_no_dicom_json_gets_406(world: World, path: str, accept: str, status: int) -> None:
    with world.client("member_a") as client:
        answer = client.get(path, headers={"accept": accept})
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["reason"] == "Accept"


def test_a_form_that_cannot_be_had_says_the_same_of_hidden_and_of_missing(world: World) -> None:
    with world.client("stranger") as client:
        answers = [
            client.get(f"/dicom-web/studies/{study}/metadata", headers={"accept": "text/html"})
            for study in ("1.1", "9.9")
        ]
    assert answers[0].status_code == answers[1].status_code == 406
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("name", ["fuzzymatching", "emptyvaluematching", "multiplevaluematching"])
def test_a_matching_that_is_not_done_is_warned_of_and_only_where_it_is_asked_for(
    world: World, name: str
) -> None:
    with world.client("member_a") as client:
        asked, not_asked, unreadable = (
            client.get(f"/dicom-web/studies?{name}={value}") for value in ("true", "false", "perhaps")
        )
    assert f"The {name} parameter is not supported." in asked.headers["warning"]
    assert "warning" not in not_asked.headers
    assert unreadable.status_code == 400
