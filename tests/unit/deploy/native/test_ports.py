import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.native import ports
from deploy.native.errors import CannotGoOn
from deploy.native.ports import Ports


@pytest.fixture(params=["127.0.0.1", ""])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port on which this process listens, on loopback or on all addresses."""
    with socket.socket() as listener:
        listener.bind((request.param, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not ports.is_free(taken)


def test_8080_is_chosen_when_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    assert ports.choose(None).public == 8080


def test_another_is_chosen_when_8080_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: port != 8080)
    assert ports.choose(None).public != 8080


def test_all_ports_of_a_stack_differ() -> None:
    chosen = ports.choose(None).named().values()
    assert len(set(chosen)) == len(chosen) == 7


def test_a_taken_port_that_was_asked_for_is_refused_and_its_holder_named(taken: int) -> None:
    with pytest.raises(CannotGoOn, match=rf"Port {taken} is taken by .+ \(pid {os.getpid()}\)"):
        ports.choose(taken)


@pytest.mark.parametrize("port", [0, 80, 65536])
def test_a_port_that_nobody_can_have_is_refused(port: int) -> None:
    with pytest.raises(CannotGoOn, match="no port for the portal"):
        ports.choose(port)


def test_a_kept_port_that_a_stranger_took_is_said_and_not_changed(taken: int, tmp_path: Path) -> None:
    kept = Ports(taken, 1, 2, 3, 4, 5)
    with pytest.raises(CannotGoOn, match=rf"Port {taken} \(public\)") as refusal:
        ports.check_kept(kept, ours=set(), data=tmp_path)
    assert str(tmp_path) in refusal.value.remedy


def test_a_kept_port_that_an_orphan_of_ours_holds_is_no_obstacle(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = ports.is_free
    monkeypatch.setattr(ports, "is_free", lambda port: port != taken or really(port))
    ports.check_kept(Ports(taken, 1, 2, 3, 4, 5), ours={os.getpid()}, data=tmp_path)


def test_a_port_for_dicom_is_no_obstacle_while_it_is_off(taken: int, tmp_path: Path) -> None:
    kept = Ports(0, 0, 0, 0, 0, 0, taken)
    ports.check_kept(kept, ours=set(), data=tmp_path, by_dicom=False)
    with pytest.raises(CannotGoOn, match=f"Port {taken} \\(dicom\\)"):
        ports.check_kept(kept, ours=set(), data=tmp_path)


def test_one_more_port_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    kept = Ports(15001, 15002, 1, 2, 3, 4)
    found = iter([15001, 15002, 15003])
    monkeypatch.setattr(random, "randint", lambda *_: next(found))
    assert ports.choose_one(kept) == 15003
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    monkeypatch.setattr(random, "randint", lambda *_: 15009)
    with pytest.raises(CannotGoOn, match="No free port"):
        ports.choose_one(kept)
