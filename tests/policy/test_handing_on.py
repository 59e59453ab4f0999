"""Nobody hands out more than he has: what passes is held against the naive model, moment by moment."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from auth_service.policy.handing_on import DATA_ACTIONS, HandingOn, required
from auth_service.policy.model import Actor, Grant, Narrowing, Resource, Subject
from auth_service.vocabulary import (
    MEMBER_ACTIONS,
    OWNER_ACTIONS,
    RULE_ACTIONS,
    Action,
    ActorKind,
    Level,
    SubjectKind,
)
from tests.policy.naive import NaiveGrant, NaivePerson, NaiveSeries, may
from tests.policy.test_decide_and_visible import NOW, actor, grant, grants, people, resource, series

TARGET = "album-a"
LATER = (*(NOW + timedelta(microseconds=step) for step in range(3)), NOW + timedelta(days=9999))

given_in_target = st.lists(
    st.builds(
        NaiveGrant,
        who=st.sampled_from(["person:keycloak:anna", "person:keycloak:bruno", "group:g1"]),
        actions=st.frozensets(st.sampled_from(["view", "download", "send", "comment", "invite"])),
        label=st.just(TARGET),
        modalities=st.none(),
        until=st.one_of(st.none(), st.sampled_from([NOW, NOW + timedelta(microseconds=1)])),
    ),
    min_size=1,
    max_size=4,
)


generous = st.one_of(
    st.none(),
    st.builds(
        NaiveGrant,
        who=st.just("person:keycloak:chloe"),
        actions=st.just(frozenset(map(str, RULE_ACTIONS))),
        label=st.just("*"),
        until=st.one_of(st.none(), st.sampled_from([NOW + timedelta(microseconds=step) for step in (1, 2)])),
    ),
)
"""Who gives has so much that it often passes: what passes is what the test is about."""


@settings(max_examples=500, deadline=None)
@given(people, grants, given_in_target, series, generous)
def test_nobody_gains_what_the_giver_has_not_at_any_moment(
    people: list[NaivePerson],
    others: list[NaiveGrant],
    in_target: list[NaiveGrant],
    series: list[NaiveSeries],
    generous: NaiveGrant | None,
) -> None:
    everything = [*(one for one in others if one.label != TARGET), *in_target]
    if generous is not None:
        everything.append(generous)
    giver, one = people[2], series[0]
    held = [grant(number, naive) for number, naive in enumerate(everything)]
    target = [one for one in held if one.label == TARGET]
    handing_on = HandingOn.by(actor(giver), grants=held, needed=required(target, at=NOW), at=NOW)
    passes = not handing_on.lacking(resource(one))
    event(f"passes: {passes}")
    if generous is not None and generous.until is None:
        assert passes
    if not passes:
        return
    put = replace(one, labels=one.labels | {TARGET})
    assert (giver.name, "send", one.uid) in may(people, everything, [one], NOW)
    for moment in LATER:
        before = may(people, everything, [one], moment)
        gained = may(people, everything, [put], moment) - before
        assert {action for _, action, _ in gained} - {"comment", "invite"} <= {
            action for who, action, _ in before if who == giver.name
        }, moment


OWNER = Subject(kind=SubjectKind.PERSON, id="keycloak:olga")
GIVER = Actor(kind=ActorKind.PERSON, provider="keycloak", subject="gil")
HIS = Subject(kind=SubjectKind.PERSON, id="keycloak:gil")
IN_TARGET = (Grant(subject=OWNER, actions=OWNER_ACTIONS, label=TARGET, source="membership:1"),)
SERIES = Resource(level=Level.SERIES, labels=frozenset({"album-b"}), modality="CT")
TOMORROW = NOW + timedelta(days=1)


def lacking(
    *own: Grant, who: Actor = GIVER, target: Collection[Grant] = IN_TARGET, at: datetime = NOW
) -> frozenset[Action]:
    needed = required(target, at=at)
    return HandingOn.by(who, grants=own, needed=needed, at=at).lacking(SERIES)


def own(actions: Collection[Action], *, until: datetime | None = None, label: str = "album-b") -> Grant:
    return Grant(
        subject=HIS, actions=frozenset(actions), label=label, until=until, source=f"membership:{label}"
    )


def test_the_rights_about_images_are_those_that_rules_can_give() -> None:
    assert DATA_ACTIONS == RULE_ACTIONS == MEMBER_ACTIONS - {Action.REMOVE, Action.COMMENT, Action.INVITE}


def test_an_owner_elsewhere_may_hand_on_for_good() -> None:
    assert lacking(own(OWNER_ACTIONS)) == frozenset()


@pytest.mark.parametrize("action", sorted(DATA_ACTIONS))
def test_each_right_that_the_album_gives_is_needed(action: Action) -> None:
    assert lacking(own(OWNER_ACTIONS - {action})) == {action}


def test_a_right_with_an_end_is_not_handed_on_for_good() -> None:
    assert lacking(own(OWNER_ACTIONS, until=TOMORROW)) == DATA_ACTIONS


def test_a_right_with_an_end_is_handed_on_until_then() -> None:
    target = [replace(IN_TARGET[0], until=TOMORROW)]
    assert lacking(own(OWNER_ACTIONS, until=TOMORROW), target=target) == frozenset()
    assert lacking(own(OWNER_ACTIONS, until=TOMORROW - timedelta(seconds=1)), target=target) == DATA_ACTIONS


def test_rights_of_two_grants_may_come_together_as_each_is_his() -> None:
    half = {Action.VIEW, Action.DOWNLOAD, Action.SEND}
    assert lacking(own(half), own(OWNER_ACTIONS - half)) == frozenset()
    assert lacking(own(half), own(OWNER_ACTIONS - half, label="album-c")) == DATA_ACTIONS - half


def test_to_send_is_needed_though_nobody_gets_it() -> None:
    target = [replace(IN_TARGET[0], actions=frozenset({Action.VIEW}))]
    assert lacking(own({Action.VIEW}), target=target) == {Action.SEND}
    assert lacking(own({Action.VIEW, Action.SEND}), target=target) == frozenset()


def test_what_others_have_is_not_his() -> None:
    theirs = replace(own(OWNER_ACTIONS), subject=OWNER)
    assert lacking(theirs) == DATA_ACTIONS


def test_a_token_hands_on_what_it_is_left() -> None:
    narrowed = Narrowing(actions=frozenset({Action.VIEW, Action.SEND}), labels=None)
    token = Actor(kind=ActorKind.TOKEN, provider="keycloak", subject="gil", token="t", narrowing=narrowed)
    assert lacking(own(OWNER_ACTIONS), who=token) == DATA_ACTIONS - {Action.VIEW, Action.SEND}
    elsewhere = replace(token, narrowing=Narrowing(actions=DATA_ACTIONS, labels=frozenset({TARGET})))
    assert lacking(own(OWNER_ACTIONS), who=elsewhere) == DATA_ACTIONS


def test_a_member_whose_right_is_over_still_counts_as_it_can_be_prolonged() -> None:
    ended = [replace(IN_TARGET[0], until=NOW - timedelta(days=1))]
    assert lacking(own({Action.SEND}), target=ended) == DATA_ACTIONS - {Action.SEND}


def test_an_album_without_members_asks_for_send_alone() -> None:
    assert required([], at=NOW) == {Action.SEND: NOW}
