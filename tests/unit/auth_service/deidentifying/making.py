"""Data sets with something to hide in every place, and a detector that knows all of it.

The detector reads the table of the standard for itself (from the library, not from our rules), and what the
table does not list by rules of its own: private attributes, names, unregistered UIDs.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
from hypothesis import strategies as st
from pydicom import DataElement, Dataset, config, dcmread, dcmwrite
from pydicom._dicom_dict import DicomDictionary
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import UID

from auth_service.deidentifying.profile import Option, Profile

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"

LISTED = frozenset(
    group << 16 | element
    for group, element, *mask in dicom_anonymization_database_selector("dicomfields_2026c")["ALL_TAGS"]
    if not mask
)
_TEXTS = frozenset({"AE", "CS", "DA", "DS", "DT", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})

# The items of these stay, and with them what is not identifying: their attributes are looked at one by one.
KEPT_SEQUENCES = frozenset({0x0040A730, 0x00081140, 0x00082112})

_OF_THE_FILE = frozenset(
    {0x00080005, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00100010, 0x00100020, 0x00080060}
)
ORDINARY = sorted(
    tag
    for tag, (vr, _, _, _, keyword) in DicomDictionary.items()
    if tag >> 16 not in {0x0000, 0x0002, 0x0004, 0x7FE0, 0xFFFE}
    and tag & 0xFFFF
    and vr not in {"SQ", "NONE", "UN"}
    and " or " not in vr  # which of them it is follows from others, and cannot be read without
    and keyword
    and tag not in _OF_THE_FILE
    # Where an overlay is said to lie in the pixels the file is refused.
    and keyword not in {"PixelDataProviderURL", "EncapsulatedDocument"}
)
SEQUENCES = sorted(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")

marks = st.integers(0, 2**40 - 1).map("Zq{:010x}".format)
"""What is found again wherever it is: nothing else looks like it."""


def profile(*options: Option, key: bytes = KEY) -> Profile:
    return Profile(options=frozenset(options), key=key)


def value_of(vr: str, mark: str) -> Any:  # noqa: ANN401 - of whichever type the VR has
    """Return a value with a mark in it, where the VR has room for one."""
    number = int(mark[-10:], 16)
    if vr in {"OB", "OD", "OF", "OL", "OV", "OW"}:
        return mark.encode() + b"    "
    day = f"2024{number % 12 + 1:02}{number // 12 % 28 + 1:02}"
    return {
        "AE": mark,
        "AS": f"{number % 1000:03}M",
        "AT": 0x00100010,
        "CS": mark.upper(),
        "DA": day,
        "DS": f"{number}.5",
        "DT": f"{day}101112.{number % 10**6:06}",
        "FD": float(number),
        "FL": 1.5,
        "IS": str(number % 2**31),
        "LO": f"{mark} CHEST",
        "LT": f"{mark}, text",
        "PN": f"{mark}^Eve",
        "SH": mark,
        "SL": number % 2**31,
        "SS": number % 2**15,
        "ST": mark,
        "SV": number,
        "TM": f"101112.{number % 10**6:06}",
        "UC": mark,
        "UI": f"1.2.826.{number}.7",
        "UL": number % 2**32,
        "UR": f"https://{mark}.example.org/",
        "US": number % 2**16,
        "UT": mark,
        "UV": number,
    }[vr]


@st.composite
def datasets(draw: st.DrawFn, depth: int = 0) -> Dataset:
    """Make a data set of any attributes, private ones and sequences among them."""
    dataset = Dataset()
    for tag in draw(st.lists(st.sampled_from(ORDINARY), max_size=12, unique=True)):
        _add(dataset, tag, dictionary_VR(tag), draw(marks))
    for tag in draw(st.lists(st.sampled_from(sorted(LISTED)), max_size=12, unique=True)):
        vr = dictionary_VR(tag).split(" or ")[0] if dictionary_has_tag(tag) else "LO"
        if vr not in {"SQ", "UN", "NONE"} and tag >> 16 not in {0x0000, 0x0002, 0x0004} | {0x0042}:
            _add(dataset, tag, vr, draw(marks))
    for place in range(draw(st.integers(0, 2))):
        block = dataset.private_block(0x0029 + 2 * place, f"{draw(marks)}", create=True)
        vr = draw(st.sampled_from(["LO", "OB", "PN", "DA", "UI", "UN"]))
        block.add_new(1, vr, value_of("OB" if vr == "UN" else vr, draw(marks)))
    if depth < 2:
        for tag in draw(st.lists(st.sampled_from(SEQUENCES), max_size=2, unique=True)):
            items = draw(st.lists(datasets(depth=depth + 1), max_size=2))
            dataset.add(DataElement(tag, "SQ", Sequence(items)))
    return dataset


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Make a file as it is uploaded."""
    dataset = draw(datasets())
    return file_of(dataset, draw(marks), syntax=draw(st.sampled_from([EXPLICIT, IMPLICIT])))


def file_of(dataset: Dataset, mark: str = "Zq0123456789", *, syntax: str = EXPLICIT) -> bytes:
    number = int(mark[-10:], 16)
    for place, keyword in enumerate(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")):
        if keyword not in dataset:
            setattr(dataset, keyword, f"1.2.826.0.{number}.{place}")
    dataset.SOPClassUID = dataset.get("SOPClassUID", CT)
    dataset.Modality = dataset.get("Modality", "CT")
    for keyword in ("PatientID", "PatientName"):
        if keyword not in dataset:
            setattr(dataset, keyword, f"{mark}{keyword[-2:]}")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.SourceApplicationEntityTitle = mark
    dataset.preamble = (mark * 11).encode()[:128].ljust(128, b"\0")
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def read(file: bytes) -> Dataset:
    return dcmread(BytesIO(file))


def secrets_of(dataset: Dataset, *, times: bool = True) -> set[bytes]:
    """Return every value that must not be found in what comes out, as it stands in a file.

    Times of day stay where dates are moved. What stands in another place too, where it may, is no secret.
    """
    texts = _TEXTS | {"TM"} if times else _TEXTS
    told = list(_told(dataset, texts, inside=False))
    shown = b"\n".join(value for value, hidden in told if not hidden)
    return {value for value, hidden in told if hidden and value not in shown}


def _told(dataset: Dataset, texts: frozenset[str], *, inside: bool) -> Iterator[tuple[bytes, bool]]:
    """Give each value, and whether it must go."""
    for element in dataset:
        hidden = inside or element.tag in LISTED or element.tag.is_private
        hidden |= element.VR == "PN" or _is_of_patient(element.tag)
        if element.VR == "SQ":
            for item in element.value:
                yield from _told(item, texts, inside=hidden and element.tag not in KEPT_SEQUENCES)
        elif element.VR == "UI":
            yield from ((str(uid).encode(), True) for uid in _values(element) if uid not in UID_dictionary)
        elif element.VR in texts:
            # What is short is found by chance: an age, a sex.
            yield from ((text.encode(), hidden) for text in map(str, _values(element)) if len(text) > 5)
        elif isinstance(element.value, bytes) and len(element.value.strip(b"\0")) > 5:
            yield element.value, hidden


def elements(dataset: Dataset) -> Iterator[DataElement]:
    """Give every element at every depth."""
    for element in dataset:
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from elements(item)


def _is_of_patient(tag: int) -> bool:
    # How the body lies, whether it is a phantom, where it is in the picture: not who it is.
    return tag >> 16 == 0x0010 and tag not in {0x00100028, 0x00100200, 0x00102210}


def _values(element: DataElement) -> list[Any]:
    value = element.value
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue | list) else [value]


def _add(dataset: Dataset, tag: int, vr: str, mark: str) -> None:
    # What may stay must not look like what must go: another beginning, an even number.
    hidden = tag in LISTED or _is_of_patient(tag)
    number = 2 * (int(mark[-10:], 16) // 2) + hidden
    mark = f"{'Zq' if hidden else 'Yk'}{number:010x}"
    dataset.add(DataElement(tag, vr, value_of(vr, mark), validation_mode=config.IGNORE))
