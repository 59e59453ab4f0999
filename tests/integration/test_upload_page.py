"""The page from which people upload, at the real gate: for somebody only, and nothing beside it is served."""

import pytest

from tests.integration.people import SignedIn
from tests.integration.raw import send

pytestmark = pytest.mark.stack

PAGE = "/upload/?album=head-ct"


def cookie(person: SignedIn) -> list[tuple[str, str]]:
    return list(person.headers.items())


def test_without_a_session_one_signs_in_first(port: int, bearer: str) -> None:
    for headers in ([], [("Authorization", f"Bearer {bearer}")]):
        answer = send(port, "GET", PAGE, headers)
        assert answer.status == 302
        assert "/protocol/openid-connect/auth" in answer.headers["location"]
        assert b"page.js" not in answer.body


def test_somebody_gets_it_with_a_policy_that_allows_nothing_foreign(
    port: int, people: dict[str, SignedIn]
) -> None:
    answer = send(port, "GET", PAGE, cookie(people["stranger"]))
    assert answer.status == 200
    assert b"/upload/page.js" in answer.body
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_of_lists_is_for_somebody_too(port: int, people: dict[str, SignedIn]) -> None:
    page = "/upload/list.html?album=head-ct"
    answer = send(port, "GET", page)
    assert answer.status == 302
    assert b"list.js" not in answer.body
    answer = send(port, "GET", page, cookie(people["stranger"]))
    assert answer.status == 200
    assert b"/upload/list.js" in answer.body
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert send(port, "POST", page, cookie(people["pi-a"])).status == 404


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/upload/page.js", "application/javascript"),
        ("/upload/upload.css", "text/css"),
        ("/upload/mark.svg", "image/svg+xml"),
        ("/upload/words/fr.json", "application/json"),
    ],
)
def test_its_files_are_the_same_for_everybody(port: int, path: str, kind: str) -> None:
    answer = send(port, "GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/upload/index.html",
        "/upload/list",
        "/upload/list.html/",
        "/upload/lis%74.html?album=head-ct",
        "/upload/words/",
        "/upload/words",
        "/upload/none.js",
        "/upload//page.js",
        "/upload/%70age.js",
        "/upload/words/../page.js",
        "/upload/words/..%2f..%2fpyproject.toml",
        "/upload/../README.md",
        "/%75pload/?album=head-ct",
    ],
)
def test_nothing_else_is_there(port: int, people: dict[str, SignedIn], path: str) -> None:
    assert send(port, "GET", path, cookie(people["pi-a"])).status == 404


def test_nothing_can_be_sent_to_it(port: int, people: dict[str, SignedIn]) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert send(port, method, "/upload/page.js", cookie(people["pi-a"])).status == 404
        assert send(port, method, PAGE, cookie(people["pi-a"])).status == 404
