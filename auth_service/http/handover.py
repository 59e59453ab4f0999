"""Hand what was decided over to nginx, which streams it from Orthanc: no byte passes through Python.

nginx follows ``X-Accel-Redirect`` of this service to a location that nobody else can reach, and takes what
Orthanc is told of representations from ``X-Gate-Accept``.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

LONGEST = 6000
"""Characters of an address that Orthanc and nginx are sure to take: their limit is 8 kB with the headers."""


def address(path: str, query: Mapping[str, str]) -> str:
    """Write Orthanc's address of something."""
    return f"{path}?{urlencode(query, safe=',')}" if query else path


def streamed_by_nginx(where: str, *, accept: str = "*/*") -> Response:
    """Answer with what Orthanc has at an address.

    Parameters
    ----------
    where : str
        Orthanc's own path with its query, of `LONGEST` characters at most, made by this service alone.
    accept : str
        The media types that the client takes.

    """
    return Response(headers={"X-Accel-Redirect": f"/internal/orthanc{where}", "X-Gate-Accept": accept})


def pictures_accepted(request: Request) -> str:
    """Return what Orthanc is told of the formats that a client takes.

    A browser names formats that Orthanc's plugin refuses, although it says that anything will do.
    """
    accepted = request.headers.get("accept", "*/*")
    return "*/*" if "image/*" in accepted or "*/*" in accepted else accepted
