"""Sign people of the stack in as a browser does: form, redirects, cookies, and nothing else."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Somebody with a session."""

    username: str
    url: str
    cookie_name: str
    cookie_value: str

    @property
    def cookie(self) -> str:
        """The session cookie as it is sent."""
        return f"{self.cookie_name}={self.cookie_value}"

    @property
    def headers(self) -> dict[str, str]:
        """What his browser sends with every request; ``Origin`` makes the unsafe ones his own."""
        return {"Cookie": self.cookie, "Origin": self.url}

    def client(self) -> httpx.Client:
        """Return a client that is signed in; redirects are left to the test."""
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=30, trust_env=False)


def sign_in(stack: Mapping[str, Any], username: str, *, start: str = "/auth/signin") -> SignedIn:
    """Go through the sign-in of one account of ``stack.json``."""
    password = stack["accounts"][username]["password"]
    with httpx.Client(base_url=stack["url"], timeout=30, trust_env=False) as browser:
        form = follow(browser, browser.get(start))
        action = re.search(r'<form[^>]+id="kc-form-login"[^>]+action="([^"]+)"', form.text)
        assert action, form.text[:500]
        answer = browser.post(html.unescape(action[1]), data={"username": username, "password": password})
        follow(browser, answer, until="/portal")
        value = browser.cookies.get(stack["cookie"])
    assert value, f"{username} got no session cookie"
    return SignedIn(username=username, url=stack["url"], cookie_name=stack["cookie"], cookie_value=value)


def follow(browser: httpx.Client, answer: httpx.Response, *, until: str = "\0") -> httpx.Response:
    """Follow redirects within the stack; stop before one whose path begins with ``until``."""
    for _ in range(10):
        _allow_cookies_over_http(browser)
        location = answer.headers.get("location")
        if location is None or httpx.URL(location).path.startswith(until):
            return answer
        answer = browser.get(urljoin(str(answer.url), location))
    raise AssertionError("too many redirects")


def _allow_cookies_over_http(browser: httpx.Client) -> None:
    """Keycloak marks its cookies Secure even over http: browsers send them to loopback, Python does not."""
    for cookie in browser.cookies.jar:
        cookie.secure = False
