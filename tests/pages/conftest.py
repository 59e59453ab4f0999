"""Open a page of the portal as somebody, with auth_service and Orthanc in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from portal import services, session
from portal.errors import SignedOut
from tests.pages.fakes import World, make_world

ENTRY = Path(__file__).parents[2] / "portal" / "app.py"


class Open(Protocol):
    """Opens a page and runs it once."""

    def __call__(self, page: str, /, *, as_: str | None, language: str = "en", **query: str) -> "Page": ...


class Page:
    """A page that was run, as far as a test wants to know."""

    def __init__(self, app: AppTest) -> None:
        self.app = app

    @property
    def html(self) -> list[str]:
        """Every piece of HTML on it."""
        return [str(element.proto.body) for element in self.app.get("html")]

    @property
    def links(self) -> list[tuple[str, str, str]]:
        """Links to pages: label, page, query string."""
        return [
            (str(element.proto.label), str(element.proto.page), str(element.proto.query_string))
            for element in self.app.get("page_link")
        ]

    @property
    def words(self) -> str:
        """Everything that is written on it, as it was sent."""
        values: list[Any] = [*self.html, *(label for label, _, _ in self.links)]
        values += [
            element.value
            for kind in (self.app.warning, self.app.header, self.app.caption)
            for element in kind
        ]
        values += [element.label for element in self.app.button]
        values += [frame.value.to_string() for frame in self.app.dataframe]
        values += [element.proto.url + element.proto.label for element in self.app.get("link_button")]
        return "\n".join(str(value) for value in values)

    def click(self, key: str) -> "Page":
        """Click a button."""
        self.app.button(key=key).click().run()
        return self


@pytest.fixture(autouse=True)
def _no_search_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each run half a second in which every installed package is asked for components; we have none."""
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Everything that the pages can ask, in memory."""
    made = make_world()
    given = made.services()
    monkeypatch.setattr(services, "build", lambda: given)
    services.services.cache_clear()
    yield made
    services.services.cache_clear()


@pytest.fixture
def open_page(world: World, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Return how to open a page."""

    def opening(page: str, /, *, as_: str | None, language: str = "en", **query: str) -> Page:
        monkeypatch.setattr(session, "_cookie", _cookie_of(as_))
        app = AppTest.from_file(str(ENTRY), default_timeout=60)
        app.context = {
            "locale": {"en": "en-CA", "fr": "fr-CA"}[language],
            "timezone": "America/Toronto",
            "url": f"http://portal.test/portal/{page}",
        }
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page(f"../pages/{page}.py").run()
        assert not app.exception, app.exception
        return Page(app)

    return opening


def _cookie_of(person: str | None) -> Callable[[], str]:
    def cookie() -> str:
        if person is None:
            raise SignedOut
        return person

    return cookie
