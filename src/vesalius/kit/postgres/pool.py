"""Connections that are kept: the one given back last is given out first.

So few of them do most of the work, with their plans and caches warm, and those that a rush opened
are closed again when they idle.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg

from vesalius.kit.errors import Exhausted, Unavailable
from vesalius.kit.log import logger
from vesalius.kit.postgres.wire import Wire

log = logger(__name__)

WAIT_SECONDS = 20.0
IDLE_SECONDS = 15.0
RETRY_SECONDS = 0.2


class Pool:
    """At most `most` connections to one database."""

    def __init__(self, url: str, most: int, *setup: str) -> None:
        # Seconds that `acquire` waits for a connection.
        self.timeout = WAIT_SECONDS
        self._url = url
        self._most = most
        self._setup = setup
        self._free: list[Wire] = []
        self._count = 0
        self._waiting: deque[asyncio.Future[Wire | None]] = deque()
        self._closing: set[asyncio.Task[None]] = set()
        self._shrinking: asyncio.TimerHandle | None = None
        self._closed = False

    async def open(self, seconds: float) -> None:
        """Make the first connection. Raises Unavailable when none comes about in time."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                wire = await self.acquire()
            except psycopg.OperationalError as error:
                if asyncio.get_running_loop().time() >= deadline:
                    raise Unavailable("the database does not answer") from error
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.release(wire)
                return

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        """A connection for the block. Raises Exhausted when none is free in time."""
        wire = await self.acquire()
        try:
            yield wire
        finally:
            self.release(wire)

    async def acquire(self) -> Wire:
        """A connection, to be given back by `release`.

        Raises Exhausted when none is free in time, OperationalError when PostgreSQL refuses.
        """
        while self._free:
            wire = self._free.pop()
            if wire.is_alive():
                return wire
            self._discard(wire)
        if self._count < self._most and not self._closed:
            return await self._connect()
        waiter: asyncio.Future[Wire | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(self.timeout):
                wire_or_turn = await waiter
        except BaseException as error:
            # What was handed over in the very moment of giving up goes to the next one.
            if waiter.done() and not waiter.cancelled():
                self._hand_on(waiter.result())
            if isinstance(error, TimeoutError):
                raise Exhausted("the database is busy; try again later") from error
            raise
        return wire_or_turn if wire_or_turn is not None else await self._connect()

    async def _connect(self) -> Wire:
        self._count += 1
        try:
            return await Wire.connect(self._url, *self._setup)
        except BaseException:
            self._count -= 1
            self._next_turn()
            raise

    def release(self, wire: Wire) -> None:
        """Give a connection back; one that is broken or left within a transaction is closed."""
        wire.rest()
        if wire.broken or wire.connection.closed or wire.in_transaction or self._closed:
            wire.broken = wire.broken or wire.in_transaction
            self._discard(wire)
            return
        wire.forget()
        self._hand_on(wire)

    def _hand_on(self, wire: Wire | None) -> None:
        """Give a connection, or the right to make one, to who waits longest."""
        if wire is None:
            self._next_turn()
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(wire)
                return
        loop = asyncio.get_running_loop()
        wire.idle_since = loop.time()
        self._free.append(wire)
        if self._shrinking is None and len(self._free) > 1:
            self._shrinking = loop.call_later(IDLE_SECONDS, self._shrink)

    def _next_turn(self) -> None:
        while self._waiting and self._count < self._most:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _shrink(self) -> None:
        """Close what idled: those at the bottom were not needed for longest."""
        self._shrinking = None
        loop = asyncio.get_running_loop()
        while len(self._free) > 1 and loop.time() - self._free[0].idle_since >= IDLE_SECONDS:
            self._discard(self._free.pop(0))
        if len(self._free) > 1:
            self._shrinking = loop.call_later(IDLE_SECONDS, self._shrink)

    def _discard(self, wire: Wire) -> None:
        self._count -= 1
        wire.rest()
        task = asyncio.get_running_loop().create_task(wire.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        self._next_turn()

    async def close(self) -> None:
        """Close every connection; those still in use when they are given back."""
        self._closed = True
        if self._shrinking is not None:
            self._shrinking.cancel()
        while self._free:
            self._discard(self._free.pop())
        with suppress(psycopg.Error):
            await asyncio.gather(*self._closing)
