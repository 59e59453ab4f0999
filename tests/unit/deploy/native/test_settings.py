import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.native import ports, settings
from deploy.native.errors import CannotGoOn


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    return settings.make(tmp_path / "settings.json", port=9000, profile=None)


def test_what_was_chosen_is_read_again(tmp_path: Path, kept: settings.Settings) -> None:
    assert settings.read(tmp_path / "settings.json") == kept
    assert kept.public_url == "http://127.0.0.1:9000"
    assert kept.cookie_name == "portal_sid_9000"


def test_a_stack_that_was_never_set_up_has_none(tmp_path: Path) -> None:
    assert settings.read(tmp_path / "settings.json") is None


def test_the_same_wish_again_is_fine(kept: settings.Settings) -> None:
    settings.check(kept, port=9000, profile="default")
    settings.check(kept, port=None, profile=None)


def test_another_port_is_refused_because_addresses_are_part_of_sign_in(kept: settings.Settings) -> None:
    with pytest.raises(CannotGoOn, match="keeps port 9000"):
        settings.check(kept, port=9001, profile=None)


def test_an_unknown_profile_is_refused(kept: settings.Settings) -> None:
    with pytest.raises(CannotGoOn, match="no profile 'huge'"):
        settings.check(None, port=None, profile="huge")


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"ports": {}}')
    with pytest.raises(CannotGoOn, match="damaged"):
        settings.read(file)


def test_a_site_may_list_other_sites_whose_pages_may_ask(tmp_path: Path, kept: settings.Settings) -> None:
    file = tmp_path / "settings.json"
    assert kept.origins == ()
    written = json.loads(file.read_text())
    file.write_text(
        json.dumps({**written, "origins": ["https://viewer.example.org", "http://127.0.0.1:3000"]})
    )
    read = settings.read(file)
    assert read is not None
    assert read.origins == ("https://viewer.example.org", "http://127.0.0.1:3000")


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "https://a.example/", "https://A.example", 'https://a"; x', "https://a.example b", 7],
)
def test_what_is_no_origin_is_refused(tmp_path: Path, kept: settings.Settings, origin: object) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "origins": [origin]}))
    with pytest.raises(CannotGoOn, match="damaged"):
        settings.read(file)


def test_a_site_may_let_only_some_roles_make_albums(tmp_path: Path, kept: settings.Settings) -> None:
    file = tmp_path / "settings.json"
    assert kept.album_makers == ""
    file.write_text(json.dumps({**json.loads(file.read_text()), "album_makers": "pi"}))
    read = settings.read(file)
    assert read is not None
    assert read.album_makers == "pi"


def test_a_site_may_add_clients_and_publish_keycloaks_tokens(tmp_path: Path, kept: settings.Settings) -> None:
    file = tmp_path / "settings.json"
    assert (kept.bearer_clients, kept.programs_sign_in) == ("portal", False)
    written = json.loads(file.read_text())
    file.write_text(json.dumps({**written, "bearer_clients": "portal, scripts", "programs_sign_in": True}))
    read = settings.read(file)
    assert read is not None
    assert (read.bearer_clients, read.programs_sign_in) == ("portal, scripts", True)


def test_a_stack_from_before_gets_a_port_for_dicom_and_keeps_the_rest(
    tmp_path: Path, kept: settings.Settings
) -> None:
    file = tmp_path / "settings.json"
    written = json.loads(file.read_text())
    del written["ports"]["dicom"]
    file.write_text(json.dumps({**written, "album_makers": "pi"}))
    before = settings.read(file)
    assert before is not None
    assert before.ports.dicom == 0
    after = settings.keep_dicom_port(file, before)
    assert settings.read(file) == after
    assert after.ports.dicom > 0
    assert replace(after, ports=before.ports) == before
