"""The text of the rules file: what it gives, and what is said of what is wrong with it."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from auth_service.policy.jsonc import Place
from auth_service.policy.permissions import PERMISSIONS
from auth_service.policy.rules import Remark, read
from auth_service.policy.rules_schema import SCHEMA
from auth_service.vocabulary import RULE_ACTIONS, Action, SubjectKind

GIVES = {
    "all": {"view", "download", "upload", "send", "annotate", "launch", "export"},
    "view": {"view"},
    "download": {"download"},
    "upload": {"upload"},
    "send": {"send"},
    "share": set(),
    "delete": set(),
    "modify": set(),
    "anonymize": set(),
    "edit-labels": set(),
    "q-r-remote-modalities": set(),
    "settings": set(),
    "api-view": set(),
    "admin-permissions": set(),
    "audit-logs": set(),
    "worklists": set(),
}
"""Every permission name of Orthanc's own auth service, and what it gives here, repeated literally."""

OF_ORTHANC = """// In the manner of Orthanc's own auth service
{
  "roles": {
    "radiologist": {
      "authorized-labels": ["*"],            // everything
      "permissions": ["all"]
    },
    "student": {
      "authorized_labels": ["teaching", "anatomy"],
      "permissions": ["view", "settings"],
    },
  },
  /* empty: any */ "available-labels": []
}
"""


KEYS = ("roles", "paradim-grants", "to", "role", "labels", "actions", "permissions", "until", "modalities")


def said(remarks: tuple[Remark, ...]) -> list[tuple[int, int, str]]:
    return [(one.place.line, one.place.column, one.message.format(**one.places)) for one in remarks]


def ours(**changes: object) -> str:
    grant = {"to": {"person": "anna"}, "labels": ["trauma"], "actions": ["view"], **changes}
    return json.dumps({"roles": {}, "paradim-grants": [grant]})


def test_the_permissions_give_what_the_table_says() -> None:
    assert {name: set(one.actions) for name, one in PERMISSIONS.items()} == GIVES
    assert {str(action) for action in RULE_ACTIONS} == GIVES["all"]
    assert all(one.reason for one in PERMISSIONS.values())


def test_a_file_of_orthancs_own_service_is_read_unchanged() -> None:
    found = read(OF_ORTHANC)
    assert (found.problems, found.warnings) == ((), ())
    assert [(rule.kind, rule.name, rule.label, rule.actions, rule.place) for rule in found.rules] == [
        (SubjectKind.ROLE, "radiologist", "*", RULE_ACTIONS, Place(5, 29)),
        (SubjectKind.ROLE, "student", "teaching", {Action.VIEW}, Place(9, 29)),
        (SubjectKind.ROLE, "student", "anatomy", {Action.VIEW}, Place(9, 41)),
    ]
    assert all(rule.modalities is None and rule.until is None for rule in found.rules)


def test_a_role_written_as_before_labels_is_over_everything_and_that_is_said() -> None:
    found = read('{"roles": {"admin": ["all"], "helper": ["settings"]}}')
    assert [(rule.name, rule.label) for rule in found.rules] == [("admin", "*")]
    assert said(found.warnings) == [
        (1, 12, "admin is written as before labels: its permissions hold for every study."),
        (1, 30, "helper is written as before labels: its permissions hold for every study."),
        (1, 30, "helper has no permission that gives anything here."),
    ]


def test_our_own_grants_have_subjects_conditions_and_a_last_day() -> None:
    found = read(
        ours(to={"group": "/radiology"}, labels=["*", "trauma"], modalities=["CT", "MR"], until="2026-12-31")
    )
    assert found.problems == ()
    assert [rule.label for rule in found.rules] == ["*", "trauma"]
    for rule in found.rules:
        assert (rule.kind, rule.name, rule.until) == (SubjectKind.GROUP, "/radiology", date(2026, 12, 31))
        assert rule.modalities == frozenset({"CT", "MR"})
    assert [rule.kind for rule in read(ours(to={"role": "pi"})).rules] == [SubjectKind.ROLE]
    assert [rule.kind for rule in read(ours()).rules] == [SubjectKind.PERSON]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", (1, 1, "What stands here must be of the type object.")),
        ("{}", (1, 1, "roles is missing here.")),
        ('{"roles": {"a": 1}}', (1, 12, "What stands here must be of the type object.")),
        ('{"roles": {"": {}}}', (1, 12, "A name must have between 1 and 1024 characters.")),
        (
            '{"roles": {"a": {"authorized-labels": [],\n "until": "2026-01-01"}}}',
            (2, 2, "until is not known here."),
        ),
        (
            '{"roles": {"a": {"authorized-labels": [],\n "authorized_labels": []}}}',
            (1, 12, "authorized-labels and authorized_labels stand both here: keep one."),
        ),
        ('{"roles": {"a": {}, "a": {}}}', (1, 21, "a stands twice here.")),
        ('{"roles": {"a": {"permissions": ["view", 7]}}}', (1, 42, "7 is not among ")),
        ('{"roles": {"a": {"permissions": ["viwe"]}}}', (1, 34, "viwe is not among all, view, download")),
        ('{"roles": {"a": ["viwe"]}}', (1, 18, "viwe is not among all, view, download")),
        ('{"roles": {"a": {"authorized-labels": ["album-a"]}}}', (1, 40, "album-a is reserved")),
        ('{"roles": {"a": {"authorized-labels": ["Album-A"]}}}', (1, 40, "Album-A is reserved")),
        (ours(labels=["album-a"]), ('"album-a"', "album-a is reserved")),
        (ours(labels=[]), ('"labels"', "This list must not be empty.")),
        (ours(labels=["a b"]), ('"a b"', "a b cannot be a label")),
        (ours(labels=["trauma\n"]), ('"trauma', "trauma\n cannot be a label")),
        (ours(labels=["a" * 65]), ('"aaa', "cannot be a label")),
        (ours(labels=[""]), ('""', " cannot be a label")),
        (ours(actions=["administer"]), ('"administer"', "administer is not among ")),
        (ours(actions=["invite"]), ('"invite"', "invite is not among ")),
        (ours(to={}), ('"to"', "Exactly one of role, group and person")),
        (ours(to={"role": "a", "person": "b"}), ('"to"', "Exactly one of role, group and person")),
        (ours(to={"team": "a"}), ('"team"', "team is not known here.")),
        (ours(modalities=["ct"]), ('"ct"', "ct is no modality")),
        (ours(modalities=["CT\n"]), ('"CT', "is no modality")),
        (ours(modalities=["C*"]), ('"C*"', "is no modality")),
        (ours(modalities=[]), ('"modalities"', "This list must not be empty.")),
        (ours(until="2026-02-30"), ('"until"', "2026-02-30 is not a day.")),
        (ours(until="2026-2-3"), ('"until"', "2026-2-3 is no day")),
        (ours(until=None), ('"until"', "What stands here must be of the type string.")),
        (ours(unitl="2026-02-03"), ('"unitl"', "unitl is not known here.")),
        ("", (1, 1, "This is not JSON with comments: Expecting value.")),
    ],
)
def test_a_problem_is_said_at_its_place_and_no_rule_is_left(
    text: str, expected: tuple[int, int, str] | tuple[str, str]
) -> None:
    found = read(text)
    assert found.rules == ()
    *place, words = expected if len(expected) == 3 else (1, text.index(expected[0]) + 1, expected[1])
    assert [[line, column] for line, column, _ in said(found.problems)] == [place]
    assert str(words) in said(found.problems)[0][2]


def test_every_problem_is_said_at_once_in_the_order_of_the_text() -> None:
    found = read('{"roles": {"a": {"permissions": ["x"]}, "b": {"until": 1},\n"b": {"permissions": ["y"]}}}')
    assert [(line, column) for line, column, _ in said(found.problems)] == [(1, 34), (2, 1), (2, 23)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"roles": {"a": {"permissions": ["view"]}}}', [(1, 12, "a names no label and gives nothing.")]),
        (
            '{"roles": {"a": {"authorized-labels": ["x"]}}}',
            [(1, 12, "a has no permission that gives anything here.")],
        ),
        (
            '{"roles": {"a": {"authorized-labels": ["x y"], "permissions": ["view"]}}}',
            [(1, 40, "x y cannot be a label in Orthanc and can never match.")],
        ),
        ('{"roles": {}, "paradim-grant": [], "$schema": "x"}', [(1, 15, "paradim-grant is not known here")]),
    ],
)
def test_a_warning_gives_less_and_not_more(text: str, expected: list[tuple[int, int, str]]) -> None:
    found = read(text)
    assert (found.problems, found.rules) == ((), ())
    for (line, column, words), (at_line, at_column, begin) in zip(
        said(found.warnings), expected, strict=True
    ):
        assert (line, column) == (at_line, at_column)
        assert words.startswith(begin)


def test_warnings_are_said_beside_problems() -> None:
    found = read('{"roles": {"a": {"authorized-labels": ["album-x"], "permissions": ["settings"]}}}')
    assert len(found.problems) == len(found.warnings) == 1


def test_a_mark_of_byte_order_is_passed_over() -> None:
    assert read('\ufeff{"roles": {}}').problems == ()


@pytest.mark.parametrize("guide", ["rules.md", "rules.fr.md"])
def test_the_example_of_the_guide_is_good(guide: str) -> None:
    text = (Path(__file__).parents[2] / "docs/admins" / guide).read_text()
    found = read(text.partition("```jsonc\n")[2].partition("```")[0])
    assert (found.problems, found.warnings) == ((), ())
    assert [rule.name for rule in found.rules] == ["radiologist", "student", "/radiology/chest"]


def test_the_schema_is_one_and_takes_what_is_read() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.sampled_from(["view", "*", "trauma", "2026-01-01", "CT"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(KEYS),
                inner,
                max_size=4,
            )
        ),
        max_leaves=15,
    )
)
def test_whatever_json_is_written_is_read_or_told_of(value: object) -> None:
    found = read(json.dumps(value))
    assert not (found.problems and found.rules)
    assert (not found.problems) or all(said(found.problems))
