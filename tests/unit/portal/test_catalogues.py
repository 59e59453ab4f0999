"""Both catalogues hold every text of the portal, in words, with the same places."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from i18n import LANGUAGES
from portal.text import EXTRACTED, LOCALE_FOLDER

ROOT = Path(__file__).parents[3]
SOURCES = ("portal", "pages")


def _catalogue(language: str) -> Catalog:
    with (LOCALE_FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def _entries(language: str) -> list[tuple[str, list[str]]]:
    """Return each text with its translations: one, or one for each form of the plural."""
    entries: list[tuple[str, list[str]]] = []
    for entry in _catalogue(language):
        identifier, string = entry.id, entry.string
        if identifier:
            source = identifier if isinstance(identifier, str) else identifier[0]
            strings = [string] if isinstance(string, str) else list(string or ())
            entries.append((source, [str(one or "") for one in strings]))
    return entries


def _extracted() -> set[str]:
    return {
        message[0] if isinstance(message, tuple) else message
        for source in SOURCES
        for _, _, message, _, _ in extract_from_dir(
            ROOT / source, method_map=[("**.py", "python")], keywords=EXTRACTED
        )
    }


def _called() -> Iterator[str]:
    """Find every marked text in the syntax tree: there no f-string hides it."""
    for source in SOURCES:
        for file in sorted((ROOT / source).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                    name = (
                        node.func.attr
                        if isinstance(node.func, ast.Attribute)
                        else getattr(node.func, "id", "")
                    )
                    if name in EXTRACTED:
                        yield str(node.args[0].value)


def test_the_extraction_finds_what_the_code_says() -> None:
    assert _extracted() == set(_called())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_holds_every_text_and_no_other(language: str) -> None:
    catalogue = _catalogue(language)
    assert {source for source, _ in _entries(language)} == _extracted()
    assert not catalogue.obsolete
    assert [entry.id for entry in catalogue if entry.id and entry.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_and_places_are_the_same(language: str) -> None:
    for source, strings in _entries(language):
        assert strings, source
        assert all(strings), source
        for string in strings:
            assert set(re.findall(r"{\w+}", string)) == set(re.findall(r"{\w+}", source)), source


def test_english_texts_are_the_source_texts() -> None:
    assert all(strings[0] == source for source, strings in _entries("en"))


def test_french_is_written_as_french_is() -> None:
    for source, strings in _entries("fr"):
        for string in strings:
            assert not re.search(r"(?<!\u00a0):", string), f"a colon has its space: {string}"
            assert not re.search(r"\s[;?!]", string), f"no space before ; ? ! in Québec: {string}"
            assert "..." not in string
            assert "'" not in string, f"an apostrophe is curved: {string}"
            assert "administrateur" not in string.lower(), f"people are an équipe: {string}"
            assert string[0].isupper() == source[0].isupper() or string[0] == "{", string
