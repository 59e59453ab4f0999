"""The head CTs: one real examination as it is, and others derived from it by stated steps."""

from deploy.samples.brain_studies import TRIM
from deploy.samples.model import Ct, Mr, Patient, Report, Series, Sex, Study, Window
from deploy.samples.steps import (
    Average,
    Coronal,
    Gain,
    Mirror,
    Noise,
    Rotate,
    Sagittal,
    Scale,
    Sharpen,
    Slices,
    Smooth,
    Step,
)

ALBUM = "head-ct"
AIR = -1024.0

BRAIN = Window(center=40, width=100, name="BRAIN")
SUBDURAL = Window(center=60, width=240, name="SUBDURAL")
SINUS = Window(center=400, width=2000, name="SINUS")
BONE = Window(center=500, width=2000, name="BONE")

SOFT = Ct(body_part="HEAD", kernel="H31s", windows=(BRAIN, BONE), protocol="Head routine")
SHARP = Ct(body_part="HEAD", kernel="H60s", windows=(BONE, BRAIN), protocol="Head routine")
LOW_DOSE = Ct(
    body_part="HEAD",
    kernel="H20s",
    windows=(SUBDURAL, BONE),
    model="Test CT 128",
    kvp=100,
    tube_current=120,
    protocol="Head low dose",
)
FACE = Ct(body_part="FACE", kernel="H60s", windows=(SINUS,), model="Test CT 128", protocol="Sinus")
AFTER = Ct(
    body_part="HEAD",
    kernel="H31s",
    windows=(BRAIN, BONE),
    model="Test CT 128",
    contrast_agent="Iohexol 300",
    protocol="Head with contrast",
)
T1 = Mr(
    sequence="MPRAGE",
    scanning_sequence=("GR", "IR"),
    sequence_variant="SP",
    acquisition="3D",
    repetition_time=2300,
    echo_time=2.98,
    inversion_time=900,
    flip_angle=9,
    windows=(Window(center=600, width=900, name="T1"),),
    protocol="T1 navigation",
)

THICK: tuple[Step, ...] = (Average(4),)
BOTH = ("bone", "skin")
_ENHANCED = Gain(1.35, 15, 120)
_PLANNING: tuple[Step, ...] = (Slices(12, 156, 6),)


def head_studies() -> tuple[Study, ...]:
    """Return the studies of the album ``head-ct``; the first is the showcase with the original pixels."""
    studies = (*_plain(), *_with_more_series(), *_special())
    return tuple(sorted(studies, key=lambda study: study.key))


def unlabelled_study() -> Study:
    """Return the study that is in no album."""
    patient = Patient(key="UNLABELLED-01", id="TEST-UNL-01", sex="F")
    return Study(
        key="unlabelled/01",
        patient=patient,
        age="047Y",
        date="20240916",
        time="081500",
        description="CT HEAD W/O CONTRAST",
        accession="TESTUNL01",
        albums=(),
        series=(_series("Axial 6 mm", SOFT, Mirror(), Rotate(-4, AIR), Average(4)),),
    )


def _series(description: str, settings: Ct, *steps: Step, segments: tuple[str, ...] = ()) -> Series:
    return Series(description=description, subject="head", settings=settings, steps=steps, segments=segments)


def _study(
    number: int,
    sex: Sex,
    age: str,
    when: str,
    description: str,
    *series: Series,
    albums: tuple[str, ...] = (ALBUM,),
    report: Report | None = None,
    hidden: tuple[str, ...] = (),
) -> Study:
    """Return study ``number`` of the album; ``when`` is ``YYYYMMDD HHMMSS``."""
    date, time = when.split()
    return Study(
        key=f"head-ct/{number:02}",
        patient=Patient(key=f"HEAD-CT-{number:02}", id=f"TEST-HCT-{number:02}", sex=sex),
        age=age,
        date=date,
        time=time,
        description=description,
        accession=f"TESTHCT{number:02}",
        albums=albums,
        series=series,
        report=report,
        hidden=hidden,
    )


def _plain() -> tuple[Study, ...]:
    return (
        _study(
            1, "F", "041Y", "20190312 093015", "CT HEAD W/O CONTRAST",
            _series("Axial 1.5 mm", SOFT, segments=BOTH),
        ),
        _study(
            2, "M", "058Y", "20190827 141200", "CT HEAD W/O CONTRAST",
            _series("Axial 6 mm", SOFT, Mirror(), Average(4)),
        ),
        _study(
            4, "M", "036Y", "20200618 110742", "CT PARANASAL SINUSES",
            _series("Sinus axial 1.5 mm", FACE, Slices(4, 36), Sharpen(0.8)),
        ),
        _study(
            5, "F", "072Y", "20201103 162230", "TDM CÉRÉBRALE SANS CONTRASTE",
            _series("Axial 6 mm", SOFT, Rotate(-7, AIR), Scale(0.96), Average(4)),
        ),
        _study(
            8, "M", "009Y", "20220125 101330", "CT HEAD LOW DOSE PEDIATRIC",
            _series(
                "Axial low dose 6 mm", LOW_DOSE, Average(4), Scale(0.86), Noise(14, "head-ct/08", AIR)
            ),
        ),
        _study(
            9, "F", "085Y", "20220811 174455", "CT HEAD W/O CONTRAST",
            _series("Vertex axial 3 mm", SOFT, Mirror(), Rotate(3, AIR), Slices(52, 108), Average(2)),
        ),
        _study(
            10, "F", "029Y", "20230206 083010", "TDM CÉRÉBRALE, SUIVI",
            _series("Axial lissé 6 mm", SOFT, Rotate(6, AIR), Smooth(), Average(4)),
        ),
    )  # fmt: skip


def _with_more_series() -> tuple[Study, ...]:
    turned, contrast = Rotate(5, AIR), (Mirror(), Scale(1.03), Average(4))
    return (
        _study(
            3, "F", "063Y", "20200219 075900", "CT HEAD TRAUMA",
            _series("Axial 6 mm", SOFT, turned, Average(4), segments=BOTH),
            _series("Axial bone 6 mm", SHARP, turned, Average(4), Sharpen(1.2)),
        ),
        _study(
            6, "M", "051Y", "20210405 132640", "CT HEAD W/ AND W/O CONTRAST",
            _series("Axial before contrast 6 mm", SOFT, *contrast),
            _series("Axial after contrast 6 mm", AFTER, *contrast, _ENHANCED, segments=("bone",)),
        ),
        _study(
            7, "M", "067Y", "20210930 091805", "CT HEAD TRAUMA",
            _series("Axial 6 mm", SOFT, *THICK),
            _series("Coronal 7.7 mm", SOFT, Coronal(), Slices(40, 248), Average(8)),
        ),
        _study(
            11, "F", "054Y", "20230719 151520", "CT HEAD W/O CONTRAST",
            _series("Axial 6 mm", LOW_DOSE, Rotate(-10, AIR), Average(4), segments=("skin",)),
        ),
    )  # fmt: skip


def _special() -> tuple[Study, ...]:
    """Return the study that is in two albums, and the one of which only the CT is in an album."""
    navigation = Series(
        description="T1 axial 6 mm",
        subject="brain-t1",
        settings=T1,
        steps=(TRIM, Gain(4, 0, 255), *_PLANNING),
        frame="2",
    )
    sagittal = Series(
        description="T1 sagittal 6 mm",
        subject="brain-t1",
        settings=T1,
        steps=(TRIM, Gain(4, 0, 255), Sagittal(), Slices(24, 168, 6)),
        frame="2",
    )
    return (
        _study(
            12, "M", "044Y", "20240110 100000", "CT AND MR HEAD, NAVIGATION",
            _series("Axial 6 mm", SOFT, Mirror(), Rotate(2, AIR), Average(4)),
            sagittal,
            albums=(ALBUM, "brain-mr"),
        ),
        _study(
            13, "F", "060Y", "20240522 114530", "CT AND MR HEAD, PLANNING",
            _series("Axial 6 mm", SOFT, Scale(0.98), Rotate(-3, AIR), Average(4)),
            navigation,
            report=Report(description="Bone and skin measurements", segments=BOTH),
            hidden=("MR", "SR"),
        ),
    )  # fmt: skip
