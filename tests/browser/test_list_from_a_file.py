"""People give a list as a file: read in the browser, looked up, and done; nothing else of it leaves them."""

from base64 import b64encode
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from auth_service.albums.changing import MOST_NAMED
from tests.browser import portal
from tests.browser.uploads import Target
from tests.browser.visitors import Visitors
from tests.integration.truth import Series, Truth

pytestmark = pytest.mark.browser

CHANGES = "/changes"


@pytest.fixture
def studies(truth: Truth) -> list[Series]:
    """One series of each of two studies of an album whose owner may hand them on."""
    owned = set(truth.albums["head-ct"])
    found = [
        series for series in truth.studies("pi-a").values() if owned.issuperset(one.uid for one in series)
    ][:2]
    assert len(found) == 2
    return [series[0] for series in found]


def opened(visitors: Visitors, target: Target, who: str = "pi-a", **how: Any) -> Page:  # noqa: ANN401 - passed on
    page = visitors.page(who, **how)
    page.goto(f"{visitors.url}/upload/list.html?album={target.slug}")
    return page


def give(page: Page, content: bytes, name: str = "list.csv") -> None:
    """Choose a file."""
    expect(page.locator("#drop")).to_be_visible()
    page.locator("#file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def asked(page: Page) -> list[Request]:
    """Hear what is sent of a list."""
    heard: list[Request] = []
    page.on("request", lambda request: heard.append(request) if request.method == "POST" else None)
    return heard


def test_a_column_of_a_table_is_looked_up_and_put_in(
    visitors: Visitors, target: Target, studies: list[Series]
) -> None:
    lines = [f'"Doe; J ""JD""\r\n2nd line";{one.study};x' for one in studies]
    table = "\r\n".join(["Name;StudyInstanceUID;Note", *lines, ";no such thing;", f";{studies[0].study};"])
    page = visitors.page("pi-a")
    page.goto(f"{visitors.url}/portal/contents?album={target.slug}")
    page.get_by_role("link", name="A list from a file…").click()
    expect(portal.heading(page, f"A list from a file: {target.title}")).to_be_visible()
    sent = asked(page)
    give(page, b"\xef\xbb\xbf" + table.encode())
    expect(page.get_by_label("Column", exact=True)).to_have_value("1")
    expect(page.locator("#column option")).to_have_text(["Name", "StudyInstanceUID", "Note"])
    expect(page.get_by_label("The first line names the columns")).to_be_checked()
    expect(page.get_by_text("3 names")).to_be_visible()
    expect(page.locator("#first li")).to_have_text([*(one.study for one in studies), "no such thing"])
    assert sent == [], "nothing is sent before it is asked for"

    page.get_by_role("button", name="Look them up").click()
    expect(page.get_by_role("heading", name="of 2 studies")).to_be_visible()
    assert page.locator("#not-taken-rows td").all_inner_texts()[:2] == [
        "no such thing",
        "not found, or not yours to see",
    ]
    assert [one.url.endswith(f"{CHANGES}/preview") for one in sent] == [True]
    assert "Doe" not in (sent[0].post_data or "")
    assert target.series() == set()
    page.get_by_role("button", name="Put them in").click()
    newest = page.locator("[class*='st-key-change-']").first
    expect(newest.get_by_text("series put in")).to_be_visible()
    expect(newest.get_by_text("done", exact=True)).to_be_visible()
    assert {one.uid for one in studies} <= target.series()


def test_what_is_left_is_not_done_and_what_is_taken_out_is(
    visitors: Visitors, target: Target, studies: list[Series]
) -> None:
    page = opened(visitors, target)
    give(page, studies[0].study.encode(), "one.txt")
    expect(page.get_by_label("Column", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Look them up").click()
    page.get_by_role("button", name="Leave it").click()
    expect(page.locator("#drop")).to_be_visible()
    assert target.changes() == []
    give(page, studies[0].study.encode(), "one.txt")
    page.get_by_label("What to do").select_option(label="Take out")
    page.get_by_role("button", name="Look them up").click()
    expect(page.get_by_role("heading", name="Nothing of it is in the album.")).to_be_visible()
    expect(page.get_by_role("button", name="Take them out")).to_be_hidden()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04\x00\x00 a spreadsheet", "This is not a text file."),
        (b"", "There is no name in it."),
        (b"\r\n ;; \r\n", "There is no name in it."),
        (b"1" * 10_000_001, "A list is at most 10 MB large."),
    ],
    ids=["binary", "nothing", "separators", "large"],
)
def test_a_file_that_is_no_list_is_told(
    visitors: Visitors, target: Target, content: bytes, says: str
) -> None:
    page = opened(visitors, target)
    sent = asked(page)
    give(page, content)
    expect(page.locator("#wrong")).to_contain_text(says)
    expect(page.get_by_role("button", name="Look them up")).to_be_hidden()
    give(page, b"ACC 1")
    expect(page.locator("#wrong")).to_be_hidden()
    expect(page.get_by_text("1 name", exact=True)).to_be_visible()
    assert sent == []


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([f"{number}" for number in range(MOST_NAMED + 1)], "A list holds at most 50,000 names."),
        ([f"{number:064}" for number in range(20_000)], "This is too much at once"),
    ],
    ids=["many", "long"],
)
def test_more_than_the_service_takes_is_not_sent(
    visitors: Visitors, target: Target, names: list[str], says: str
) -> None:
    page = opened(visitors, target)
    give(page, "\n".join(names).encode())
    expect(page.locator("#found")).to_contain_text(says)
    expect(page.get_by_role("button", name="Look them up")).to_be_disabled()


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("é;1,5\rx;2".encode("latin-1"), [["é", "1,5"], ["x", "2"]]),
        (b"sep=;\r\na,b;c\n", [["a,b", "c"]]),
        (b'a\t"b\tc"\n\n"d ""e"""\tf', [["a", "b\tc"], ['d "e"', "f"]]),
        (b'"never closed\nx', [['"never closed'], ["x"]]),
        (b'"a;b";c;d,e\n', [["a;b", "c", "d,e"]]),
        (b'"' + b'""' * 1_000_000 + b'"', [['"' * 1_000_000]]),
    ],
)
def test_tables_are_read_as_programs_write_them(
    visitors: Visitors, target: Target, content: bytes, rows: list[list[str]]
) -> None:
    page = opened(visitors, target)
    read = page.evaluate(
        """async (written) => {
          const bytes = Uint8Array.from(atob(written), (one) => one.charCodeAt(0));
          const { rowsOf, textOf } = await import("/upload/reading.js");
          return rowsOf((await textOf(new File([bytes], "list"))).text);
        }""",
        b64encode(content).decode(),
    )
    assert read == rows


def test_who_may_not_change_the_contents_is_told_so(visitors: Visitors, target: Target) -> None:
    target.give("member-a", "view")
    page = opened(visitors, target, "member-a")
    expect(page.get_by_role("heading", name="You may not change what is in this album")).to_be_visible()
    expect(page.locator("#pick")).to_be_hidden()
    page = opened(visitors, target, "stranger")
    expect(page.get_by_role("heading", name="There is nothing here that you can see")).to_be_visible()
    assert target.title not in page.locator("body").inner_text()


def test_what_one_may_not_see_looks_as_if_it_did_not_exist(
    visitors: Visitors, target: Target, studies: list[Series]
) -> None:
    target.give("stranger", "view", "upload")
    page = opened(visitors, target, "stranger")
    give(page, f"{studies[0].study}\n1.2.3.4.5".encode())
    page.get_by_role("button", name="Look them up").click()
    expect(page.get_by_role("heading", name="Nothing of it can be put in.")).to_be_visible()
    cells = page.locator("#not-taken-rows tr").all()
    assert {row.locator("td").nth(1).inner_text() for row in cells} == {"not found, or not yours to see"}
    expect(page.get_by_role("button", name="Put them in")).to_be_hidden()


def test_in_french_on_a_narrow_screen_markup_is_text(visitors: Visitors, target: Target) -> None:
    name = "<img src=x onerror=alert(1)>"
    page = opened(visitors, target, language="fr-CA", size=(800, 900))
    expect(portal.heading(page, f"Une liste dans un fichier\u00a0: {target.title}")).to_be_visible()
    give(page, f"{name},b\n{name},2".encode(), f"{name}.csv")
    expect(page.locator("#read-title")).to_have_text(f"{name}.csv")
    expect(page.get_by_label("Colonne", exact=True)).to_be_visible()
    page.get_by_role("button", name="Chercher").click()
    expect(page.get_by_role("heading", name="Rien de cela ne peut être ajouté.")).to_be_visible()
    expect(page.locator("#not-taken-rows td").first).to_have_text(name)
    expect(page.locator("main img")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
