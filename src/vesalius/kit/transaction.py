"""One message, request or job is one transaction: rows, blobs and news together.

Opened and committed at the interface; rooms take it as their first argument and never commit.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow

from vesalius.kit.blobs import Blobs
from vesalius.kit.outbox import Event, write_events
from vesalius.kit.workers import Workers
from vesalius.settings import Settings

Params = Sequence[Any] | Mapping[str, Any] | None


class Transaction:
    """A database transaction with the house's resources at hand and news to tell at its end."""

    __slots__ = ("_after_commit", "_events", "blobs", "connection", "now", "settings", "workers")

    def __init__(
        self,
        connection: AsyncConnection[DictRow],
        *,
        settings: Settings,
        blobs: Blobs,
        workers: Workers,
        now: datetime,
    ) -> None:
        self.connection = connection
        self.settings = settings
        self.blobs = blobs
        self.workers = workers
        self.now = now
        self._events: list[Event] = []
        self._after_commit: list[Callable[[], None]] = []

    async def execute(self, sql: str, params: Params = None) -> AsyncCursor[DictRow]:
        """Run one statement; the cursor carries `rowcount` and the rows, if any."""
        # SQL here is composed of our own text; values always travel as parameters.
        return await self.connection.execute(sql, params)

    async def fetch_all(self, sql: str, params: Params = None) -> list[dict[str, Any]]:
        """All rows of a query, as dictionaries."""
        return await (await self.execute(sql, params)).fetchall()

    async def fetch_one(self, sql: str, params: Params = None) -> dict[str, Any] | None:
        """The first row, or None."""
        return await (await self.execute(sql, params)).fetchone()

    async def fetch_value(self, sql: str, params: Params = None) -> Any:
        """The first column of the first row, or None."""
        row = await self.fetch_one(sql, params)
        return None if row is None else next(iter(row.values()))

    def announce(self, event: Event) -> None:
        """Tell this news downstream if, and only if, this transaction commits."""
        self._events.append(event)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once the commit is durable; it must not fail and must not wait."""
        self._after_commit.append(action)

    async def flush(self) -> bool:
        """Write the announced news into the outbox; true when there was any."""
        events, self._events = self._events, []
        if events:
            await write_events(self.connection, events)
        return bool(events)

    def forget_news(self) -> None:
        """Tell nothing of what was announced since the last flush: its act was undone."""
        self._events.clear()

    def run_after_commit(self) -> None:
        """Run what `after_commit` collected; called by the database, once."""
        actions, self._after_commit = self._after_commit, []
        for action in actions:
            action()
