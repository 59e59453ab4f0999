"""The upload page says everything in both languages, in the portal's words, and brings nothing foreign."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from auth_service.albums.changing import MOST_NAMED
from auth_service.albums.naming import LONGEST_NAME
from auth_service.http.documents.changes import ChangeDocument
from auth_service.vocabulary import OWNER_ACTIONS, LineFailure
from i18n import LANGUAGES
from portal import words
from portal.text import Text

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "upload"
SCRIPTS = sorted(FOLDER.glob("*.js"))
PAGES = {"page.js": "index.html", "list.js": "list.html"}
"""The pages, by the script that each begins with."""

PAGE = "\n".join((FOLDER / page).read_text(encoding="utf-8") for page in PAGES.values())

STATES = ("state.", "hint.")
"""What is said of how it stands: the name is put together of this and the state."""

COUNTED = ("series", "list.studies", "list.not-taken", "list.present")
LIMIT = re.compile(r"const ([A-Z_]+) = ([\d_]+);")

PLACE = re.compile(r"{(\w+)}")


def catalogue(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"words/{language}.json").read_text(encoding="utf-8"))
    return found


def forms(entry: str | dict[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def imported(script: str) -> set[str]:
    """Return a script and all that it brings."""
    found, ahead = set[str](), [script]
    while ahead:
        one = ahead.pop()
        found.add(one)
        ahead += set(re.findall(r'from "\./([a-z]+\.js)"', (FOLDER / one).read_text("utf-8"))) - found
    return found


def said() -> set[str]:
    """Return the names of all words that the page and its scripts say."""
    code = "\n".join(script.read_text(encoding="utf-8") for script in SCRIPTS)
    named = re.findall(r'"([a-z]+(?:-[a-z]+)*(?:\.[a-z-]+)?)"', code)
    return {*re.findall(r'data-text="([^"]+)"', PAGE), *named}


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    english, french = catalogue("en"), catalogue("fr")
    assert list(english) == list(french)
    assert set(LANGUAGES) == {"en", "fr"}
    for name, entry in english.items():
        assert isinstance(entry, str) is isinstance(french[name], str), name
        places = {frozenset(PLACE.findall(one)) for one in [*forms(entry), *forms(french[name])]}
        assert len(places) == 1, name
        assert all(one.strip() == one and one for one in [*forms(entry), *forms(french[name])]), name


def test_every_plural_has_both_of_its_forms_and_a_count() -> None:
    for language in LANGUAGES:
        for name, entry in catalogue(language).items():
            if isinstance(entry, dict):
                assert list(entry) == ["one", "other"], name
                assert "count" in PLACE.findall(entry["other"]), name


def test_everything_that_the_page_says_has_words_and_no_words_are_left_over() -> None:
    english = catalogue("en")
    assert set(re.findall(r'data-text="([^"]+)"', PAGE)) <= set(english)
    code = "\n".join(script.read_text(encoding="utf-8") for script in SCRIPTS)
    assert set(re.findall(r'\.say\("([^"]+)"', code)) <= set(english)
    built = {f"reason.{one}" for one in LineFailure} | {
        f"{why}.{part}" for why in ("missing", "forbidden", "archived", "down") for part in ("title", "text")
    }
    built |= {f"list.{part}-{verb}" for part in ("do", "nothing") for verb in ("add", "remove")}
    built |= {f"list.{verb}" for verb in ("add", "remove")} | {f"right.{one}" for one in OWNER_ACTIONS}
    built |= {f"list-wrong.{why}" for why in ("empty", "large", "binary", "unreadable", "many", "long")}
    built |= {"list-forbidden.text", "lost-right.text", "over.text", "size.kB", "size.MB", "size.GB"}
    left_over = set(english) - said() - built
    assert {name for name in left_over if not name.startswith(STATES)} == set()


def test_every_state_that_is_drawn_has_words() -> None:
    code = (FOLDER / "going.js").read_text(encoding="utf-8") + (FOLDER / "sender.js").read_text(
        encoding="utf-8"
    )
    states = set(re.findall(r'#(?:become|over|close)\("([a-z-]+)"\)', code))
    states |= set(re.findall(r'#wait\(job, "([a-z]+)"\)', code))
    assert len(states) > 8
    english = catalogue("en")
    assert {f"state.{one}" for one in states} <= set(english)


def test_what_the_page_reads_of_a_change_is_what_the_service_tells() -> None:
    code = (FOLDER / "going.js").read_text(encoding="utf-8")
    read = {*re.findall(r"\bchange\.(\w+)", code), *re.findall(r"\b(grown_\w+):", code)}
    assert read >= {"done", "failed", "failed_total", "grown_images", "grown_total"}
    assert read <= set(ChangeDocument.model_fields)


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_something_is_refused_is_said_as_the_portal_says_it(language: str) -> None:
    t, said_here = Text(language), catalogue(language)
    assert {one: said_here.get(f"reason.{one}") for one in LineFailure} == {
        one: words.not_taken(t, one) for one in LineFailure
    }
    assert said_here["size.kB"] == t("{number} kB", number="{number}")
    assert said_here["sign-out"] == t("Sign out")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_is_spoken_of_as_the_portal_speaks_of_it(language: str) -> None:
    t, said_here = Text(language), catalogue(language)
    assert {one: said_here[f"right.{one}"] for one in OWNER_ACTIONS} == {
        one: words.action(t, one) for one in OWNER_ACTIONS
    }
    same = {
        "contents": t("Contents"),
        "list.what": t("What to do"),
        "list.add": t("Put in"),
        "list.remove": t("Take out"),
        "list.look": t("Look them up"),
        "list.do-add": t("Put them in"),
        "list.do-remove": t("Take them out"),
        "list.leave": t("Leave it"),
        "list.nothing-add": t("Nothing of it can be put in."),
        "list.nothing-remove": t("Nothing of it is in the album."),
        "list.name": t("Name"),
        "list.lacking": t("Rights that you lack on it"),
        "list-wrong.many": t("A list holds at most {most} names.", most="{most}"),
    }
    assert {name: said_here[name] for name in same} == same
    for form, count in (("one", 1), ("other", 2)):
        spoken = {name: said_here[name][form].replace("{count}", str(count)) for name in COUNTED}
        assert spoken == {
            "series": words.series(t, count),
            "list.studies": t.plural("of {count} study", "of {count} studies", count),
            "list.not-taken": t.plural("{count} not taken", "{count} not taken", count),
            "list.present": t.plural(
                "{count} of them is in the album already.",
                "{count} of them are in the album already.",
                count,
            ),
        }


def test_a_list_has_the_limits_of_the_service() -> None:
    code = (FOLDER / "reading.js").read_text(encoding="utf-8")
    limits = {name: int(value.replace("_", "")) for name, value in LIMIT.findall(code)}
    assert limits["MOST_NAMES"] == MOST_NAMED
    assert limits["LONGEST_NAME"] == LONGEST_NAME
    gate = (ROOT / "deploy/nginx/nginx.conf.j2").read_text(encoding="utf-8")
    everywhere = re.search(r"^    client_max_body_size (\d+)m;", gate, re.MULTILINE)
    assert everywhere is not None
    assert limits["LARGEST_REQUEST"] <= int(everywhere[1]) * 2**20


def test_french_has_no_break_spaces_where_they_belong() -> None:
    for entry in catalogue("fr").values():
        for text in forms(entry):
            assert not re.search(r"(?<!\u00a0)[:;?!»]|«(?!\u00a0)", text), text
            assert "'" not in text, text


def test_no_address_of_elsewhere_and_nothing_inline_is_on_the_page() -> None:
    for file in [*FOLDER.glob("*.html"), FOLDER / "upload.css", *SCRIPTS]:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"""https?:|["'(=]//""", text), file.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text), file.name
    assert not re.search(r"<style|<script(?! type=\"module\" src=)|\son\w+=|\sstyle=", PAGE)
    assert (FOLDER / "mark.svg").read_bytes() == (ROOT / "portal/assets/mark.svg").read_bytes()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_short_and_uses_what_is_there(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for module in re.findall(r'from "\./([a-z]+\.js)"', text):
        assert (FOLDER / module).is_file()
    identifiers = set(re.findall(r'\b(?:the|show)\("([a-z-]+)"', text))
    pages = [page for first, page in PAGES.items() if script.name in imported(first)]
    assert pages, "no page uses it"
    there = "".join((FOLDER / page).read_text(encoding="utf-8") for page in pages)
    assert identifiers <= set(re.findall(r'id="([a-z-]+)"', there))
