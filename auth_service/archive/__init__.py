"""Talk to Orthanc: labels and parents of what it holds, and the finds that ``search/`` narrows.

==================  =======================================================================================
``model.py``        what the auth service asks of an archive, and what it is told
``questions.py``    questions that several rooms ask, and what Orthanc calls things
``orthanc.py``      Orthanc over HTTP
``labels.py``       many labels in Orthanc, sent ahead over one connection
==================  =======================================================================================
"""

from auth_service.archive.model import (
    AmbiguousError,
    Archive,
    ArchivedInstance,
    ArchivedSeries,
    ArchivedStudy,
    NotAccepted,
    Stored,
    Streamed,
)
from auth_service.archive.orthanc import OrthancArchive
from auth_service.archive.questions import (
    ALWAYS_INDEXED,
    AT_ONCE,
    COUNTED,
    carrying,
    existing_twice,
    find_all,
    find_named,
    held_in_index,
    labels_of_studies,
    named,
    orthanc_id,
    type_of_level,
    uid_of_level,
)

__all__ = [
    "ALWAYS_INDEXED",
    "AT_ONCE",
    "COUNTED",
    "AmbiguousError",
    "Archive",
    "ArchivedInstance",
    "ArchivedSeries",
    "ArchivedStudy",
    "NotAccepted",
    "OrthancArchive",
    "Stored",
    "Streamed",
    "carrying",
    "existing_twice",
    "find_all",
    "find_named",
    "held_in_index",
    "labels_of_studies",
    "named",
    "orthanc_id",
    "type_of_level",
    "uid_of_level",
]
