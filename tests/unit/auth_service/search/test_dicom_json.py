"""What is written without pydicom is what pydicom would write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement

from auth_service.search import Row, dicom_json
from auth_service.vocabulary import Level

OF_EACH = {
    "AE": "RetrieveAETitle",
    "AS": "PatientAge",
    "CS": "PatientSex",
    "DA": "StudyDate",
    "DT": "AcquisitionDateTime",
    "LO": "StudyDescription",
    "LT": "AdditionalPatientHistory",
    "SH": "AccessionNumber",
    "ST": "InstitutionAddress",
    "TM": "StudyTime",
    "UC": "LongCodeValue",
    "UR": "RetrieveURL",
    "UT": "TextValue",
}


def written(**tags: str | None) -> dict[str, Any]:
    """Write a study with these attributes."""
    row = Row(
        id="",
        level=Level.STUDY,
        uid="1.2",
        parent=None,
        labels=frozenset(),
        tags={"StudyInstanceUID": "1.2", **tags},
        main_tags={},
        patient_tags={},
    )
    return dicom_json.write(row, list(tags), root="http://portal/dicom-web")


def test_every_representation_that_is_written_as_it_is_is_compared() -> None:
    assert {dictionary_VR(keyword) for keyword in OF_EACH.values()} == dicom_json._TEXT


@pytest.mark.parametrize("keyword", sorted(set(OF_EACH.values()) - {"RetrieveURL"}))
@given(st.text(st.characters(codec="utf-8", exclude_characters="\\\0"), min_size=1, max_size=20))
def test_one_value_is_written_as_pydicom_writes_it(keyword: str, value: str) -> None:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    element = DataElement(tag, dictionary_VR(tag), value, validation_mode=config.IGNORE)
    assert written(**{keyword: value})[f"{tag:08X}"] == element.to_json_dict(None, 0)


def test_attributes_are_in_the_order_of_their_tags_with_the_address_of_the_study() -> None:
    answer = written(StudyDate="20240101", PatientName="TEST^A", NumberOfStudyRelatedSeries="2")
    assert list(answer) == ["00080005", "00080020", "00081190", "00100010", "00201206"]
    assert answer["00081190"] == {"vr": "UR", "Value": ["http://portal/dicom-web/studies/1.2"]}
    assert answer["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "TEST^A"}]}
    assert answer["00201206"] == {"vr": "IS", "Value": [2]}


def test_value_that_its_type_cannot_hold_is_written_empty() -> None:
    assert written(NumberOfStudyRelatedSeries="many")["00201206"] == {"vr": "IS"}
    assert written(StudyTime=None)["00080030"] == {"vr": "TM"}
    assert "0008103E" not in written(SeriesDescription=None)
