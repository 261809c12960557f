"""What every HTTP answer carries, and how long a request may be, whoever answers.

The policy for pages: everything from this origin, no inline script, no evaluated text (compiled
WebAssembly is not text), nothing of ours inside somebody else's frame. Cross-origin isolation
(COOP, COEP) is what gives pages SharedArrayBuffer, and keeps others out of our process.
"""

from collections.abc import Callable, Iterable

import orjson
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
        common = _SECURE_HEADERS if scope["scheme"] == "https" else _HEADERS

        async def send_protected(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _protected(message.get("headers", ()), common)
            await send(message)

        declared = _declared_length(scope)
        limit = self.body_limit(scope["path"]) if declared != 0 else None
        if limit is None:
            await self.app(scope, receive, send_protected)
            return
        if declared is not None and declared > limit:
            await _refuse(limit, send_protected)
            return
        try:
            await self.app(scope, _counting(receive, limit), send_protected)
        except BodyTooLong:
            if started:
                raise
            await _refuse(limit, send_protected)


_Headers = Iterable[tuple[bytes, bytes]]
_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_SECURE_HEADERS = [*_HEADERS, (b"strict-transport-security", HSTS.encode())]
# What is data and never a page, a script or a worker needs no policy for pages; a program that
# fetches a thousand frames reads every header of each.
DATA = (
    b"application/dicom",
    b"application/fhir+json",
    b"application/octet-stream",
    b"image/jpeg",
    b"image/png",
    b"multipart/related",
)
_OF_DATA = (b"cross-origin-resource-policy", b"x-content-type-options")
_KIND = b"content-type"
_NOT_KEPT = (b"cache-control", b"no-store")
# What has a validator may be kept and asked about again; anything else is not kept.
_ASKED_ABOUT = (b"cache-control", b"no-cache")


def _protected(headers: _Headers, common: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with those that all have, where it does not say otherwise."""
    said = [*headers]
    names = {name for name, _ in said}
    if any(name == _KIND and value.startswith(DATA) for name, value in said):
        common = _DATA_HEADERS if common is _HEADERS else _SECURE_DATA_HEADERS
    if b"cache-control" not in names:
        said.append(_ASKED_ABOUT if b"etag" in names else _NOT_KEPT)
    said += common if names.isdisjoint(_NAMES) else [h for h in common if h[0] not in names]
    return said


_NAMES = frozenset(name for name, _ in _SECURE_HEADERS)
_DATA_HEADERS = [header for header in _HEADERS if header[0] in _OF_DATA]
_SECURE_DATA_HEADERS = [*_DATA_HEADERS, _SECURE_HEADERS[-1]]


def _declared_length(scope: Scope) -> int | None:
    """How long the body is said to be: 0 when there is none, None when that is not known."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
        if name == b"transfer-encoding":
            length = None
    return length


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
