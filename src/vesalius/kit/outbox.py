"""News on its way downstream.

A room announces an event in its transaction; the event becomes an outbox row of the same
commit. The dispatcher (in the job workers) hands each event to the handlers that `flow.py`
names, each in a savepoint of its own: at least once, so handlers are idempotent. A handler that
fails is tried again with growing pauses and parked after five tries, where an operator sees it.
Every event that was handled is also told on the PostgreSQL channel `live`, for the browsers.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from psycopg.types.json import Jsonb

from vesalius.kit.log import logger
from vesalius.kit.postgres.wire import Wire

if TYPE_CHECKING:
    from vesalius.kit.database import Database
    from vesalius.kit.transaction import Transaction

log = logger(__name__)

MAX_TRIES = 5
BATCH = 200
POLL_SECONDS = 5.0
CHANNEL = "outbox"
LIVE_CHANNEL = "live"


@dataclass(frozen=True)
class Event:
    """Past-tense news. Subclasses are frozen dataclasses of ids and other plain JSON values."""

    by_name: ClassVar[dict[str, type["Event"]]] = {}

    def __init_subclass__(cls) -> None:
        known = Event.by_name.get(cls.__name__)
        if known is not None and known.__module__ != cls.__module__:
            raise TypeError(f"two events are called {cls.__name__}")
        Event.by_name[cls.__name__] = cls


Handler = Callable[["Transaction", Any], Awaitable[None]]
Handlers = Mapping[type[Event], Sequence[Handler]]


def add_events(wire: Wire, events: Sequence[Event]) -> None:
    """Collect the statement that appends events to the outbox, equal ones once."""
    rows = dict.fromkeys((type(event).__name__, orjson.dumps(event).decode()) for event in events)
    if len(rows) == 1:
        wire.add("INSERT INTO outbox (name, payload) VALUES (%s, %s::jsonb)", next(iter(rows)))
        return
    wire.add(
        "INSERT INTO outbox (name, payload) SELECT * FROM unnest(%s::text[], %s::jsonb[])",
        ([name for name, _ in rows], [payload for _, payload in rows]),
    )


class Dispatcher:
    """Hands committed events to their handlers until told to stop."""

    def __init__(self, database: "Database", handlers: Handlers) -> None:
        self.database = database
        self.handlers = handlers

    async def run(self, stop: asyncio.Event) -> None:
        """Dispatch whenever the outbox channel speaks, and every few seconds regardless."""
        wake = asyncio.Event()
        listener = asyncio.create_task(self._listen(wake))
        stopper = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                wake.clear()
                while await self.dispatch_batch():
                    if stop.is_set():
                        return
                waiter = asyncio.create_task(wake.wait())
                await asyncio.wait(
                    {waiter, stopper}, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                waiter.cancel()
        finally:
            listener.cancel()
            stopper.cancel()

    async def _listen(self, wake: asyncio.Event) -> None:
        async for _ in self.database.listen(CHANNEL):
            wake.set()

    async def dispatch_all(self) -> int:
        """Handle everything that is due now; how many rows that was. For tests and tools."""
        count = 0
        while handled := await self.dispatch_batch():
            count += handled
        return count

    async def dispatch_batch(self) -> int:
        """Handle one batch of due events in one transaction; how many rows it held.

        The commit need not be durable at once: a power cut undoes the handlers' effects and
        the removal of the rows together, and the events are simply handled again.
        """
        async with self.database.transaction() as tx:
            await tx.execute("SET LOCAL synchronous_commit = off")
            rows = await tx.fetch_all(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox"
                " WHERE NOT parked AND due <= now() ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)"
                " RETURNING id, name, payload, handler, tries",
                (BATCH,),
            )
            rows.sort(key=lambda row: row["id"])
            seen: set[tuple[str, bytes, str | None]] = set()
            for row in rows:
                payload = orjson.dumps(row["payload"], option=orjson.OPT_SORT_KEYS)
                key = (row["name"], payload, row["handler"])
                if key not in seen:
                    seen.add(key)
                    await self._handle(tx, row)
            return len(rows)

    async def _handle(self, tx: "Transaction", row: dict[str, Any]) -> None:
        kind = Event.by_name.get(row["name"])
        if kind is None:
            log.error("event of an unknown kind parked", news=row["name"])
            await self._retry_later(tx, row, row["handler"], MAX_TRIES)
            return
        event = kind(**row["payload"])
        for handler in self.handlers.get(kind, ()):
            name = f"{handler.__module__}.{handler.__name__}"
            if row["handler"] not in (None, name):
                continue
            try:
                async with tx.savepoint():
                    await handler(tx, event)
                    await tx.flush()
            except Exception:
                tx.forget_news()
                log.exception("event handler failed", news=row["name"], handler=name)
                await self._retry_later(tx, row, name, row["tries"] + 1)
        if row["handler"] is None:
            await self._tell_browsers(tx, row)

    async def _retry_later(
        self, tx: "Transaction", row: dict[str, Any], handler: str | None, tries: int
    ) -> None:
        pause = timedelta(seconds=min(300, 2**tries) * random.uniform(0.5, 1.5))  # noqa: S311
        await tx.execute(
            "INSERT INTO outbox (name, payload, handler, tries, due, parked)"
            " VALUES (%s, %s, %s, %s, now() + %s, %s)",
            (row["name"], Jsonb(row["payload"]), handler, tries, pause, tries >= MAX_TRIES),
        )

    async def _tell_browsers(self, tx: "Transaction", row: dict[str, Any]) -> None:
        data = row["payload"]
        message = {"event": row["name"], "data": data, "patient": data.get("patient_reference")}
        await tx.execute("SELECT pg_notify(%s, %s)", (LIVE_CHANNEL, orjson.dumps(message).decode()))
