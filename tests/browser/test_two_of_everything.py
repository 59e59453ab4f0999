"""Two of every kind of person: exactly what each sees, by API, DICOMweb and page, after each change."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from auth_service.vocabulary import Action
from tests.browser import portal
from tests.browser.crowd import (
    EVERYTHING,
    FORMER,
    GROUP,
    KINDS,
    NAMES,
    OWNER,
    PENDING,
    STRANGER,
    Crowd,
    crowd_of,
)
from tests.browser.newcomers import set_verified
from tests.browser.visitors import Visitors
from tests.integration.people import SignedIn
from tests.integration.truth import Series, Truth
from tests.waiting import eventually

pytestmark = pytest.mark.browser

WITHIN = 5.0
"""Seconds within which a change is in force everywhere."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What somebody is given."""

    albums: frozenset[str]
    contents: dict[str, frozenset[str]]
    qido: frozenset[str]
    found: frozenset[str]
    opened: frozenset[str]
    taken_away: frozenset[str]


@pytest.fixture(scope="module")
def crowd(stack: dict[str, Any], people: dict[str, SignedIn]) -> Iterator[Crowd]:
    with crowd_of(stack, people["pi-a"]) as made:
        yield made


@pytest.fixture(scope="module")
def series(truth: Truth) -> tuple[Series, Series, Series, Series]:
    """Three series of one study and one of another, all in one album of pi-a and in no other."""
    alone = truth.albums["head-ct"].difference(*(truth.albums[a] for a in truth.albums if a != "head-ct"))
    studies: dict[str, list[Series]] = {}
    for uid in sorted(alone):
        studies.setdefault(truth.series[uid].study, []).append(truth.series[uid])
    three, other = sorted(studies.values(), key=len, reverse=True)[:2]
    return three[0], three[1], three[2], other[0]


def seen_by(crowd: Crowd, who: str, wanted: tuple[Series, ...]) -> Seen:
    slugs = [album.slug for album in crowd.albums.values()]
    with crowd.people[who].client() as client:
        return Seen(
            albums=frozenset(one["slug"] for one in _json(client.get("/api/albums"))["items"]),
            contents={slug: _contents(client, slug) for slug in slugs},
            qido=frozenset(one["0020000E"]["Value"][0] for one in _json(client.get("/dicom-web/series"))),
            found=frozenset(
                one["MainDicomTags"]["SeriesInstanceUID"]
                for one in _json(
                    client.post("/orthanc/tools/find", json={"Level": "Series", "Query": {}, "Expand": True})
                )
            ),
            opened=frozenset(
                one.uid
                for one in wanted
                if _is_given(client, f"/dicom-web/studies/{one.study}/series/{one.uid}/metadata")
            ),
            taken_away=frozenset(
                one.uid for one in wanted if _is_given(client, f"/orthanc/series/{one.id}/archive")
            ),
        )


def _json(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    return [] if answer.status_code == httpx.codes.NO_CONTENT else answer.raise_for_status().json()


def _contents(client: httpx.Client, slug: str) -> frozenset[str]:
    answer = client.get(f"/api/albums/{slug}/series")
    if answer.status_code in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
        return frozenset()
    return frozenset(one["series"] for one in answer.raise_for_status().json()["items"])


def _is_given(client: httpx.Client, path: str) -> bool:
    with client.stream("GET", path) as answer:
        assert answer.status_code in (httpx.codes.OK, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND), path
        return answer.status_code == httpx.codes.OK


def should_see(crowd: Crowd, who: str) -> Seen:
    views = frozenset(crowd.may(who))
    return Seen(
        albums=frozenset(crowd.in_albums(who)),
        contents={
            album.slug: frozenset(album.series) if Action.VIEW in album.rights.get(who, ()) else frozenset()
            for album in crowd.albums.values()
        },
        qido=views,
        found=views,
        opened=views,
        taken_away=frozenset(crowd.may(who, Action.DOWNLOAD)),
    )


def check(crowd: Crowd, series: tuple[Series, ...]) -> None:
    """Ask everything as everybody, until it is as it should be for all."""

    def differs(who: str) -> Seen | None:
        seen = seen_by(crowd, who, series)
        return None if seen == should_see(crowd, who) else seen

    waiting = dict.fromkeys(crowd.people)

    def is_so() -> bool:
        with ThreadPoolExecutor(4) as pool:
            waiting.update(zip(waiting, pool.map(differs, list(waiting)), strict=True))
        for who in [who for who, seen in waiting.items() if seen is None]:
            del waiting[who]
        return not waiting

    try:
        eventually(is_so, within=WITHIN)
    except AssertionError:
        assert waiting == {who: should_see(crowd, who) for who in waiting}


def look(visitors: Visitors, crowd: Crowd, who: str, study: str, uids: set[str]) -> None:
    """Open the page of a study as somebody: its cards are the series that he may see, and no others."""
    page = replace(visitors, people=dict(crowd.people)).page(who)
    page.goto(f"{visitors.url}/portal/study?study={study}")
    seen = crowd.may(who) & uids
    if seen:
        cards = portal.series_cards(page)
        expect(cards).to_have_count(len(seen))
        assert portal.series_of(cards) == seen, who
    else:
        expect(portal.heading(page, "There is nothing here that you can see")).to_be_visible()
        assert not uids & set(re.findall(r"[0-9.]{20,}", page.content())), who
    page.context.close()


def test_everybody_sees_what_he_should_and_nothing_else_after_each_change(
    visitors: Visitors, stack: dict[str, Any], crowd: Crowd, series: tuple[Series, ...]
) -> None:
    one, two, three, other = (each.uid for each in series)
    study, of_study = series[0].study, {one, two, three}

    def everybody_looks(*kinds: str, at: tuple[str, ...] = NAMES) -> None:
        check(crowd, series)
        for who in (f"{kind}-{name}" for kind in kinds for name in at):
            look(visitors, crowd, who, study, of_study)

    check(crowd, series)
    crowd.put_in("x", one, two)
    crowd.put_in("y", two, three, other)
    everybody_looks(*KINDS, at=("x",))
    look(visitors, crowd, STRANGER, study, of_study)

    crowd.take_out("x", one)
    crowd.put_in("y", one)
    everybody_looks(OWNER, Action.VIEW)

    crowd.take_away("x", Action.VIEW)
    crowd.take_away("x", GROUP)
    crowd.take_away("y", OWNER)
    crowd.give("x", FORMER, Action.VIEW, Action.DOWNLOAD)
    everybody_looks(OWNER, Action.VIEW, GROUP, FORMER)

    who = f"{PENDING}-x"
    set_verified(stack, crowd.accounts[who], verified=True)
    crowd.sign_in(who)
    crowd.albums["x"].rights[who] = set(EVERYTHING)
    everybody_looks(PENDING, at=("x",))

    crowd.delete("y")
    everybody_looks(OWNER)
