"""The routes about the archive as a whole, for administrators, and those for nobody, with the reason.

What holds images of anybody (a patient, the result of a job) needs a grant without bounds besides. What
changes images, labels or the archive's settings, or sends anything elsewhere, goes through the portal and
the configuration, where ledger, labels and record are kept in step.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from auth_service.targets.row import Row, Way
from auth_service.vocabulary import Action, Level

_NUMBER = r"[0-9]{1,10}"
_FLAG = r"(?:|1|true)"
_LIST = MappingProxyType({"expand": _FLAG, "since": _NUMBER, "limit": _NUMBER})
_TAGS = MappingProxyType({"simplify": _FLAG, "short": _FLAG, "ignore-length": r"[0-9a-zA-Z,-]{1,256}"})
_UID = r"[0-9.]{1,64}"
_FILES = MappingProxyType(
    {
        "filename": r"[0-9A-Za-z_-]{1,64}(?:\.[0-9A-Za-z]{1,8})?",
        "transcode": _UID,
        "lossy-quality": r"[1-9][0-9]?|100",
        "extended": _FLAG,
    }
)


def _named(method: str, path: str) -> str:
    return "-".join((method.lower(), *re.findall(r"[a-z0-9]+", path.removeprefix("/orthanc"))))


def _admins(
    method: str,
    path: str,
    parameters: Mapping[str, str] = MappingProxyType({}),
    *,
    action: Action = Action.ADMINISTER,
) -> Row:
    return Row(
        name=_named(method, path),
        method=method,
        path=path,
        action=action,
        level=Level.SYSTEM,
        way=Way.STREAMED,
        parameters=parameters,
        cached=False,
    )


_SYSTEM = (
    *(
        _admins("GET", f"/orthanc/{path}")
        for path in (
            "system",
            "statistics",
            "plugins",
            "plugins/{name}",
            "jobs/{job}",
            "modalities/{name}",
            "modalities/{name}/configuration",
            "tools",
            "tools/accepted-sop-classes",
            "tools/accepted-transfer-syntaxes",
            "tools/default-encoding",
            "tools/dicom-conformance",
            "tools/log-level",
            "tools/log-level-dicom",
            "tools/log-level-generic",
            "tools/log-level-http",
            "tools/log-level-jobs",
            "tools/log-level-lua",
            "tools/log-level-plugins",
            "tools/log-level-sqlite",
            "tools/metrics",
            "tools/metrics-prometheus",
            "tools/now",
            "tools/now-local",
            "tools/unknown-sop-class-accepted",
        )
    ),
    _admins(
        "GET",
        "/orthanc/changes",
        {"since": _NUMBER, "limit": _NUMBER, "last": _FLAG, "type": r"[A-Za-z;]{1,256}"},
    ),
    _admins("GET", "/orthanc/exports", {"since": _NUMBER, "limit": _NUMBER}),
    _admins("GET", "/orthanc/jobs", {"expand": _FLAG}),
    _admins("GET", "/orthanc/modalities", {"expand": _FLAG}),
    _admins("GET", "/orthanc/tools/generate-uid", {"level": r"patient|study|series|instance"}),
    _admins("GET", "/dicom-web/info"),
    *(_admins("POST", f"/orthanc/jobs/{{job}}/{verb}") for verb in ("cancel", "pause", "resume", "resubmit")),
)
"""What Orthanc says of itself, and its jobs."""

_ANYBODYS = (
    _admins("GET", "/orthanc/patients", _LIST, action=Action.VIEW),
    *(
        _admins("GET", f"/orthanc/patients/{{id}}{tail}", parameters, action=Action.VIEW)
        for tail, parameters in {
            "": {},
            "/studies": _LIST,
            "/series": _LIST,
            "/instances": _LIST,
            "/labels": {},
            "/module": _TAGS,
            "/shared-tags": _TAGS,
            "/instances-tags": _TAGS,
            "/statistics": {},
        }.items()
    ),
    *(
        _admins("GET", f"/orthanc/studies/{{id}}/{tail}", parameters, action=Action.VIEW)
        for tail, parameters in {
            "instances": _LIST,
            "instances-tags": _TAGS,
            "module": _TAGS,
            "module-patient": _TAGS,
            "patient": {},
            "shared-tags": _TAGS,
            "statistics": {},
        }.items()
    ),
    _admins("GET", "/orthanc/series/{id}/patient", action=Action.VIEW),
    _admins("GET", "/orthanc/instances/{id}/patient", action=Action.VIEW),
    _admins("GET", "/orthanc/instances", _LIST, action=Action.VIEW),
    _admins("GET", "/orthanc/patients/{id}/archive", _FILES, action=Action.DOWNLOAD),
    _admins("GET", "/orthanc/patients/{id}/media", _FILES, action=Action.DOWNLOAD),
    _admins("GET", "/orthanc/jobs/{job}/{output}", action=Action.DOWNLOAD),
    *(
        replace(_admins("POST", f"/orthanc/patients/{{id}}/{what}", action=Action.DOWNLOAD), way=Way.ANSWERED)
        for what in ("archive", "media")
    ),
)
"""What joins or counts more than a person is sure to see: patients, and studies with all of their series."""


def _nobodys(why: str, routes: str) -> Iterator[Row]:
    for method, path in (line.split() for line in routes.strip().splitlines()):
        yield Row(
            name=_named(method, path),
            method=method,
            path=path,
            action=Action.ADMINISTER,
            level=Level.SYSTEM,
            way=Way.NOBODY,
            cached=False,
            why=why,
        )


def _of_every_level(routes: str) -> str:
    """Put a route's method and end, one a line, behind one thing of each of Orthanc's levels."""
    return "\n".join(
        f"{method} /orthanc/{level}/{{id}}{tail}"
        for method, _, tail in (line.partition(" ") for line in map(str.strip, routes.strip().splitlines()))
        for level in ("patients", "studies", "series", "instances")
    )


_NOBODY = (
    *_nobodys("It runs code on the server.", "POST /orthanc/tools/execute-script"),
    *_nobodys(
        "It stops or restarts the server.",
        """
        POST /orthanc/tools/reset
        POST /orthanc/tools/shutdown
        """,
    ),
    *_nobodys("It writes files on the server.", "POST /orthanc/instances/{id}/export"),
    *_nobodys(
        "It sends images elsewhere, asks others for them, or opens connections from the server.",
        """
        GET /orthanc/peers
        GET /orthanc/peers/{name}
        PUT /orthanc/peers/{name}
        DELETE /orthanc/peers/{name}
        GET /orthanc/peers/{name}/configuration
        POST /orthanc/peers/{name}/store
        POST /orthanc/peers/{name}/store-straight
        GET /orthanc/peers/{name}/system
        PUT /orthanc/modalities/{name}
        DELETE /orthanc/modalities/{name}
        POST /orthanc/modalities/{name}/echo
        POST /orthanc/modalities/{name}/find
        POST /orthanc/modalities/{name}/find-instance
        POST /orthanc/modalities/{name}/find-patient
        POST /orthanc/modalities/{name}/find-series
        POST /orthanc/modalities/{name}/find-study
        POST /orthanc/modalities/{name}/find-worklist
        POST /orthanc/modalities/{name}/get
        POST /orthanc/modalities/{name}/move
        POST /orthanc/modalities/{name}/query
        POST /orthanc/modalities/{name}/storage-commitment
        POST /orthanc/modalities/{name}/store
        POST /orthanc/modalities/{name}/store-straight
        POST /orthanc/tools/dicom-echo
        GET /orthanc/storage-commitment/{name}
        POST /orthanc/storage-commitment/{name}/remove
        GET /orthanc/queries
        GET /orthanc/queries/{name}
        DELETE /orthanc/queries/{name}
        GET /orthanc/queries/{name}/answers
        GET /orthanc/queries/{name}/answers/{frame}
        GET /orthanc/queries/{name}/answers/{frame}/content
        POST /orthanc/queries/{name}/answers/{frame}/query-instances
        POST /orthanc/queries/{name}/answers/{frame}/query-series
        POST /orthanc/queries/{name}/answers/{frame}/query-studies
        POST /orthanc/queries/{name}/answers/{frame}/retrieve
        GET /orthanc/queries/{name}/level
        GET /orthanc/queries/{name}/modality
        GET /orthanc/queries/{name}/query
        POST /orthanc/queries/{name}/retrieve
        GET /dicom-web/servers
        GET /dicom-web/servers/{name}
        PUT /dicom-web/servers/{name}
        DELETE /dicom-web/servers/{name}
        POST /dicom-web/servers/{name}/retrieve
        POST /dicom-web/servers/{name}/wado
        POST /dicom-web/servers/{name}/stow
        POST /dicom-web/servers/{name}/get
        POST /dicom-web/servers/{name}/qido
        POST /dicom-web/servers/{name}/delete
        """,
    ),
    *_nobodys(
        "It stores images past the albums, where nobody would see them.",
        """
        POST /orthanc/tools/create-dicom
        """,
    ),
    *_nobodys(
        "It changes or deletes images behind the ledger of the albums.",
        _of_every_level(
            """
            DELETE
            POST /anonymize
            POST /modify
            POST /reconstruct
            """
        )
        + """
        POST /orthanc/studies/{id}/merge
        POST /orthanc/studies/{id}/split
        PUT /orthanc/patients/{id}/protected
        POST /orthanc/studies/{id}/update-dicomweb-cache
        POST /orthanc/tools/bulk-anonymize
        POST /orthanc/tools/bulk-delete
        POST /orthanc/tools/bulk-modify
        POST /orthanc/tools/invalidate-tags
        POST /orthanc/tools/reconstruct
        """,
    ),
    *_nobodys(
        "It speaks of labels: albums are labels, and the auth service alone writes those.",
        _of_every_level(
            """
            GET /labels/{name}
            PUT /labels/{name}
            DELETE /labels/{name}
            """
        )
        + "\nGET /orthanc/instances/{id}/labels",
    ),
    *_nobodys(
        "It tells where an image came from, hidden sources included, or replaces its file.",
        _of_every_level(
            """
            GET /metadata
            GET /metadata/{name}
            PUT /metadata/{name}
            DELETE /metadata/{name}
            GET /attachments
            GET /attachments/{name}
            PUT /attachments/{name}
            DELETE /attachments/{name}
            POST /attachments/{name}/compress
            GET /attachments/{name}/compressed-data
            GET /attachments/{name}/compressed-md5
            GET /attachments/{name}/compressed-size
            GET /attachments/{name}/data
            GET /attachments/{name}/info
            GET /attachments/{name}/is-compressed
            GET /attachments/{name}/md5
            GET /attachments/{name}/size
            POST /attachments/{name}/uncompress
            POST /attachments/{name}/verify-md5
            """
        )
        + "\nGET /orthanc/patients/{id}/protected",
    ),
    *_nobodys(
        "The same is found, narrowed, by /tools/find.",
        "POST /orthanc/tools/bulk-content",
    ),
    *_nobodys(
        "It changes settings of the server, which are in its configuration, or what it remembers.",
        """
        DELETE /orthanc/changes
        DELETE /orthanc/exports
        DELETE /orthanc/jobs/{job}
        DELETE /orthanc/jobs/{job}/{output}
        PUT /orthanc/tools/accepted-transfer-syntaxes
        PUT /orthanc/tools/default-encoding
        PUT /orthanc/tools/log-level
        PUT /orthanc/tools/log-level-dicom
        PUT /orthanc/tools/log-level-generic
        PUT /orthanc/tools/log-level-http
        PUT /orthanc/tools/log-level-jobs
        PUT /orthanc/tools/log-level-lua
        PUT /orthanc/tools/log-level-plugins
        PUT /orthanc/tools/log-level-sqlite
        PUT /orthanc/tools/metrics
        PUT /orthanc/tools/unknown-sop-class-accepted
        """,
    ),
    *_nobodys(
        "It is a page of Orthanc's own, which knows nobody.",
        """
        GET /orthanc/plugins/explorer.js
        GET /dicom-web/app/libs/{rest}
        GET /dicom-web/app/client/{rest}
        """,
    ),
)

SERVER: tuple[Row, ...] = (*_SYSTEM, *_ANYBODYS, *_NOBODY)
