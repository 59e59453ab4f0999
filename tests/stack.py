"""One real stack for ``tests/integration`` and ``tests/browser``: fresh data, downloads from the cache."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.native import samples
from deploy.native.credentials import load_or_make
from deploy.native.paths import REPOSITORY
from deploy.native.stack import Stack
from tests.integration.leaks import Facts
from tests.integration.people import SignedIn, sign_in
from tests.integration.truth import Truth

DICOM_PEERS = Path(__file__).parent / "integration/dicom-peers.jsonc"
"""Who may send to it by DICOM."""

ACCOUNTS = ("admin", "pi-a", "member-a", "pi-b", "member-b", "stranger")


@pytest.fixture(scope="session")
def native_stack() -> Iterator[Stack]:
    """Start a stack of the tests' own, and delete it afterwards.

    ``PARADIM_TEST_STACK=demo`` takes one that runs already, for work on the tests themselves.
    """
    running = os.environ.get("PARADIM_TEST_STACK")  # noqa: TID251 - a developer's switch, not a setting
    if running:
        yield Stack(name=running)
        return
    stack = Stack(Path(REPOSITORY, "var", "test"), "test", say=print)
    stack.reset()
    try:
        stack.up(dicom_peers=DICOM_PEERS)
        yield stack
    finally:
        stack.reset()


@pytest.fixture(scope="session")
def stack(native_stack: Stack) -> dict[str, Any]:
    """The content of ``stack.json``."""
    return native_stack.info()


@pytest.fixture(scope="session")
def port(stack: dict[str, Any]) -> int:
    """The published port."""
    return int(stack["url"].rpartition(":")[2])


@pytest.fixture(scope="session")
def truth(native_stack: Stack, stack: dict[str, Any]) -> Iterator[Truth]:
    """What is in the archive, and who may see it."""
    read = Truth(stack, samples.make(native_stack.cache, print) / "manifest.json")
    yield read
    read.orthanc.close()


@pytest.fixture(scope="session")
def facts(truth: Truth) -> Facts:
    """All that an answer must not tell to whom it is hidden from."""
    return Facts.read(truth)


@pytest.fixture(scope="session")
def people(stack: dict[str, Any]) -> dict[str, SignedIn]:
    """Everybody, signed in."""
    return {username: sign_in(stack, username) for username in ACCOUNTS}


@pytest.fixture(scope="session")
def auth_service(stack: dict[str, Any]) -> Iterator[httpx.Client]:
    """Whoever holds the portal's secret, at the auth service's own socket."""
    internal = stack["internal"]["auth_service"]
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=internal["socket"].removeprefix("unix:")),
        base_url="http://auth_service",
        headers={"X-Portal-Secret": internal["portal_secret"]},
        timeout=30,
    ) as client:
        yield client


@pytest.fixture(scope="session")
def client_secret(native_stack: Stack) -> str:
    """The secret of the portal's client in Keycloak, which no page and no ``stack.json`` holds."""
    return load_or_make(native_stack.data.secrets, ACCOUNTS).client_secret


@pytest.fixture
def bearer(people: dict[str, SignedIn], auth_service: httpx.Client) -> str:
    """A bearer as the portal gets it, of member-a's session."""
    given = auth_service.post("/internal/sessions/bearer", json={"sid": people["member-a"].cookie_value})
    given.raise_for_status()
    return str(given.json()["bearer"])
