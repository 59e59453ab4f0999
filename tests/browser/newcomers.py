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


@contextmanager
def newcomer_of(stack: Mapping[str, Any]) -> Iterator[Newcomer]:
    """Make somebody in the stack's Keycloak, and delete the account afterwards."""
    keycloak = stack["internal"]["keycloak"]
    somebody = Newcomer(username=f"newcomer-{secrets.token_hex(4)}", password=secrets.token_urlsafe(12))
    with _Admin(keycloak["url"], keycloak["realm"], keycloak["admin"]["password"]) as admin:
        account = Account(somebody.username, "New", "Comer", "researcher")
        key = admin.user(account, somebody.password)
        admin.grant(key, admin.role(account.role))
    yield somebody
    # Signed in anew: an administrator's token lives for a minute only.
    with _Admin(keycloak["url"], keycloak["realm"], keycloak["admin"]["password"]) as admin:
        admin._client.delete(f"{admin._realm_url}/users/{key}").raise_for_status()
