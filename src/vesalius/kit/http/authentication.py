"""Who is behind a request: reads what it carries, asks the house, and puts the answer on it.

Every HTTP door shares this. It refuses nothing by itself: a request without valid credentials
goes on with `scope["principal"] = None`, and whoever needs a principal says no in the words of
their protocol. `scope["authentication_error"]` then says why.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from vesalius.kit.errors import Forbidden, Invalid, Unauthenticated

COOKIE = "vesalius_session"
LONGEST_SECRET = 512


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says about who sent it."""

    method: str
    bearer: str | None = None
    cookie: str | None = None
    csrf_token: str | None = None
    address: str | None = None


Resolver = Callable[[Credentials], Awaitable[object | None]]
"""From credentials to a principal, or None; raises Unauthenticated or Forbidden."""


class Authentication:
    """ASGI middleware that sets `scope["principal"]`."""

    def __init__(self, app: ASGIApp, resolve: Resolver) -> None:
        self.app = app
        self.resolve = resolve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks, then let the application answer."""
        if scope["type"] == "http":
            scope["principal"] = None
            scope["authentication_error"] = None
            try:
                scope["principal"] = await self.resolve(read_credentials(scope))
            except (Unauthenticated, Forbidden, Invalid) as error:
                scope["authentication_error"] = error
        await self.app(scope, receive, send)


def read_credentials(scope: Scope) -> Credentials:
    """The credentials of a request. Raises Unauthenticated for a header that says nothing."""
    authorization = csrf_token = None
    cookie = False
    for name, value in scope["headers"]:
        if name == b"authorization" and authorization is None:
            authorization = value.decode("latin-1")
        elif name == b"x-csrf-token" and csrf_token is None:
            csrf_token = value.decode("latin-1")
        elif name == b"cookie":
            cookie = True
    client = scope.get("client")
    bearer = _bearer(authorization)
    return Credentials(
        method=scope["method"],
        bearer=bearer,
        cookie=read_cookie(Headers(scope=scope)) if cookie and bearer is None else None,
        csrf_token=csrf_token,
        address=client[0] if client else None,
    )


def _bearer(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_SECRET:
        raise Unauthenticated("the Authorization header has no bearer token")
    return token


def read_cookie(headers: Headers) -> str | None:
    """The session cookie's value, if there is one that could be ours."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    value = morsel.value if morsel is not None else ""
    return value if 0 < len(value) <= LONGEST_SECRET else None
