"""Keycloak's directory in memory: the people and groups of a `FakeKeycloak`."""

from collections.abc import Callable, Iterable

from auth_service.directory import DirectoryPerson, Some, Standing, with_ancestors
from auth_service.errors import Unavailable
from auth_service.policy.model import Group
from tests.fakes.provider import FakeKeycloak, FakeUser


class FakeDirectory:
    def __init__(self, keycloak: FakeKeycloak) -> None:
        self._keycloak = keycloak

    def person(self, username: str) -> DirectoryPerson | None:
        self._answer()
        user = self._keycloak.users.get(username.casefold())
        if user is None:
            return None
        return DirectoryPerson(
            provider=self._keycloak.settings.provider,
            subject=user.sub,
            username=user.username,
            name=user.name,
            email=user.email,
        )

    def search(self, text: str, *, limit: int) -> list[DirectoryPerson]:
        self._answer()
        words = text.replace("*", "").replace('"', "").casefold().split()
        found = [
            self.person(name)
            for name, user in sorted(self._keycloak.users.items())
            if words and _hold(words, user.username, user.name, user.email)
        ]
        return [each for each in found if each is not None][:limit]

    def person_of_address(self, address: str) -> DirectoryPerson | None:
        self._answer()
        self._keycloak.calls.append("person_of_address")
        found = [user for user in self._keycloak.users.values() if user.email.lower() == address.lower()]
        if len(found) != 1 or not found[0].email_verified:
            return None
        return self.person(found[0].username)

    def search_groups(self, text: str, *, limit: int) -> list[Group]:
        self._answer()
        wanted = text.strip().casefold()
        found = (
            Group(id=group_id, path=path)
            for path, group_id in sorted(self._keycloak.groups.items())
            if wanted and wanted in path.rpartition("/")[2].casefold()
        )
        return list(found)[:limit]

    def standing(self, subject: str) -> Standing | None:
        self._answer()
        self._keycloak.calls.append("standing")
        for user in self._keycloak.users.values():
            if user.sub == subject and user.enabled:
                return Standing(
                    username=user.username,
                    name=user.name,
                    roles=frozenset(user.roles),
                    groups=self.groups_with_ancestors(user.groups),
                )
        return None

    def group(self, path: str) -> Group | None:
        self._answer()
        found = self._keycloak.groups.get(path)
        return Group(id=found, path=path) if found is not None else None

    def groups_with_ancestors(self, paths: Iterable[str]) -> frozenset[Group]:
        self._answer()
        wanted = {ancestor for path in paths for ancestor in with_ancestors(path)}
        found = (self.group(path) for path in wanted)
        return frozenset(group for group in found if group is not None)

    def has_role(self, name: str) -> bool:
        self._answer()
        return name in {"admin", "pi", "researcher"} or bool(self.people_of_role(name))

    def people_of_role(self, name: str) -> tuple[DirectoryPerson, ...]:
        return self._people(lambda user: name in user.roles)

    def people_of_group(self, group_id: str) -> tuple[DirectoryPerson, ...]:
        return self._people(
            lambda user: group_id in {group.id for group in self.groups_with_ancestors(user.groups)}
        )

    def some_of_role(self, name: str, *, most: int) -> Some:
        found = self.people_of_role(name)
        return Some(people=found[:most], complete=len(found) <= most)

    def some_of_group(self, group_id: str, *, most: int) -> Some:
        found = self.people_of_group(group_id)
        return Some(people=found[:most], complete=len(found) <= most)

    def colleagues(self, group_id: str) -> tuple[DirectoryPerson, ...]:
        return self.people_of_group(group_id)

    def _people(self, chosen: Callable[[FakeUser], bool]) -> tuple[DirectoryPerson, ...]:
        self._answer()
        found = (self.person(user.username) for user in self._keycloak.users.values() if chosen(user))
        return tuple(person for person in found if person is not None)

    def _answer(self) -> None:
        if self._keycloak.down or self._keycloak.directory_down:
            raise Unavailable("keycloak")


def _hold(words: Iterable[str], *fields: str) -> bool:
    return all(any(word in field.casefold() for field in fields) for word in words)
