"""Who a trusted proxy speaks for (`X-Forwarded-For`, `X-Forwarded-Proto`)."""

import os

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

DEFAULT_TRUSTED = "127.0.0.1"
_NAMES = frozenset((b"x-forwarded-for", b"x-forwarded-proto"))


class Forwarding:
    """ASGI middleware: what a trusted proxy says of client and scheme counts as the request's.

    Most requests say nothing of the kind, and pay nothing for it.
    """

    def __init__(self, app: ASGIApp, trusted: str) -> None:
        self.app = app
        self._forwarded: ASGIApp = ProxyHeadersMiddleware(app, trusted)  # type: ignore[arg-type,assignment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer whoever really asks."""
        for name, _ in scope["headers"]:
            if name in _NAMES:
                await self._forwarded(scope, receive, send)
                return
        await self.app(scope, receive, send)


def trusted_proxies() -> str:
    """The addresses of proxies that are believed, as uvicorn's own setting names them."""
    return os.environ.get("FORWARDED_ALLOW_IPS", DEFAULT_TRUSTED)
