"""People with a browser of their own each, and a record of all that their browsers asked for."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Response

from tests.browser.chromium import Outside
from tests.browser.ohif import NO_TOUR
from tests.integration.people import SignedIn

PATIENCE = 60_000
"""Milliseconds after which something counts as not coming: the machine may be busy with other things."""

_OWN = ("blob", "data", "about")


@dataclass
class Visitors:
    """Open pages; every context is another browser profile, so two pages of two calls share nothing."""

    browser: Browser
    url: str
    outside: Outside
    people: dict[str, SignedIn]
    requests: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def page(
        self, username: str | None = None, *, language: str = "en-CA", size: tuple[int, int] = (1280, 800)
    ) -> Page:
        """Return an empty page of somebody who is signed in, or of nobody.

        Parameters
        ----------
        username : str, optional
            Whose session the browser has; without it, none.
        language : str
            What the browser asks for.
        size : tuple of int
            Width and height of the window in pixels.
        """
        context = self.browser.new_context(
            locale=language,
            timezone_id="America/Toronto",
            viewport={"width": size[0], "height": size[1]},
        )
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(NO_TOUR)
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("response", lambda response: self.responses.append(response))  # noqa: PLW0108 - Playwright marks it
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("page", self._record_sockets)
        if username is not None:
            person = self.people[username]
            context.add_cookies(
                [
                    {
                        "name": person.cookie_name,
                        "value": person.cookie_value,
                        "url": self.url,
                        "httpOnly": True,
                    }
                ]
            )
        return context.new_page()

    def leave(self) -> None:
        """Close all browsers' windows."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    def foreign(self) -> list[str]:
        """Return the requests to other machines: those that pages made, those that the proxy saw."""
        here = urlsplit(self.url).hostname
        seen = [
            url
            for url in self.requests
            if urlsplit(url).hostname != here and urlsplit(url).scheme not in _OWN
        ]
        return [*seen, *self.outside.asked]

    def _record_sockets(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.requests.append(socket.url))
