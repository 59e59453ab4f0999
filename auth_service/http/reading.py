"""Read what queries and bodies say, piece by piece; each refusal names the field and what was expected."""

import re
from collections.abc import Container, Iterable

from fastapi import Request

from auth_service.errors import Invalid, NotAcceptable
from auth_service.search import dicom_json
from auth_service.vocabulary import Action

DICOM_JSON = "application/dicom+json"

_ACTIONS = frozenset(Action)

_GIVES_DICOM_JSON = frozenset({DICOM_JSON, "application/json", "application/*", "*/*"})


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


def action(field: str, word: str, *, among: Container[str] = _ACTIONS) -> Action:
    """Read the name of a right."""
    if word not in among:
        raise Invalid(field, "There is no right called {right}.", right=word)
    return Action(word)


def actions(field: str, words: Iterable[str]) -> frozenset[Action]:
    """Read the names of rights."""
    return frozenset(action(field, word) for word in words)


def accepts_dicom_json(request: Request) -> None:
    """Refuse who takes no DICOM JSON: nothing else is written here (PS3.18, section 8.7.8.1)."""
    accepted = request.headers.get("accept") or "*/*"
    for wanted in accepted.split(","):
        kind, *parameters = (part.strip().lower() for part in wanted.split(";"))
        refused = any(re.fullmatch(r"q\s*=\s*0(?:\.0*)?", one) for one in parameters)
        if kind in _GIVES_DICOM_JSON and not refused:
            return
    raise NotAcceptable(known=DICOM_JSON)


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
