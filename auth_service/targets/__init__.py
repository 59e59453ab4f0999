"""From a request to an action on a resource: the table of every route of Orthanc and its plugins.

``row.py`` says what a route is, ``images.py`` has those about images, ``server.py`` those about the archive
as a whole and those that are for nobody, ``resolving.py`` finds the row of a request. What is not in the
table is denied. The gate's nginx maps and ``docs/permissions.md`` are generated from it.

Paths are those that people use: ``/dicom-web/…`` for DICOMweb (PS3.18), ``/orthanc/…`` for Orthanc's own.
"""

from auth_service.targets.images import VIEWER_CLASSES
from auth_service.targets.resolving import (
    TABLE,
    ParameterError,
    Target,
    UndeclaredError,
    resolve,
    row_for_nobody,
)
from auth_service.targets.row import MAX_UID, ORTHANC_ID, UID, UID_PATTERN, Row, Way

__all__ = [
    "MAX_UID",
    "ORTHANC_ID",
    "TABLE",
    "UID",
    "UID_PATTERN",
    "VIEWER_CLASSES",
    "ParameterError",
    "Row",
    "Target",
    "UndeclaredError",
    "Way",
    "resolve",
    "row_for_nobody",
]
