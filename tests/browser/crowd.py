"""Two albums, and in each somebody of every kind: what each of them should see, by the naive model."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx
from sqlalchemy import create_engine, update

from auth_service.store.tables import Member
from auth_service.vocabulary import MEMBER_ACTIONS, Action
from tests.browser.newcomers import Newcomer, newcomers_of, set_verified
from tests.integration.people import SignedIn, sign_in
from tests.waiting import eventually

OWNER, ENDED, GROUP, FORMER, PENDING, STRANGER = "owner", "ended", "group", "former", "pending", "stranger"
EVERYTHING = tuple(sorted(action.value for action in MEMBER_ACTIONS))
KINDS = (OWNER, *EVERYTHING, ENDED, GROUP, FORMER, PENDING)
"""Who there is in each album: an owner, one for each right by itself, and those whose rights are special."""

NAMES = ("x", "y")
GROUPS = {"x": "/radiology/chest", "y": "/oncology"}


@dataclass
class Album:
    """What an album should be: its series, and the rights of those who have any."""

    name: str
    slug: str
    series: set[str] = field(default_factory=set)
    rights: dict[str, set[str]] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)
    """Their numbers, to change them."""


@dataclass(frozen=True)
class Crowd:
    """Everybody, signed in, and the albums as they should be."""

    stack: Mapping[str, Any]
    giver: SignedIn
    people: dict[str, SignedIn]
    accounts: Mapping[str, Newcomer]
    albums: dict[str, Album]

    def sign_in(self, *names: str) -> None:
        """Have some sign in, a few at a time: Keycloak takes its time for each password."""
        known = {each.username: {"password": each.password} for each in self.accounts.values()}

        def one(name: str) -> SignedIn:
            return sign_in({**self.stack, "accounts": known}, self.accounts[name].username)

        with ThreadPoolExecutor(4) as pool:
            self.people.update(zip(names, pool.map(one, names), strict=True))

    def may(self, who: str, action: Action = Action.VIEW) -> set[str]:
        """Return the series that somebody may do this to."""
        return {
            uid
            for album in self.albums.values()
            if action in album.rights.get(who, ())
            for uid in album.series
        }

    def in_albums(self, who: str) -> set[str]:
        """Return the slugs of the albums that somebody is in."""
        return {album.slug for album in self.albums.values() if album.rights.get(who)}

    def give(
        self,
        name: str,
        kind: str,
        *actions: str,
        subject: Mapping[str, str] | None = None,
        role: str = "member",
        until: date | None = None,
    ) -> None:
        """Give somebody rights in an album; `Album.rights` say what they should come to."""
        who, album = f"{kind}-{name}", self.albums[name]
        body = {
            "subject": subject or {"user": self.accounts[who].username},
            "role": role,
            "actions": actions,
            "until": until.isoformat() if until else None,
        }
        album.members[who] = self._post(f"/api/albums/{album.slug}/members", body)["id"]
        album.rights[who] = set(EVERYTHING) if role == OWNER else set(actions)

    def take_away(self, name: str, kind: str) -> None:
        """End a membership."""
        who, album = f"{kind}-{name}", self.albums[name]
        with self.giver.client() as client:
            client.delete(f"/api/albums/{album.slug}/members/{album.members.pop(who)}").raise_for_status()
        del album.rights[who]

    def put_in(self, name: str, *series: str) -> None:
        """Put series into an album."""
        self._change(self.albums[name], "add", series)
        self.albums[name].series |= set(series)

    def take_out(self, name: str, *series: str) -> None:
        """Take series out of an album."""
        self._change(self.albums[name], "remove", series)
        self.albums[name].series -= set(series)

    def delete(self, name: str) -> None:
        """Delete an album; it stays in the model as one that is empty, and nobody's."""
        album = self.albums[name]
        with self.giver.client() as client:
            answer = client.delete(f"/api/albums/{album.slug}", params={"confirm": album.slug})
            self._wait_for(answer.raise_for_status().json()["change"])
        self.albums[name] = Album(name=name, slug=album.slug)

    def _post(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        with self.giver.client() as client:
            return client.post(path, json=body).raise_for_status().json()

    def _change(self, album: Album, verb: str, series: tuple[str, ...]) -> None:
        body = {verb: {"series": series}}
        self._wait_for(self._post(f"/api/albums/{album.slug}/changes", body)["id"])

    def _wait_for(self, change: str) -> None:
        def is_over(client: httpx.Client) -> bool:
            answer = client.get(f"/api/changes/{change}")
            # Nobody reads what became of an album that is deleted.
            return answer.status_code == httpx.codes.NOT_FOUND or answer.json()["finished"] is not None

        with self.giver.client() as client:
            eventually(lambda: is_over(client))


@contextmanager
def crowd_of(stack: Mapping[str, Any], giver: SignedIn) -> Iterator[Crowd]:
    """Make both albums, still empty, and everybody with the rights of his kind; and take all away again."""
    wanted = {f"{kind}-{name}": (GROUPS[name],) if kind == GROUP else () for name in NAMES for kind in KINDS}
    with newcomers_of(stack, {**wanted, STRANGER: ()}) as accounts, giver.client() as client:
        for name in NAMES:
            set_verified(stack, accounts[f"{PENDING}-{name}"], verified=False)
        made = {name: client.post("/api/albums", json={"title": f"Album {name}"}).json() for name in NAMES}
        albums = {name: Album(name=name, slug=found["slug"]) for name, found in made.items()}
        crowd = Crowd(stack=stack, giver=giver, people={}, accounts=accounts, albums=albums)
        try:
            crowd.sign_in(*accounts)
            for name in NAMES:
                _fill(crowd, name)
            _let_end(crowd)
            yield crowd
        finally:
            for album in crowd.albums.values():
                client.delete(f"/api/albums/{album.slug}", params={"confirm": album.slug})


def _fill(crowd: Crowd, name: str) -> None:
    crowd.give(name, OWNER, role=OWNER)
    for action in EVERYTHING:
        crowd.give(name, action, action)
    crowd.give(name, ENDED, *EVERYTHING, until=date.today() + timedelta(days=1))  # noqa: DTZ011 - it is moved
    crowd.give(name, GROUP, Action.VIEW.value, subject={"group": GROUPS[name]})
    crowd.give(name, FORMER, *EVERYTHING)
    crowd.take_away(name, FORMER)
    crowd.give(name, PENDING, *EVERYTHING, subject={"email": crowd.accounts[f"{PENDING}-{name}"].address})
    crowd.albums[name].rights[f"{PENDING}-{name}"] = set()


def _let_end(crowd: Crowd) -> None:
    """Move the last day of some into the past, as nobody may ask for it and no test can wait for it."""
    ended = [album.members[f"{ENDED}-{name}"] for name, album in crowd.albums.items()]
    engine = create_engine(crowd.stack["internal"]["database"])
    with engine.begin() as connection:
        past = date.today() - timedelta(days=2)  # noqa: DTZ011 - past in every time zone
        done = connection.execute(update(Member).where(Member.id.in_(ended)).values(until=past))
    engine.dispose()
    assert done.rowcount == len(ended)
    for name, album in crowd.albums.items():
        album.rights[f"{ENDED}-{name}"] = set()
