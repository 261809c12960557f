"""Paths are looked up; what is looked up is what the router would have found."""

from typing import Any

import httpx
import pytest
from starlette.routing import Match

from vesalius.interfaces.dicomweb import routes
from vesalius.kit.http.lookup import Lookup

CONCRETE = {"study": "1.2", "series": "3.4", "instance": "5.6", "frames": "1,2", "path:path": "7"}


def _path(route: Any) -> str:
    path: str = route.path
    for name, value in CONCRETE.items():
        path = path.replace("{" + name + "}", value)
    return path


@pytest.mark.parametrize(
    ("method", "route"),
    [(method, route) for route in routes.ROUTES for method in sorted(route.methods or ())],
    ids=lambda each: getattr(each, "path", each),
)
def test_every_route_is_found_as_the_router_finds_it(method, route):
    path = _path(route)
    scope = {"type": "http", "method": method, "path": path, "root_path": ""}
    first = next(each for each in routes.ROUTES if each.matches(scope)[0] == Match.FULL)
    found = Lookup(routes.ROUTES).find(method, path)

    assert first is route
    if ":path" in route.path:
        assert found is None
    else:
        assert found == (route.endpoint, route.matches(scope)[1]["path_params"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/studies//series", 404),
        ("GET", "/nothing", 404),
        ("GET", "/studies/1.2/nothing", 404),
        ("DELETE", "/studies", 405),
        ("POST", "/studies/1.2/metadata", 405),
        ("GET", "/studies/", 307),
        ("HEAD", "/studies", 200),
        ("GET", "/studies/1.2.x", 400),
        ("GET", "/studies/1.2.3.4.5.6.7/metadata", 404),
    ],
)
def test_what_is_not_looked_up_is_answered_by_the_router(client, method, path, status):
    answer = client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_who_is_not_known_is_told_how_to_sign_in(served):
    answer = httpx.get(f"{served.url}/dicomweb/studies/1.2")

    assert answer.status_code == 401
    assert answer.json()["error"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"
