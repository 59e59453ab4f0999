"""The brain MRs: the averaged T1 brain of MNI as it is, and others derived from it by stated steps.

T2 and FLAIR contrasts are simulated from the tissue maps (`library.brain_contrasts`); their
DerivationDescription says so.
"""

from dataclasses import replace

from deploy.samples.model import Mr, Patient, Series, Sex, Study, Window
from deploy.samples.steps import (
    Average,
    Coronal,
    Gain,
    Mirror,
    Noise,
    Rotate,
    Sagittal,
    Scale,
    Shading,
    Slices,
    Smooth,
    Step,
    Trim,
)

ALBUM = "brain-mr"
TISSUES = ("grey", "white")

_T1_AS_IS = Window(center=150, width=220, name="T1")
_T1 = Window(center=600, width=880, name="T1")
_T2 = Window(center=500, width=1000, name="T2")
_FLAIR = Window(center=320, width=640, name="FLAIR")

MPRAGE = Mr(
    sequence="MPRAGE",
    scanning_sequence=("GR", "IR"),
    sequence_variant="SP",
    acquisition="3D",
    repetition_time=2300,
    echo_time=2.98,
    inversion_time=900,
    flip_angle=9,
    windows=(_T1,),
    protocol="T1 3D",
)
AS_IS = replace(MPRAGE, windows=(_T1_AS_IS,))
AFTER = replace(MPRAGE, contrast_agent="Gadobutrol", protocol="T1 3D with contrast")
OLD = replace(MPRAGE, model="Test MR 1.5T", field_strength=1.5, repetition_time=1900, echo_time=3.4)
TSE = Mr(
    sequence="TSE",
    scanning_sequence=("SE",),
    sequence_variant="SK",
    acquisition="2D",
    repetition_time=5200,
    echo_time=98,
    echo_train_length=15,
    flip_angle=150,
    windows=(_T2,),
    protocol="T2 TSE",
)
FLAIR = Mr(
    sequence="FLAIR",
    scanning_sequence=("SE", "IR"),
    sequence_variant="SK",
    acquisition="2D",
    repetition_time=9000,
    echo_time=92,
    inversion_time=2500,
    echo_train_length=16,
    flip_angle=150,
    windows=(_FLAIR,),
    protocol="T2 FLAIR",
)

TRIM = Trim(232, 192)
"""The template without empty borders: so a frame of a binary SEG fills whole bytes, as it mostly does."""

_THICK: tuple[Step, ...] = (Slices(10, 160), Average(6))


def brain_studies() -> tuple[Study, ...]:
    """Return the studies of the album ``brain-mr``; the first has the values of the template."""
    return tuple(sorted((*_plain(), *_with_more_series()), key=lambda study: study.key))


def _t1(
    description: str,
    *steps: Step,
    settings: Mr = MPRAGE,
    segments: tuple[str, ...] = (),
    fractional: bool = False,
) -> Series:
    return Series(
        description=description,
        subject="brain-t1",
        settings=settings,
        steps=(TRIM, Gain(4, 0, 255), *steps),
        segments=segments,
        fractional=fractional,
    )


def _t2(description: str, *steps: Step) -> Series:
    return Series(description=description, subject="brain-t2", settings=TSE, steps=(TRIM, *steps))


def _flair(description: str, *steps: Step) -> Series:
    return Series(description=description, subject="brain-flair", settings=FLAIR, steps=(TRIM, *steps))


def _study(number: int, sex: Sex, age: str, when: str, description: str, *series: Series) -> Study:
    """Return study ``number`` of the album; ``when`` is ``YYYYMMDD HHMMSS``."""
    date, time = when.split()
    return Study(
        key=f"brain-mr/{number:02}",
        patient=Patient(key=f"BRAIN-MR-{number:02}", id=f"TEST-BMR-{number:02}", sex=sex),
        age=age,
        date=date,
        time=time,
        description=description,
        accession=f"TESTBMR{number:02}",
        albums=(ALBUM,),
        series=series,
    )


def _plain() -> tuple[Study, ...]:
    original = Series(
        description="T1 axial 3 mm",
        subject="brain-t1",
        settings=AS_IS,
        steps=(TRIM, Slices(16, 160, 3)),
        segments=TISSUES,
    )
    return (
        _study(1, "F", "034Y", "20180514 090000", "MR BRAIN W/O CONTRAST", original),
        _study(
            3, "F", "023Y", "20190206 113045", "IRM CÉRÉBRALE SANS CONTRASTE",
            _t1("T1 sagittal 5 mm", Mirror(), Sagittal(), Slices(24, 174), Average(5)),
        ),
        _study(
            4, "M", "061Y", "20190702 154500", "MR BRAIN W/O CONTRAST",
            _t1("T1 axial 6 mm", Rotate(4, 0), Shading(0.3), *_THICK, settings=OLD),
        ),
        _study(
            6, "M", "012Y", "20200923 101000", "MR BRAIN PEDIATRIC",
            _t1("T1 axial 6 mm", Scale(0.91), Rotate(-5, 0), *_THICK, Noise(12, "brain-mr/06", 0)),
        ),
        _study(
            8, "M", "077Y", "20211118 141500", "MR BRAIN W/O CONTRAST",
            _flair("FLAIR axial 6 mm", Mirror(), Rotate(-3, 0), *_THICK),
        ),
        _study(
            9, "F", "038Y", "20220303 160030", "MR BRAIN W/ CONTRAST",
            _t1("T1 axial after contrast 6 mm", Gain(1.2, 480, 640), *_THICK, settings=AFTER),
        ),
        _study(
            11, "F", "069Y", "20230327 111111", "IRM CÉRÉBRALE, SUIVI",
            _t1("T1 coronal 6 mm", Scale(1.02), Coronal(), Slices(30, 204), Average(6), settings=OLD),
        ),
    )  # fmt: skip


def _with_more_series() -> tuple[Study, ...]:
    turned, small = Rotate(7, 0), Scale(0.97)
    return (
        _study(
            2, "M", "046Y", "20181009 083000", "MR BRAIN W/O CONTRAST",
            _t1("T1 axial 6 mm", Mirror(), *_THICK, segments=TISSUES, fractional=True),
        ),
        _study(
            5, "F", "055Y", "20200115 130000", "MR BRAIN DEMENTIA PROTOCOL",
            _t1("T1 axial 6 mm", turned, *_THICK, segments=TISSUES),
            _t2("T2 axial 6 mm", turned, *_THICK),
        ),
        _study(
            7, "F", "042Y", "20210621 094530", "MR BRAIN MS FOLLOW-UP",
            _t2("T2 axial 6 mm", small, *_THICK),
            _flair("FLAIR axial 6 mm", small, *_THICK, Noise(6, "brain-mr/07", 0)),
        ),
        _study(
            10, "M", "050Y", "20221012 075520", "IRM CÉRÉBRALE",
            _t1("T1 axial 6 mm", Smooth(), *_THICK),
            _t2("T2 coronal 6 mm", Coronal(), Slices(30, 204), Average(6)),
        ),
        _study(
            12, "M", "031Y", "20240408 121500", "MR BRAIN W/O CONTRAST",
            _t1("T1 axial 6 mm", Mirror(), Rotate(-8, 0), *_THICK, segments=("white",)),
        ),
    )  # fmt: skip
