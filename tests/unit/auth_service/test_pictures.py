"""The picture of a series is its middle, in the window of its header."""

import pytest

from auth_service.archive import ArchivedInstance, ArchivedSeries
from auth_service.pictures import picture_path
from tests.fakes.archive import FakeArchive


def series_of(archive: FakeArchive, numbers: list[str], **tags: str) -> ArchivedSeries:
    added: ArchivedInstance | None = None
    for index, number in enumerate(numbers):
        added = archive.add(
            PatientID="P",
            StudyInstanceUID="1.1",
            SeriesInstanceUID="1.1.1",
            SOPInstanceUID=f"1.1.1.{index}",
            SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
            InstanceNumber=number,
            **{"Modality": "CT", **tags},
        )
    assert added is not None
    return added.series


@pytest.mark.parametrize(
    ("numbers", "tags", "tail"),
    [
        (["3", "1", "2"], {}, "1.1.1.2/rendered?viewport=96,96"),
        (["10", "9", "x"], {}, "1.1.1.0/rendered?viewport=96,96"),
        (["1"], {"WindowCenter": "40.5\\500", "WindowWidth": "100\\2000"},
         "1.1.1.0/rendered?viewport=96,96&window=40.50,100.00,linear"),
        (["1"], {"WindowCenter": "40", "WindowWidth": "0"}, "1.1.1.0/rendered?viewport=96,96"),
        (["1"], {"WindowCenter": "nan", "WindowWidth": "inf"}, "1.1.1.0/rendered?viewport=96,96"),
        (["1"], {"WindowCenter": "-600", "WindowWidth": "1e99"}, "1.1.1.0/rendered?viewport=96,96"),
        (["1"], {"NumberOfFrames": "9"}, "1.1.1.0/frames/5/rendered?viewport=96,96"),
        (["1"], {"NumberOfFrames": "8", "Modality": "SEG"}, "1.1.1.0/frames/3/rendered?viewport=96,96"),
    ],
)  # fmt: skip
def test_the_picture_is_the_middle_in_its_own_window(
    numbers: list[str], tags: dict[str, str], tail: str
) -> None:
    archive = FakeArchive()
    series = series_of(archive, numbers, **tags)
    path = picture_path(archive, series, size=96)
    assert path == f"/dicom-web/studies/1.1/series/1.1.1/instances/{tail}"


def test_a_series_that_is_gone_has_no_picture() -> None:
    archive = FakeArchive()
    series = series_of(archive, ["1"])
    archive.delete(series.id)
    assert picture_path(archive, series, size=96) is None
