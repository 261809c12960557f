"""What every HTTP answer carries, and how long a request may be, whoever answers.

The policy for pages: everything from this origin, no inline script, no evaluated text (compiled
WebAssembly is not text), nothing of ours inside somebody else's frame. Cross-origin isolation
(COOP, COEP) is what gives pages SharedArrayBuffer, and keeps others out of our process.
"""

from collections.abc import Callable

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vesalius.kit.errors import Invalid
from vesalius.settings import MIB

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        # Component libraries write <style> elements while they run; styles start no code.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
    # Addresses have ids of patients and studies in them.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
}
HSTS = "max-age=31536000"
DEFAULT_BODY_BYTES = 16 * MIB


class BodyTooLong(Invalid):
    """Raised out of `receive` when a request's body passes its limit."""


def same_limit(path: str) -> int | None:
    """The limit of every path, unless the house says otherwise."""
    return DEFAULT_BODY_BYTES


class Protection:
    """ASGI middleware: security headers on all answers, a limit on all bodies.

    `body_limit` says for a path how many bytes a body may have; None leaves the limit to
    whoever reads the body (those who stream it).
    """

    def __init__(self, app: ASGIApp, body_limit: Callable[[str], int | None] = same_limit) -> None:
        self.app = app
        self.body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, within the limits and under the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_protected(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _protect(MutableHeaders(raw=message["headers"]), scope["scheme"])
            await send(message)

        limit = self.body_limit(scope["path"])
        if limit is None:
            await self.app(scope, receive, send_protected)
            return
        if _declared_length(scope) > limit:
            await _refuse(limit, send_protected)
            return
        try:
            await self.app(scope, _counting(receive, limit), send_protected)
        except BodyTooLong:
            if started:
                raise
            await _refuse(limit, send_protected)


def _protect(headers: MutableHeaders, scheme: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scheme == "https":
        headers.setdefault("strict-transport-security", HSTS)
    # What has a validator may be kept and asked about again; anything else is not kept.
    headers.setdefault("cache-control", "no-cache" if "etag" in headers else "no-store")


def _declared_length(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


def _counting(receive: Receive, limit: int) -> Receive:
    received = 0

    async def receive_within_limit() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise BodyTooLong(f"the body is longer than {limit} bytes")
        return message

    return receive_within_limit


async def _refuse(limit: int, send: Send) -> None:
    body = orjson.dumps({"error": "invalid", "message": f"the body is longer than {limit} bytes"})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # The rest of the body is not read; the connection is of no further use.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
