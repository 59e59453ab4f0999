"""Rules of the tree that the linters cannot say: where Streamlit may be, how long a page may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

MAY_IMPORT_STREAMLIT = ("pages/", "portal/app.py", "portal/guard.py", "portal/session.py", "portal/widgets/")

PAGES = sorted(ROOT.glob("pages/*.py"))


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_streamlit_is_imported_only_where_pages_are_drawn() -> None:
    importing = {
        file.relative_to(ROOT).as_posix()
        for folder in ("auth_service", "deploy", "i18n", "pages", "portal")
        for file in ROOT.glob(f"{folder}/**/*.py")
        if any(name.split(".")[0] == "streamlit" for name in imports(file))
    }
    assert {name for name in importing if not name.startswith(MAY_IMPORT_STREAMLIT)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_short_guarded_and_knows_nothing_of_the_auth_service(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert "guard.require(" in text
    assert not any(name.split(".")[0] in ("auth_service", "httpx", "pyorthanc") for name in imports(page))


def test_no_pages_folder_stands_beside_the_entry_script() -> None:
    # Streamlit would run its files when they are asked for directly, without the entry script and its gate.
    assert not (ROOT / "portal" / "pages").exists()
    assert PAGES
