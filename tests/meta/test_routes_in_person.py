"""What Why? says of our own routes, for whom they are, is what the routes ask for."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from auth_service import http
from auth_service.explaining.asked import For, whose_route
from auth_service.http.dependencies import administrator_of, person_of

MODULES = [import_module(f"{http.__name__}.{one.name}") for one in iter_modules(http.__path__)]
ROUTES = [
    route
    for module in MODULES
    for route in getattr(module, "router", APIRouter()).routes
    if isinstance(route, APIRoute)
]


def asks(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from asks(each)


def is_about_an_album(path: str) -> bool:
    return path.startswith("/api/albums/{slug}") and not path.endswith("/owner")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{min(route.methods)} {route.path}")
def test_a_route_is_explained_as_being_for_whom_it_asks(route: APIRoute) -> None:
    asked, whose = set(asks(route.dependant)), whose_route(route.path)
    assert (whose is For.ADMINISTRATORS) is (administrator_of in asked)
    if route.path not in ("/api/me", "/api/albums") and not is_about_an_album(route.path):
        # The two everybody reads, tokens too, and adds to in person; an album is explained by its rights.
        assert (whose is not None) is bool(asked & {person_of, administrator_of})


def test_there_are_routes_of_each_kind() -> None:
    assert {whose_route(route.path) for route in ROUTES} == {None, *For}
