"""The rules file over HTTP: in force, closed while there is none, and said to administrators."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_service.store.audit import records
from auth_service.vocabulary import AuditEvent, Level
from tests.http.test_routes import SERIES_A, gate
from tests.http.world import World
from tests.waiting import eventually

GOOD = json.dumps(
    {
        "roles": {"researcher": {"authorized-labels": ["trauma"], "permissions": ["view"]}},
        "paradim-grants": [
            {"to": {"person": "stranger"}, "labels": ["*"], "actions": ["view"], "modalities": ["MR"]}
        ],
    }
)


def write(file: Path, text: str) -> None:
    """Write as if a while ago; a file's age tells that nobody is writing it any more."""
    file.write_text(text)
    aged = file.stat().st_mtime_ns - 3600_000_000_000 + len(text) * 1_000_000_000
    os.utime(file, ns=(aged, aged))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "permissions.jsonc"


@pytest.fixture
def world(tmp_path: Path, file: Path) -> Iterator[World]:
    write(file, GOOD)
    made = World.make(tmp_path, rules_file=str(file))
    study = made.archive.study("1.4")
    assert study is not None
    made.archive.set_label(Level.STUDY, study.id, "trauma")
    yield made
    made.close()


def studies(world: World, who: str) -> list[str]:
    with world.client(who) as client:
        answer = client.post(
            "/orthanc/tools/find",
            json={"Level": "Series", "Query": {}, "RequestedTags": ["SeriesInstanceUID"]},
        )
    answer.raise_for_status()
    return sorted(row["RequestedTags"]["SeriesInstanceUID"] for row in answer.json())


def test_rules_and_albums_add_up_in_searches_and_decisions(world: World) -> None:
    assert studies(world, "stranger") == ["1.1.3", "1.3.1", "1.4.1"]
    assert studies(world, "member_b") == ["1.2.1", "1.3.1", "1.4.1"]
    assert studies(world, "owner_b") == ["1.2.1", "1.3.1"]
    assert studies(world, "admin") == []
    with world.client("stranger") as client:
        expected = {"1.1/series/1.1.1": 403, "1.1/series/1.1.3": 204, "1.4/series/1.4.1": 204}
        for path, status in expected.items():
            answer = client.get("/internal/authorize", **gate(f"/dicom-web/studies/{path}/metadata"))
            assert answer.status_code == status
        listed = client.get("/dicom-web/studies/1.1/series").json()
        assert [row["0020000E"]["Value"] for row in listed] == [["1.1.3"]]


def test_everybody_is_told_what_rules_give_him(world: World) -> None:
    with world.client("stranger") as client:
        labels = client.get("/api/me").json()["labels"]
    assert labels == [
        {"label": "trauma", "actions": ["view"], "modalities": None, "until": None},
        {"label": "*", "actions": ["view"], "modalities": ["MR"], "until": None},
    ]
    with world.client("owner_a") as client:
        assert client.get("/api/me").json()["labels"] == []


def test_a_rule_until_the_last_day_of_all_has_no_end(world: World, file: Path) -> None:
    grant = {"to": {"person": "stranger"}, "labels": ["trauma"], "actions": ["view"], "until": "9999-12-31"}
    text = json.dumps({"roles": {}, "paradim-grants": [grant]})
    with world.client("admin") as client:
        told = client.post("/api/rules/check", content=text.encode())
        assert (told.status_code, told.json()["problems"], told.json()["warnings"]) == (200, [], [])
    write(file, text)
    eventually(lambda: studies(world, "stranger") == ["1.4.1"])
    with world.client("stranger") as client:
        assert [one["until"] for one in client.get("/api/me").json()["labels"]] == [None]


def test_a_token_is_told_and_given_what_it_leaves_of_rules(world: World) -> None:
    wishes: dict[str, dict[str, list[str] | None]] = {
        "all": {"actions": ["view"], "albums": None},
        "album": {"actions": ["view"], "albums": ["b"]},
        "download": {"actions": ["download"], "albums": None},
    }
    found = {}
    with world.client("member_b") as client, world.client("nobody") as program:
        for name, wanted in wishes.items():
            made = client.post("/api/tokens", json={"name": name, **wanted})
            program.headers["authorization"] = f"Bearer {made.json()['token']}"
            labels = [one["label"] for one in program.get("/api/me").json()["labels"]]
            body = {"Level": "Series", "Query": {}}
            found[name] = labels, program.post("/orthanc/tools/count-resources", json=body).json()["Count"]
    assert found == {"all": (["trauma"], 3), "album": ([], 2), "download": ([], 0)}


def test_the_label_asked_for_narrows_and_an_album_of_others_stays_unknown(world: World) -> None:
    with world.client("stranger") as client:
        for label, found in (("trauma", 1), ("album-b", 0), ("unknown", 0)):
            body = {"Level": "Series", "Query": {}, "Labels": [label]}
            assert client.post("/orthanc/tools/count-resources", json=body).json() == {"Count": found}
        rows = client.post(
            "/orthanc/tools/find", json={"Level": "Series", "Query": {}, "Expand": True}
        ).json()
        assert not [label for row in rows for label in row["Labels"] if label.startswith("album-")]


def test_a_broken_file_changes_nothing_and_administrators_are_told_in_their_language(
    world: World, file: Path
) -> None:
    with world.client("admin") as client:
        status = client.get("/api/rules").json()
        assert (status["state"], status["rules"], status["problems"]) == ("good", 2, [])
        write(file, GOOD[:-20])
        eventually(lambda: client.get("/api/rules").json()["state"] == "kept")
        told = client.get("/api/rules", headers={"accept-language": "fr"}).json()
        assert (told["rules"], told["file"]) == (2, "permissions.jsonc")
        assert told["problems"][0]["line"] == 1
        assert told["problems"][0]["message"].startswith("Ceci n\u2019est pas du JSON")
    assert studies(world, "stranger") == ["1.1.3", "1.3.1", "1.4.1"]
    with world.client("stranger") as client:
        assert client.get("/api/rules").status_code == 404


def test_a_rule_taken_out_closes(world: World, file: Path) -> None:
    assert studies(world, "stranger") != []
    write(file, '{"roles": {}}')
    eventually(lambda: studies(world, "stranger") == [])


def test_without_good_rules_only_administrators_are_served(world: World, file: Path) -> None:
    file.unlink()
    rules = world.signin.services.rules
    fresh = type(rules)(
        settings=world.signin.settings,
        store=world.signin.store,
        directory=world.signin.services.directory,
        clock=world.signin.clock,
    )
    object.__setattr__(world.signin.services, "rules", fresh)
    for who in ("owner_a", "stranger"):
        with world.client(who) as client:
            frames = client.get("/internal/authorize", **gate(f"{SERIES_A}/instances/1.1.1.1/frames/1"))
            for answer in (
                frames,
                client.get("/api/me"),
                client.get("/api/albums"),
                client.get("/dicom-web/studies"),
                client.post("/orthanc/tools/find", json={"Level": "Study", "Query": {}}),
            ):
                assert answer.status_code == 503
                assert answer.json()["reason"] == "rules"
    with world.client("admin") as client:
        assert client.get("/api/me").status_code == 200
        assert client.get("/api/rules").json()["state"] == "none"
        assert client.get("/dicom-web/studies").json() == []
    with world.client("nobody") as client:
        assert client.get("/api/me").status_code == 401


def test_a_text_is_checked_without_being_taken(world: World) -> None:
    with world.client("admin") as client:
        client.headers["accept-language"] = "en"
        told = client.post("/api/rules/check", content=b'{"roles": {"nix": ["view"]}}').json()
        assert told["problems"] == []
        assert [one["message"] for one in told["warnings"]] == [
            "nix is written as before labels: its permissions hold for every study.",
            "Keycloak knows no role nix: this gives nothing.",
        ]
        world.archive.down = True
        told = client.post("/api/rules/check", content=b'{"roles": {}\n"x"}').json()
        assert told["problems"] == [
            {"line": 2, "column": 1, "message": "This is not JSON with comments: Expecting ',' delimiter."}
        ]
        written = b'{"roles": {"pi": {"authorized-labels": ["x"], "permissions": ["view"]}}}'
        assert client.post("/api/rules/check", content=written).json()["unasked"] == ["orthanc"]
        world.archive.down = False
        assert client.post("/api/rules/check", content=b" " * 4_000_001).status_code == 422
        assert client.get("/api/rules").json()["rules"] == 2


@pytest.mark.parametrize(
    ("grant", "status"),
    [
        ({"labels": ["*"]}, 204),
        ({"labels": ["trauma"]}, 403),
        ({"labels": ["*"], "modalities": ["CT", "MR", "SEG"]}, 403),
        ({"labels": ["*"], "actions": ["view"]}, 403),
        ({"labels": ["*"], "to": {"role": "pi"}}, 403),
        ({"labels": ["*"], "until": "2026-03-01"}, 403),
    ],
)
def test_what_is_done_to_the_archive_as_a_whole_needs_a_rule_about_everything_besides(
    world: World, file: Path, grant: dict[str, object], status: int
) -> None:
    whole = {"to": {"role": "admin"}, "labels": [], "actions": ["download"], **grant}
    write(file, json.dumps({"roles": {}, "paradim-grants": [whole]}) + " " * 400)
    with world.client("admin") as client:
        eventually(lambda: client.get("/api/rules").json()["rules"] == 1)
        asked = gate(f"/orthanc/patients/{'-'.join(['0123abcd'] * 5)}/archive")
        assert client.get("/internal/authorize", **asked).status_code == status


def test_labels_are_listed_by_which_somebody_sees_something(world: World, file: Path) -> None:
    def listed(who: str) -> object:
        with world.client(who) as client:
            return client.get("/orthanc/tools/labels").json()

    # Of everything of a modality it is not said which labels it carries.
    assert listed("stranger") == ["trauma"]
    assert listed("owner_b") == ["album-b"]
    everything = {"roles": {"pi": {"authorized-labels": ["*"], "permissions": ["view"]}}}
    write(file, json.dumps(everything) + " " * 400)
    eventually(lambda: listed("owner_b") == ["album-b", "trauma"])
    assert listed("stranger") == []


def test_who_may_not_administer_is_refused_on_record(world: World) -> None:
    with world.client("owner_a") as client:
        assert client.get("/api/rules").status_code == 404
    with world.signin.store.read() as tx:
        [record] = [one for one in records(tx) if one.event == AuditEvent.DENIED]
    assert (record.action, record.target, record.reason) == ("administer", "/api/rules", "not-an-admin")
