"""Ask auth_service about the members of albums, in one person's name."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from portal.asking import Asker, read
from portal.members import (
    Candidates,
    Chosen,
    ImportReport,
    Matrix,
    Member,
    MemberList,
    PeopleInAlbum,
    Sees,
    Terms,
    Wish,
)

MOST_MEMBERS = 1000


class MembersAccount(Protocol):
    """What of auth_service is about members; a refusal is `Invalid`, with a sentence in the language."""

    def members(self, slug: str) -> MemberList:
        """List the members of an album, as its owner."""

    def candidates(self, slug: str, search: str, *, language: str) -> Candidates:
        """Find people and groups to invite."""

    def give(self, slug: str, wish: Wish, *, language: str) -> Member:
        """Give somebody rights, or invite an address."""

    def change_members(self, slug: str, chosen: Chosen, terms: Terms, *, language: str) -> MemberList:
        """Change several, all of them or none."""

    def remove_members(self, slug: str, chosen: Chosen, *, language: str) -> None:
        """Take the rights of several back, all of them or none."""

    def import_members(self, slug: str, table: str, *, dry_run: bool, language: str) -> ImportReport:
        """Give and change rights by a table."""

    def people_of(self, slug: str, *, limit: int, offset: int) -> PeopleInAlbum:
        """Say who can see an album and why, to its owner."""

    def my_members(self, *, limit: int, offset: int) -> Matrix:
        """Say who is in the person's albums."""

    def sees(self, sub: str) -> Sees:
        """Count what somebody may see, as an administrator."""


class HttpMembers(Asker):
    """The same over HTTP."""

    def members(self, slug: str) -> MemberList:
        """See `MembersAccount`."""
        return read(MemberList, self._ask("GET", _place(slug, "members"), params={"limit": MOST_MEMBERS}))

    def candidates(self, slug: str, search: str, *, language: str) -> Candidates:
        """See `MembersAccount`."""
        return read(
            Candidates,
            self._ask(
                "GET", _place(slug, "candidates"), params={"search": search}, headers=_spoken(language)
            ),
        )

    def give(self, slug: str, wish: Wish, *, language: str) -> Member:
        """See `MembersAccount`."""
        answer = self._ask("POST", _place(slug, "members"), json=wish.body, headers=_spoken(language))
        return read(Member, answer)

    def change_members(self, slug: str, chosen: Chosen, terms: Terms, *, language: str) -> MemberList:
        """See `MembersAccount`."""
        body = chosen.body | terms.body
        answer = self._ask("PATCH", _place(slug, "members"), json=body, headers=_spoken(language))
        return read(MemberList, answer)

    def remove_members(self, slug: str, chosen: Chosen, *, language: str) -> None:
        """See `MembersAccount`."""
        place = _place(slug, "members/remove")
        self._ask("POST", place, json=chosen.body, headers=_spoken(language))

    def import_members(self, slug: str, table: str, *, dry_run: bool, language: str) -> ImportReport:
        """See `MembersAccount`."""
        headers = {"Content-Type": "text/csv", **_spoken(language)}
        place, query = _place(slug, "members/import"), {"dry_run": "true" if dry_run else "false"}
        answer = self._ask("POST", place, params=query, content=table.encode(), headers=headers)
        return read(ImportReport, answer)

    def people_of(self, slug: str, *, limit: int, offset: int) -> PeopleInAlbum:
        """See `MembersAccount`."""
        page = {"limit": limit, "offset": offset}
        return read(PeopleInAlbum, self._ask("GET", _place(slug, "people"), params=page))

    def my_members(self, *, limit: int, offset: int) -> Matrix:
        """See `MembersAccount`."""
        page = {"limit": limit, "offset": offset}
        return read(Matrix, self._ask("GET", "/api/members", params=page))

    def sees(self, sub: str) -> Sees:
        """See `MembersAccount`."""
        return read(Sees, self._ask("GET", f"/api/people/{quote(sub, safe='')}/sees"))


def _place(slug: str, what: str) -> str:
    return f"/api/albums/{quote(slug, safe='')}/{what}"


def _spoken(language: str) -> Mapping[str, str]:
    return {"Accept-Language": language}
