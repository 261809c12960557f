"""Routes found by looking up, word by word, what a router would find by trying patterns in turn.

A viewer asks thousands of times a minute, and a router tries a regular expression a route. This
walks a tree of the paths' words instead. Whatever it does not find (another method, a slash too
many, a path with a path in it) it leaves to the router, which has the same routes.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]
ErrorHandler = Callable[[Request, Exception], Awaitable[Response]]


@dataclass(slots=True)
class _Place:
    """Where some words lead: to further words, to an identifier, to what answers there."""

    words: dict[str, "_Place"] = field(default_factory=dict)
    identifier: "_Place | None" = None
    endpoints: dict[str, tuple[Endpoint, tuple[str, ...]]] = field(default_factory=dict)


class Lookup:
    """The tree of some routes' paths."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._root = _Place()
        for route in routes:
            if isinstance(route, Route) and ":" not in route.path:
                self._add(route)

    def _add(self, route: Route) -> None:
        place, names = self._root, []
        for word in route.path.split("/"):
            if word.startswith("{"):
                names.append(word.strip("{}"))
                place.identifier = place = place.identifier or _Place()
            else:
                place = place.words.setdefault(word, _Place())
        for method in route.methods or ():
            # Of two routes the first counts, as it does in a router.
            place.endpoints.setdefault(method, (route.endpoint, tuple(names)))

    def find(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """What answers this, and the identifiers in the path."""
        place: _Place | None = self._root
        given = []
        for word in path.split("/"):
            assert place is not None
            below = place.words.get(word)
            if below is None:
                below = place.identifier
                if below is None or not word:
                    return None
                given.append(word)
            place = below
        assert place is not None
        found = place.endpoints.get(method)
        if found is None:
            return None
        return found[0], dict(zip(found[1], given, strict=True))


class Service:
    """ASGI application: an application's routes, looked up, and its table of errors.

    What is not found goes to `otherwise`, which is the application itself unless said.
    """

    def __init__(self, application: Starlette, otherwise: ASGIApp | None = None) -> None:
        self._application = application
        self._otherwise = otherwise or application
        self._lookup = Lookup(application.routes)
        self._handlers: Mapping[Any, Any] = {HTTPException: _say, **application.exception_handlers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or leave it to a router."""
        found = None
        if scope["type"] == "http":
            path: str = scope["path"].removeprefix(scope["root_path"])
            found = self._lookup.find(scope["method"], path)
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        endpoint, scope["path_params"] = found
        scope["app"] = self._application
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except Exception as error:
            response = await self._handler(error)(request, error)
        # An error from here on breaks the answer off: its beginning may be with the client.
        await response(scope, receive, send)

    def _handler(self, error: Exception) -> ErrorHandler:
        for kind in type(error).__mro__:
            if kind in self._handlers:
                handler: ErrorHandler = self._handlers[kind]
                return handler
        raise error


async def _say(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(error.detail, error.status_code, error.headers)
