"""The rights of each role, repeated literally: a change of rights shows in review."""

import pytest

from auth_service.targets import TABLE
from auth_service.vocabulary import MEMBER_ACTIONS, OWNER_ACTIONS, Action

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
    "search-studies": ("GET", "view", "answered"),
    "search-series": ("GET", "view", "answered"),
    "search-instances": ("GET", "view", "answered"),
    "search-all-series": ("GET", "view", "answered"),
    "search-study-instances": ("GET", "view", "answered"),
    "search-all-instances": ("GET", "view", "answered"),
    "study-metadata": ("GET", "view", "answered"),
    "find": ("POST", "view", "answered"),
    "count-resources": ("POST", "view", "answered"),
    "series-metadata": ("GET", "view", "streamed"),
    "series-rendered": ("GET", "view", "streamed"),
    "series-thumbnail": ("GET", "view", "streamed"),
    "instance-metadata": ("GET", "view", "streamed"),
    "instance-rendered": ("GET", "view", "streamed"),
    "instance-thumbnail": ("GET", "view", "streamed"),
    "instance-bulkdata": ("GET", "view", "streamed"),
    "frames": ("GET", "view", "streamed"),
    "frames-rendered": ("GET", "view", "streamed"),
    "instance": ("GET", "download", "streamed"),
    "instance-preview": ("GET", "view", "streamed"),
}


@pytest.mark.parametrize("action", list(Action))
def test_each_action_is_for_whom_the_table_says(action: Action) -> None:
    assert (action in OWNER_ACTIONS, action in MEMBER_ACTIONS) == RIGHTS[action.value]


def test_the_table_names_every_action() -> None:
    assert set(RIGHTS) == {action.value for action in Action}


def test_every_data_route_asks_for_the_action_that_the_table_says() -> None:
    assert {row.name: (row.method, row.action.value, row.way.value) for row in TABLE} == ROUTES


def test_only_whole_instances_are_judged_by_their_class_and_never_kept() -> None:
    assert {row.name for row in TABLE if row.by_class} == {"instance"}
    assert {row.name for row in TABLE if row.way == "streamed" and not row.cached} == {"instance"}
