"""Every route of the browser's API on one page, each with what one must be permitted to pass.

The guard asks before the handler runs and the room asks again in its verb: a route without a
policy cannot be written, and one that forgot to ask is still shut. Handlers read
`request.scope["principal"]` and `request.app.state.house`, open one transaction, call one room,
and let its errors fly: `problems` says them in HTTP.

To add a route: write `async def verb(request) -> Response` in the module of its room, and a
line here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vesalius.app import House
from vesalius.interfaces.web import (
    administration,
    audit,
    live,
    nodes,
    problems,
    session,
    setup,
    static,
    users,
)
from vesalius.kit.errors import Unauthenticated
from vesalius.kit.http.authentication import Resolver
from vesalius.stores import access

Handler = Callable[[Request], Awaitable[Response]]

PUBLIC = "public"
"""Anybody: what one needs before signing in, and what tells nothing."""
SIGNED_IN = "signed in"
"""Any principal; what it is about is the principal's own, or the room decides."""


@dataclass(frozen=True, slots=True)
class Door:
    """One method of one path: who answers, and what it takes to be let in."""

    method: str
    path: str
    handler: Handler
    permission: str


DOORS: tuple[Door, ...] = (
    # Setting up and signing in
    Door("GET", "/api/setup", setup.show, PUBLIC),
    Door("POST", "/api/setup", setup.complete, PUBLIC),
    Door("POST", "/api/session", session.sign_in, PUBLIC),
    Door("GET", "/api/session", session.show, SIGNED_IN),
    Door("PATCH", "/api/session", session.change, SIGNED_IN),
    Door("DELETE", "/api/session", session.sign_out, SIGNED_IN),
    Door("PUT", "/api/session/password", session.change_password, SIGNED_IN),
    # Users
    Door("GET", "/api/users", users.index, "user.manage"),
    Door("POST", "/api/users", users.add, "user.manage"),
    Door("PATCH", "/api/users/{username}", users.change, "user.manage"),
    Door("GET", "/api/users/{username}/tokens", users.tokens, SIGNED_IN),
    Door("POST", "/api/users/{username}/tokens", users.issue_token, SIGNED_IN),
    Door("DELETE", "/api/users/{username}/tokens/{id}", users.revoke_token, SIGNED_IN),
    Door("GET", "/api/roles", users.roles, "user.manage"),
    Door("PUT", "/api/roles/{name}", users.set_role, "user.manage"),
    # Nodes
    Door("GET", "/api/nodes", nodes.index, "node.read"),
    Door("POST", "/api/nodes", nodes.add, "node.manage"),
    Door("GET", "/api/nodes/refused", nodes.refused, "node.read"),
    Door("PATCH", "/api/nodes/{ae_title}", nodes.change, "node.manage"),
    Door("DELETE", "/api/nodes/{ae_title}", nodes.remove, "node.manage"),
    Door("POST", "/api/nodes/{ae_title}/echo", nodes.echo, "node.manage"),
    # Audit
    Door("GET", "/api/audit", audit.search, "audit.read"),
    Door("GET", "/api/patients/{id}/access-log", audit.access_log, "record.read:AuditEvent"),
    # News
    Door("GET", "/api/live", live.stream, SIGNED_IN),
    # Running the house
    Door("GET", "/api/system", administration.show, "system.manage"),
    Door("GET", "/metrics", administration.show_metrics, PUBLIC),
    Door("GET", "/health/live", administration.live, PUBLIC),
    Door("GET", "/health/ready", administration.ready, PUBLIC),
)

PAGES: tuple[Door, ...] = (
    Door("GET", "/viewer", static.viewer_start, PUBLIC),
    Door("GET", "/viewer/{path:path}", static.viewer, PUBLIC),
    Door("GET", "/{path:path}", static.application, PUBLIC),
)
"""The application itself: the same files for everybody."""


def application(house: House) -> Starlette:
    """The doors at /api, /health and /metrics, and the pages."""
    routes = [_route(door) for door in DOORS]
    routes.append(Route("/api/{path:path}", _no_such_route, methods=None))
    routes.extend(_route(door) for door in PAGES)
    app = Starlette(routes=routes, exception_handlers=dict(problems.HANDLERS))
    app.state.house = house
    app.state.hub = live.Hub(house)
    return app


def resolver(house: House) -> Resolver:
    """How the middleware of all HTTP doors finds out who asks."""
    return partial(access.authenticate, house.database)


def _route(door: Door) -> Route:
    async def answer(request: Request) -> Response:
        _let_in(request, door.permission)
        return await door.handler(request)

    return Route(door.path, answer, methods=[door.method])


def _let_in(request: Request, permission: str) -> None:
    """Raises Unauthenticated or Forbidden before the handler runs."""
    if permission == PUBLIC:
        return
    principal = request.scope.get("principal")
    if principal is None:
        raise request.scope.get("authentication_error") or Unauthenticated("sign in first")
    if permission != SIGNED_IN:
        access.require(principal, permission)


async def _no_such_route(request: Request) -> Response:
    return problems.answer({"error": "notfound", "message": "there is no such route"}, 404)
