"""Rules that a reader of the portal counts on: short pages, a guard first, persons kept apart."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "pages").glob("*.py"))
PORTAL = sorted(path for path in (ROOT / "portal").rglob("*.py") if "jobs" not in path.parts)
MAY_IMPORT_STREAMLIT = {"app.py", "guard.py", "session.py"}


def _names(file: Path) -> set[str]:
    """Return modules and attributes that a file names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names.add(f"{node.value.id}.{node.attr}")
    return names


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_a_page_is_short_and_begins_with_its_guard(file: Path) -> None:
    source = file.read_text()
    assert len(source.splitlines()) <= 60
    body = [node for node in ast.parse(source).body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    assert ast.unparse(body[1]) == "visit = guard.require()", "first the docstring, then the guard"


@pytest.mark.parametrize("file", PORTAL, ids=lambda file: str(file.relative_to(ROOT)))
def test_streamlit_is_where_it_may_be(file: Path) -> None:
    if "streamlit" in _names(file):
        assert file.parent.name == "widgets" or (
            file.parent == ROOT / "portal" and file.name in MAY_IMPORT_STREAMLIT
        )


@pytest.mark.parametrize("file", [*PORTAL, *PAGES], ids=lambda file: str(file.relative_to(ROOT)))
def test_no_patient_goes_through_streamlits_own_files_or_caches(file: Path) -> None:
    banned = {"st.image", "st.download_button", "st.cache_data", "st.cache_resource", "st.file_uploader"}
    assert not _names(file) & banned
    if file.name != "session.py":
        assert not _names(file) & {
            "st.session_state",
            "st.query_params",
            "context.cookies",
            "context.headers",
        }


@pytest.mark.parametrize("file", [*PORTAL, *PAGES], ids=lambda file: str(file.relative_to(ROOT)))
def test_of_the_auth_service_only_the_words_are_known(file: Path) -> None:
    used = {name for name in _names(file) if name.startswith("auth_service")}
    assert all(name.startswith("auth_service.vocabulary") for name in used)
