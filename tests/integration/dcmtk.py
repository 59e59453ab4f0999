"""Debian's dcmtk: what a modality or a PACS would do, with the real protocol."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from deploy.native import aptroot, environment
from deploy.native.errors import CannotGoOn
from deploy.native.paths import Cache


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a tool said, and how it ended."""

    status: int
    text: str

    @property
    def stored(self) -> list[str]:
        """The answers to C-STORE, one for each image."""
        return re.findall(r"Received Store Response \((.*)\)", self.text)

    @property
    def rejected(self) -> str | None:
        """Why the association was rejected, if it was."""
        found = re.search(r"Reason: (.*)", self.text)
        return found[1] if found and "Association Rejected" in self.text else None


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The tools of dcmtk, and where they find the stack."""

    tree: aptroot.Tree
    host: str
    port: int

    @classmethod
    def of(cls, cache: Cache, stack: Mapping[str, Any]) -> "Tools":
        """Return them, or say how to get them."""
        tree = aptroot.present(cache, aptroot.DCMTK)
        if tree is None:
            raise CannotGoOn(
                f"{cache.root} has no dcmtk.", "Fetch it with `python -m deploy.native setup --with-tests`."
            )
        dicom = stack["internal"]["dicom"]
        return cls(tree=tree, host=dicom["host"], port=dicom["port"])

    def run(
        self,
        tool: str,
        *arguments: str | Path,
        title: str = "SENDER",
        called: str = "PARADIM",
        after: str = "",
    ) -> Answered:
        """Run a tool as somebody; ``after`` stands behind host and port, as files do."""
        done = subprocess.run(
            [
                str(self.tree.find(f"usr/bin/{tool}")),
                *("-v", "-aet", title, "-aec", called, "-to", "10", "-ta", "10", "-td", "10"),
                *map(str, arguments),
                *(self.host, str(self.port)),
                *after.split(),
            ],
            env={
                **environment.base(),
                "LD_LIBRARY_PATH": self.tree.libraries,
                "DCMDICTPATH": str(self.tree.find("usr/share/libdcmtk*/dicom.dic")),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Answered(status=done.returncode, text=done.stdout + done.stderr)

    def store(self, *files: Path, title: str = "SENDER", called: str = "PARADIM") -> Answered:
        """Send files."""
        return self.run("storescu", title=title, called=called, after=" ".join(map(str, files)))


def write_image(
    folder: Path,
    *,
    patient: str,
    study: str,
    series: str,
    instance: str | None = None,
    modality: str = "CT",
) -> Path:
    """Write a small image; its SOPInstanceUID is new where none is given."""
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, instance or generate_uid()
    # As it is given: a sender need not keep to what may stand in an identifier.
    image.add(DataElement(0x00100020, "LO", patient, validation_mode=config.IGNORE))
    image.PatientName = "TEST^SENT BY DICOM"
    image.StudyInstanceUID, image.SeriesInstanceUID, image.Modality = study, series, modality
    image.StudyDescription, image.SeriesDescription = "sent by DICOM", "test"
    image.Rows = image.Columns = 2
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit, image.PixelRepresentation, image.SamplesPerPixel = 7, 0, 1
    image.PhotometricInterpretation, image.PixelData = "MONOCHROME2", b"\x01\x02\x03\x04"
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = folder / f"{image.SOPInstanceUID}.dcm"
    image.save_as(file, enforce_file_format=True)
    return file
