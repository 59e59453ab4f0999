"""What a sample study is described by: patients, studies, series and their settings, as plain data.

The tables (`head_studies`, `brain_studies`, `lung_studies`) are made of these; they can be read, listed and
tested without any source image at hand.
"""

from dataclasses import dataclass, field
from typing import Literal

from deploy.samples.steps import Step
from deploy.samples.uids import uid

MANUFACTURER = "PARADIM test data"

Sex = Literal["F", "M", "O"]


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A test patient; the name can belong to nobody.

    Attributes
    ----------
    key : str
        e.g. ``HEAD-CT-01``: gives the name ``TEST^HEAD-CT-01``.
    id : str
        PatientID.

    """

    key: str
    id: str
    sex: Sex

    @property
    def name(self) -> str:
        """PatientName."""
        return f"TEST^{self.key}"


@dataclass(frozen=True, kw_only=True)
class Window:
    """A display window, as WindowCenter, WindowWidth and its explanation."""

    center: float
    width: float
    name: str


@dataclass(frozen=True, kw_only=True)
class Ct:
    """Settings of a CT series (DICOM names in the order of the module)."""

    body_part: str
    kernel: str
    windows: tuple[Window, ...]
    model: str = "Test CT 64"
    kvp: int = 120
    tube_current: int = 280
    contrast_agent: str = ""
    protocol: str = ""


@dataclass(frozen=True, kw_only=True)
class Mr:
    """Settings of an MR series; times in ms, field strength in T, flip angle in degrees."""

    sequence: str
    scanning_sequence: tuple[str, ...]
    sequence_variant: str
    acquisition: Literal["2D", "3D"]
    repetition_time: float
    echo_time: float
    flip_angle: float
    windows: tuple[Window, ...]
    inversion_time: float | None = None
    echo_train_length: int = 1
    body_part: str = "BRAIN"
    model: str = "Test MR 3T"
    field_strength: float = 3.0
    contrast_agent: str = ""
    protocol: str = ""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One image series: which subject, what was done to it, and how it calls itself.

    Attributes
    ----------
    subject : str
        Name of the subject in the library, e.g. ``head`` or ``brain-t1``.
    steps : tuple of Step
        The stated transformations, in order.
    segments : tuple of str
        Masks of the subject that become one SEG series over this one.
    fractional : bool
        Whether that SEG holds probabilities instead of yes and no.
    frame : str
        Series with the same one share their FrameOfReferenceUID.

    """

    description: str
    subject: str
    settings: Ct | Mr
    steps: tuple[Step, ...] = ()
    segments: tuple[str, ...] = ()
    fractional: bool = False
    frame: str = "1"

    @property
    def modality(self) -> Literal["CT", "MR"]:
        """Modality of the images."""
        return "CT" if isinstance(self.settings, Ct) else "MR"


@dataclass(frozen=True, kw_only=True)
class Report:
    """A structured report (TID 1500) of what was measured in the first series of its study."""

    description: str
    segments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Study:
    """One examination of one patient.

    Attributes
    ----------
    key : str
        Where its files are and what its UIDs are made from, e.g. ``head-ct/01``.
    albums : tuple of str
        Slugs of the albums that hold it.
    hidden : tuple of str
        Modalities whose series are left out of these albums.

    """

    key: str
    patient: Patient
    age: str
    date: str
    time: str
    description: str
    accession: str
    albums: tuple[str, ...]
    series: tuple[Series, ...]
    report: Report | None = None
    hidden: tuple[str, ...] = field(default=())

    @property
    def uid(self) -> str:
        """StudyInstanceUID."""
        return uid(self.key)
