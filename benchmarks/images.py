"""The images of the benchmarks' own: as large, and as many, as a measurement needs, marked as test data."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from auth_service.archive import orthanc_id

ROOT = "2.25.202611"


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study of equal series.

    Parameters
    ----------
    number : int
        Its place among the studies; its identifiers are made of it.
    series : int
        How many series it has.
    images : int
        Images in each of them.
    side : int
        Pixels along each side of an image.

    """

    number: int
    series: int
    images: int
    side: int

    @property
    def uid(self) -> str:
        """Its StudyInstanceUID."""
        return f"{ROOT}.{self.number}"

    @property
    def patient(self) -> str:
        """Its PatientID."""
        return f"BENCH-{self.number}"

    @property
    def series_uids(self) -> list[str]:
        """The SeriesInstanceUIDs, in order."""
        return [f"{self.uid}.{number}" for number in range(1, self.series + 1)]

    @property
    def orthanc_id(self) -> str:
        """What Orthanc calls it: the SHA-1 of the patient's and its own identifier, in five groups."""
        return orthanc_id(self.patient, self.uid)

    @property
    def series_ids(self) -> list[str]:
        """What Orthanc calls its series."""
        return [orthanc_id(self.patient, self.uid, series) for series in self.series_uids]

    def instances(self) -> Iterator[tuple[str, int]]:
        """Yield series and number of each image."""
        for series in self.series_uids:
            for number in range(1, self.images + 1):
                yield series, number

    def file(self, series: str, number: int) -> bytes:
        """Write one image; its pixels are noise, which no compression makes smaller."""
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = UID(f"{series}.{number}")
        dataset = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = f"{series}.{number}"
        dataset.StudyInstanceUID = self.uid
        dataset.SeriesInstanceUID = series
        dataset.PatientID = self.patient
        dataset.PatientName = "TEST^BENCH"
        dataset.Modality = "CT"
        dataset.StudyDate = "20240101"
        dataset.InstanceNumber = number
        dataset.ImagePositionPatient = [0, 0, number]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing = [1, 1]
        dataset.SliceThickness = 1
        dataset.Rows = dataset.Columns = self.side
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit = 15
        dataset.PixelRepresentation = 0
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.PixelData = random.Random(f"{series}.{number}").randbytes(2 * self.side**2)  # noqa: S311 - noise, no secret
        file = io.BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        return file.getvalue()


MANY = [Study(number=number, series=10, images=1, side=256) for number in range(1, 151)]
"""1500 series, so that none is asked for again while nginx still knows its decision; 150 studies to page."""

LONG = Study(number=201, series=1, images=300, side=64)
"""A series as long as a thin-sliced CT: what its metadata cost."""

LARGE = Study(number=202, series=4, images=100, side=512)
"""200 MB in few series: the list of them fits into an address, and nginx streams their archive."""

SCATTERED = Study(number=203, series=140, images=3, side=512)
"""The same in so many series that the service streams their archive itself."""

HUGE = Study(number=204, series=8, images=100, side=512)
"""400 MB more: with all the others it makes an album of 1 GB."""

ALL = [*MANY, LONG, LARGE, SCATTERED, HUGE]
