"""One request and its answer: the ASGI conversation between the application and a connection.

Besides the messages of ASGI it takes one of ours, for which `scope["extensions"]` has
`PIECES`: a body in several buffers, sent as they are, without being joined first.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol

from starlette.types import ASGIApp, Message, Scope

from vesalius.kit.log import logger

log = logger(__name__)

PIECES = "vesalius.http.response.pieces"
"""`{"type": PIECES, "pieces": [bytes-like, …]}` after the start: the whole body at once."""

Buffer = bytes | bytearray | memoryview

_BAD_NAME = re.compile(rb'[\x00-\x20\x7f()<>@,;:\\\[\]={}"]')
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# Names whose values are few, and no secrets: their lines are made once.
_REPEATED = frozenset(
    (
        b"accept-ranges", b"cache-control", b"connection", b"content-encoding",
        b"content-security-policy", b"cross-origin-embedder-policy", b"cross-origin-opener-policy",
        b"cross-origin-resource-policy", b"permissions-policy", b"referrer-policy",
        b"strict-transport-security", b"transfer-encoding", b"vary", b"x-content-type-options",
        b"x-frame-options",
    )
)  # fmt: skip
_WITHOUT_BODY = frozenset((204, 304))
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(Protocol):
    """What an exchange needs of the connection it is on."""

    transport: asyncio.Transport
    congested: bool

    def call_soon(self, action: Callable[[], None]) -> None: ...
    def common_lines(self) -> bytes: ...
    async def drain(self) -> None: ...
    def resume_reading(self) -> None: ...
    def end_exchange(self, exchange: "Exchange") -> None: ...


class Exchange:
    """A request as it comes in, and the answer as it goes out."""

    __slots__ = (
        "_application",
        "_changed",
        "_chunked",
        "_chunks",
        "_connection",
        "_end_told",
        "_head",
        "_left",
        "_wants_continue",
        "_without_body",
        "answered",
        "disconnected",
        "held_bytes",
        "keep_alive",
        "request_complete",
        "scope",
        "started",
    )

    def __init__(
        self,
        scope: Scope,
        application: ASGIApp,
        connection: Connection,
        *,
        keep_alive: bool,
        wants_continue: bool,
    ) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.disconnected = False
        self.request_complete = False
        self.started = False
        self.answered = False
        self.held_bytes = 0
        self._application = application
        self._connection = connection
        self._wants_continue = wants_continue
        self._chunks: list[bytes] = []
        self._end_told = False
        self._changed: asyncio.Event | None = None
        self._head: bytes | None = None
        self._without_body = False
        self._chunked = False
        # Bytes of the answer's body still to come; None when the application did not say.
        self._left: int | None = None

    async def run(self) -> None:
        """Let the application answer; what it leaves undone becomes 500, or a broken connection."""
        try:
            await self._application(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self._break_off()
            raise
        except Exception as error:
            if not self.disconnected:
                log.error("request failed", error=type(error).__name__, exc_info=error)
            await self._fail()
        else:
            if not self.answered and not self.disconnected:
                log.error("request was not answered")
                await self._fail()

    async def _fail(self) -> None:
        if self.started:
            self._break_off()
            return
        body = b"Internal Server Error"
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def _break_off(self) -> None:
        # The client sees by the length, or by the missing last chunk, that this is not all.
        if not self.answered:
            self._flush_head()
            self._connection.transport.close()

    # The request, coming in

    def feed(self, chunk: bytes) -> None:
        """Some of the request's body came."""
        self._chunks.append(chunk)
        self.held_bytes += len(chunk)
        self._wake()

    def end_request(self) -> None:
        """All of the request came."""
        self.request_complete = True
        self._wake()

    def disconnect(self) -> None:
        """The client left."""
        self.disconnected = True
        self._wake()

    async def receive(self) -> Message:
        """ASGI: the next of the request's body, or that nobody waits for the answer any more."""
        if self._wants_continue:
            self._wants_continue = False
            if not (self.started or self._connection.transport.is_closing()):
                self._connection.transport.write(_CONTINUE)
        while not (self.disconnected or self.answered):
            if self._chunks or (self.request_complete and not self._end_told):
                return self._take_body()
            await self._wait()
        return {"type": "http.disconnect"}

    def _take_body(self) -> Message:
        chunks, self._chunks = self._chunks, []
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._end_told = self.request_complete
        self.held_bytes = 0
        self._connection.resume_reading()
        return {"type": "http.request", "body": body, "more_body": not self._end_told}

    async def _wait(self) -> None:
        if self._changed is None:
            self._changed = asyncio.Event()
        self._changed.clear()
        await self._changed.wait()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    # The answer, going out

    async def send(self, message: Message) -> None:
        """ASGI: the head, then the body; waits while the client does not take what was sent."""
        if self._connection.congested and not self.disconnected:
            await self._connection.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if not self.started and kind == "http.response.start":
            self._send_head(message["status"], message.get("headers", ()))
        elif not self.started or self.answered:
            raise RuntimeError(f"{kind} is not what comes next in this answer")
        elif kind == "http.response.body":
            self._send_body(message.get("body", b""), last=not message.get("more_body", False))
        elif kind == PIECES:
            self._send_pieces(message["pieces"])
        else:
            raise RuntimeError(f"{kind} is no part of an answer")

    def _send_head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.started = True
        if self._wants_continue and not self.request_complete:
            # Whether the body still comes is for the client to choose: what follows is unclear.
            self.keep_alive = False
        lines = [_status_line(status), self._connection.common_lines()]
        for name, value in headers:
            name = name.lower()
            if name == b"content-length":
                self._left = int(value)
            elif name == b"connection":
                if b"close" in value.lower():
                    self.keep_alive = False
                continue
            elif name == b"transfer-encoding":
                continue
            lines.append(_repeated_line(name, value) if name in _REPEATED else _line(name, value))
        self._without_body = status in _WITHOUT_BODY or self.scope["method"] == "HEAD"
        if self._left is None and not self._without_body:
            if self.scope["http_version"] == "1.1":
                self._chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
            else:
                self.keep_alive = False
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        # Head and body leave together when the body follows at once, as it mostly does; else the
        # head goes alone at the end of this turn of the loop.
        self._head = b"".join(lines)
        self._connection.call_soon(self._flush_head)

    def _flush_head(self) -> None:
        head, self._head = self._head, None
        if head is not None and not self.disconnected:
            self._connection.transport.write(head)

    def _write(self, pieces: Sequence[Buffer]) -> None:
        head, self._head = self._head, None
        if head is not None:
            pieces = [head, *pieces]
        if pieces:
            self._connection.transport.writelines(pieces)

    def _send_body(self, body: Buffer, *, last: bool) -> None:
        size = len(body)
        if self._without_body:
            self._write(())
        elif self._chunked:
            pieces = [b"%x\r\n" % size, body, b"\r\n"] if size else []
            if last:
                pieces.append(b"0\r\n\r\n")
            self._write(pieces)
        else:
            self._count(size)
            self._write((body,) if size else ())
        if last:
            self._end()

    def _send_pieces(self, pieces: Sequence[Buffer]) -> None:
        if self._without_body or self._chunked:
            self._send_body(b"" if self._without_body else b"".join(pieces), last=True)
            return
        self._count(sum(map(len, pieces)))
        self._write(pieces)
        self._end()

    def _count(self, size: int) -> None:
        if self._left is not None:
            self._left -= size
            if self._left < 0:
                raise RuntimeError("the answer is longer than its Content-Length")

    def _end(self) -> None:
        if self._left and not self._without_body:
            raise RuntimeError("the answer is shorter than its Content-Length")
        self.answered = True
        self._wake()
        if not self.keep_alive:
            self._connection.transport.close()
        self._connection.end_exchange(self)


def _status_line(status: int) -> bytes:
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def _line(name: bytes, value: bytes) -> bytes:
    """A header line; whoever puts a line end into a value must not begin another header."""
    if _BAD_NAME.search(name) or _BAD_VALUE.search(value):
        raise RuntimeError("a header of the answer is not allowed in HTTP")
    return b"%b: %b\r\n" % (name, value)


_repeated_line = lru_cache(maxsize=1024)(_line)
