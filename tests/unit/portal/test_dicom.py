"""Reading DICOM values as they come: right, old, cut short, or nonsense."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.dicom import (
    Age,
    Series,
    Study,
    face,
    in_order,
    is_uid,
    parse_age,
    parse_codes,
    parse_date,
    parse_name,
    parse_number,
    parse_time,
)

UID = "1.2.826.0.1.3680043.8.498.1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20240301", date(2024, 3, 1)),
        ("2024.03.01", date(2024, 3, 1)),
        (" 20240301 ", date(2024, 3, 1)),
        *(
            (bad, None)
            for bad in ("", None, "20241301", "20240230", "2024", "00000000", "yesterday", "20240301-")
        ),
    ],
)
def test_dates(value: str | None, expected: date | None) -> None:
    assert parse_date(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("101500", time(10, 15)),
        ("101530.123456", time(10, 15, 30)),
        ("1015", time(10, 15)),
        ("10", time(10)),
        ("10:15:30", time(10, 15, 30)),
        *((bad, None) for bad in ("", None, "256000", "1", "noon", "101590")),
    ],
)
def test_times(value: str | None, expected: time | None) -> None:
    assert parse_time(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("053Y", Age(53, "Y")),
        ("11m", Age(11, "M")),
        ("003D", Age(3, "D")),
        *((bad, None) for bad in ("", None, "53", "Y", "0053Y", "53 years")),
    ],
)
def test_ages(value: str | None, expected: Age | None) -> None:
    assert parse_age(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Doe^Jane^Q^Dr^PhD", "Doe, Dr Jane Q, PhD"),
        ("Doe", "Doe"),
        ("^Jane", "Jane"),
        ("=山田^太郎=やまだ^たろう", "山田, 太郎"),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou"),
        ("a^b^c^d^e^f^g", "a, d b c, e"),
        *((empty, "") for empty in ("", None, "^^^^", "==", " ^ ")),
    ],
)
def test_names(value: str | None, expected: str) -> None:
    assert parse_name(value) == expected


def test_numbers_and_codes() -> None:
    assert [parse_number(value) for value in ("12", " -3 ", "", None, "1.5", "x", "9" * 40)] == [
        12,
        -3,
        *[None] * 5,
    ]
    assert parse_codes("CT\\SEG\\CT\\ \\") == ("CT", "SEG")
    assert parse_codes(None) == ()


@pytest.mark.parametrize(
    "value", ["", None, "1.2/../3", "1..2", ".1", "1.", "1.2\n", "1" * 65, "\uff11.\uff12", "1.2 ", 12, "*"]
)
def test_what_is_no_uid_never_becomes_an_address(value: object) -> None:
    assert not is_uid(value)


@given(st.text() | st.none())
def test_no_value_is_an_error(value: str | None) -> None:
    for parse in (parse_date, parse_time, parse_age, parse_name, parse_number, parse_codes):
        parse(value)


def test_a_study_is_read_from_all_groups_of_tags() -> None:
    study = Study.read(
        {
            "ID": "x",
            "MainDicomTags": {"StudyInstanceUID": UID, "StudyDate": "20240301", "StudyTime": "0930"},
            "PatientMainDicomTags": {
                "PatientID": "TEST-1\0",
                "PatientBirthDate": "19700302",
                "PatientSex": "f",
            },
            "RequestedTags": {
                "ModalitiesInStudy": "CT\\SEG",
                "NumberOfStudyRelatedSeries": "2",
                "PatientAge": None,
            },
        }
    )
    assert study == Study(
        StudyInstanceUID=UID,
        PatientID="TEST-1",
        PatientSex="F",
        PatientBirthDate=date(1970, 3, 2),
        StudyDate=date(2024, 3, 1),
        StudyTime=time(9, 30),
        ModalitiesInStudy=("CT", "SEG"),
        NumberOfStudyRelatedSeries=2,
    )
    assert study.age == Age(53, "Y")
    assert study.taken == datetime(2024, 3, 1, 9, 30)  # noqa: DTZ001 - DICOM says no time zone
    assert study.patient == "TEST-1"


@pytest.mark.parametrize(
    "answer",
    [{}, {"MainDicomTags": None}, {"MainDicomTags": {"StudyInstanceUID": "../x"}}, {"MainDicomTags": ["x"]}],
)
def test_what_has_no_uid_is_no_study(answer: dict[str, Any]) -> None:
    assert Study.read(answer) is None
    assert Series.read(answer) is None


def test_the_recorded_age_counts_more_than_the_birth_date() -> None:
    study = Study(StudyInstanceUID=UID, PatientBirthDate=date(1970, 1, 1), StudyDate=date(2024, 3, 1))
    assert replace(study, PatientAge=Age(6, "M")).age == Age(6, "M")
    assert replace(study, PatientBirthDate=date(2025, 1, 1)).age is None


def _series(number: int | None, modality: str, place: int = 1) -> Series:
    return Series(
        SeriesInstanceUID=f"{UID}.{place}", StudyInstanceUID=UID, SeriesNumber=number, Modality=modality
    )


def test_series_are_in_the_order_they_were_made() -> None:
    assert [
        one.SeriesNumber for one in in_order([_series(None, "CT"), _series(2, "CT"), _series(1, "CT")])
    ] == [
        1,
        2,
        None,
    ]


def test_images_stand_for_a_study_before_what_was_made_of_them() -> None:
    image, mask, report = _series(3, "CT"), _series(1, "SEG"), _series(2, "SR")
    assert face([mask, report, image]) is image
    assert face([report, mask]) is mask
    assert face([report]) is None
    assert face([]) is None


def test_a_series_is_read() -> None:
    series = Series.read(
        {
            "MainDicomTags": {"SeriesInstanceUID": f"{UID}.1", "Modality": "ct", "SeriesNumber": "1"},
            "RequestedTags": {"StudyInstanceUID": UID, "NumberOfSeriesRelatedInstances": "108"},
        }
    )
    assert series is not None
    assert (series.Modality, series.SeriesNumber, series.NumberOfSeriesRelatedInstances) == ("CT", 1, 108)
    assert series.has_picture
