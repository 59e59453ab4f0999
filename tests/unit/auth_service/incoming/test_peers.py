"""The list of who may send by DICOM is taken whole or not at all, and says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from auth_service.incoming.peers import LARGEST, FilingRule, Peer, Peers, PeersError, read

CT1 = {"ae_title": "CT1", "address": "192.0.2.10"}


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "dicom-peers.jsonc"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def problems(folder: Path, value: object) -> list[str]:
    with pytest.raises(PeersError) as caught:
        read(written(folder, value if isinstance(value, (str, bytes)) else json.dumps(value)))
    return caught.value.problems


def listing(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"ae_title": "PARADIM", "peers": [CT1 | changes]}


def test_a_file_with_comments_is_read(tmp_path: Path) -> None:
    text = """\ufeff{
      // ours
      "ae_title": "PARADIM",
      "peers": [
        {"ae_title": "CT1", "address": "192.0.2.10",
         "rules": [{"album": "mr", "modalities": ["MR", "SR"]}, {"album": "rest"},]},
        {"ae_title": "old pacs", "address": "192.0.2.11"},
      ],
    }"""
    assert read(written(tmp_path, text)) == Peers(
        ae_title="PARADIM",
        peers=[
            Peer(
                ae_title="CT1",
                address="192.0.2.10",
                rules=[FilingRule(album="mr", modalities=["MR", "SR"]), FilingRule(album="rest")],
            ),
            Peer(ae_title="old pacs", address="192.0.2.11"),
        ],
    )


def test_the_first_rule_that_holds_decides(tmp_path: Path) -> None:
    rules = [{"album": "mr", "modalities": ["MR"]}, {"album": "x", "modalities": ["MR", "CT"]}]
    peers = read(written(tmp_path, json.dumps(listing(rules=rules))))
    peer = peers.peer(ae_title="CT1", address="192.0.2.10")
    assert peer is not None
    assert [peer.album_for(one) for one in ("MR", "CT", "SR", "")] == ["mr", "x", None, None]


def test_a_sender_is_known_by_title_and_address_together(tmp_path: Path) -> None:
    peers = read(written(tmp_path, json.dumps(listing())))
    assert peers.peer(ae_title="CT1", address="192.0.2.10") is not None
    assert peers.peer(ae_title="CT1", address="192.0.2.11") is None
    assert peers.peer(ae_title="ct1", address="192.0.2.10") is None
    assert peers.peer(ae_title="CT2", address="192.0.2.10") is None


@pytest.mark.parametrize(
    "title",
    [
        "",
        " ",
        "A23456789012345678",
        "CT1 ",
        " CT1",
        "CT*",
        "C?",
        "C\\T",
        "CT\n1",
        "CTé",
        'C"T',
        "A" * 17,
        1,
        None,
    ],
)
def test_a_bad_title_is_refused(tmp_path: Path, title: object) -> None:
    [said] = problems(tmp_path, listing(ae_title=title))
    assert said.startswith("line 1, column ")
    assert "peers.0.ae_title" in said
    [said] = problems(tmp_path, listing() | {"ae_title": title})
    assert ": ae_title:" in said


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ct1.example.org",
        "192.0.2",
        "192.0.2.10/24",
        "192.0.2.010",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "192.0.2.10 ",
        3221225994,
        None,
        "*",
    ],
)
def test_a_bad_address_is_refused(tmp_path: Path, address: object) -> None:
    [said] = problems(tmp_path, listing(address=address))
    assert "peers.0.address" in said


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"album": "Head CT"}, "album"),
        ({"album": ""}, "album"),
        ({"album": "a" * 51}, "album"),
        ({}, "album"),
        ({"album": "a", "modalities": []}, "modalities"),
        ({"album": "a", "modalities": "CT"}, "modalities"),
        ({"album": "a", "modalities": ["ct"]}, "modalities.0"),
        ({"album": "a", "called": "X"}, "called"),
    ],
)
def test_a_bad_rule_is_refused(tmp_path: Path, rule: object, field: str) -> None:
    [said] = problems(tmp_path, listing(rules=[rule]))
    assert f"peers.0.rules.0.{field}:" in said


def test_one_title_stands_for_one_sender(tmp_path: Path) -> None:
    twice = {"ae_title": "PARADIM", "peers": [CT1, CT1 | {"ae_title": "Ct1", "address": "192.0.2.99"}]}
    [said] = problems(tmp_path, twice)
    assert "each AE title is listed once: ct1 is not" in said


def test_every_problem_is_said_with_its_place(tmp_path: Path) -> None:
    text = '{"ae_title": "PARADIM",\n "peers": [{"ae_title": "CT1",\n  "address": "nowhere", "port": 104}]}'
    assert problems(tmp_path, text) == [
        "line 3, column 3: peers.0.address: Value error, must be an IPv4 address, such as 192.0.2.10",
        "line 3, column 25: peers.0.port: Extra inputs are not permitted",
    ]


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = '{"ae_title": "A", "ae_title": "B", "peers": [{"ae_title": "CT1", "address": "192.0.2.10"}]}'
    assert problems(tmp_path, text) == ["line 1, column 19: ae_title stands twice here"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"ae_title": "A", "peers": []}',
        '{"ae_title": "A", "peers": {}}',
        b"\xff\xfe",
        b" " * (LARGEST + 1),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: str | bytes) -> None:
    assert problems(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PeersError, match="cannot be read"):
        read(tmp_path / "nothing.jsonc")
    with pytest.raises(PeersError, match="cannot be read"):
        read(tmp_path)
