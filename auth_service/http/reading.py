"""Read what queries and bodies say, piece by piece; each refusal names the field and what was expected."""

from collections.abc import Iterable

from auth_service import dicom_json
from auth_service.errors import Invalid


def number(name: str, value: str) -> int:
    """Read a whole number, zero or more, that a database can hold."""
    if not value.isascii() or not value.isdigit() or len(value) > len(str(2**31)):
        raise Invalid(name, "{field} must be a whole number, zero or more.")
    return int(value)


def boolean(name: str, value: str) -> bool:
    """Read ``true`` or ``false``."""
    if value not in ("true", "false"):
        raise Invalid(name, "{field} must be true or false.")
    return value == "true"


def keyword(field: str, name: str) -> str:
    """Read the name of an attribute, as QIDO-RS and Orthanc write it."""
    known = dicom_json.keyword_of(name)
    if known is None:
        raise Invalid(field, "{field}: {keyword} is not an attribute of DICOM.", keyword=name[:64])
    return known


def filters(field: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Read filters; an empty value matches everything (PS3.4, section C.2.2.2.3) and is left out."""
    read: dict[str, str] = {}
    for name, value in pairs:
        known = keyword(field, name)
        if known in read:
            raise Invalid(field, "{field}: {keyword} stands twice.", keyword=known)
        if value:
            read[known] = value
    return read
