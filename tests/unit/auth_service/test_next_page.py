"""Where a sign-in may lead: our own pages, byte for byte, and nothing else."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.http.next_page import HOME, LONGEST, next_page, own_page

HOSTILE = Path(__file__).parents[2] / "http/hostile_next.txt"

OWN = [
    "/",
    "/portal/",
    "/portal/album?slug=head-ct&sort=-changed&offset=20",
    "/portal/study?study=1.2.826.0.1&series=1.2.3&x=a%20b%2Fc%26d&x=2&empty=&flag",
    "/portal/albums?search=t%C3%AAte+ct&tags=[a|b]&json={%22a%22:1}",
    "/ohif/viewer?StudyInstanceUIDs=1.2.3,4.5.6&hangingprotocolId=@ohif/mnGrid",
    "/portal/?next=https://elsewhere.example/",
    "/portal/?back=//elsewhere.example",
    "/portal/?path=../../x",
    "/dicom-web/studies/1.2.3/series/4.5.6/thumbnail?viewport=200,200",
    "/authors",
    "/portal/auth",
    "/portal/a.b/~c/d-e_f",
    "/portal/...",
]


def hostile() -> list[str]:
    lines = HOSTILE.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 50
    # Written as in Python, where not plain: a control character cannot stand in a list that people read.
    return [
        line.encode("latin-1", "backslashreplace").decode("unicode_escape")
        for line in lines
        if line and not line.startswith("# ")
    ]


@pytest.mark.parametrize("value", hostile(), ids=ascii)
def test_hostile_address_is_no_page_of_ours(value: str) -> None:
    assert own_page(value) is None


@pytest.mark.parametrize("value", hostile(), ids=ascii)
def test_hostile_address_leads_home_whichever_way_it_comes(value: str) -> None:
    assert next_page(f"next={quote(value, safe='')}", None) == HOME
    assert next_page("", value) == HOME


@pytest.mark.parametrize("value", OWN)
def test_own_page_is_kept_byte_for_byte(value: str) -> None:
    assert own_page(value) == value
    assert next_page(f"lang=fr&next={quote(value, safe='')}", None) == value
    assert next_page("lang=fr", value) == value


def test_two_addresses_are_none() -> None:
    assert next_page("next=%2Fportal%2Fa&next=%2Fportal%2Fb", None) == HOME


def test_none_leads_home() -> None:
    assert next_page("", None) == HOME
    assert next_page("next=", None) == HOME


def test_length_is_limited() -> None:
    assert own_page("/" + "a" * (LONGEST - 1)) is not None
    assert own_page("/" + "a" * LONGEST) is None


@given(st.text(alphabet="/\\.%25cfF#?@:;aAuthe \t\n\x00é=&", max_size=30))
def test_whatever_is_kept_is_a_path_of_this_host(value: str) -> None:
    kept = own_page(f"/{value}")
    if kept is not None:
        path = kept.partition("?")[0]
        assert kept.isascii()
        assert kept.isprintable()
        assert " " not in kept
        assert "//" not in path
        assert "\\" not in kept
        assert "#" not in kept
        assert not path.casefold().startswith("/auth/")
        assert {"..", "."}.isdisjoint(path.split("/"))
