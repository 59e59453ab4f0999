"""WADO-URI (PS3.18, section 9): one instance, whole or as a picture, named in the query.

The request becomes one of Orthanc's own routes of the instance, which nginx streams.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import Response

from auth_service.archive import ArchivedInstance
from auth_service.errors import Invalid
from auth_service.gate import Gate
from auth_service.http.dependencies import SignedIn
from auth_service.http.handover import address, streamed_by_nginx
from auth_service.judging import whole
from auth_service.targets import UID_PATTERN
from auth_service.vocabulary import Action

router = APIRouter()

_DICOM = "application/dicom"
_PICTURES = ("image/jpeg", "image/png")

_NUMBER = r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?"
_PARAMETERS: Mapping[str, re.Pattern[str]] = {
    "requestType": re.compile("WADO"),
    "studyUID": UID_PATTERN,
    "seriesUID": UID_PATTERN,
    "objectUID": UID_PATTERN,
    "contentType": re.compile(r"[a-z0-9*/+.,; =-]{1,256}"),
    "charset": re.compile(r"[A-Za-z0-9_.-]{1,32}"),
    "transferSyntax": UID_PATTERN,
    "frameNumber": re.compile(r"[1-9][0-9]{0,8}"),
    "rows": re.compile(r"[1-9][0-9]{0,3}"),
    "columns": re.compile(r"[1-9][0-9]{0,3}"),
    "windowCenter": re.compile(_NUMBER),
    "windowWidth": re.compile(_NUMBER),
    "imageQuality": re.compile(r"[1-9][0-9]?|100"),
}
_NEEDED = ("requestType", "studyUID", "seriesUID", "objectUID")
_LARGEST = 4096
"""Pixels of a side: Orthanc holds the whole picture in memory before it sends it."""

_ORTHANCS = {
    "rows": "height",
    "columns": "width",
    "windowCenter": "window-center",
    "windowWidth": "window-width",
    "imageQuality": "quality",
}


@router.get("/orthanc/wado")
def wado(request: Request, actor: SignedIn) -> Response:
    """Return one instance of a permitted series, or a picture of one of its frames."""
    asked = _read(request.url.query)
    media_type = _media_type(asked.get("contentType", _PICTURES[0]))
    gate = Gate.of(request)
    instance = gate.instance_by_uid(actor, asked["objectUID"])
    if instance is not None and not _belongs(instance, asked):
        instance = None
    action = whole(instance) if instance is not None and media_type == _DICOM else Action.VIEW
    target = f"{request.url.path}?objectUID={asked['objectUID']}"
    opened = gate.open_series(actor, action, instance.series if instance else None, target)
    gate.done(actor, action, opened, target)
    assert instance is not None  # noqa: S101 - what does not exist was not opened
    return streamed_by_nginx(_where(instance, asked, media_type), accept=media_type)


def _read(query: str) -> dict[str, str]:
    asked: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        allowed = _PARAMETERS.get(name)
        if allowed is None or name in asked or not allowed.fullmatch(value):
            raise Invalid(name[:64], "{field}: this address does not take it, or not so.")
        asked[name] = value
    for name in _NEEDED:
        if name not in asked:
            raise Invalid(name, "{field} is needed.")
    for name in ("rows", "columns"):
        if int(asked.get(name, "1")) > _LARGEST:
            raise Invalid(name, "{field}: no more than {most} pixels.", most=str(_LARGEST))
    return asked


def _media_type(wanted: str) -> str:
    """Choose the first that Orthanc can give; pictures of one kind where any will do."""
    for one in (part.split(";")[0].strip() for part in wanted.split(",")):
        if one in (_DICOM, *_PICTURES):
            return one
        if one in ("*/*", "image/*"):
            return _PICTURES[0]
    raise Invalid("contentType", "{field}: {known} can be had.", known=", ".join((_DICOM, *_PICTURES)))


def _belongs(instance: ArchivedInstance, asked: Mapping[str, str]) -> bool:
    series = instance.series
    return (series.study_uid, series.uid) == (asked["studyUID"], asked["seriesUID"])


def _where(instance: ArchivedInstance, asked: Mapping[str, str], media_type: str) -> str:
    path = f"/instances/{instance.id}"
    if media_type == _DICOM:
        syntax = asked.get("transferSyntax")
        return address(f"{path}/file", {"transcode": syntax} if syntax else {})
    if "frameNumber" in asked:
        path += f"/frames/{int(asked['frameNumber']) - 1}"
    told = {theirs: asked[name] for name, theirs in _ORTHANCS.items() if name in asked}
    return address(f"{path}/rendered", told)
