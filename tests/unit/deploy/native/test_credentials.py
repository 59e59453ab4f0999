import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from deploy.native.credentials import load_or_make
from deploy.native.errors import CannotGoOn


def test_secrets_are_made_once_and_kept_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    made = load_or_make(file, ("admin", "pi-a"))
    assert load_or_make(file, ("admin", "pi-a")) == made
    assert file.stat().st_mode & 0o777 == 0o600


def test_no_two_secrets_are_alike_in_a_stack_or_between_stacks(tmp_path: Path) -> None:
    seen: list[str] = []
    for name in ("a", "b"):
        made = load_or_make(tmp_path / name, ("admin", "pi-a"))
        values = vars(made)
        seen += [value for value in values.values() if isinstance(value, str)]
        seen += made.account_passwords.values()
    assert len(set(seen)) == len(seen)


def test_the_encryption_key_is_one(tmp_path: Path) -> None:
    Fernet(load_or_make(tmp_path / "s", ()).encryption_key)


def test_secrets_never_print(tmp_path: Path) -> None:
    made = load_or_make(tmp_path / "s", ("admin",))
    assert made.gate not in repr(made)
    assert made.account_passwords["admin"] not in f"{made}"


def test_a_new_account_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    before = load_or_make(tmp_path / "s", ("admin",))
    after = load_or_make(tmp_path / "s", ("admin", "pi-a"))
    assert after.account_passwords["admin"] == before.account_passwords["admin"]
    assert after.account_passwords["pi-a"]
    assert after.gate == before.gate


@pytest.mark.parametrize("text", ["", "{", json.dumps({"gate": "x"})])
def test_a_damaged_file_is_a_sentence_and_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "s"
    file.write_text(text)
    with pytest.raises(CannotGoOn, match="damaged"):
        load_or_make(file, ())
    assert file.read_text() == text
