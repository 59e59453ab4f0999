"""Why? on the real stack: a refused frame is explained by its number, its address, on the command line."""

import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.native.stack import Stack
from tests.integration.people import SignedIn
from tests.integration.raw import send
from tests.integration.truth import Series, Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hidden(truth: Truth) -> Series:
    """A series of head-ct, of which member-b may not know."""
    uid = truth.manifest["special"]["showcase"]["series"]
    assert uid not in truth.may("member-b")
    return truth.series[uid]


def frame(series: Series, number: int = 1) -> str:
    study, uid, instance = series.study, series.uid, series.instances[0].uid
    return f"/dicom-web/studies/{study}/series/{uid}/instances/{instance}/frames/{number}"


def explained(person: SignedIn, **query: str) -> dict[str, Any]:
    with person.client() as client:
        answer = client.get("/api/explain", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_refused_frame_is_explained_by_its_number(people: dict[str, SignedIn], hidden: Series) -> None:
    numbers: list[str] = []

    def is_on_record() -> bool:
        # nginx keeps a decision about a series for a moment: such a request is in nginx's log only.
        path = frame(hidden, 1 + secrets.randbelow(10**6))
        with people["member-b"].client() as client, people["admin"].client() as admin:
            answer = client.get(path)
            assert answer.status_code == 404
            numbers.append(answer.headers["x-request-id"])
            return admin.get("/api/explain", params={"resource": numbers[-1]}).is_success

    eventually(is_on_record)
    number = numbers[-1]
    told = explained(people["admin"], resource=number)
    assert told["asked"].startswith(f"/dicom-web/studies/{hidden.study}/series/{hidden.uid}/")
    assert (told["outcome"], told["status"], told["reason"]) == ("hidden", 404, "no-grant")
    assert told["credential"]["username"] == "member-b"
    assert told["credential"]["session_ended"] is None
    assert told["record"]["request_id"] == number
    assert [grant["outcome"] for grant in told["grants"]] == ["other-label"] * len(told["grants"])
    assert [(way["kind"], way["album"]["slug"]) for way in told["ways"]] == [("membership", "head-ct")]
    assert told["decisions"][0]["event"] == "denied"


def test_explanations_and_answers_agree_for_every_person(
    people: dict[str, SignedIn], truth: Truth, hidden: Series
) -> None:
    partial = truth.manifest["special"]["partial"]
    unlabelled = next(
        one for one in truth.series.values() if one.study == truth.manifest["special"]["unlabelled"]
    )
    series = [hidden, unlabelled, *(truth.series[uid] for uid in partial["hidden_series"])]
    for who in ("pi-a", "member-a", "pi-b", "member-b", "stranger"):
        with people[who].client() as client:
            for one in series:
                path = f"/dicom-web/studies/{one.study}/series/{one.uid}/metadata"
                status = client.get(path).status_code
                told = explained(people["admin"], resource=path, actor=who)
                assert (told["status"], told["outcome"] == "allowed") == (status, one.uid in truth.may(who))


def test_an_owner_learns_of_a_foreign_study_what_he_learns_of_one_that_does_not_exist(
    people: dict[str, SignedIn], truth: Truth
) -> None:
    foreign = next(
        one
        for one in truth.series.values()
        if one.uid in truth.may("pi-b") and one.uid not in truth.may("pi-a")
    )
    invented = "2.25.4242424242424242"
    for address in ("{uid}", "/portal/study?study={uid}", "/dicom-web/studies/{uid}/metadata"):
        hidden, missing = (
            explained(people["pi-a"], resource=address.format(uid=uid), actor="member-a")
            for uid in (foreign.study, invented)
        )
        assert json.dumps(hidden).replace(foreign.study, "UID") == json.dumps(missing).replace(
            invented, "UID"
        )
    with people["pi-a"].client() as client:
        assert client.get(f"/api/explain?resource={foreign.study}&actor=member-b").status_code == 422
    with people["member-a"].client() as client:
        assert client.get(f"/api/explain?resource={foreign.study}&actor=member-a").status_code == 404


def test_people_are_found_in_keycloak_by_a_part_of_their_names(people: dict[str, SignedIn]) -> None:
    with people["admin"].client() as client:
        found = client.get("/api/people", params={"search": "EMBER-"}).json()
        none = client.get("/api/people", params={"search": '**""'}).json()
    names = {each["username"] for each in found["items"]}
    assert {"member-a", "member-b"} <= names
    assert not {"pi-a", "stranger", "admin"} & names
    assert found["directory"] == "up"
    assert none["items"] == []


def test_what_nginx_refuses_is_in_its_log_under_the_number_and_not_on_record(
    native_stack: Stack, port: int, people: dict[str, SignedIn]
) -> None:
    answer = send(port, "GET", "/dicom-web/%73tudies", [("Cookie", people["admin"].cookie)])
    number = answer.headers["x-request-id"]
    assert answer.status == 400
    with people["admin"].client() as client:
        said = client.get("/api/explain", params={"resource": number}, headers={"Accept-Language": "en"})
    assert said.status_code == 422
    assert "log" in said.json()["message"]
    log = native_stack.data.logs / "nginx-access.log"
    eventually(lambda: number in log.read_text(encoding="utf-8"))


def test_the_command_line_says_the_same(native_stack: Stack, hidden: Series) -> None:
    written = (native_stack.data.run / "auth_service.env").read_text(encoding="utf-8")
    environment = dict(line.split("=", 1) for line in written.splitlines())

    def run(*more: str) -> str:
        command = [sys.executable, "-m", "auth_service", "explain", "--actor", "member-b", *more]
        done = subprocess.run(
            [*command, "--resource", hidden.study],
            cwd=ROOT,
            env=environment | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    told = json.loads(run("--json"))
    assert (told["outcome"], told["reason"]) == ("hidden", "no-grant")
    words = run()
    assert words.startswith(f"member-b: view {hidden.study} -> 404 hidden. No grant is about a label")
    assert " - To be a member of an album, with this right. (view in Head CT [head-ct; owner:" in words
