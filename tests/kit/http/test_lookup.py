"""What is looked up is what a router would have found."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route

from vesalius.interfaces.web import routes as web
from vesalius.kit.errors import Conflict, VesaliusError
from vesalius.kit.http.lookup import Lookup, Service


async def one(request: Request) -> Response:
    return PlainTextResponse(f"one {request.path_params} {request.app.state.name}")


async def two(request: Request) -> Response:
    return PlainTextResponse("two")


async def fail(request: Request) -> Response:
    raise {"conflict": Conflict, "key": KeyError, "http": HTTPException}[
        request.path_params["how"]
    ](*([418] if request.path_params["how"] == "http" else ["x"]))


async def say(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"handled {type(error).__name__}", 409)


ROUTES = [
    Route("/a/{id}", one),
    Route("/a/fixed", two),
    Route("/a/{id}/b/{other}", one),
    Route("/a/fixed/c", two),
    Route("/p/{path:path}", two),
    Route("/fail/{how}", fail, methods=["POST"]),
]


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/a/1", (one, {"id": "1"})),
        ("HEAD", "/a/1", (one, {"id": "1"})),
        ("GET", "/a/1/b/2", (one, {"id": "1", "other": "2"})),
        ("GET", "/a/fixed/c", (two, {})),
        # Left to the router.
        ("POST", "/a/1", None),
        ("GET", "/a/", None),
        ("GET", "/a/1/", None),
        ("GET", "/a//b/2", None),
        ("GET", "/a/fixed/b/2", None),
        ("GET", "/p/x/y", None),
        ("GET", "/", None),
        ("GET", "", None),
    ],
)
def test_lookup(method, path, found):
    assert Lookup(ROUTES).find(method, path) == found


def test_every_door_of_the_browser_is_found_as_the_router_finds_it():
    routes = [web._route(door) for door in (*web.DOORS, *web.PAGES)]
    lookup = Lookup(routes)
    for route in routes:
        path = route.path.replace("{", "x-").replace("}", "")
        (method,) = set(route.methods or ()) - {"HEAD"}
        scope = {"type": "http", "method": method, "path": path, "root_path": ""}
        first = next(each for each in routes if each.matches(scope)[0] == Match.FULL)
        found = lookup.find(method, path)
        if found is not None:
            assert found == (first.endpoint, first.matches(scope)[1]["path_params"])
        else:
            assert ":path" in route.path


class TestService:
    @pytest.fixture
    def client(self):
        application = Starlette(routes=ROUTES, exception_handlers={VesaliusError: say})
        application.state.name = "house"
        transport = httpx.ASGITransport(Service(application), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://house")

    async def test_answers_what_it_finds_and_leaves_the_rest(self, client):
        async with client:
            assert (await client.get("/a/1")).text == "one {'id': '1'} house"
            assert (await client.get("/p/x/y")).text == "two"
            assert (await client.get("/a/1/")).status_code == 307
            assert (await client.post("/a/1")).status_code == 405
            assert (await client.get("/none")).status_code == 404

    @pytest.mark.parametrize(("how", "status"), [("conflict", 409), ("key", 500), ("http", 418)])
    async def test_errors_go_to_their_table(self, client, how, status):
        async with client:
            answer = await client.post(f"/fail/{how}")

        assert answer.status_code == status
        assert answer.text == {409: "handled Conflict", 418: "I'm a Teapot", 500: ""}[status]
