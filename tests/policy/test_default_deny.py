"""What no grant says is no: each kind of nothing, one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auth_service.policy.engine import decide, visible, weigh
from auth_service.policy.model import (
    NOBODY,
    SYSTEM,
    Actor,
    Everything,
    Grant,
    Group,
    Labelled,
    Narrowing,
    Nothing,
    Openings,
    Reason,
    Resource,
    Subject,
)
from auth_service.vocabulary import Action, ActorKind, Level, SubjectKind

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
ANNA = Actor(kind=ActorKind.PERSON, provider="keycloak", subject="anna")
BRUNO = Actor(kind=ActorKind.PERSON, provider="keycloak", subject="bruno")
IN_A = Resource(level=Level.SERIES, uid="1.2", labels=frozenset({"album-a"}))


def grant(
    *actions: Action,
    label: str = "album-a",
    subject: str = "keycloak:anna",
    kind: SubjectKind = SubjectKind.PERSON,
    until: datetime | None = None,
    modalities: frozenset[str] | None = None,
) -> Grant:
    return Grant(
        subject=Subject(kind=kind, id=subject),
        actions=frozenset(actions),
        label=label,
        modalities=modalities,
        until=until,
        source="membership:1",
    )


def test_without_a_grant_nothing_is_allowed() -> None:
    for action in Action:
        for level in Level:
            decision = decide(ANNA, action, Resource(level=level, uid="1.2"), grants=[], at=NOW)
            assert not decision.allowed


@pytest.mark.parametrize("who", [NOBODY, SYSTEM, BRUNO])
def test_a_grant_opens_nothing_to_anybody_else(who: Actor) -> None:
    held = [grant(*Action)]
    assert not decide(who, Action.VIEW, IN_A, grants=held, at=NOW).allowed
    assert visible(who, Action.VIEW, grants=held, at=NOW) == Nothing()


def test_the_same_subject_at_another_provider_is_somebody_else() -> None:
    other = Actor(kind=ActorKind.PERSON, provider="elsewhere", subject="anna")
    assert not decide(other, Action.VIEW, IN_A, grants=[grant(Action.VIEW)], at=NOW).allowed


def test_a_group_named_like_the_path_of_another_opens_nothing() -> None:
    member = Actor(
        kind=ActorKind.PERSON,
        provider="keycloak",
        subject="anna",
        groups=frozenset({Group(id="17", path="/radiology")}),
    )
    by_path = grant(Action.VIEW, kind=SubjectKind.GROUP, subject="/radiology")
    by_id = grant(Action.VIEW, kind=SubjectKind.GROUP, subject="17")
    assert not decide(member, Action.VIEW, IN_A, grants=[by_path], at=NOW).allowed
    assert decide(member, Action.VIEW, IN_A, grants=[by_id], at=NOW).allowed


def test_rights_never_multiply_across_grants() -> None:
    held = [grant(Action.VIEW, label="album-a"), grant(Action.DOWNLOAD, label="album-b")]
    assert decide(ANNA, Action.VIEW, IN_A, grants=held, at=NOW).allowed
    refused = decide(ANNA, Action.DOWNLOAD, IN_A, grants=held, at=NOW)
    assert (refused.allowed, refused.reason) == (False, Reason.OTHER_ACTION)


def test_an_ended_grant_is_over_at_its_very_moment() -> None:
    held = [grant(Action.VIEW, until=NOW)]
    assert decide(ANNA, Action.VIEW, IN_A, grants=held, at=NOW - timedelta(microseconds=1)).allowed
    refused = decide(ANNA, Action.VIEW, IN_A, grants=held, at=NOW)
    assert (refused.allowed, refused.reason) == (False, Reason.ENDED)


def test_an_album_label_on_a_study_opens_nothing() -> None:
    study = Resource(level=Level.STUDY, uid="1", labels=frozenset({"album-a"}))
    hidden = Resource(level=Level.SERIES, uid="1.3", study_labels=frozenset({"album-a"}))
    for resource in (study, hidden):
        assert not decide(ANNA, Action.VIEW, resource, grants=[grant(Action.VIEW)], at=NOW).allowed


def test_a_site_label_on_a_study_covers_its_series() -> None:
    series = Resource(level=Level.SERIES, uid="1.3", study_labels=frozenset({"trauma"}))
    held = [grant(Action.VIEW, label="trauma")]
    assert decide(ANNA, Action.VIEW, series, grants=held, at=NOW).allowed


@pytest.mark.parametrize("label", ["ALBUM-a", "Album-a"])
def test_an_album_label_in_capitals_is_not_taken_for_one_of_the_sites(label: str) -> None:
    series = Resource(level=Level.SERIES, uid="1.3", study_labels=frozenset({label}))
    held = [grant(Action.VIEW, label=label)]
    assert not decide(ANNA, Action.VIEW, series, grants=held, at=NOW).allowed


def test_an_admin_has_no_right_to_images_by_his_role() -> None:
    admin = Actor(kind=ActorKind.PERSON, provider="keycloak", subject="root", roles=frozenset({"admin"}))
    assert decide(admin, Action.ADMINISTER, Resource(level=Level.SYSTEM), grants=[], at=NOW).allowed
    assert not decide(admin, Action.VIEW, IN_A, grants=[], at=NOW).allowed
    assert not decide(admin, Action.VIEW, Resource(level=Level.SYSTEM), grants=[], at=NOW).allowed


def test_no_membership_makes_an_admin() -> None:
    decision = decide(ANNA, Action.ADMINISTER, Resource(level=Level.SYSTEM), grants=[grant(*Action)], at=NOW)
    assert (decision.allowed, decision.reason) == (False, Reason.NOT_AN_ADMIN)


def test_what_means_everything_cannot_be_made_by_accident() -> None:
    with pytest.raises(ValueError, match="Nothing"):
        Openings(frozenset())
    for label in ("", "*"):
        with pytest.raises(ValueError, match="Everything"):
            Labelled(label=label)
    for make in (
        lambda: Everything(modalities=frozenset()),
        lambda: Labelled(label="x", modalities=frozenset()),
    ):
        with pytest.raises(ValueError, match="opens nothing"):
            make()


@pytest.mark.parametrize("condition", [None, frozenset({"CT"})])
def test_everything_is_no_album_and_not_the_system(condition: frozenset[str] | None) -> None:
    held = [grant(*Action, label="*", modalities=condition)]
    for level in (Level.ALBUM, Level.INSTANCE, Level.SYSTEM):
        resource = Resource(level=level, uid="a", modality="CT")
        assert not decide(ANNA, Action.VIEW, resource, grants=held, at=NOW).allowed


def test_a_condition_opens_no_whole_study_and_no_series_of_unknown_kind() -> None:
    held = [grant(Action.VIEW, label=label, modalities=frozenset({"CT"})) for label in ("*", "trauma")]
    labels = frozenset({"trauma"})
    study = Resource(level=Level.STUDY, uid="1", labels=labels, modality="CT")
    unknown = Resource(level=Level.SERIES, uid="1.2", labels=labels)
    for resource in (study, unknown):
        assert not decide(ANNA, Action.VIEW, resource, grants=held, at=NOW).allowed
    known = Resource(level=Level.SERIES, uid="1.2", labels=labels, modality="CT")
    assert decide(ANNA, Action.VIEW, known, grants=held, at=NOW).allowed


def test_a_condition_does_not_pass_from_one_grant_to_another() -> None:
    held = [
        grant(Action.VIEW, label="trauma"),
        grant(Action.DOWNLOAD, label="trauma", modalities=frozenset({"MR"})),
    ]
    ct = Resource(level=Level.SERIES, uid="1.2", labels=frozenset({"trauma"}), modality="CT")
    assert decide(ANNA, Action.VIEW, ct, grants=held, at=NOW).allowed
    assert not decide(ANNA, Action.DOWNLOAD, ct, grants=held, at=NOW).allowed


def test_a_role_opens_to_who_has_it_and_a_person_or_group_called_alike_has_not() -> None:
    by_role = grant(Action.VIEW, kind=SubjectKind.ROLE, subject="reader")
    has = Actor(kind=ActorKind.PERSON, provider="keycloak", subject="x", roles=frozenset({"reader"}))
    alike = Actor(
        kind=ActorKind.PERSON,
        provider="keycloak",
        subject="reader",
        roles=frozenset({"Reader"}),
        groups=frozenset({Group(id="reader", path="/reader")}),
    )
    assert decide(has, Action.VIEW, IN_A, grants=[by_role], at=NOW).allowed
    assert not decide(alike, Action.VIEW, IN_A, grants=[by_role], at=NOW).allowed
    role_of_system = Actor(kind=ActorKind.SYSTEM, roles=frozenset({"reader"}))
    assert not decide(role_of_system, Action.VIEW, IN_A, grants=[by_role], at=NOW).allowed


def test_a_token_that_names_albums_reaches_no_rule() -> None:
    named = Actor(
        kind=ActorKind.TOKEN,
        provider="keycloak",
        subject="anna",
        token="t1",
        narrowing=Narrowing(actions=frozenset(Action), labels=frozenset({"album-a"})),
    )
    held = [grant(Action.VIEW, label="*"), grant(Action.VIEW, label="trauma")]
    series = Resource(level=Level.SERIES, uid="1.2", labels=frozenset({"album-a", "trauma"}))
    assert not decide(named, Action.VIEW, series, grants=held, at=NOW).allowed
    assert visible(named, Action.VIEW, grants=held, at=NOW) == Nothing()


def test_who_sees_everything_is_told_no_album_of_others() -> None:
    seen = visible(ANNA, Action.VIEW, grants=[grant(Action.VIEW, label="*"), grant(Action.VIEW)], at=NOW)
    assert isinstance(seen, Openings)
    assert seen.shown({"album-a", "album-b", "trauma"}) == {"album-a", "trauma"}
    assert seen.within({"album-b"}) == Nothing()


def test_a_token_without_a_narrowing_opens_nothing() -> None:
    bare = Actor(kind=ActorKind.TOKEN, provider="keycloak", subject="anna", token="t1")
    assert not decide(bare, Action.VIEW, IN_A, grants=[grant(*Action)], at=NOW).allowed
    assert visible(bare, Action.VIEW, grants=[grant(*Action)], at=NOW) == Nothing()


def test_a_token_of_an_administrator_administers_nothing() -> None:
    of_admin = Actor(
        kind=ActorKind.TOKEN,
        provider="keycloak",
        subject="anna",
        token="t1",
        roles=frozenset({"admin"}),
        narrowing=Narrowing(actions=frozenset(Action)),
    )
    system = Resource(level=Level.SYSTEM)
    assert not decide(of_admin, Action.ADMINISTER, system, grants=[], at=NOW).allowed


def test_a_refused_token_whose_maker_may_is_told_apart() -> None:
    narrow = Actor(
        kind=ActorKind.TOKEN,
        provider="keycloak",
        subject="anna",
        token="t1",
        narrowing=Narrowing(actions=frozenset({Action.VIEW})),
    )
    held = [grant(Action.VIEW, Action.DOWNLOAD)]
    decision = decide(narrow, Action.DOWNLOAD, IN_A, grants=held, at=NOW)
    assert (decision.allowed, decision.reason, decision.rule) == (False, Reason.NARROWED, "membership:1")


def test_a_program_in_an_administrators_name_administers_nothing() -> None:
    program = Actor(
        kind=ActorKind.PERSON,
        provider="keycloak",
        subject="anna",
        roles=frozenset({"admin"}),
        narrowing=Narrowing(actions=frozenset(Action)),
    )
    system = Resource(level=Level.SYSTEM)
    assert not decide(program, Action.ADMINISTER, system, grants=[], at=NOW).allowed
    held = [grant(*Action)]
    for action in (Action.INVITE, Action.MANAGE, Action.EDIT, Action.DELETE, Action.AUDIT):
        decision = decide(program, action, IN_A, grants=held, at=NOW)
        assert (decision.allowed, decision.reason) == (False, Reason.NARROWED)


def test_an_album_is_opened_by_its_own_label_alone() -> None:
    album = Resource(level=Level.ALBUM, uid="a")
    assert decide(ANNA, Action.VIEW, album, grants=[grant(Action.VIEW)], at=NOW).allowed
    for label in ("album-b", "a", "*"):
        assert not decide(ANNA, Action.VIEW, album, grants=[grant(Action.VIEW, label=label)], at=NOW).allowed


@pytest.mark.parametrize(
    ("ways", "albums", "conditional", "everything"),
    [
        ({Labelled(label="album-a")}, {"album-a"}, False, False),
        ({Labelled(label="album-a"), Labelled(label="trauma")}, None, False, False),
        ({Labelled(label="album-a", modalities=frozenset({"CT"}))}, None, True, False),
        ({Labelled(label="album-a"), Everything()}, None, False, True),
        ({Everything(modalities=frozenset({"CT"}))}, None, True, False),
    ],
)
def test_how_orthanc_may_be_asked_follows_from_the_ways_in(
    ways: set[Labelled | Everything], albums: set[str] | None, *, conditional: bool, everything: bool
) -> None:
    seen = Openings(frozenset(ways))
    assert seen.albums_only == albums
    assert (seen.conditional, seen.everything) == (conditional, everything)


def test_each_kind_of_actor_has_a_name_of_its_own_on_record() -> None:
    token = Actor(kind=ActorKind.TOKEN, provider="keycloak", subject="anna", token="t1")
    assert [who.key for who in (ANNA, token, NOBODY, SYSTEM)] == [
        "person:keycloak:anna",
        "token:t1",
        "nobody",
        "system",
    ]


def test_every_grant_is_weighed_and_says_what_it_counted_for() -> None:
    held = [
        replace(given, source=f"membership:{number}")
        for number, given in enumerate(
            [
                grant(Action.VIEW, subject="keycloak:bruno"),
                grant(Action.VIEW, label="album-b"),
                grant(Action.VIEW, until=NOW),
                grant(Action.COMMENT),
                grant(Action.DOWNLOAD),
                grant(Action.VIEW),
            ]
        )
    ]
    narrowing = Narrowing(actions=frozenset({Action.VIEW}), labels=None)
    token = replace(ANNA, kind=ActorKind.TOKEN, token="t1", narrowing=narrowing)
    assert [each.outcome for each in weigh(token, Action.VIEW, IN_A, grants=held, at=NOW)] == [
        Reason.OTHER_SUBJECT,
        Reason.OTHER_LABEL,
        Reason.ENDED,
        Reason.OTHER_ACTION,
        Reason.OTHER_ACTION,
        Reason.GRANTED,
    ]
    assert [each.outcome for each in weigh(token, Action.DOWNLOAD, IN_A, grants=held, at=NOW)] == [
        Reason.OTHER_SUBJECT,
        Reason.OTHER_LABEL,
        Reason.ENDED,
        Reason.OTHER_ACTION,
        Reason.NARROWED,
        Reason.OTHER_ACTION,
    ]
