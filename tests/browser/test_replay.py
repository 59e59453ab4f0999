"""The owner's own requests, sent again by everybody who should get nothing for them.

What his browser, OHIF, pyorthanc and dicomweb-client asked for is recorded, then sent by nobody, by others
who signed in, by tokens that ended or were narrowed, by a session that is over. What each must get is said
here by a few rules over the stack's albums; the detector (`tests/integration/leaks.py`) reads every byte.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect
from sqlalchemy import create_engine, text

from tests.browser import portal
from tests.browser.chromium import Outside
from tests.browser.ohif import Viewer
from tests.browser.visitors import Visitors
from tests.integration.leaks import Detector, Facts
from tests.integration.people import SignedIn, sign_in
from tests.integration.raw import Answer, send, somewhere
from tests.integration.recording import Record, Recorded, of_dicomweb_client, of_pyorthanc
from tests.integration.truth import Series, Truth
from tests.waiting import eventually

pytestmark = pytest.mark.browser

OWNER = "pi-a"
ALL_ACTIONS = ["view", "download"]

_WHOLE = re.compile(
    r"/dicom-web/studies/[^/]+(?:/series/[^/]+)?"
    r"|/orthanc/(?:studies|series)/[^/]+/(?:archive|media)|/orthanc/tools/create-[a-z-]+"
)
"""Files of more than one instance: who may only look does not get them."""
_ONE = re.compile(r"/dicom-web/studies/[^/]+/series/[^/]+/instances/[^/]+|/orthanc/instances/[^/]+/file")
"""One file: an image is taken away, what viewers draw over it is looked at."""
_DRAWN = frozenset({"SEG", "SR", "PR", "KO", "RTSTRUCT"})

_OPEN = frozenset({"/portal/_stcore/health", "/portal/_stcore/host-config"})
"""What Streamlit says of itself, the same to everybody."""
_PAGE = re.compile(r"/(?:portal|ohif)(?:/.*)?")
_DEAD = frozenset({HTTPStatus.UNAUTHORIZED})
_SIGN_IN = frozenset({HTTPStatus.FOUND, HTTPStatus.UNAUTHORIZED})
_NOTHING_EITHER_WAY = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.NOT_ACCEPTABLE})
"""Where the owner himself got nothing, others get that, or what is said of hidden things."""


@dataclass(frozen=True, kw_only=True)
class Attacker:
    """Somebody with a credential, or without, and what the stack's albums give him."""

    credential: tuple[tuple[str, str], ...] = ()
    alive: bool = False
    in_person: bool = False
    views: frozenset[str] = frozenset()
    downloads: frozenset[str] = frozenset()
    albums: frozenset[str] = frozenset()


Kinds = Mapping[str, Attacker]


@pytest.fixture(scope="module")
def wanted(truth: Truth) -> list[Series]:
    """A CT of each of the owner's albums and a segmentation, of the smallest studies."""
    in_study: Counter[str] = Counter()
    for one in truth.series.values():
        in_study[one.study] += len(one.instances)

    def smallest(slug: str, modality: str) -> Series:
        found = (truth.series[uid] for uid in truth.albums[slug])
        return min((one for one in found if one.modality == modality), key=lambda one: in_study[one.study])

    return [smallest("head-ct", "CT"), smallest("lung-phantom", "CT"), smallest("head-ct", "SEG")]


@pytest.fixture(scope="module")
def tokens(people: dict[str, SignedIn], stack: dict[str, Any]) -> Iterator[Callable[..., dict[str, str]]]:
    """Make tokens of the owner's, which end with the module."""
    made: list[str] = []
    with people[OWNER].client() as owner:

        def make(**narrowed: object) -> dict[str, str]:
            wanted = {"name": "replay", "actions": ALL_ACTIONS, "albums": None, **narrowed}
            answer = owner.post("/api/tokens", json=wanted)
            assert answer.status_code == HTTPStatus.CREATED, answer.text
            made.append(answer.json()["id"])
            return dict(answer.json())

        yield make
        for one in made:
            owner.delete(f"/api/tokens/{one}")


@pytest.fixture(scope="module")
def guests(
    browser: Browser, outside: Outside, stack: dict[str, Any], people: dict[str, SignedIn]
) -> Iterator[Visitors]:
    """Browsers for the whole module: the record is made once."""
    coming = Visitors(browser, stack["url"], outside, people)
    yield coming
    coming.leave()


@pytest.fixture(scope="module")
def record(
    guests: Visitors, truth: Truth, wanted: list[Series], tokens: Callable[..., dict[str, str]]
) -> Record:
    kept = Record(guests.url)
    of_browser(kept, guests, truth)
    token = tokens()["token"]
    of_dicomweb_client(kept, token, wanted)
    of_pyorthanc(kept, OWNER, token, wanted[:2])
    return kept


def of_browser(record: Record, visitors: Visitors, truth: Truth) -> None:
    """Open the pages of the portal, and the head CT in the viewer."""
    page = visitors.page(OWNER)
    page.context.on(
        "request",
        lambda asked: record.add("browser", asked.method, asked.url, asked.headers, asked.post_data_buffer),
    )
    page.on("websocket", lambda socket: record.add("browser", "GET", *_handshake(record, socket), None))
    look_around(page, visitors.url, truth)
    showcase = truth.manifest["special"]["showcase"]
    Viewer(page).open(visitors.url, showcase["study"])


def look_around(page: Page, url: str, truth: Truth) -> None:
    """Open each kind of page, and wait until it is drawn."""
    study = truth.manifest["special"]["showcase"]["study"]
    for address in ("albums", "album?album=head-ct", f"study?study={study}&album=head-ct", "me"):
        page.goto(f"{url}/portal/{address}")
        expect(page.get_by_role("heading").first).to_be_visible()
        expect(page.locator('[data-testid="stApp"]')).to_have_attribute(
            "data-test-script-state", "notRunning"
        )


def _handshake(record: Record, socket: WebSocket) -> tuple[str, dict[str, str]]:
    return socket.url.replace("ws://", "http://", 1), {
        "Upgrade": "websocket",
        "Origin": record.url,
        "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "streamlit",
    }


@pytest.fixture(scope="module")
def attackers(
    people: dict[str, SignedIn],
    stack: dict[str, Any],
    truth: Truth,
    port: int,
    tokens: Callable[..., dict[str, str]],
) -> Kinds:
    lung, head = truth.albums["lung-phantom"], truth.albums["head-ct"]
    expired, revoked = tokens(), tokens()
    expire(stack, expired["id"])
    with people[OWNER].client() as owner:
        assert owner.delete(f"/api/tokens/{revoked['id']}").status_code == HTTPStatus.NO_CONTENT
    kinds = {
        "owner": member(people, truth, OWNER),
        "nobody": Attacker(),
        "stranger": member(people, truth, "stranger"),
        "member of the other album": member(people, truth, "pi-b"),
        "member who may only view": member(people, truth, "member-a"),
        "ended session": Attacker(credential=(("Cookie", ended_session(stack).cookie),)),
        "expired token": Attacker(credential=bearer(expired)),
        "revoked token": Attacker(credential=bearer(revoked)),
        "token for another album": Attacker(
            credential=bearer(tokens(albums=["lung-phantom"])),
            alive=True,
            views=lung,
            downloads=lung,
            albums=frozenset({"lung-phantom"}),
        ),
        "token to view": Attacker(
            credential=bearer(tokens(actions=["view"])),
            alive=True,
            views=lung | head,
            albums=frozenset({"lung-phantom", "head-ct"}),
        ),
    }
    for kind in ("ended session", "expired token", "revoked token"):
        eventually(lambda kind=kind: ask(port, PROBE, kinds[kind]).status == HTTPStatus.UNAUTHORIZED)  # type: ignore[misc]
    return kinds


PROBE = Recorded(by="test", method="GET", target="/dicom-web/studies?limit=1")


def member(people: dict[str, SignedIn], truth: Truth, username: str) -> Attacker:
    return Attacker(
        credential=(("Cookie", people[username].cookie),),
        alive=True,
        in_person=True,
        views=truth.may(username),
        downloads=truth.may(username, "download"),
        albums=truth.albums_of(username),
    )


def bearer(token: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return (("Authorization", f"Bearer {token['token']}"),)


def expire(stack: dict[str, Any], token: str) -> None:
    """Let a token's last day be over: nobody can make one that ended before it began."""
    engine = create_engine(stack["internal"]["database"])
    with engine.begin() as database:
        database.execute(text("UPDATE api_tokens SET until = '2020-01-01' WHERE id = :id"), {"id": token})
    engine.dispose()


def ended_session(stack: dict[str, Any]) -> SignedIn:
    over = sign_in(stack, OWNER)
    with over.client() as own:
        current = next(one for one in own.get("/api/sessions").json()["items"] if one["current"])
        assert own.delete(f"/api/sessions/{current['id']}").status_code == HTTPStatus.NO_CONTENT
    return over


def ask(port: int, recorded: Recorded, attacker: Attacker) -> Answer:
    """Send the very same request with another credential: no other header differs.

    Bad credentials are slowed by address, which is tested elsewhere: each of these comes from one of its own.
    """
    headers = [*recorded.headers, *attacker.credential]
    if recorded.method == "POST" and not any(name.lower() == "origin" for name, _ in headers):
        headers.append(
            ("Origin", f"http://127.0.0.1:{port}")
        )  # what a page of ours would say: no help to him
    if any(name.lower() == "upgrade" for name, _ in headers):
        headers.append(("Connection", "Upgrade"))
    source = "127.0.0.1" if attacker.alive else somewhere()
    return send(
        port, recorded.method, recorded.target, headers, body=recorded.body, timeout=120, source=source
    )


def about_nothing(recorded: Recorded) -> Recorded:
    """Return the same request about what does not exist."""

    def absent(text: str) -> str:
        text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){4}", "-".join(["0badf00d"] * 5), text)
        text = re.sub(r"\b[0-9]+(?:\.[0-9]+){2,}", "2.25.999999999999999999999999", text)
        return re.sub(r"(/api/albums/)[^/?]+", r"\1no-such-album", text)

    return replace(recorded, target=absent(recorded.target), body=absent(recorded.body.decode()).encode())


class Expected:
    """What each must get, by rules over the albums: nothing here asks the code that decides."""

    def __init__(self, truth: Truth) -> None:
        self._series: dict[str, set[str]] = {}
        self._modality = {one.uid: one.modality for one in truth.series.values()}
        for one in truth.series.values():
            for name in (one.study, one.study_id, one.uid, one.id):
                self._series.setdefault(name, set()).add(one.uid)
            for image in one.instances:
                self._series[image.uid] = self._series[image.id] = {one.uid}

    def statuses(self, recorded: Recorded, attacker: Attacker, owners: int) -> frozenset[int]:
        """Return what may come back: one status, or what is nothing either way."""
        if recorded.path in _OPEN:
            return frozenset({owners})
        if _PAGE.fullmatch(recorded.path):
            return frozenset({owners}) if attacker.in_person else _SIGN_IN
        if not attacker.alive:
            return _DEAD | (frozenset({owners}) & _NOTHING_EITHER_WAY)
        if recorded.path.startswith("/api/"):
            return self._of_api(recorded, attacker, owners)
        return self._of_data(recorded, attacker, owners)

    def hides(self, recorded: Recorded, attacker: Attacker) -> bool:
        """Say whether all that a request names is hidden from somebody who signed in."""
        about = self._about(recorded)
        return attacker.alive and about is not None and not about & attacker.views

    def _of_data(self, recorded: Recorded, attacker: Attacker, owners: int) -> frozenset[int]:
        nothing = frozenset({owners}) & _NOTHING_EITHER_WAY
        about = self._about(recorded)
        if owners == HTTPStatus.NOT_FOUND and not attacker.in_person:
            # Of what only administrators may, a program is told that it takes a person, there or not.
            return frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN})
        if about is None:
            return frozenset({owners})
        seen = about & attacker.views
        if not seen or ("create-" in recorded.path and not about <= attacker.views):
            return frozenset({HTTPStatus.NOT_FOUND}) | nothing
        if self._takes_away(recorded, seen) and not about & attacker.downloads:
            return frozenset({HTTPStatus.FORBIDDEN}) | nothing
        return frozenset({owners})

    def _of_api(self, recorded: Recorded, attacker: Attacker, owners: int) -> frozenset[int]:
        named = re.match(r"/api/(?:albums|series)/([^/?]+)", recorded.path)
        if named and named[1] not in attacker.albums | attacker.views:
            return frozenset({HTTPStatus.NOT_FOUND})
        if re.match(r"/api/(?:sessions|tokens)", recorded.path) and not attacker.in_person:
            return frozenset({HTTPStatus.FORBIDDEN})
        if recorded.path.endswith("/members") and not attacker.in_person:
            return frozenset({owners, HTTPStatus.FORBIDDEN})
        return frozenset({owners})

    def _about(self, recorded: Recorded) -> set[str] | None:
        """Return the series that a request names where it asks for them; ``None``: it searches everything."""
        where = recorded.path
        if where == "/orthanc/wado":
            where = recorded.target
        elif "create-" in where:
            where += recorded.body.decode()
        words = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){4}|[0-9]+(?:\.[0-9]+){2,}", where)
        named = [self._series[word] for word in words if word in self._series]
        if not named:
            return set() if words else None
        return set.union(*named) if "create-" in where else set.intersection(*named)

    def _takes_away(self, recorded: Recorded, seen: set[str]) -> bool:
        if _WHOLE.fullmatch(recorded.path):
            return True
        return bool(_ONE.fullmatch(recorded.path)) and not {self._modality[uid] for uid in seen} <= _DRAWN


@pytest.fixture(scope="module")
def owners(record: Record, attackers: Kinds, port: int) -> dict[Recorded, int]:
    """The status that the owner himself gets for each of his requests."""
    return {one: ask(port, one, attackers["owner"]).status for one in record.requests}


def test_the_owner_gets_what_he_asked_for_often_enough_that_refusals_mean_something(
    owners: dict[Recorded, int],
) -> None:
    by_tool: Counter[tuple[str, int]] = Counter((one.by, status) for one, status in owners.items())
    for (tool, status), count in sorted(by_tool.items()):
        print(f"{count:>5}  {status}  {tool}")  # noqa: T201 - what -s is for
    fine = sum(count for (_, status), count in by_tool.items() if status == HTTPStatus.OK)
    print(f"{fine} of {len(owners)} recorded requests are 200 for the owner")  # noqa: T201
    assert {tool for tool, _ in by_tool} == {"browser", "dicomweb-client", "pyorthanc"}
    assert max(by_tool.values()) > 0
    assert fine >= 0.3 * len(owners)


@pytest.mark.parametrize(
    "kind",
    [
        "owner",
        "nobody",
        "stranger",
        "member of the other album",
        "member who may only view",
        "ended session",
        "expired token",
        "revoked token",
        "token for another album",
        "token to view",
    ],
)
def test_a_replayed_request_gets_what_the_albums_give_and_not_a_byte_more(
    kind: str, attackers: Kinds, owners: dict[Recorded, int], facts: Facts, port: int
) -> None:
    attacker, expected = attackers[kind], Expected(facts.truth)
    detector = facts.detector(attacker.views, attacker.albums)
    statuses: Counter[int] = Counter()
    wrong: list[object] = []
    for one, owners_status in owners.items():
        answer = ask(port, one, attacker)
        statuses[answer.status] += 1
        allowed = expected.statuses(one, attacker, owners_status)
        if answer.status not in allowed:
            wrong.append((answer.status, sorted(allowed), one))
        if found := detector.leaks(answer, one.said):
            wrong.append((found, one))
        if answer.status == HTTPStatus.NOT_FOUND and expected.hides(one, attacker):
            absent = ask(port, about_nothing(one), attacker)
            if (absent.status, absent.body, absent.stable_headers) != (
                404,
                answer.body,
                answer.stable_headers,
            ):
                wrong.append(("hidden differs from missing", one, answer, absent))
    print(f"{kind}: {dict(sorted(statuses.items()))}")  # noqa: T201 - what -s is for
    assert wrong == []


@pytest.mark.parametrize("username", ["stranger", "pi-b"])
def test_the_owners_pages_tell_another_nothing_over_the_websocket_either(
    username: str, visitors: Visitors, facts: Facts, truth: Truth
) -> None:
    page = visitors.page(username)
    said: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on(
            "framereceived", lambda frame: said.append(frame if isinstance(frame, bytes) else frame.encode())
        )

    page.on("websocket", listen)
    look_around(page, visitors.url, truth)
    detector: Detector = facts.hidden_from(username)
    asked = f"{truth.manifest['special']['showcase']['study']} head-ct album-head-ct".encode()
    found = {fact for one in said for fact in detector.found_in(one)} - set(detector.found_in(asked))
    assert said
    assert found == set()
    assert portal.path(page).startswith("/portal/")
