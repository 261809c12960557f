"""Every route under /fhir, what it does and what it needs, in one table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import groupby

from psycopg.errors import DeadlockDetected
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vesalius.app import House
from vesalius.interfaces.fhir import capability, interactions
from vesalius.interfaces.fhir.asking import principal_of, receive_body
from vesalius.interfaces.fhir.outcomes import NotAllowed, refuse
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction

Interaction = Callable[[Request, Transaction], Awaitable[Response]]

PUBLIC = "public"
"""Anybody may ask: only what the server can do (R4 §3.1.0.5)."""
READ = "record.read of the type, and the policy on its patient"
WRITE = "record.write of the type, and the policy on its patient"
EACH = "what each entry needs"
SIGNED_IN = "any principal"

DEADLOCK_TRIES = 3


@dataclass(frozen=True, slots=True)
class Door:
    """One route: method and path, the interaction behind it, what the verb it calls requires."""

    method: str
    path: str
    interaction: Interaction
    policy: str


DOORS = (
    Door("GET", "/metadata", capability.metadata, PUBLIC),
    Door("POST", "/", interactions.bundle, EACH),
    Door("GET", "/_history", interactions.history, READ),
    Door("GET", "/Patient/{id}/$everything", interactions.everything, READ),
    Door("POST", "/{type}/$validate", interactions.validate, SIGNED_IN),
    Door("POST", "/{type}/_search", interactions.search, READ),
    Door("GET", "/{type}/_history", interactions.history, READ),
    Door("GET", "/{type}/{id}", interactions.read, READ),
    Door("PUT", "/{type}/{id}", interactions.update, WRITE),
    Door("PATCH", "/{type}/{id}", interactions.patch, WRITE),
    Door("DELETE", "/{type}/{id}", interactions.delete, WRITE),
    Door("GET", "/{type}/{id}/_history", interactions.history, READ),
    Door("GET", "/{type}/{id}/_history/{version}", interactions.vread, READ),
    Door("GET", "/{type}", interactions.search, READ),
    Door("POST", "/{type}", interactions.create, WRITE),
    Door("PUT", "/{type}", interactions.update_if, WRITE),
    Door("DELETE", "/{type}", interactions.delete_if, WRITE),
)


def mounted(house: House) -> list[BaseRoute]:
    """The routes for the application of all doors: /fhir, with and without a slash at its end."""
    root = [door for door in DOORS if door.path == "/"]
    return [Route("/fhir", _Endpoint(root), methods=None), Mount("/fhir", application(house))]


def application(house: House) -> ASGIApp:
    """The FHIR door; mounted at /fhir."""
    routes = [
        Route(path, _Endpoint(list(doors)), methods=None)
        for path, doors in groupby(DOORS, key=lambda door: door.path)
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _no_such_address})
    app.state.house = house
    app.router.redirect_slashes = False
    return app


class _Endpoint:
    """One address: lets the right door answer, in one transaction, errors in FHIR's words."""

    def __init__(self, doors: list[Door]) -> None:
        self.doors = {door.method: door for door in doors}
        self.allow = ", ".join(sorted(self.doors))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._answer(request)
        except Exception as error:
            response = await refuse(request, error)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        door = self.doors.get(method)
        if door is None:
            raise NotAllowed("this address does not do that", allow=self.allow)
        if door.policy != PUBLIC:
            principal_of(request)
        return await _in_transaction(request, door.interaction)


async def _in_transaction(request: Request, interaction: Interaction) -> Response:
    """Run it in a transaction; again when others stood in its way."""
    house: House = request.app.state.house
    only_reads = request.method in ("GET", "HEAD")
    if not only_reads:
        await receive_body(request, house.settings.json_bytes)
    for attempt in range(1, DEADLOCK_TRIES + 1):
        try:
            async with house.database.transaction(durable=not only_reads) as tx:
                return await interaction(request, tx)
        except DeadlockDetected:
            if attempt == DEADLOCK_TRIES:
                raise
    raise AssertionError("unreachable")


async def _no_such_address(request: Request, error: Exception) -> Response:
    return await refuse(request, NotFound("there is no such address"))
