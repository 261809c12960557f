"""News for the browsers as they happen: server-sent events, through the same policy as all else.

One connection per process listens to PostgreSQL's channel `live`, where the dispatcher tells
what was handled. Each browser gets what its principal may know, as ids; the browser then asks
for the rest through the doors where the policy is asked again.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from vesalius.app import House
from vesalius.kit.errors import Exhausted, VesaliusError
from vesalius.kit.http.authentication import Credentials, read_credentials
from vesalius.kit.log import logger
from vesalius.kit.outbox import LIVE_CHANNEL
from vesalius.stores import access
from vesalius.stores.access import Principal

log = logger(__name__)

HEARTBEAT_SECONDS = 15.0
QUEUED = 500
STREAMS = 1000

# What one must be permitted to be told of an event, by the first letters of its name; the first
# line that fits counts. What fits none is told to those who see all patients and may read one.
PERMISSIONS = (
    ("Node", "node.read"),
    ("User", "user.manage"),
    ("Reading", "reading.read"),
    ("Report", "study.read"),
    ("Study", "study.read"),
    ("Instances", "study.read"),
    ("Order", "record.read:ServiceRequest"),
    ("Step", "worklist.read"),
    ("", "record.read:Patient"),
)


@dataclass(frozen=True, slots=True)
class News:
    """One message of the channel."""

    name: str
    data: dict[str, Any]
    patient_reference: str | None
    restricted: bool

    def encoded(self) -> bytes:
        """As it goes to the browser (HTML standard, server-sent events)."""
        return b"event: %b\ndata: %b\n\n" % (self.name.encode(), orjson.dumps(self.data))


def may_be_told(principal: Principal, news: News) -> bool:
    """Whether the policy lets this principal know of this event."""
    if news.name == "ResourceChanged":
        permission = f"record.read:{news.data.get('resource_type', '')}"
    else:
        permission = next(p for start, p in PERMISSIONS if news.name.startswith(start))
    return access.permits(principal, permission) and access.may_see(
        principal, news.patient_reference, restricted=news.restricted
    )


@dataclass(eq=False, slots=True)
class Listener:
    """One browser."""

    principal: Principal
    queue: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(QUEUED))

    def offer(self, news: News) -> None:
        """Queue what it may know; one that does not keep up is cut off, and asks anew."""
        if not may_be_told(self.principal, news):
            return
        try:
            self.queue.put_nowait(news)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """Let the stream end; what is queued is dropped, the browser asks for everything again."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Hub:
    """The browsers of this process, and the one connection that listens for them all."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.listeners: set[Listener] = set()
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def join(self, principal: Principal) -> Listener:
        """Listen from now on. Raises Exhausted when too many do."""
        if len(self.listeners) >= STREAMS:
            raise Exhausted("too many live streams are open")
        listener = Listener(principal)
        self.listeners.add(listener)
        if self._task is None or self._task.done():
            self._connected.clear()
            self._task = asyncio.create_task(self._listen())
        try:
            await asyncio.wait_for(self._connected.wait(), 10)
        except TimeoutError:
            self.leave(listener)
            raise Exhausted("live news are not available now") from None
        except asyncio.CancelledError:
            self.leave(listener)
            raise
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more; the connection closes behind the last."""
        self.listeners.discard(listener)
        if not self.listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _listen(self) -> None:
        async for payload in self.house.database.listen(LIVE_CHANNEL):
            if not payload:
                # Connected, perhaps again: then something may have been missed.
                if self._connected.is_set():
                    self._end_all()
                self._connected.set()
                continue
            try:
                await self._tell(orjson.loads(payload))
            except (orjson.JSONDecodeError, KeyError, TypeError):
                log.warning("something on the channel that is no news")
            except VesaliusError:
                self._end_all()

    def _end_all(self) -> None:
        for listener in self.listeners:
            listener.end()

    async def _tell(self, message: Any) -> None:
        if not (isinstance(message, dict) and isinstance(message["event"], str)):
            raise TypeError("this is no news")
        patient_reference = message.get("patient")
        restricted = bool(message.get("restricted"))
        if patient_reference is not None and not restricted:
            async with self.house.database.transaction() as tx:
                restricted = await access.is_restricted(tx, patient_reference)
        news = News(message["event"], message["data"], patient_reference, restricted)
        for listener in list(self.listeners):
            listener.offer(news)


async def stream(request: Request) -> Response:
    """GET /api/live."""
    hub: Hub = request.app.state.hub
    listener = await hub.join(request.scope["principal"])
    return StreamingResponse(
        _events(hub, listener, read_credentials(request.scope)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(hub: Hub, listener: Listener, credentials: Credentials) -> AsyncIterator[bytes]:
    """What one browser reads, until it leaves, its session ends or the house stops."""
    stopping = asyncio.create_task(hub.house.stopping.wait())
    loop = asyncio.get_running_loop()
    next_check = loop.time() + HEARTBEAT_SECONDS
    try:
        yield b": welcome\n\n"
        while not stopping.done():
            news = await _next(listener, stopping, next_check - loop.time())
            if isinstance(news, News):
                yield news.encoded()
            elif news is None:
                return
            if loop.time() >= next_check:
                if not await _still_welcome(hub.house, listener, credentials):
                    return
                next_check = loop.time() + HEARTBEAT_SECONDS
                yield b": still here\n\n"
    finally:
        stopping.cancel()
        hub.leave(listener)


async def _next(
    listener: Listener, stopping: asyncio.Task[Any], seconds: float
) -> News | bool | None:
    """The next news; None to end the stream; False when there was none in time."""
    getting = asyncio.create_task(listener.queue.get())
    try:
        done, _ = await asyncio.wait(
            {getting, stopping}, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        # Also when the browser left: its stream is cancelled in the middle of waiting.
        getting.cancel()
    if getting in done:
        return getting.result()
    return None if stopping in done else False


async def _still_welcome(house: House, listener: Listener, credentials: Credentials) -> bool:
    """Ask again who this is: roles, grants and sessions change while a stream is open.

    An open page is not somebody at work, so this does not keep the session from going idle.
    """
    try:
        principal = await access.authenticate(house.database, credentials, counts_as_use=False)
    except VesaliusError:
        return False
    if principal is None:
        return False
    listener.principal = principal
    return True
