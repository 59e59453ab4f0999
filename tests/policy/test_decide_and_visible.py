"""``decide`` and ``visible`` come from the same grants: both are held against a naive model written apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth_service.policy.engine import decide, opening_labels, visible
from auth_service.policy.model import Actor, Grant, Group, Labelled, Narrowing, Nothing, Resource, Subject
from auth_service.vocabulary import Action, ActorKind, Level, SubjectKind
from tests.policy.naive import NaiveGrant, NaivePerson, NaiveSeries, NaiveToken, may, token_may

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
PEOPLE = ("anna", "bruno", "chloe")
GROUPS = ("g1", "g2")
LABELS = ("album-a", "album-b", "site-x", "site-y")
ACTIONS = ("view", "download", "send", "annotate")

labels = st.frozensets(st.sampled_from(LABELS))
people = st.tuples(*(st.frozensets(st.sampled_from(GROUPS)) for _ in PEOPLE)).map(
    lambda groups: [NaivePerson(name, of) for name, of in zip(PEOPLE, groups, strict=True)]
)
grants = st.lists(
    st.builds(
        NaiveGrant,
        who=st.sampled_from(
            [*(f"person:keycloak:{name}" for name in PEOPLE), *(f"group:{group}" for group in GROUPS)]
        ),
        actions=st.frozensets(st.sampled_from(ACTIONS)),
        label=st.sampled_from(LABELS),
        until=st.one_of(
            st.none(), st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(microseconds=1)])
        ),
    ),
    max_size=8,
)
series = st.lists(st.tuples(labels, labels), min_size=1, max_size=5).map(
    lambda rows: [NaiveSeries(f"1.2.{index}", own, study) for index, (own, study) in enumerate(rows)]
)


def actor(person: NaivePerson) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        provider="keycloak",
        subject=person.name,
        groups=frozenset(Group(id=group, path=f"/{group}") for group in person.groups),
    )


def grant(number: int, naive: NaiveGrant) -> Grant:
    kind, _, identifier = naive.who.partition(":")
    return Grant(
        subject=Subject(kind=SubjectKind(kind), id=identifier),
        actions=frozenset(Action(action) for action in naive.actions),
        label=naive.label,
        until=naive.until,
        source=f"membership:{number}",
    )


def resource(one: NaiveSeries) -> Resource:
    return Resource(level=Level.SERIES, uid=one.uid, labels=one.labels, study_labels=one.study_labels)


@settings(max_examples=300, deadline=None)
@given(people, grants, series)
def test_decide_allows_exactly_what_the_naive_model_allows(
    people: list[NaivePerson], grants: list[NaiveGrant], series: list[NaiveSeries]
) -> None:
    held = [grant(number, naive) for number, naive in enumerate(grants)]
    decided = {
        (person.name, action, one.uid)
        for person in people
        for action in ACTIONS
        for one in series
        if decide(actor(person), Action(action), resource(one), grants=held, at=NOW).allowed
    }
    assert decided == may(people, grants, series, NOW)


@settings(max_examples=300, deadline=None)
@given(people, grants, series)
def test_visible_finds_exactly_what_decide_allows(
    people: list[NaivePerson], grants: list[NaiveGrant], series: list[NaiveSeries]
) -> None:
    held = [grant(number, naive) for number, naive in enumerate(grants)]
    for person in people:
        for action in ACTIONS:
            seen = visible(actor(person), Action(action), grants=held, at=NOW)
            found = {
                one.uid
                for one in series
                if isinstance(seen, Labelled) and opening_labels(resource(one)) & seen.labels
            }
            decided = {
                one.uid
                for one in series
                if decide(actor(person), Action(action), resource(one), grants=held, at=NOW).allowed
            }
            assert found == decided


@settings(max_examples=100, deadline=None)
@given(people, grants, series)
def test_every_yes_names_a_grant_that_alone_would_say_yes(
    people: list[NaivePerson], grants: list[NaiveGrant], series: list[NaiveSeries]
) -> None:
    held = [grant(number, naive) for number, naive in enumerate(grants)]
    by_source = {one.source: one for one in held}
    for person in people:
        for action in ACTIONS:
            for one in series:
                decision = decide(actor(person), Action(action), resource(one), grants=held, at=NOW)
                if decision.allowed:
                    assert decision.rule is not None
                    alone = decide(
                        actor(person),
                        Action(action),
                        resource(one),
                        grants=[by_source[decision.rule]],
                        at=NOW,
                    )
                    assert alone == decision


tokens = st.builds(
    NaiveToken,
    maker=st.builds(NaivePerson, name=st.sampled_from(PEOPLE), groups=st.frozensets(st.sampled_from(GROUPS))),
    actions=st.frozensets(st.sampled_from(ACTIONS)),
    labels=st.one_of(st.none(), labels),
)


@pytest.mark.parametrize("kind", [ActorKind.TOKEN, ActorKind.PERSON])
@settings(max_examples=300, deadline=None)
@given(token=tokens, grants=grants, series=series)
def test_a_program_is_left_exactly_what_the_naive_model_leaves(
    kind: ActorKind, token: NaiveToken, grants: list[NaiveGrant], series: list[NaiveSeries]
) -> None:
    held = [grant(number, naive) for number, naive in enumerate(grants)]
    sent = replace(
        actor(token.maker),
        kind=kind,
        token="t1" if kind is ActorKind.TOKEN else None,
        narrowing=Narrowing(actions=frozenset(Action(word) for word in token.actions), labels=token.labels),
    )
    decided, seen = set(), set()
    for action in ACTIONS:
        visibility = visible(sent, Action(action), grants=held, at=NOW)
        for one in series:
            if decide(sent, Action(action), resource(one), grants=held, at=NOW).allowed:
                decided.add((action, one.uid))
            if isinstance(visibility, Labelled) and opening_labels(resource(one)) & visibility.labels:
                seen.add((action, one.uid))
    assert decided == seen == token_may(token, grants, series, NOW)


def test_nothing_visible_is_not_an_empty_list_of_labels() -> None:
    assert visible(actor(NaivePerson("anna", frozenset())), Action.VIEW, grants=[], at=NOW) == Nothing()
