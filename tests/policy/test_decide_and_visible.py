"""``decide`` and ``visible`` come from the same grants: both are held against a naive model written apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth_service.policy.engine import decide, visible
from auth_service.policy.model import Actor, Grant, Group, Narrowing, Nothing, Openings, Resource, Subject
from auth_service.vocabulary import Action, ActorKind, Level, SubjectKind
from tests.policy.naive import NaiveGrant, NaivePerson, NaiveSeries, NaiveToken, may, token_may

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
PEOPLE = ("anna", "bruno", "chloe")
GROUPS = ("g1", "g2")
ROLES = ("reader", "admin")
ALBUMS = ("album-a", "album-b")
LABELS = (*ALBUMS, "site-x", "site-y")
MODALITIES = ("CT", "MR", "SEG")
ACTIONS = ("view", "download", "send", "annotate")

labels = st.frozensets(st.sampled_from(LABELS))
groups_and_roles = st.tuples(st.frozensets(st.sampled_from(GROUPS)), st.frozensets(st.sampled_from(ROLES)))
people = st.tuples(*(groups_and_roles for _ in PEOPLE)).map(
    lambda drawn: [NaivePerson(name, *of) for name, of in zip(PEOPLE, drawn, strict=True)]
)
grants = st.lists(
    st.builds(
        NaiveGrant,
        who=st.sampled_from(
            [
                *(f"person:keycloak:{name}" for name in PEOPLE),
                *(f"group:{group}" for group in GROUPS),
                *(f"role:{role}" for role in ROLES),
            ]
        ),
        actions=st.frozensets(st.sampled_from(ACTIONS)),
        label=st.sampled_from([*LABELS, "*"]),
        modalities=st.one_of(st.none(), st.frozensets(st.sampled_from(MODALITIES), min_size=1)),
        until=st.one_of(
            st.none(), st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(microseconds=1)])
        ),
    ),
    max_size=8,
)
rows = st.tuples(labels, labels, st.sampled_from([*MODALITIES, ""]))
series = st.lists(rows, min_size=1, max_size=5).map(
    lambda rows: [NaiveSeries(f"1.2.{index}", *row) for index, row in enumerate(rows)]
)


def actor(person: NaivePerson) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        provider="keycloak",
        subject=person.name,
        groups=frozenset(Group(id=group, path=f"/{group}") for group in person.groups),
        roles=person.roles,
    )


def grant(number: int, naive: NaiveGrant) -> Grant:
    kind, _, identifier = naive.who.partition(":")
    return Grant(
        subject=Subject(kind=SubjectKind(kind), id=identifier),
        actions=frozenset(Action(action) for action in naive.actions),
        label=naive.label,
        modalities=naive.modalities,
        until=naive.until,
        source=f"membership:{number}",
    )


def resource(one: NaiveSeries) -> Resource:
    return Resource(
        level=Level.SERIES,
        uid=one.uid,
        labels=one.labels,
        study_labels=one.study_labels,
        modality=one.modality,
    )


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
            found = {one.uid for one in series if isinstance(seen, Openings) and seen.opens(resource(one))}
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
    maker=st.builds(
        NaivePerson,
        name=st.sampled_from(PEOPLE),
        groups=st.frozensets(st.sampled_from(GROUPS)),
        roles=st.frozensets(st.sampled_from(ROLES)),
    ),
    actions=st.frozensets(st.sampled_from(ACTIONS)),
    albums=st.one_of(st.none(), st.frozensets(st.sampled_from(ALBUMS))),
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
        narrowing=Narrowing(actions=frozenset(Action(word) for word in token.actions), labels=token.albums),
    )
    decided, seen = set(), set()
    for action in ACTIONS:
        visibility = visible(sent, Action(action), grants=held, at=NOW)
        for one in series:
            if decide(sent, Action(action), resource(one), grants=held, at=NOW).allowed:
                decided.add((action, one.uid))
            if isinstance(visibility, Openings) and visibility.opens(resource(one)):
                seen.add((action, one.uid))
    assert decided == seen == token_may(token, grants, series, NOW)


@settings(max_examples=300, deadline=None)
@given(people, grants, series, st.frozensets(st.sampled_from([*LABELS, "site-z"]), max_size=3))
def test_naming_labels_shows_what_is_visible_by_them_and_no_album_of_others(
    people: list[NaivePerson], grants: list[NaiveGrant], series: list[NaiveSeries], named: frozenset[str]
) -> None:
    held = [grant(number, naive) for number, naive in enumerate(grants)]
    for person in people:
        seen = visible(actor(person), Action.VIEW, grants=held, at=NOW)
        within = seen.within(named) if isinstance(seen, Openings) else seen
        found = {one.uid for one in series if isinstance(within, Openings) and within.opens(resource(one))}
        # The same grants, each cut to the labels named; a ``*`` reaches the site's only.
        cut = [
            replace(naive, label=label)
            for naive in grants
            for label in named
            if naive.label == label or (naive.label == "*" and not label.startswith("album-"))
        ]
        allowed = may([person], cut, series, NOW)
        assert found == {uid for _, action, uid in allowed if action == "view"}


def test_nothing_visible_is_not_an_empty_list_of_labels() -> None:
    assert visible(actor(NaivePerson("anna", frozenset())), Action.VIEW, grants=[], at=NOW) == Nothing()
