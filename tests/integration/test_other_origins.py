"""Pages of other sites: nothing without a list; with one, by a bearer only, and never with our cookie."""

import json
from collections.abc import Iterator

import httpx
import pytest

from deploy.native.stack import Stack
from tests.integration.people import SignedIn

pytestmark = pytest.mark.stack

LISTED, OTHER = "https://viewer.example.org", "https://evil.example.org"


@pytest.fixture
def listed(native_stack: Stack) -> Iterator[None]:
    """The stack with one listed origin, and afterwards as it was."""
    file = native_stack.data.settings
    before = file.read_text()
    try:
        file.write_text(json.dumps({**json.loads(before), "origins": [LISTED]}))
        native_stack.up()
        yield
    finally:
        file.write_text(before)
        native_stack.up()


def allowed(answer: httpx.Response) -> str | None:
    value: str | None = answer.headers.get("access-control-allow-origin")
    return value


def preflight(client: httpx.Client, path: str, origin: str, method: str = "GET") -> httpx.Response:
    return client.options(path, headers={"Origin": origin, "Access-Control-Request-Method": method})


def test_without_a_list_no_page_of_another_site_is_told_anything(people: dict[str, SignedIn]) -> None:
    with people["pi-a"].client() as client:
        assert preflight(client, "/dicom-web/studies", LISTED).status_code == 404
        answer = client.get("/dicom-web/studies", headers={"Origin": LISTED})
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.usefixtures("listed")
def test_a_listed_site_may_ask_what_programs_ask_and_no_other_site_may(
    people: dict[str, SignedIn], bearer: str
) -> None:
    url = people["member-a"].url
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        for path in ("/dicom-web/studies", "/orthanc/tools/find", "/api/me"):
            method = "POST" if path.endswith("find") else "GET"
            asked = preflight(client, path, LISTED, method)
            assert (asked.status_code, allowed(asked)) == (204, LISTED), path
            assert "Authorization" in asked.headers["access-control-allow-headers"]
            assert allowed(preflight(client, path, OTHER, method)) is None
            assert preflight(client, path, LISTED, "DELETE").status_code == 404
        authorized = {"Authorization": f"Bearer {bearer}"}
        good = client.get("/dicom-web/studies", headers={"Origin": LISTED, **authorized})
        assert (good.status_code, allowed(good)) == (200, LISTED)
        for path, status in (
            ("/dicom-web/studies/1.2.3/series/4.5/metadata", 404),
            ("/dicom-web/studies?x=1", 400),
        ):
            refused = client.get(path, headers={"Origin": LISTED, **authorized})
            assert (refused.status_code, allowed(refused)) == (status, LISTED)
        other = client.get("/dicom-web/studies", headers={"Origin": OTHER, **authorized})
        assert allowed(other) is None
        for path in (
            "/portal/",
            "/auth/signin",
            "/ohif/",
            "/keycloak/realms/paradim/protocol/openid-connect/auth",
        ):
            assert allowed(client.get(path, headers={"Origin": LISTED})) is None


@pytest.mark.usefixtures("listed")
def test_our_cookie_opens_nothing_to_a_page_of_a_listed_site(people: dict[str, SignedIn]) -> None:
    pi_a = people["pi-a"]
    with httpx.Client(base_url=pi_a.url, trust_env=False, timeout=30) as client:
        read = client.get("/dicom-web/studies", headers={"Origin": LISTED, "Cookie": pi_a.cookie})
        asked = client.post(
            "/orthanc/tools/find",
            json={"Level": "Study", "Query": {}},
            headers={"Origin": LISTED, "Cookie": pi_a.cookie},
        )
    # A browser keeps the first from the page, as nothing says that cookies may be used.
    assert "access-control-allow-credentials" not in read.headers
    assert asked.status_code == 403
