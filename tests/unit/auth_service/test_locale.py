"""Every text that the auth service can show exists in English and in French."""

import ast
import re
import string as formats
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from auth_service import errors
from i18n import LANGUAGES

PACKAGE = Path(errors.__file__).parent
ERRORS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.ServiceError)
}
# Which argument is the message.
FIRST = {*ERRORS - {"Unavailable", "Untold"}, "_", "gettext", "translator"}
FIRST |= {"remark", "_warn", "_problem"}  # what is said of the rules file
POSITION = dict.fromkeys(FIRST, 0) | {"Invalid": 1}


def texts_of(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from texts_of(value.body)
        yield from texts_of(value.orelse)


def called(node: ast.Call) -> str:
    """The last name of what is called; of ``translator(request)("text")`` that is ``translator``."""
    function = node.func.func if isinstance(node.func, ast.Call) else node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def extracted_from_python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and called(node) in POSITION:
            yield from given_at(POSITION[called(node)], node)
        if isinstance(node, ast.ClassDef) and path.name == "errors.py":
            yield from extracted_from_error(node)


def given_at(position: int, call: ast.Call) -> Iterator[str]:
    return (text for value in call.args[position : position + 1] for text in texts_of(value))


def extracted_from_error(error: ast.ClassDef) -> Iterator[str]:
    """Read what an error always says: it hands that on to the one that it is a kind of."""
    position = max(POSITION.get(ast.unparse(base), 0) for base in error.bases)
    for node in ast.walk(error):
        if isinstance(node, ast.Call) and called(node) == "__init__":
            yield from given_at(position, node)
        if isinstance(node, ast.FunctionDef):
            for value in node.args.defaults:
                yield from texts_of(value)


def extracted() -> set[str]:
    python = {text for path in sorted(PACKAGE.rglob("*.py")) for text in extracted_from_python(path)}
    pages = {
        message
        for _file, _line, message, _comments, _context in extract_from_dir(
            PACKAGE / "http/templates", method_map=[("**.html", "jinja2.ext.babel_extract")]
        )
        if isinstance(message, str)
    }
    assert pages, "nothing was extracted from the pages"
    return python | pages


def catalogue(language: str) -> Catalog:
    with (PACKAGE / "locale" / language / "LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


def messages(language: str) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalogue(language) if message.id}


def places(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in formats.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_holds_exactly_the_texts_of_the_code(language: str) -> None:
    assert set(messages(language)) == extracted()


def test_french_catalogue_is_complete_and_not_english() -> None:
    french = messages("fr")
    assert [text for text, translated in french.items() if not translated] == []
    assert [text for text, translated in french.items() if translated == text] == []
    assert not any(message.fuzzy for message in catalogue("fr"))


def test_english_catalogue_repeats_the_source() -> None:
    assert all(translated in {"", text} for text, translated in messages("en").items())


def test_translations_have_the_same_places() -> None:
    wrong = [text for text, translated in messages("fr").items() if places(text) != places(translated)]
    assert wrong == []


def test_french_is_written_as_french_is() -> None:
    for string in messages("fr").values():
        assert not re.search(r"(?<!\u00a0):(?!\d)", string), f"a colon has its space: {string}"
        assert not re.search(r"\s[;?!]", string), f"no space before ; ? ! in Québec: {string}"
        assert "..." not in string
        assert "'" not in string, f"an apostrophe is curved: {string}"
        assert "administrateur" not in string.lower(), f"people are an équipe: {string}"
