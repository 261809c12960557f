"""Every route of every HTTP door declares its policy and keeps it; restricted means everywhere."""

import re
from collections.abc import Iterator

import httpx
import pytest
from starlette.routing import Route

from tests.running import RunningVesalius
from vesalius.app import House
from vesalius.interfaces.dicomweb import routes as dicomweb
from vesalius.interfaces.fhir import routes as fhir
from vesalius.interfaces.web import routes as web
from vesalius.stores import access

PUBLIC = {
    ("GET", "/api/setup"),
    ("POST", "/api/setup"),
    ("POST", "/api/session"),
    ("GET", "/metrics"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/fhir/metadata"),
}
"""All that answers to nobody; a line more is a decision more."""
# Longer than any request may take; the live stream never ends by itself.
SECONDS = 30


VALUES = {"{type}": "Observation", "{path:path}": "7FE00010"}


def _filled(path: str) -> str:
    return re.sub(r"\{[^}]+\}", lambda match: VALUES.get(match[0], "1"), path)


WEB = [(door.method, _filled(door.path), door.permission) for door in web.DOORS]
FHIR = [(door.method, "/fhir" + _filled(door.path)) for door in fhir.DOORS]
DICOMWEB = [
    (method, "/dicomweb" + _filled(route.path))
    for route in dicomweb.ROUTES
    if isinstance(route, Route)
    for method in sorted((route.methods or {"GET"}) - {"HEAD", "OPTIONS"})
]
EVERY = sorted({(m, p) for m, p, _ in WEB} | set(FHIR) | set(DICOMWEB))
CLOSED = [door for door in EVERY if door not in PUBLIC]


@pytest.fixture(scope="module")
def nobody(served: RunningVesalius) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=SECONDS) as client:
        yield client


class TestEveryRoute:
    def test_declares_a_permission_that_exists(self) -> None:
        for door in web.DOORS:
            known = door.permission in (web.PUBLIC, web.SIGNED_IN)
            name = door.permission.partition(":")[0]
            assert known or name in access.PERMISSIONS, door

    def test_the_list_is_of_all_routes(self, house: House) -> None:
        """What Starlette serves below /api is exactly what the table says."""
        served = {
            (method, route.path)
            for route in web.application(house).routes
            if isinstance(route, Route) and not route.path.endswith("{path:path}")
            for method in (route.methods or set()) - {"HEAD"}
        }
        declared = {(door.method, door.path) for door in (*web.DOORS, *web.PAGES)}
        assert served == {door for door in declared if not door[1].endswith("{path:path}")}

    def test_the_public_ones_are_those_we_decided(self) -> None:
        public = {(m, p) for m, p, permission in WEB if permission == web.PUBLIC}
        assert public == {door for door in PUBLIC if not door[1].startswith("/fhir")}

    @pytest.mark.parametrize(("method", "path"), CLOSED, ids=lambda part: str(part))
    def test_answers_nobody_with_401(self, nobody: httpx.Client, method: str, path: str) -> None:
        response = nobody.request(method, path)
        assert response.status_code == 401, response.text[:500]

    @pytest.mark.parametrize(("method", "path"), CLOSED, ids=lambda part: str(part))
    def test_answers_a_forged_cookie_and_token_with_401(
        self, nobody: httpx.Client, method: str, path: str
    ) -> None:
        for headers in ({"Cookie": "vesalius_session=forged"}, {"Authorization": "Bearer forged"}):
            response = nobody.request(method, path, headers=headers)
            assert response.status_code == 401, response.text[:500]


class TestWithoutRights:
    @pytest.mark.parametrize(
        ("method", "path"),
        [(m, p) for m, p, permission in WEB if permission not in (web.PUBLIC, web.SIGNED_IN)],
        ids=lambda part: str(part),
    )
    def test_the_browsers_routes_answer_403(
        self, served: RunningVesalius, method: str, path: str
    ) -> None:
        with served.client() as client:
            response = client.request(method, path, json={})
        assert response.status_code == 403, response.text[:500]
        assert response.json()["error"] == "forbidden"

    @pytest.mark.parametrize(("method", "path"), FHIR, ids=lambda part: str(part))
    def test_fhir_tells_nothing(self, served: RunningVesalius, method: str, path: str) -> None:
        if (method, path) in PUBLIC or path.endswith(("$validate", "/fhir/")):
            return
        with served.client() as client:
            response = client.request(method, path, json={"resourceType": "Observation"})
        # 415: what is posted is no form; it was not looked at any further.
        assert response.status_code in (403, 404, 415), response.text[:500]

    @pytest.mark.parametrize(("method", "path"), DICOMWEB, ids=lambda part: str(part))
    def test_dicomweb_tells_nothing(self, served: RunningVesalius, method: str, path: str) -> None:
        if path == "/dicomweb/":
            return
        with served.client() as client:
            response = client.request(method, path)
        assert 400 <= response.status_code < 500, response.text[:500]
        assert response.status_code != 404 or not response.content.startswith(b"[")
