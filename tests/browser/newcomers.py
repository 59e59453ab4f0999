"""People who come for the first time: made in Keycloak for one test, gone after it."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deploy.native.accounts import Account, _Admin


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """Somebody with a user name and a password."""

    username: str
    password: str

    @property
    def address(self) -> str:
        """His e-mail address, which Keycloak holds for his."""
        return f"{self.username}@example.org"


@contextmanager
def newcomer_of(stack: Mapping[str, Any]) -> Iterator[Newcomer]:
    """Make somebody in the stack's Keycloak, and delete the account afterwards."""
    with newcomers_of(stack, {"newcomer": ()}) as made:
        yield made["newcomer"]


@contextmanager
def newcomers_of(
    stack: Mapping[str, Any], wanted: Mapping[str, tuple[str, ...]]
) -> Iterator[dict[str, Newcomer]]:
    """Make people in the stack's Keycloak, and delete the accounts afterwards.

    Parameters
    ----------
    stack : Mapping
        The content of ``stack.json``.
    wanted : Mapping
        For each of them, by what the test calls him: paths of his groups.

    """
    mark = secrets.token_hex(4)
    made = {name: Newcomer(username=f"{name}-{mark}", password=secrets.token_urlsafe(12)) for name in wanted}
    keys = []
    with _admin(stack) as admin:
        for name, groups in wanted.items():
            account = Account(made[name].username, "New", "Comer", "researcher")
            keys.append(admin.user(account, made[name].password))
            admin.grant(keys[-1], admin.role(account.role))
            for path in groups:
                admin.join(keys[-1], admin.group(path))
    yield made
    # Signed in anew: an administrator's token lives for a minute only.
    with _admin(stack) as admin:
        for key in keys:
            admin._client.delete(f"{admin._realm_url}/users/{key}").raise_for_status()


def set_verified(stack: Mapping[str, Any], somebody: Newcomer, *, verified: bool) -> None:
    """Have Keycloak hold an address for somebody's, or not."""
    with _admin(stack) as admin:
        rows = admin._get("/users", username=somebody.username, exact="true")
        body = {**rows[0], "emailVerified": verified}
        admin._client.put(f"{admin._realm_url}/users/{rows[0]['id']}", json=body).raise_for_status()


def _admin(stack: Mapping[str, Any]) -> _Admin:
    keycloak = stack["internal"]["keycloak"]
    return _Admin(keycloak["url"], keycloak["realm"], keycloak["admin"]["password"])
