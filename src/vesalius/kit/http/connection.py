"""One HTTP/1.1 connection: bytes in, exchanges, bytes out (RFC 9112).

uvicorn's server accepts, counts and drains the connections; this is the protocol it makes of
each, in place of its own. Requests may be pipelined: they are answered one after the other. A
head has a limit in bytes and in seconds, a body is taken no faster than the application reads it,
and an answer is written no faster than the client takes it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, cast
from urllib.parse import unquote

import httptools
from starlette.types import ASGIApp, Scope
from uvicorn.config import Config
from uvicorn.server import ServerState

from vesalius.kit.http.exchange import PIECES, Exchange

HEAD_BYTES = 64 * 1024
"""What may come without being a request's end of head, or some of its body."""
HELD_BYTES = 256 * 1024
"""From here on the client waits until the application has read."""
PIPELINED = 16
"""Requests that wait for the answers before theirs; then the client waits too."""
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_EXTENSIONS: dict[str, dict[str, Any]] = {PIECES: {}}


class HttpConnection(asyncio.Protocol):
    """A connection from its beginning to its end."""

    _common: ClassVar[tuple[list[tuple[bytes, bytes]], bytes]] = ([], b"")

    transport: asyncio.Transport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.congested = False
        self._application: ASGIApp = config.loaded_app
        self._state = server_state
        self._loop = _loop or asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._idle_seconds = config.timeout_keep_alive
        self._idle_since = self._loop.time()
        self._watch: asyncio.TimerHandle | None = None
        self._written = asyncio.Event()
        self._reading_paused = False
        self._deaf = False
        self._waiting: deque[Exchange] = deque()
        # The request that is read, and the one that is answered: not the same when pipelined.
        self._incoming: Exchange | None = None
        self._answering: Exchange | None = None
        self._client: tuple[str, int] | None = None
        self._server: tuple[str, int] | None = None
        self._scheme = "http"
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_complete = False
        self._wants_continue = False
        self._understood = False
        self._unheard_bytes = 0

    # The transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is here."""
        self.transport = cast(asyncio.Transport, transport)
        self._client = _address(transport.get_extra_info("peername"))
        self._server = _address(transport.get_extra_info("sockname"))
        if transport.get_extra_info("sslcontext"):
            self._scheme = "https"
        self._state.connections.add(self)  # type: ignore[arg-type]
        self._watch = self._loop.call_later(self._idle_seconds, self._close_when_idle)

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone, or we have closed."""
        self._state.connections.discard(self)
        if self._watch is not None:
            self._watch.cancel()
        self._deaf = True
        # It holds us as we hold it.
        del self._parser
        self._waiting.clear()
        for exchange in (self._incoming, self._answering):
            if exchange is not None:
                exchange.disconnect()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        if self._deaf:
            return
        self._understood = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing else is spoken here: the request is answered as it stands.
            self._deaf = True
        except httptools.HttpParserError:
            self._refuse(400, b"Bad Request")
        else:
            self._unheard_bytes = 0 if self._understood else self._unheard_bytes + len(data)
            if self._unheard_bytes > HEAD_BYTES:
                self._refuse(431, b"Request Header Fields Too Large")

    def _refuse(self, status: int, reason: bytes) -> None:
        """What comes is no HTTP. Requests before it are answered; then the connection ends."""
        self._deaf = True
        self._waiting = deque(each for each in self._waiting if each.request_complete)
        answering = self._answering
        if answering is not None and not answering.answered and answering.request_complete:
            last = self._waiting[-1] if self._waiting else answering
            last.keep_alive = False
            return
        if answering is None or answering.answered or not answering.started:
            head = b"HTTP/1.1 %d %b\r\n%bcontent-type: text/plain\r\ncontent-length: %d\r\n"
            head += b"connection: close\r\n\r\n%b"
            self.transport.write(head % (status, reason, self.common_lines(), len(reason), reason))
        self.transport.close()
        if answering is not None:
            answering.disconnect()

    def pause_writing(self) -> None:
        """The client does not take what was written."""
        self.congested = True
        self._written.clear()

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        self.congested = False
        self._written.set()

    def call_soon(self, action: Callable[[], None]) -> None:
        """Do this at the end of the loop's turn."""
        self._loop.call_soon(action)

    async def drain(self) -> None:
        """Wait until more may be written, or the client is gone."""
        await self._written.wait()

    def resume_reading(self) -> None:
        """More may come, unless too much waits already."""
        if self._reading_paused and len(self._waiting) < PIPELINED:
            self._reading_paused = False
            self.transport.resume_reading()

    def _pause_reading(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()

    # The server

    def shutdown(self) -> None:
        """No further request is taken; the one that is answered is answered."""
        if self._answering is None or self._answering.answered:
            self.transport.close()
        else:
            self._waiting.clear()
            self._answering.keep_alive = False

    def _close_when_idle(self) -> None:
        remaining = float(self._idle_seconds)
        if self._answering is None or self._answering.answered:
            remaining = self._idle_since + self._idle_seconds - self._loop.time()
            if remaining <= 0:
                self.transport.close()
                return
        self._watch = self._loop.call_later(remaining, self._close_when_idle)

    def common_lines(self) -> bytes:
        """The header lines of every answer (the date), as the server renews them each second."""
        headers = self._state.default_headers
        if headers is not self._common[0]:
            lines = b"".join(b"%b: %b\r\n" % header for header in headers)
            HttpConnection._common = (headers, lines)
        return self._common[1]

    # The parser

    def on_message_begin(self) -> None:
        """A request begins; its head has from now on as long as an idle connection."""
        self._url = b""
        self._headers = []
        self._head_complete = False
        self._wants_continue = False
        self._idle_since = self._loop.time()

    def on_url(self, url: bytes) -> None:
        """Some of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; what comes behind a chunked body is nobody's."""
        if self._head_complete:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self._wants_continue = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete: its exchange begins, or waits for its turn."""
        self._head_complete = self._understood = True
        version = self._parser.get_http_version()
        keep_alive = version == "1.1" and self._parser.should_keep_alive()
        exchange = Exchange(
            self._scope(version),
            self._application,
            self,
            keep_alive=keep_alive and not self._parser.should_upgrade(),
            wants_continue=self._wants_continue,
        )
        self._incoming = exchange
        if self._answering is None or self._answering.answered:
            self._start(exchange)
        else:
            self._waiting.append(exchange)
            if len(self._waiting) >= PIPELINED:
                self._pause_reading()

    def _scope(self, version: str) -> Scope:
        url = self._url
        if url.startswith(b"/") and b"#" not in url:
            raw_path, _, query = url.partition(b"?")
        else:
            parsed = httptools.parse_url(url)
            raw_path, query = parsed.path or b"/", parsed.query or b""
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": _ASGI,
            "extensions": _EXTENSIONS,
            "http_version": version,
            "server": self._server,
            "client": self._client,
            "scheme": self._scheme,
            "method": self._parser.get_method().decode("ascii"),
            "root_path": "",
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
            "state": {},
        }

    def on_body(self, body: bytes) -> None:
        """Some of the body; nobody reads it once the answer is complete."""
        self._understood = True
        exchange = self._incoming
        if exchange is None or exchange.answered:
            return
        exchange.feed(body)
        if exchange.held_bytes > HELD_BYTES:
            self._pause_reading()

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._understood = True
        if self._incoming is not None:
            self._incoming.end_request()

    # The exchanges

    def _start(self, exchange: Exchange) -> None:
        self._answering = exchange
        tasks = self._state.tasks
        task = self._loop.create_task(exchange.run())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def end_exchange(self, exchange: Exchange) -> None:
        """The answer is complete; the next request's turn."""
        self._state.total_requests += 1
        self._idle_since = self._loop.time()
        if self.transport.is_closing():
            return
        if self._waiting:
            self._start(self._waiting.popleft())
        self.resume_reading()


def _address(name: Any) -> tuple[str, int] | None:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) and len(name) >= 2 else None
