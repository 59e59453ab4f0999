"""No cell of our tables is a formula, by whichever separator a spreadsheet reads them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.spreadsheets import plain, safe, table

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    " =1",
    "\t=1",
    "x;=HYPERLINK(A1)",
    'x; "=1"',
    "x\t=1",
    "x\r\n=1",
    "x,+1",
    "\uff1d1",
)
HARMLESS = (
    "2026-03-02",
    "/dicom-web/studies/1.2",
    "Anna Roy (notebook)",
    "album-head-ct",
    "a, b",
    "e-mail@example.org",
)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_nothing_begins_like_a_formula(formula: str, separator: str) -> None:
    text = b"".join(table(["who", "what"], [[f"Stranger ({formula})", formula], ["y", formula]])).decode(
        "utf-8-sig"
    )
    cells = [cell for row in csv.reader(io.StringIO(text), delimiter=separator) for cell in row]
    begun = [cell.lstrip(" \u00a0\"'") if not cell.startswith("'") else cell for cell in cells]
    assert not [cell for cell in begun if cell.startswith(("=", "+", "-", "@", "\uff1d"))]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


@given(st.text(alphabet="=+-@;,|\t\r\n '\"\\ab\uff1d", max_size=12))
def test_what_was_made_safe_is_read_back_as_it_was(text: str) -> None:
    assert plain(safe(text)) == text
