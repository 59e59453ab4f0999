"""The rights of each role, repeated literally: a change of rights shows in review."""

import pytest

from auth_service.targets import TABLE, Way
from auth_service.vocabulary import MEMBER_ACTIONS, OWNER_ACTIONS, Action, Level

RIGHTS = {
    #               owner  member may be given
    "view": (True, True),
    "download": (True, True),
    "upload": (True, True),
    "remove": (True, True),
    "send": (True, True),
    "comment": (True, True),
    "annotate": (True, True),
    "launch": (True, True),
    "export": (True, True),
    "invite": (True, True),
    "edit": (True, False),
    "manage": (True, False),
    "delete": (True, False),
    "audit": (True, False),
    "administer": (False, False),
}

ROUTES = {
    # method, action, level, way: the rows
    ("GET", "view", "instance", "streamed"): """
        frames frames-rendered frames-thumbnail all-frames instance-metadata instance-rendered
        instance-thumbnail instance-bulkdata orthanc-instances-preview orthanc-instances-rendered
        orthanc-instances-image-uint8 orthanc-instances-image-uint16 orthanc-instances-image-int16
        orthanc-instances-matlab orthanc-instances-numpy orthanc-instances-pdf
        orthanc-instances-frames orthanc-instances-frames-frame-preview
        orthanc-instances-frames-frame-rendered orthanc-instances-frames-frame-image-uint8
        orthanc-instances-frames-frame-image-uint16 orthanc-instances-frames-frame-image-int16
        orthanc-instances-frames-frame-matlab orthanc-instances-frames-frame-numpy
        orthanc-instances-frames-frame orthanc-instances-frames-frame-raw
        orthanc-instances-frames-frame-raw-gz orthanc-instances-tags
        orthanc-instances-simplified-tags orthanc-instances-header orthanc-instances-module
        orthanc-instances-statistics orthanc-instances-content-content
    """,
    ("GET", "view", "series", "streamed"): """
        series-metadata series-rendered series-thumbnail orthanc-series-module
        orthanc-series-shared-tags orthanc-series-instances-tags orthanc-series-ordered-slices
        orthanc-series-statistics orthanc-series-numpy
    """,
    ("GET", "download", "instance", "streamed"): """
        instance orthanc-instances-file
    """,
    ("GET", "download", "series", "streamed"): """
        series
    """,
    ("GET", "download", "study", "answered"): """
        study get-study-archive get-study-media get-series-archive get-series-media get-archive
        get-media get-media-extended
    """,
    ("GET", "view", "study", "answered"): """
        study-metadata study-rendered study-thumbnail search-studies labels list-studies
        orthanc-study orthanc-study-series orthanc-study-labels
    """,
    ("GET", "view", "series", "answered"): """
        search-series search-all-series list-series orthanc-series orthanc-series-study
        orthanc-series-instances orthanc-series-labels
    """,
    ("GET", "view", "instance", "answered"): """
        search-instances search-study-instances search-all-instances wado-uri orthanc-instance
        orthanc-instance-series orthanc-instance-study
    """,
    ("POST", "view", "study", "answered"): """
        find count-resources lookup
    """,
    ("POST", "download", "study", "answered"): """
        make-study-archive make-study-media make-series-archive make-series-media make-archive
        make-media make-media-extended
    """,
    ("POST", "upload", "album", "answered"): "store store-in-study orthanc-store",
    ("GET", "administer", "system", "streamed"): """
        get-system get-statistics get-plugins get-plugins-name get-jobs-job get-modalities-name
        get-modalities-name-configuration get-tools get-tools-accepted-sop-classes
        get-tools-accepted-transfer-syntaxes get-tools-default-encoding
        get-tools-dicom-conformance get-tools-log-level get-tools-log-level-dicom
        get-tools-log-level-generic get-tools-log-level-http get-tools-log-level-jobs
        get-tools-log-level-lua get-tools-log-level-plugins get-tools-log-level-sqlite
        get-tools-metrics get-tools-metrics-prometheus get-tools-now get-tools-now-local
        get-tools-unknown-sop-class-accepted get-changes get-exports get-jobs get-modalities
        get-tools-generate-uid get-dicom-web-info
    """,
    ("POST", "administer", "system", "streamed"): """
        post-jobs-job-cancel post-jobs-job-pause post-jobs-job-resume post-jobs-job-resubmit
    """,
    ("GET", "view", "system", "streamed"): """
        get-patients get-patients-id get-patients-id-studies get-patients-id-series
        get-patients-id-instances get-patients-id-labels get-patients-id-module
        get-patients-id-shared-tags get-patients-id-instances-tags get-patients-id-statistics
        get-studies-id-instances get-studies-id-instances-tags get-studies-id-module
        get-studies-id-module-patient get-studies-id-patient get-studies-id-shared-tags
        get-studies-id-statistics get-series-id-patient get-instances-id-patient get-instances
    """,
    ("GET", "download", "system", "streamed"): """
        get-patients-id-archive get-patients-id-media get-jobs-job-output
    """,
    ("POST", "download", "system", "answered"): """
        post-patients-id-archive post-patients-id-media
    """,
}
"""Every route that is for somebody. At the level of the system an action is on everything there is."""


@pytest.mark.parametrize("action", list(Action))
def test_each_action_is_for_whom_the_table_says(action: Action) -> None:
    assert (action in OWNER_ACTIONS, action in MEMBER_ACTIONS) == RIGHTS[action.value]


def test_the_table_names_every_action() -> None:
    assert set(RIGHTS) == {action.value for action in Action}


def test_every_route_asks_for_the_action_that_the_table_says() -> None:
    listed = {name: rights for rights, names in ROUTES.items() for name in names.split()}
    assert {
        row.name: (row.method, row.action.value, row.level.value, row.way.value)
        for row in TABLE
        if row.way is not Way.NOBODY
    } == listed


def test_what_is_for_nobody_says_why() -> None:
    assert all(bool(row.why) == (row.way is Way.NOBODY) for row in TABLE)


def test_only_whole_instances_are_judged_by_their_class() -> None:
    assert {row.name for row in TABLE if row.by_class} == {"instance", "orthanc-instances-file"}


def test_no_decision_is_kept_where_each_use_is_on_record_or_administers() -> None:
    uncached = {row.name for row in TABLE if row.way is Way.STREAMED and not row.cached}
    assert uncached == {
        row.name
        for row in TABLE
        if row.way is Way.STREAMED and (row.action is Action.DOWNLOAD or row.level is Level.SYSTEM)
    }


def test_whatever_changes_anything_is_for_administrators_or_for_nobody_or_only_asks() -> None:
    changing = {row.name for row in TABLE if row.method != "GET" and row.way is not Way.NOBODY}
    assert changing == {
        "find", "count-resources", "lookup",
        "make-study-archive", "make-study-media", "make-series-archive", "make-series-media",
        "make-archive", "make-media", "make-media-extended",
        # New images, into an album that is named; nothing that exists is changed by it.
        "store", "store-in-study", "orthanc-store",
        "post-jobs-job-cancel", "post-jobs-job-pause", "post-jobs-job-resume", "post-jobs-job-resubmit",
        "post-patients-id-archive", "post-patients-id-media",
    }  # fmt: skip
