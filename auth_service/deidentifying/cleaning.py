"""Walk a data set, at every depth, and build a new one of what may stay.

The new one is made element by element: what nobody looked at is not in it. The old one is left as it was.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from pydicom import DataElement, Dataset
from pydicom import config as pydicom_config
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

from auth_service.deidentifying.attributes import Act, act_on, vrs_of
from auth_service.deidentifying.dates import DUMMY_DATE, DUMMY_DATETIME, DUMMY_TIME, moved
from auth_service.deidentifying.descriptors import cleaned
from auth_service.deidentifying.profile import Option, Profile
from auth_service.deidentifying.pseudonyms import uid_of

# A value that breaks the standard would else be written to the log, with all that it says.
pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE

REMOVED = "REMOVED"
"""Stands where a text must be."""

DEEPEST = 24
"""Sequences within sequences that are followed; what lies deeper is removed."""

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom raises for a value that is none; some of it says in its message what the value was."""

_ALWAYS_BY_STAND_IN = frozenset({0x00080018, 0x0020000D, 0x0020000E, 0x00020003})
_PIXELS = 0x7FE0
_UID = re.compile(r"[0-9.]{1,64}")
_CONCEPT_NAME = 0x0040A043
_OLDEST = 90

_BIRTH_DATE = "121031"
_CHARACTERISTICS = frozenset({"121032", "121033", "121034", "8302-2", "29463-7", "39156-5"})
"""Of a subject: sex, age, species (DCM); height, weight, body mass index (LN)."""

_DUMMIES: dict[str, Any] = {
    "AS": "000D",
    "AT": 0,
    "DA": DUMMY_DATE,
    "DS": "0",
    "DT": DUMMY_DATETIME,
    "FD": 0.0,
    "FL": 0.0,
    "IS": "0",
    "SL": 0,
    "SS": 0,
    "SV": 0,
    "TM": DUMMY_TIME,
    "UL": 0,
    "UR": "about:blank",
    "US": 0,
    "UV": 0,
} | dict.fromkeys(("OB", "OD", "OF", "OL", "OV", "OW"), b"\0" * 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """How the data sets of one patient are cleaned in one album."""

    profile: Profile
    days: int
    """By how many days dates are moved."""

    def clean(self, source: Dataset, *, depth: int = 0) -> Dataset:
        """Return a new data set of what may stay of this one."""
        target = Dataset()
        for element, act in self._readable(source, depth):
            kept = self._kept(element, act, depth)
            if kept is not None:
                target.add(kept)
        return target

    def _readable(self, source: Dataset, depth: int) -> Iterator[tuple[DataElement, Act]]:
        """Return what is not removed, and what is done to it; what cannot be read cannot be judged."""
        for tag in sorted(source.keys()):
            act = act_on(tag, self.profile.options)
            if act is Act.REMOVE or (depth and tag >> 16 == _PIXELS):
                # A picture within a sequence is shown to nobody who looks at what is held.
                continue
            try:
                element = source[tag]
            except UNREADABLE:
                continue
            if isinstance(element, DataElement):
                yield element, act

    def _kept(self, element: DataElement, act: Act, depth: int) -> DataElement | None:
        known = vrs_of(element.tag)
        if element.VR == "UN" or (known and not set(element.VR.split(" or ")) <= known):
            # What says that it is something else cannot be treated as what it should be.
            return None
        if element.VR == "SQ":
            return self._sequence(element, act, depth)
        return _BY_ACT[act](self, element)

    def _sequence(self, element: DataElement, act: Act, depth: int) -> DataElement | None:
        if depth >= DEEPEST or act not in {Act.WITHIN, Act.STRUCTURED, Act.EMPTY, Act.DUMMY}:
            return None
        items: Sequence[Dataset] = element.value
        if act is Act.EMPTY:
            items = []
        elif act is Act.DUMMY:
            items = [self._dummy_item(item, depth + 1) for item in items[:1]]
        else:
            if act is Act.STRUCTURED:
                items = [item for item in items if self._may_be_said(item)]
            items = [self.clean(item, depth=depth + 1) for item in items]
        return _element(element.tag, "SQ", Items(items))

    def _dummy_item(self, item: Dataset, depth: int) -> Dataset:
        """Return an item of the same attributes in which nothing is said."""
        target = Dataset()
        for element, _ in self._readable(item, depth):
            if element.VR == "UN":
                continue
            if element.VR == "SQ":
                nested = [self._dummy_item(each, depth + 1) for each in element.value[:1]]
                if depth < DEEPEST:
                    target.add(_element(element.tag, "SQ", Items(nested)))
            else:
                target.add(_dummy(element) if element.VR != "UI" else self.uid(element))
        return target

    def _may_be_said(self, item: Dataset) -> bool:
        """Tell whether a content item may stay: who the patient is is said by codes of its own."""
        codes = {code for name in _items(item, _CONCEPT_NAME) for code in _texts(name, "CodeValue")}
        if _BIRTH_DATE in codes:
            return False
        return Option.PATIENT_CHARACTERISTICS in self.profile.options or not codes & _CHARACTERISTICS

    def keep(self, element: DataElement) -> DataElement:
        """Keep an element as it is; what stands for a UID must be one."""
        if element.VR == "UI" and not all(_UID.fullmatch(str(uid)) for uid in _values(element)):
            return self.uid(element)
        # One of its own: what is written into it later is not written into the original.
        return copy(element)

    def remove(self, _element: DataElement) -> None:
        """Leave an element out."""

    def empty(self, element: DataElement) -> DataElement:
        """Keep an attribute with nothing in it."""
        return _element(element.tag, _one_vr(element), None)

    def dummy(self, element: DataElement) -> DataElement:
        """Put something in the place of a value that says nothing."""
        return _dummy(element)

    def uid(self, element: DataElement) -> DataElement:
        """Put the stand-ins in the places of UIDs."""
        always = element.tag in _ALWAYS_BY_STAND_IN
        key = self.profile.key
        values = [
            uid if registered(uid) and not always else uid_of(key, uid)
            for uid in (str(value).strip(" \0") for value in _values(element))
            if uid
        ]
        return _element(element.tag, "UI", values)

    def shift(self, element: DataElement) -> DataElement:
        """Move dates; what is none is emptied."""
        values = [moved(element.VR, str(value), self.days) for value in _values(element)]
        return _element(element.tag, element.VR, [value or "" for value in values])

    def describe(self, element: DataElement) -> DataElement:
        """Keep the words of a description that may stay."""
        words = [cleaned(str(value)) for value in _values(element)]
        return _element(element.tag, element.VR, [word or REMOVED for word in words])

    def age(self, element: DataElement) -> DataElement:
        """Keep an age; whoever is older than 89 years is 90."""
        value = str(element.value or "").strip()
        if not (len(value) == 4 and value[:3].isdecimal() and value.isascii() and value[3] in "DWMY"):  # noqa: PLR2004 - nnnD
            return self.empty(element)
        days = int(value[:3]) * {"D": 1, "W": 7, "M": 30, "Y": 365}[value[3]]
        return _element(element.tag, "AS", "090Y" if days >= _OLDEST * 365 else value)


_BY_ACT: dict[Act, Callable[[Cleaning, DataElement], DataElement | None]] = {
    Act.REMOVE: Cleaning.remove,
    Act.EMPTY: Cleaning.empty,
    Act.DUMMY: Cleaning.dummy,
    Act.UID: Cleaning.uid,
    Act.WITHIN: Cleaning.remove,  # of sequences only: what else bears their tag is none
    Act.STRUCTURED: Cleaning.remove,
    Act.SHIFT: Cleaning.shift,
    Act.DESCRIBE: Cleaning.describe,
    Act.AGE: Cleaning.age,
    Act.KEEP: Cleaning.keep,
}


def registered(uid: str) -> str | None:
    """Return the name under which the standard registers a UID; ``None`` if it does not."""
    name = UID(uid, validation_mode=pydicom_config.IGNORE).name
    return name if name != uid else None


def text_of(source: Dataset, keyword: str) -> str:
    """Return an attribute as text; nothing if it is not there or cannot be read."""
    return "\\".join(_texts(source, keyword))


def texts_of(source: Dataset, keyword: str) -> tuple[str, ...]:
    """Return the values of an attribute as texts, in capitals and without what they are padded with."""
    return tuple(text.upper() for text in _texts(source, keyword))


def _texts(source: Dataset, keyword: str) -> list[str]:
    try:
        values = _values(source[keyword]) if keyword in source else []
    except UNREADABLE:
        return []
    return [str(value).strip(" \0") for value in values]


def _items(source: Dataset, tag: int) -> Sequence[Dataset]:
    try:
        return list(source[tag].value) if tag in source and source[tag].VR == "SQ" else []
    except UNREADABLE:
        return []


def _values(element: DataElement) -> Iterable[Any]:
    value = element.value
    if value is None or value == "":
        return []
    return value if isinstance(value, MultiValue | list | tuple) else [value]


def _dummy(element: DataElement) -> DataElement:
    vr = _one_vr(element)
    if not element.value and element.value != 0:
        return _element(element.tag, vr, None)
    return _element(element.tag, vr, _DUMMIES.get(vr, REMOVED))


def _one_vr(element: DataElement) -> str:
    """Return one VR of those that are left open until the file is written."""
    return element.VR.split(" or ")[0]


def _element(tag: int, vr: str, value: Any) -> DataElement:  # noqa: ANN401 - of whichever type its VR has
    if isinstance(value, list) and len(value) < 2:  # noqa: PLR2004 - one value is no list
        value = value[0] if value else None
    return DataElement(tag, vr, value, validation_mode=pydicom_config.IGNORE)
