"""Pseudonyms, dates and descriptions, each by itself."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.deidentifying.attributes import Act, act_on, rules
from auth_service.deidentifying.dates import moved
from auth_service.deidentifying.descriptors import LONGEST, cleaned
from auth_service.deidentifying.profile import CODES, Option, options_of
from auth_service.deidentifying.pseudonyms import days_of, is_pseudonym, is_uid, patient_of, uid_of
from tests.unit.auth_service.deidentifying.making import KEY, LISTED, OTHER_KEY


@given(uid=st.from_regex(r"1\.2(\.[1-9][0-9]{0,8}){1,6}", fullmatch=True))
def test_a_uid_is_that_of_a_uuid_and_known_again(uid: str) -> None:
    new = uid_of(KEY, uid)
    assert len(new) <= 64
    number = uuid.UUID(int=int(new.removeprefix("2.25.")))
    assert (number.version, number.variant) == (8, uuid.RFC_4122)
    assert new == uid_of(KEY, uid) == uid_of(KEY, new)
    assert is_uid(KEY, new)
    assert not is_uid(OTHER_KEY, new)
    assert uid_of(OTHER_KEY, uid) != new != uid_of(OTHER_KEY, new)


@given(
    patient=st.text(min_size=1, max_size=64).filter(lambda text: text.strip(" \0")), study=st.just("1.2.3")
)
def test_a_pseudonym_is_known_again_in_its_album_alone(patient: str, study: str) -> None:
    name = patient_of(KEY, patient_id=patient, study=study)
    assert is_pseudonym(KEY, name)
    assert not is_pseudonym(OTHER_KEY, name)
    assert patient_of(KEY, patient_id=name, study=study) == name
    assert days_of(KEY, patient_id=name, study=study) == 0
    assert days_of(KEY, patient_id=patient, study=study) < 0 or is_pseudonym(KEY, patient)


def test_one_changed_letter_is_no_pseudonym() -> None:
    name = patient_of(KEY, patient_id="MRN-1", study="1.2")
    assert not is_pseudonym(KEY, name[:-1] + ("0" if name[-1] != "0" else "1"))
    assert not is_pseudonym(KEY, name.lower())


def test_what_no_number_of_a_uuid_is_is_no_stand_in() -> None:
    assert not is_uid(KEY, f"2.25.{2**128}")
    assert not is_uid(KEY, "2.25.0")


def test_how_a_letter_is_written_does_not_make_another_patient() -> None:
    assert patient_of(KEY, patient_id="\u00e9", study="1") == patient_of(
        KEY, patient_id="e\u0301 ", study="2"
    )


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("DA", "20240301", "20240229"),
        ("DA", "2024.03.01", "20240229"),
        ("DA", "20240230", None),
        ("DA", "00010101", None),
        ("DA", "", None),
        ("DT", "20240301101112.123456-0500", "20240229101112.123456-0500"),
        ("DT", "2024030110", "2024022910"),
        ("DT", "20240301", "20240229"),
        ("DT", "202403", "202403"),
        ("DT", "2024", "2024"),
        ("DT", "20240301x", None),
        ("DT", "20240310111", None),
        ("TM", "101112.5", "101112.5"),
        ("TM", "10:11:12", "10:11:12"),
        ("TM", "Tremblay", None),
        ("SH", "+0530", "+0530"),
        ("SH", "Tremblay", None),
    ],
)
def test_a_moment_is_moved_by_days(vr: str, value: str, expected: str | None) -> None:
    assert moved(vr, value, -1) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AX T1 FLAIR 3mm", "AX T1 FLAIR 3mm"),
        ("Tête sans injection, M. Tremblay", "Tête sans injection"),
        ("CT CHEST 12345678 1951-06-23", "CT CHEST"),
        ("DWI b1000 B0", "DWI b1000 B0"),
        ("b1234 12 L5", "L5"),
        ("T1+C", "T1"),
        ("", ""),
        ("Dr Roy", ""),
    ],
)
def test_of_a_description_the_words_of_imaging_stay(text: str, expected: str) -> None:
    assert cleaned(text) == expected


@given(st.text(max_size=200))
def test_cleaning_adds_nothing_and_is_done_once(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once
    assert len(once) <= LONGEST
    assert all(word in text for word in once.split())


def test_every_option_has_its_code_and_its_rules() -> None:
    assert set(CODES) == set(Option)
    plain = rules(frozenset())
    for option in Option:
        assert rules(frozenset({option})) != plain
    assert options_of(["uids"]) == {Option.UIDS}
    with pytest.raises(ValueError, match="everything"):
        options_of(["everything"])


def test_without_options_nothing_that_is_listed_is_kept() -> None:
    acts = {act_on(tag, frozenset()) for tag in LISTED}
    assert acts == {Act.REMOVE, Act.EMPTY, Act.DUMMY, Act.UID, Act.WITHIN, Act.STRUCTURED}
