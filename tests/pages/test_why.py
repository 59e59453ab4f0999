"""The page Why?: for whom it is, what it asks, and that every word of an answer is said in both languages."""

from collections.abc import Callable

import pytest

from auth_service.vocabulary import ActorKind, AuditEvent, Outcome, WayOut, Why
from tests.pages.conftest import Open, Page
from tests.pages.explanations import HIDDEN, PATH, STUDY, explanation, grant, way
from tests.pages.fakes import World

NOTHING = "There is nothing here that you can see"


@pytest.fixture
def why(world: World, open_page: Open) -> Callable[..., Page]:
    """Return how to open the page with an answer ready."""

    def opening(language: str = "en", as_: str = "admin", **changes: object) -> Page:
        world.explanations[PATH] = explanation(**changes)
        return open_page("why", as_=as_, language=language, resource=PATH, actor="stranger")

    return opening


@pytest.mark.parametrize("person", ["member", "stranger"])
def test_for_who_owns_nothing_there_is_no_such_page(person: str, world: World, open_page: Open) -> None:
    world.explanations[PATH] = explanation()
    for query in ({}, {"resource": PATH, "actor": "owner"}):
        page = open_page("why", as_=person, **query)
        assert NOTHING in page.words
        assert "Explain" not in page.words
    assert world.explained == []


def test_an_owner_reaches_it_from_his_album_and_a_member_does_not(open_page: Open) -> None:
    link = ("Why does somebody see this, or not?", "why", "resource=head-ct")
    assert link in open_page("album", as_="owner", album="head-ct").links
    assert link not in open_page("album", as_="member", album="head-ct").links


def test_the_address_is_the_question(world: World, why: Callable[..., Page]) -> None:
    page = why()
    assert world.explained == [("admin", {"resource": PATH, "actor": "stranger"}, "en")]
    assert page.app.text_input[0].value == PATH
    assert page.app.text_input[1].value == "stranger"


@pytest.mark.parametrize(
    ("language", "said", "not_said"),
    [
        ("en", "by a token of Keycloak", "not signed in now"),
        ("fr", "par un jeton de Keycloak", "sans session en ce moment"),
    ],
)
def test_that_a_request_came_by_a_token_of_keycloak_is_said(
    language: str, said: str, not_said: str, why: Callable[..., Page]
) -> None:
    by_session = explanation().credential.model_copy(update={"sessions": 0})
    page = why(language, credential=by_session.model_copy(update={"by_bearer": True}))
    assert said in page.words
    assert not_said not in page.words
    page = why(language, credential=by_session)
    assert said not in page.words
    assert not_said in page.words


def test_what_is_typed_becomes_the_address(world: World, open_page: Open) -> None:
    world.explanations[STUDY] = explanation(asked=STUDY)
    page = open_page("why", as_="admin")
    assert "the short name of an album" in page.words
    page.app.text_input[0].set_value(f"  {STUDY} ")
    page.app.text_input[1].set_value("member")
    page.app.selectbox[0].set_value("download")
    page.app.button[-1].click().run()
    asked = {"resource": STUDY, "actor": "member", "action": "download"}
    assert {name: page.app.query_params[name] for name in asked} == asked
    assert world.explained[-1] == ("admin", asked, "en")
    assert page.app.text_input[0].value == STUDY


def test_the_verdict_the_steps_and_the_way_out_are_drawn(why: Callable[..., Page]) -> None:
    words = why().words
    for text in (
        "Refused, shown as “not found” (404).",
        "Nothing gives Stranger Test the right “view” on a label that this carries.",
        "/radiology/chest",
        "2 sessions",
        "GET /dicom-web/studies/{study}",
        "album-head-ct",
        "album Brain MR",
        "through the group /radiology",
        "until Jan 31, 2027",
        "other label",
        "no grant matches",
        "Membership in Head CT with the right “view”",
        "owner: Owner Test",
        "3 times",
        f'href="/portal/why?resource={"a" * 32}"',
    ):
        assert text in words, text


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("reason", list(Why))
def test_every_reason_is_a_sentence(reason: Why, language: str, why: Callable[..., Page]) -> None:
    outcome = Outcome.ALLOWED if reason in (Why.GRANTED, Why.SEARCH) else Outcome.HIDDEN
    page = why(language, reason=reason, outcome=outcome, grants=[grant(outcome=reason, decided=True)])
    (verdict,) = [html for html in page.html if 'class="verdict"' in html]
    if reason not in (Why.OTHER_LABEL, Why.OTHER_MODALITY, Why.OTHER_SUBJECT):  # of grants only
        assert f"{reason}</p>" not in verdict
        assert f"</strong> {reason} " not in verdict
    assert ("Permis" in verdict or "Réponse" in verdict or "Refusé" in verdict) is (language == "fr")
    (steps,) = [html for html in page.html if "steps" in html and "<table" in html]
    if "-" in reason:
        assert f">{reason}<" not in steps


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_outcome_and_every_way_out_is_said(language: str, why: Callable[..., Page]) -> None:
    for outcome in Outcome:
        (verdict,) = [html for html in why(language, outcome=outcome).html if 'class="verdict"' in html]
        assert f"<strong>{outcome}</strong>" not in verdict
    words = why(language, ways=[way(kind, token_too=True) for kind in WayOut]).words
    for kind in WayOut:
        assert f"<li>{kind}<br>" not in words
    assert words.count("<li>") == len(WayOut)


def test_a_study_of_which_some_series_are_seen_says_how_many(why: Callable[..., Page]) -> None:
    series = [{"uid": f"1.2.{number}", "labels": [], "allowed": number == 1} for number in range(1, 10)]
    thing = HIDDEN["thing"] | {"level": "study", "uid": STUDY, "series": series}
    words = why(outcome=Outcome.ALLOWED, reason=Why.GRANTED, thing=thing).words
    assert "on 1 of the 9 series, and sees no other" in words
    assert "3 more series" in words
    assert "no label" in words


def test_a_token_nobody_and_a_credential_that_is_not_good(why: Callable[..., Page]) -> None:
    token = HIDDEN["credential"] | {
        "kind": ActorKind.TOKEN,
        "name": "Member Test (notebook)",
        "refused": Why.REVOKED,
        "actions": ["view"],
        "albums": ["head-ct"],
        "until": "2027-01-31",
    }
    words = why(credential=token, outcome=Outcome.UNAUTHENTICATED, reason=Why.REVOKED).words
    assert "the token of Member Test (notebook)" in words
    assert "Not signed in (401). " in words.replace("</strong>", "")
    assert "revoked" in words
    nobody = {"kind": ActorKind.NOBODY, "id": "", "name": "", "username": "", "refused": Why.NOBODY}
    assert "no session and no token" in why(credential=nobody, reason=Why.NOBODY).words


def test_what_was_on_record_is_told_beside_what_is_decided_now(why: Callable[..., Page]) -> None:
    record = HIDDEN["decisions"][0] | {"event": AuditEvent.DENIED, "reason": Why.ENDED}
    words = why(record=record, reason=Why.GRANTED, outcome=Outcome.ALLOWED, decisions=[]).words
    assert "at that time: right has ended" in words
    assert "Nothing is on record." in words


def test_many_grants_are_folded(why: Callable[..., Page]) -> None:
    words = why(grants=[grant(source=f"membership:{number}") for number in range(20)]).words
    assert "12 more grants" in words


def test_what_else_the_address_names_leads_on(why: Callable[..., Page]) -> None:
    assert 'href="/portal/why?resource=head-ct&amp;actor=stranger"' in why(others=["head-ct"]).words


def test_an_owner_is_told_that_it_is_about_his_albums(why: Callable[..., Page]) -> None:
    assert "This is about your albums only" in why(as_="owner").words
    assert "This is about your albums only" not in why(as_="admin").words


def test_a_part_of_a_name_leads_to_those_it_may_mean(world: World, open_page: Open) -> None:
    page = open_page("why", as_="admin", resource=PATH, actor="tran", action="view")
    assert "Whom do you mean?" in page.app.subheader[0].value
    query = "resource=" + PATH.replace("/", "%2F") + "&actor=sub-stranger&action=view"
    assert [link for link in page.links if "stranger" in link[2]] == [
        (r"Stranger Test \(stranger\)", "why", query)
    ]
    owner = open_page("why", as_="owner", resource=PATH, actor="tran")
    assert "There is nobody of this name" in owner.words
    del world


@pytest.mark.parametrize("name", ["x", "x" * 101])
def test_nobody_is_searched_by_a_name_that_no_search_takes(open_page: Open, name: str) -> None:
    page = open_page("why", as_="admin", resource=PATH, actor=name)
    assert [each.value for each in page.app.warning] == [
        "There is nobody of this name whom you may ask about\\."
    ]


def test_what_is_not_understood_is_said_without_the_name_of_a_field(open_page: Open) -> None:
    page = open_page("why", as_="admin", resource="x", actor="owner")
    assert [each.value for each in page.app.warning] == ["X is no identifier\\."]


def test_text_that_others_wrote_is_shown_as_it_is(why: Callable[..., Page]) -> None:
    hostile = "<script>alert(1)</script>"
    page = why(
        ways=[way(WayOut.MEMBERSHIP, album={"slug": "x", "title": hostile, "owners": [hostile]})],
        grants=[grant(album={"slug": "x", "title": hostile}, group=hostile, decided=True)],
        credential=HIDDEN["credential"] | {"name": hostile, "groups": [hostile]},
        others=[hostile],
        target=HIDDEN["target"] | {"route": hostile},
        decisions=[HIDDEN["decisions"][0] | {"target": hostile, "request_id": '"><b>'}],
    )
    assert not [html for html in page.html if hostile in html]
    assert '"><b>' not in page.words


def test_whoever_finds_nothing_can_hand_on_where_to_ask(open_page: Open) -> None:
    page = open_page("album", as_="stranger", album="head-ct")
    (code,) = page.app.code
    assert (
        code.value
        == "http://portal.test/portal/why?actor=stranger&resource=%2Fportal%2Falbum%3Falbum%3Dhead-ct"
    )
