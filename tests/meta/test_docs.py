"""What people read about the code names files that are there, and has lines that fit a window."""

import re
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent.parent

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/admins/*.md"),
        *ROOT.glob("docs/decisions/*.md"),
        *ROOT.glob("docs/users/*.md"),
    ]
)
MODULES = sorted(
    file
    for folder in ("auth_service", "benchmarks", "deploy", "docs", "i18n", "pages", "portal", "tests")
    for file in ROOT.glob(f"{folder}/**/*.py")
)

WIDEST = 125

KINDS = {".css", ".html", ".j2", ".jsonc", ".md", ".po", ".py", ".toml", ".txt", ".yml"}
"""Endings of files that are in the repository; others are mostly of a stack that runs."""

PACKAGES = ("auth_service", "portal")
"""Where a path that says no more begins."""


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def tree() -> frozenset[str]:
    """Every file and folder, as the repository has them: not what a run or an installation left."""
    own = [file for file in ROOT.iterdir() if file.name not in {".git", ".venv", "var"}]
    below = (one for folder in own if folder.is_dir() for one in folder.rglob("*"))
    return frozenset(name(one) for one in [*own, *below] if "__pycache__" not in one.parts)


def names_a_file(word: str) -> bool:
    """Tell whether a word in backticks means a file or folder of the repository."""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", word) or word.startswith("var/"):
        return False
    first = word.split("/", maxsplit=1)[0]
    return (
        word.endswith("/")
        or (PurePosixPath(word).suffix in KINDS and word not in KINDS)
        or ("/" in word and first in tree())
    )


def is_there(word: str, *, beside: str = "") -> bool:
    """Tell whether it leads to one thing: from the top, from a package, beside who says it, or by its end."""
    path = word.rstrip("/")
    if any(f"{start}/{path}".lstrip("/") in tree() for start in ("", beside, *PACKAGES)):
        return True
    return len([one for one in tree() if one.endswith(f"/{path}")]) == 1


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_that_a_page_names_is_there_and_no_other_is_meant(page: Path) -> None:
    words = re.findall(r"`([^`\s]+)`", page.read_text(encoding="utf-8"))
    beside = name(page.parent) if page.parent != ROOT else ""
    assert [word for word in words if names_a_file(word) and not is_there(word, beside=beside)] == []


def test_every_module_that_a_comment_names_is_there() -> None:
    lost = [
        f"{name(module)}: {word}"
        for module in MODULES
        for word in re.findall(r"``([^`\s]+\.py)``", module.read_text(encoding="utf-8"))
        if names_a_file(word) and not is_there(word, beside=name(module.parent))
    ]
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_line_of_a_page_is_wider_than_a_window_but_tables_and_addresses(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [
        f"{number}: {len(line)}"
        for number, line in enumerate(lines, 1)
        if len(re.sub(r"\w+://\S+", "", line)) > WIDEST and not line.startswith("|")
    ] == []


@pytest.mark.parametrize(
    "word", ["auth_service/rules.py", "sessions.py", "test_gone.py", "tests/gone", "gone/"]
)
def test_what_is_gone_or_might_be_several_files_counts_as_lost(word: str) -> None:
    assert names_a_file(word)
    assert not is_there(word)


@pytest.mark.parametrize(
    "word", ["/tools/find", ".po", "stack.json", "text/html", "var/demo/permissions.jsonc", "a b"]
)
def test_addresses_media_types_and_files_of_a_running_stack_are_none_of_the_repository(word: str) -> None:
    assert not names_a_file(word)


def test_a_recipe_is_the_same_in_both_languages() -> None:
    english, french = (
        re.findall(
            r"```python\n(.*?)```", (ROOT / "docs/users" / page).read_text(encoding="utf-8"), re.DOTALL
        )
        for page in ("downloading.md", "downloading.fr.md")
    )
    assert english == french
    assert len(english) == 1
