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
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from vesalius.app import House
from vesalius.interfaces.web import (
    administration,
    audit,
    live,
    nodes,
    orders,
    patients,
    problems,
    reading,
    reports,
    session,
    setup,
    static,
    studies,
    unmatched,
    users,
)
from vesalius.kit.errors import Invalid, Unauthenticated
from vesalius.kit.http.authentication import Resolver
from vesalius.kit.http.protection import DEFAULT_BODY_BYTES
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


STUDY = "{study_instance_uid}"

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
    # Patients
    Door("GET", "/api/patients", patients.index, "record.read:Patient"),
    Door("POST", "/api/patients", patients.register, "record.write:Patient"),
    Door("GET", "/api/patients/{id}", patients.show, "record.read:Patient"),
    Door("GET", "/api/patients/{id}/summary", patients.summary, "record.read:Patient"),
    Door("GET", "/api/patients/{id}/timeline", patients.timeline, "record.read:Patient"),
    # Orders
    Door("GET", "/api/procedures", orders.procedures, SIGNED_IN),
    Door("GET", "/api/orders", orders.index, "record.read:ServiceRequest"),
    Door("POST", "/api/orders", orders.place, "order.place"),
    Door("POST", "/api/orders/{id}/cancel", orders.cancel, "order.place"),
    # Reading
    Door("GET", "/api/reading-list", reading.index, "reading.read"),
    Door("POST", "/api/reading-list/next", reading.claim_next, "reading.claim"),
    Door("POST", f"/api/reading-list/{STUDY}/claim", reading.claim, "reading.claim"),
    Door("POST", f"/api/reading-list/{STUDY}/release", reading.release, "reading.claim"),
    # Studies, and those that wait for their patient
    Door("GET", f"/api/studies/{STUDY}", studies.show, "study.read"),
    Door("POST", f"/api/studies/{STUDY}/detach", studies.detach, "study.correct"),
    Door("POST", f"/api/studies/{STUDY}/undo", studies.undo, "study.correct"),
    Door("GET", "/api/unmatched", unmatched.index, "study.read"),
    Door("POST", f"/api/unmatched/{STUDY}/attach", unmatched.attach, "study.correct"),
    # Reports
    Door("GET", "/api/report-templates", reports.templates, SIGNED_IN),
    Door("GET", f"/api/studies/{STUDY}/report", reports.show, "record.read:DiagnosticReport"),
    Door("PUT", f"/api/studies/{STUDY}/report", reports.save, "report.write"),
    Door("DELETE", f"/api/studies/{STUDY}/report", reports.discard, "report.write"),
    Door("POST", f"/api/studies/{STUDY}/report/sign", reports.sign, "report.sign"),
    Door("POST", f"/api/studies/{STUDY}/report/addendum", reports.append, "report.sign"),
    Door("GET", f"/api/studies/{STUDY}/report.pdf", reports.pdf, "record.read:DiagnosticReport"),
    # News
    Door("GET", "/api/live", live.stream, SIGNED_IN),
    # Running the house
    Door("GET", "/api/system", administration.show, "system.manage"),
    Door("GET", "/metrics", administration.show_metrics, PUBLIC),
    Door("GET", "/health/live", administration.live, PUBLIC),
    Door("GET", "/health/ready", administration.ready, PUBLIC),
)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

PAGES: tuple[Door, ...] = (
    Door("GET", "/viewer", static.viewer_start, PUBLIC),
    Door("GET", "/viewer/{path:path}", static.viewer, PUBLIC),
    Door("GET", "/{path:path}", static.application, PUBLIC),
)
"""The application itself: the same files for everybody."""


def application(house: House) -> Starlette:
    """The doors at /api, /health and /metrics, and the pages."""
    routes = [_route(door) for door in DOORS]
    routes.append(Route("/api/{path:path}", _no_such_route, methods=METHODS))
    routes.extend(_route(door) for door in PAGES)
    app = Starlette(routes=routes, exception_handlers=dict(problems.HANDLERS))
    app.state.house = house
    app.state.hub = live.Hub(house)
    return app


def resolver(house: House) -> Resolver:
    """How the middleware of all HTTP doors finds out who asks."""
    return partial(access.authenticate, house.database)


def body_limit(house: House) -> Callable[[str], int | None]:
    """How long the body of a request to a path may be, for the middleware of all HTTP doors."""

    def limit(path: str) -> int | None:
        # STOW streams, and has limits of its own for each part.
        if path.startswith("/dicomweb/"):
            return None
        return house.settings.json_bytes if path.startswith("/fhir") else DEFAULT_BODY_BYTES

    return limit


def _route(door: Door) -> Route:
    async def answer(request: Request) -> Response:
        _let_in(request, door.permission)
        _check_address(request)
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


def _check_address(request: Request) -> None:
    """No text in PostgreSQL has a zero character, so no id has one either."""
    if b"%00" in request.scope.get("raw_path", b"") + request.scope["query_string"]:
        raise Invalid("an address has no zero characters")


async def _no_such_route(request: Request) -> Response:
    """Below /api nothing is a page of the application: 404, or 405 when only the method is odd."""
    app: Starlette = request.app
    allowed = {
        method
        for route in app.routes
        if isinstance(route, Route)
        and route.path.startswith("/api/")
        and route.matches(request.scope)[0] == Match.PARTIAL
        for method in route.methods or ()
    }
    if allowed:
        headers = {"Allow": ", ".join(sorted(allowed))}
        raise HTTPException(405, "this path takes other methods", headers)
    raise HTTPException(404, "there is no such route")
