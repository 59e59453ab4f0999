"""What the tests of signing in and out look at."""

import re
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from sqlalchemy import select

from auth_service.store.tables import AuditRecord
from tests.fakes.signin import SigninWorld


def cookies_set(answer: httpx.Response) -> dict[str, Any]:
    jar: dict[str, Any] = {}
    for line in answer.headers.get_list("set-cookie"):
        jar.update(SimpleCookie(line))
    return jar


def events(world: SigninWorld) -> list[tuple[str, str | None]]:
    with world.store.read() as tx:
        query = select(AuditRecord.event, AuditRecord.reason).order_by(AuditRecord.id)
        return [(event, reason) for event, reason in tx.execute(query)]


def heading(answer: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    assert found, answer.text
    return found[1].replace("&#39;", "'")


def with_changed(address: str, **changes: str | None) -> str:
    """The same callback with some parameters changed, or left out."""
    parts = urlsplit(address)
    values: dict[str, str | None] = {name: value[0] for name, value in parse_qs(parts.query).items()}
    values.update(changes)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items() if value is not None)
    return f"{parts.path}?{query}"


def forged(**claims: object) -> Callable[[dict[str, Any]], None]:
    def change(token: dict[str, Any]) -> None:
        for name, value in claims.items():
            if value is None:
                token.pop(name, None)
            else:
                token[name] = value

    return change
