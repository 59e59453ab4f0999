"""The list of DICOM senders of a stack: off without it, refused with everything that is wrong with it."""

import json
from pathlib import Path

import pytest

from deploy.native import dicom
from deploy.native.dicom import Dicom, Sender
from deploy.native.errors import CannotGoOn
from deploy.native.stack import Stack

LIST = {
    "ae_title": "PARADIM",
    "peers": [
        {
            "ae_title": "CT1",
            "address": "192.0.2.1",
            "rules": [{"album": "mr", "modalities": ["MR"]}, {"album": "mr"}, {"album": "x"}],
        },
        {"ae_title": "PACS", "address": "192.0.2.2"},
    ],
}


def test_what_the_list_says_is_what_orthanc_is_told(tmp_path: Path) -> None:
    file = tmp_path / "dicom-peers.jsonc"
    assert dicom.read(file) is None
    file.write_text(json.dumps(LIST))
    peers = dicom.read(file)
    assert peers is not None
    told = dicom.told_to_orthanc(peers, port=20006)
    assert told == Dicom(
        ae_title="PARADIM",
        port=20006,
        senders=(
            Sender(ae_title="CT1", address="192.0.2.1", labels=("album-mr", "album-x")),
            Sender(ae_title="PACS", address="192.0.2.2", labels=()),
        ),
    )
    assert Path(told.script).read_text(encoding="utf-8").count("function ReceivedInstanceFilter") == 1


def test_a_bad_list_stops_a_start_before_anything_is_changed(tmp_path: Path) -> None:
    listing = tmp_path / "peers.jsonc"
    listing.write_text('{"ae_title": "A*",\n "peers": [{"ae_title": "B", "address": "x"}]}')
    stack = Stack(tmp_path / "data", "x")
    with pytest.raises(CannotGoOn) as caught:
        stack.up(dicom_peers=listing)
    assert "line 1, column 2: ae_title" in str(caught.value)
    assert "line 2, column 30: peers.0.address" in str(caught.value)
    with pytest.raises(CannotGoOn, match="There is no"):
        stack.up(dicom_peers=tmp_path / "nothing.jsonc")
    assert not (tmp_path / "data").exists()
