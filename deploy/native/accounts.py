"""The demo's people: made through Keycloak's admin API, in no file that a real site would import.

Made that way (and not by the realm import) they get the realm's default roles as real people do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import httpx

from deploy.native.credentials import KEYCLOAK_ADMIN
from deploy.native.errors import CannotGoOn

_TIMEOUT = 30.0
_CONFLICT = 409


@dataclass(frozen=True)
class Account:
    """One demo person."""

    username: str
    first_name: str
    last_name: str
    role: str
    groups: tuple[str, ...] = ()


GROUPS = ("/radiology", "/radiology/chest", "/oncology")
"""Demo groups, parents first."""

ACCOUNTS = (
    Account("admin", "Admin", "Demo", "admin"),
    Account("pi-a", "PI A", "Demo", "pi", ("/radiology",)),
    Account("member-a", "Member A", "Demo", "researcher", ("/radiology/chest",)),
    Account("pi-b", "PI B", "Demo", "pi", ("/oncology",)),
    Account("member-b", "Member B", "Demo", "researcher", ("/oncology",)),
    Account("stranger", "Stranger", "Demo", "researcher"),
)
NAMES = tuple(account.username for account in ACCOUNTS)


def make(*, keycloak_url: str, realm: str, admin_password: str, passwords: dict[str, str]) -> None:
    """Make the demo groups and people, or bring those that exist to what is wanted.

    Parameters
    ----------
    keycloak_url : str
        Keycloak's own address, with its path.
    passwords : dict
        Password per user name.
    """
    try:
        with _Admin(keycloak_url, realm, admin_password) as admin:
            groups = {path: admin.group(path) for path in GROUPS}
            roles = {role: admin.role(role) for role in {account.role for account in ACCOUNTS}}
            for account in ACCOUNTS:
                user = admin.user(account, passwords[account.username])
                admin.grant(user, roles[account.role])
                for path in account.groups:
                    admin.join(user, groups[path])
    except httpx.HTTPError as error:
        raise CannotGoOn(
            f"The demo accounts could not be made in Keycloak ({error}).", "See keycloak.log, then try again."
        ) from error


class _Admin:
    """The few calls of Keycloak's admin API that are needed, each of them repeatable."""

    def __init__(self, keycloak_url: str, realm: str, password: str) -> None:
        self._client = httpx.Client(trust_env=False, timeout=_TIMEOUT)
        self._password = password
        self._keycloak_url = keycloak_url
        self._realm_url = f"{keycloak_url}/admin/realms/{realm}"

    def __enter__(self) -> Self:
        answer = self._client.post(
            f"{self._keycloak_url}/realms/master/protocol/openid-connect/token",
            data={
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": KEYCLOAK_ADMIN,
                "password": self._password,
            },
        )
        answer.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        answer = self._client.get(self._realm_url + path, params=parameters)
        answer.raise_for_status()
        return answer.json()

    def _make(self, path: str, body: dict[str, Any], find: Callable[[], str | None]) -> str:
        """Post unless it is there; return its id."""
        found = find()
        if found is None:
            answer = self._client.post(self._realm_url + path, json=body)
            if answer.status_code != _CONFLICT:
                answer.raise_for_status()
            found = find()
        if found is None:
            raise CannotGoOn(f"Keycloak did not keep {body}.", "See keycloak.log.")
        return found

    def group(self, path: str) -> str:
        """Return the id of a group, made if missing; its parent exists."""
        parent, _, name = path.rpartition("/")
        above = f"/groups/{self.group(parent)}/children" if parent else "/groups"

        def find() -> str | None:
            rows = self._get(above, briefRepresentation="true", max="1000")
            return next((str(row["id"]) for row in rows if row["name"] == name), None)

        return self._make(above, {"name": name}, find)

    def role(self, name: str) -> dict[str, Any]:
        """Return a realm role."""
        return dict(self._get(f"/roles/{name}"))

    def user(self, account: Account, password: str) -> str:
        """Return the id of a person, made if missing, with the password that is wanted."""

        def find() -> str | None:
            rows = self._get("/users", username=account.username, exact="true")
            return str(rows[0]["id"]) if rows else None

        body = {
            "username": account.username,
            "enabled": True,
            "email": f"{account.username}@example.org",
            "emailVerified": True,
            "firstName": account.first_name,
            "lastName": account.last_name,
            "credentials": [{"type": "password", "value": password, "temporary": False}],
        }
        return self._make("/users", body, find)

    def grant(self, user: str, role: dict[str, Any]) -> None:
        """Give a person a realm role."""
        path = f"{self._realm_url}/users/{user}/role-mappings/realm"
        self._client.post(path, json=[role]).raise_for_status()

    def join(self, user: str, group: str) -> None:
        """Put a person into a group."""
        self._client.put(f"{self._realm_url}/users/{user}/groups/{group}").raise_for_status()
