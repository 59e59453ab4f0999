"""Settings, addresses, health, words and the use cases: what is small has its tests together."""

import pytest

from auth_service.vocabulary import AuditEvent, Why
from portal import albums, settings, words
from portal.answers import Health
from portal.dicom import Age
from portal.errors import Part, Unavailable
from portal.health import KEPT_SECONDS, HealthWatch
from portal.text import Text
from portal.viewers import Addresses, page_path
from tests.pages.fakes import EVERY_ACTION, ROOT, FakeAccount, FakeArchive, FakeAuth, make_world

U = Addresses("http://portal.test")
EN = Text("en")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("PORTAL_PUBLIC_URL", "http://127.0.0.1:8080/")
    monkeypatch.setenv("PORTAL_AUTH_SERVICE", "unix:/run/auth.sock")
    monkeypatch.setenv("PORTAL_AUTH_SECRET", "very-secret-" * 3)
    return monkeypatch


def test_settings_are_read_frozen_and_silent_about_the_secret(environment: pytest.MonkeyPatch) -> None:
    read = settings.read()
    assert read.public_url == "http://127.0.0.1:8080"
    assert read.session_cookie == "portal_sid"
    assert "very-secret" not in repr(read)
    environment.setenv("PORTAL_PUBLIC_URL", "https://portal.test")
    assert settings.read().session_cookie == "__Host-portal_sid"


def test_all_problems_of_the_settings_are_told_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PORTAL_PUBLIC_URL", "no address")
    environment.setenv("PORTAL_AUTH_SERVICE", "unix:relative.sock")
    environment.setenv("PORTAL_AUTH_SECRET", "short")
    environment.setenv("PORTAL_DEFAULT_LANGUAGE", "de")
    with pytest.raises(settings.SettingsError) as raised:
        settings.read()
    lines = str(raised.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "PORTAL_PUBLIC_URL",
        "PORTAL_AUTH_SERVICE",
        "PORTAL_AUTH_SECRET",
        "PORTAL_DEFAULT_LANGUAGE",
    ]


def test_the_viewer_opens_one_or_several_studies() -> None:
    assert U.ohif(["1.2", "1.3"]) == "http://portal.test/ohif/viewer?StudyInstanceUIDs=1.2,1.3"
    assert U.ohif(["1.2"], first_series="1.4").endswith("?StudyInstanceUIDs=1.2&initialSeriesInstanceUID=1.4")
    assert U.ohif(["1.2"], album="a&b").endswith("/viewer?StudyInstanceUIDs=1.2&album=a%26b")
    drawn = U.ohif(["1.2"], album="a", segmenting=True)
    assert drawn == "http://portal.test/ohif/segmentation?StudyInstanceUIDs=1.2&album=a"
    for bad in ([], ["1.2&x=y"], ["1.2", ""]):
        with pytest.raises(ValueError, match="StudyInstanceUIDs"):
            U.ohif(bad)


def test_files_go_into_an_album_from_a_page_that_is_not_the_portals() -> None:
    assert U.upload("head-ct") == "http://portal.test/upload/?album=head-ct"
    assert U.upload('a&b="') == "http://portal.test/upload/?album=a%26b%3D%22"


def test_pictures_have_addresses_behind_the_gate() -> None:
    assert U.picture("1.3", size=96) == "http://portal.test/api/series/1.3/picture?size=96"
    assert U.picture("../1", size=96) is None
    assert U.picture('1.3"', size=96) is None


def test_addresses_of_pages_and_of_signing_in_are_quoted() -> None:
    assert page_path("albums", {}) == "/portal/albums"
    path = page_path("album", {"album": "a&b"})
    assert path == "/portal/album?album=a%26b"
    assert U.signin(back_to=path, language="fr").endswith("?next=%2Fportal%2Falbum%3Falbum%3Da%2526b&lang=fr")


def test_health_is_asked_once_in_a_while_for_everybody() -> None:
    world = make_world()
    now = [0.0]
    watch = HealthWatch(FakeAuth(world), clock=lambda: now[0])
    assert watch.down() == ()
    world.down.add(Part.ORTHANC)
    assert watch.down() == ()
    now[0] += KEPT_SECONDS
    assert watch.down() == (Part.ORTHANC,)
    world.down.clear()
    assert watch.why(Part.ORTHANC) == (Part.ORTHANC,), "what was seen not to answer is said all the same"
    world.down.add(Part.AUTH_SERVICE)
    assert watch.why(Part.ORTHANC) == (Part.AUTH_SERVICE,), "the part behind it is what is told"


def test_a_part_that_is_not_named_counts_as_up() -> None:
    assert Health(parts={"orthanc": "starting", "new": "down"}).down() == (Part.ORTHANC,)
    assert Health().down() == ()


def test_rights_are_named_or_counted() -> None:
    assert words.right(EN, "owner", EVERY_ACTION) == "owner"
    assert words.right(EN, "member", ()) == "no right"
    assert words.right(EN, "member", ("download", "view")) == "can view and download"
    assert words.right(EN, "member", EVERY_ACTION[:5]) == "can view, download and 3 more"
    assert words.actions(EN, EVERY_ACTION) == "all rights"
    assert words.actions(EN, ("view", "fly")) == "view and fly"
    assert words.realm_role(EN, "pi") == "principal investigator"
    assert words.realm_role(EN, "else") == "else"
    assert words.album_role(EN, "member") == "member"


@pytest.mark.parametrize("part", list(Part))
def test_each_part_has_a_name(part: Part) -> None:
    assert "(" in words.part(EN, part)


def test_ages_have_their_unit_where_it_matters() -> None:
    assert [words.age(EN, Age(3, unit)) for unit in "YMWD"] == ["3", "3 months", "3 weeks", "3 days"]
    assert words.age_of(EN, Age(1, "Y")) == "1 year"
    assert words.age_of(EN, None) == ""


def test_a_study_is_opened_as_its_album_shows_it() -> None:
    world = make_world()
    account, archive = FakeAccount(world, "owner"), FakeArchive(world, "owner")
    opened = albums.open_study(account, archive, f"{ROOT}.1.1", slug="head-ct")
    assert opened.album is not None
    assert [one.Modality for one in opened.series] == ["CT", "SR"]
    assert albums.open_study(account, archive, f"{ROOT}.1.1", slug=None).album is None
    assert albums.modalities(account) == ["CT", "MR", "SR"]


def test_without_orthanc_no_study_is_opened() -> None:
    world = make_world()
    world.down.add(Part.ORTHANC)
    with pytest.raises(Unavailable):
        albums.open_study(FakeAccount(world, "owner"), FakeArchive(world, "owner"), f"{ROOT}.1.1", slug=None)


def test_there_is_always_a_first_page() -> None:
    assert [albums.pages(total, 25) for total in (0, 1, 25, 26)] == [1, 1, 1, 2]


@pytest.mark.parametrize("event", AuditEvent)
def test_every_event_of_the_audit_has_a_word(event: AuditEvent) -> None:
    assert words.audit_event(EN, event) != event.value


@pytest.mark.parametrize("why", Why)
def test_a_reason_has_the_same_words_in_the_audit_and_in_an_explanation(why: Why) -> None:
    assert words.audit_reason(EN, why) == words.reason(EN, why)
    assert "-" not in words.reason(EN, why)


def test_no_two_reasons_have_the_same_words() -> None:
    assert len({words.reason(EN, why) for why in Why}) == len(Why)


def test_what_became_of_a_credential_is_said_in_words() -> None:
    said = [
        words.audit_reason(EN, name) for name in ("guessing", "bearer:off", "bearer:not-active", "bearer:cnf")
    ]
    assert said == [
        "too many bad credentials",
        "tokens of Keycloak are not taken",
        "no longer good at Keycloak",
        "not a good token of Keycloak (cnf)",
    ]
    assert (
        words.audit_reason(EN, "bearer: the board asked who they are")
        == "bearer: the board asked who they are"
    )


def test_what_is_not_known_by_name_is_shown_as_it_came() -> None:
    assert words.audit_event(EN, "something-new") == "something-new"
    assert words.audit_reason(EN, "the ethics board asked for it") == "the ethics board asked for it"
    assert words.actor(EN, "system", "system") == "the system"
    assert words.actor(EN, "person:keycloak:1", " ") == "person:keycloak:1"
    assert words.actor(EN, "person:keycloak:1", "Test Member") == "Test Member"
