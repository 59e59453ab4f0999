"""The lung phantom's studies, and what is known about each."""

from pathlib import Path

from deploy.samples import phantom
from deploy.samples.manifest import Phantom, Shape, Truth
from deploy.samples.model import Ct, Patient, Report, Series, Sex, Study, Window
from deploy.samples.phantom import Ellipsoid, Lungs, sphere
from deploy.samples.steps import Noise, Step

ALBUM = "lung-phantom"
DESCRIPTION = (phantom.__doc__ or "").strip()
"""How the phantom is made, in the words of its module."""
SUBJECT_PREFIX = "phantom-"
LUNGS = ("right-lung", "left-lung")

_LUNG = Window(center=-600, width=1500, name="LUNG")
_MEDIASTINUM = Window(center=40, width=400, name="MEDIASTINUM")

CHEST = Ct(body_part="CHEST", kernel="B31f", windows=(_LUNG, _MEDIASTINUM), protocol="Phantom")
SHARP = Ct(
    body_part="CHEST",
    kernel="B60f",
    windows=(_LUNG, _MEDIASTINUM),
    model="Test CT 128",
    kvp=100,
    tube_current=60,
    protocol="Phantom low dose",
)

SMALL_EMPHYSEMA = (sphere(-84, -20, 60, 22), sphere(-84, 20, -40, 18))
LARGE_EMPHYSEMA = (
    *SMALL_EMPHYSEMA,
    sphere(-90, -30, -5, 20),
    sphere(-78, 30, 25, 24),
    sphere(-84, -5, -78, 15),
)
NODULE = (sphere(88, -10, 40, 5),)
GROWN = (sphere(88, -10, 40, 8),)
NODULES = (*NODULE, sphere(95, 30, -30, 4), sphere(80, 0, -60, 10))

STATES = (
    Lungs(key="01", emphysema=SMALL_EMPHYSEMA, nodules=NODULE, slices=48, matrix=256),
    Lungs(key="02", noise=7),
    Lungs(key="03", size=0.9, nodules=NODULES, noise=7),
    Lungs(key="04", size=1.08, emphysema=LARGE_EMPHYSEMA, noise=7),
    Lungs(key="05a", nodules=NODULE, noise=5),
    Lungs(key="05b", nodules=GROWN, noise=5),
    Lungs(key="06-in", size=1.05, slices=28),
    Lungs(key="06-out", size=0.85, density=-720, slices=28),
    Lungs(key="07", size=0.8, density=-820, noise=7, slices=28),
    Lungs(key="08", size=1.1, emphysema=LARGE_EMPHYSEMA, nodules=NODULES),
    Lungs(key="09", density=-900, emphysema=SMALL_EMPHYSEMA, noise=7, slices=28),
    Lungs(key="10", size=0.95, noise=3, slices=28),
    Lungs(key="11", size=1.02, nodules=GROWN, noise=6, slices=28),
    Lungs(key="12", size=1.04, emphysema=SMALL_EMPHYSEMA, nodules=NODULES, noise=6, slices=28),
)
"""Every state of the phantom that is imaged, one per series."""


def state(subject: str) -> Lungs:
    """Return the state that a series' subject names."""
    key = subject.removeprefix(SUBJECT_PREFIX)
    return next(lungs for lungs in STATES if lungs.key == key)


def lung_studies() -> tuple[Study, ...]:
    """Return the studies of the album ``lung-phantom``; patient 05 has two, a year apart."""
    report = Report(description="Lung volumes", segments=LUNGS)
    both = (_series("05a", "Inspiration 7.8 mm"), _series("05b", "Inspiration 7.8 mm"))
    in_and_out = (
        _series("06-in", "Inspiration 10 mm", segments=LUNGS),
        _series("06-out", "Expiration 10 mm", segments=LUNGS),
    )
    small, axial = _series("07", "Axial 10 mm"), _series("11", "Axiale 10 mm")
    noisy = _series("02", "Inspiration 7.8 mm", settings=SHARP)
    return (
        _study(
            "01", "O", "050Y", "20210111 080000", "CT CHEST PHANTOM",
            _series("01", "Inspiration 5.8 mm", segments=LUNGS),
            report=report,
        ),
        _study("02", "F", "045Y", "20210215 090000", "CT CHEST PHANTOM LOW DOSE", noisy),
        _study("03", "M", "066Y", "20210419 100000", "CT CHEST PHANTOM", _series("03", "Inspiration 7.8 mm")),
        _study(
            "04", "M", "071Y", "20210823 110000", "CT CHEST PHANTOM, EMPHYSEMA",
            _series("04", "Inspiration 7.8 mm", segments=LUNGS),
        ),
        _study("05", "F", "059Y", "20220117 120000", "CT CHEST PHANTOM, NODULE", both[0]),
        _study(
            "05", "F", "060Y", "20230123 120000", "CT CHEST PHANTOM, NODULE FOLLOW-UP", both[1], part="b"
        ),
        _study("06", "M", "038Y", "20220620 130000", "CT CHEST PHANTOM, IN AND OUT", *in_and_out),
        _study("07", "F", "014Y", "20221107 140000", "CT CHEST PHANTOM PEDIATRIC", small),
        _study(
            "08", "M", "078Y", "20230315 150000", "TDM THORACIQUE, FANTÔME",
            _series("08", "Inspiration 7.8 mm", segments=LUNGS),
        ),
        _study("09", "F", "064Y", "20230911 160000", "CT CHEST PHANTOM", _series("09", "Inspiration 10 mm")),
        _study("10", "M", "033Y", "20240226 170000", "CT CHEST PHANTOM", _series("10", "Inspiration 10 mm")),
        _study("11", "F", "052Y", "20240603 083000", "TDM THORACIQUE, FANTÔME", axial),
        _study(
            "12", "M", "069Y", "20241014 093000", "CT CHEST PHANTOM, EMPHYSEMA",
            _series("12", "Inspiration 10 mm", settings=SHARP),
        ),
    )  # fmt: skip


def truth(study: str, series: str, lungs: Lungs) -> Truth:
    """Return what is known about a series of the phantom, from the formulas in `phantom`."""
    whole = lungs.right.volume_ml + lungs.left.volume_ml
    emphysema = sum(shape.volume_ml for shape in lungs.emphysema)
    nodules = sum(shape.volume_ml for shape in lungs.nodules)
    aerated = whole - nodules
    spacing, _ = lungs.grid
    mean = (emphysema * phantom.EMPHYSEMA + (aerated - emphysema) * lungs.density) / aerated
    return Truth(
        study=study,
        series=series,
        right_lung_ml=round(lungs.right.volume_ml, 3),
        left_lung_ml=round(lungs.left.volume_ml, 3),
        lungs_ml=round(whole, 3),
        aerated_ml=round(aerated, 3),
        emphysema_ml=round(emphysema, 3),
        nodules_ml=round(nodules, 3),
        mean_aerated_hu=round(mean, 3),
        laa950_percent=round(100 * emphysema / aerated, 3),
        lung_density_hu=lungs.density,
        noise_hu=lungs.noise,
        tolerance_percent=1.0,
        voxel_ml=round(spacing[0] * spacing[1] * spacing[2] / 1000, 6),
        shapes=_shapes(lungs),
    )


def write_truth(folder: Path, truth: Phantom) -> Path:
    """Write what is known about the phantom beside its images."""
    target = folder / ALBUM / "phantom.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(truth.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return target


def _shapes(lungs: Lungs) -> tuple[Shape, ...]:
    named: list[tuple[str, Ellipsoid, float]] = [
        ("right lung", lungs.right, lungs.density),
        ("left lung", lungs.left, lungs.density),
        ("heart", phantom.HEART_SHAPE, phantom.HEART),
        ("airway", phantom.AIRWAY, phantom.AIR),
    ]
    named += [("emphysema", shape, phantom.EMPHYSEMA) for shape in lungs.emphysema]
    named += [("nodule", shape, phantom.NODULE) for shape in lungs.nodules]
    return tuple(
        Shape(
            name=name,
            centre_mm=shape.centre,
            semi_axes_mm=shape.semi_axes,
            density_hu=density,
            volume_ml=round(shape.volume_ml, 3),
        )
        for name, shape, density in named
    )


def _series(key: str, description: str, *, settings: Ct = CHEST, segments: tuple[str, ...] = ()) -> Series:
    lungs = next(lungs for lungs in STATES if lungs.key == key)
    noise: tuple[Step, ...] = (Noise(lungs.noise, f"lung-phantom/{key}"),) if lungs.noise else ()
    return Series(
        description=description,
        subject=SUBJECT_PREFIX + key,
        settings=settings,
        steps=noise,
        segments=segments,
    )


def _study(
    number: str,
    sex: Sex,
    age: str,
    when: str,
    description: str,
    *series: Series,
    part: str = "",
    report: Report | None = None,
) -> Study:
    """Return a study of patient ``number``; ``when`` is ``YYYYMMDD HHMMSS``."""
    date, time = when.split()
    return Study(
        key=f"lung-phantom/{number}{part}",
        patient=Patient(key=f"LUNG-PHANTOM-{number}", id=f"TEST-LPH-{number}", sex=sex),
        age=age,
        date=date,
        time=time,
        description=description,
        accession=f"TESTLPH{number}{part.upper()}",
        albums=(ALBUM,),
        series=series,
        report=report,
    )
