"""One message, request or job is one transaction: rows, blobs and news together.

Opened and committed at the interface; rooms take it as their first argument and never commit.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.errors import InFailedSqlTransaction
from psycopg.rows import DictRow

from vesalius.kit.blobs import Blobs
from vesalius.kit.outbox import Event, add_events
from vesalius.kit.postgres.statements import Params
from vesalius.kit.postgres.wire import Outcome, Wire
from vesalius.kit.workers import Workers
from vesalius.settings import Settings


class Transaction:
    """A database transaction with the house's resources at hand and news to tell at its end.

    When it is pipelined, `execute` collects its statement and `fetch_…` sends what was collected
    together with its own, so an `execute` that fails says so only there, or at the commit.
    """

    __slots__ = (
        "_after_commit",
        "_commit",
        "_ends_next",
        "_events",
        "_pipelined",
        "_savepoints",
        "_told",
        "_wire",
        "blobs",
        "now",
        "settings",
        "workers",
    )

    def __init__(
        self,
        wire: Wire,
        *,
        pipelined: bool,
        settings: Settings,
        blobs: Blobs,
        workers: Workers,
        now: datetime,
    ) -> None:
        self.settings = settings
        self.blobs = blobs
        self.workers = workers
        self.now = now
        self._wire = wire
        self._pipelined = pipelined
        self._savepoints = 0
        self._ends_next = False
        self._commit: Outcome | None = None
        self._told = False
        self._events: list[Event] = []
        self._after_commit: list[Callable[[], None]] = []

    # SQL here is composed of our own text; values always travel as parameters.

    async def execute(self, sql: str, params: Params = None, *, prepare: bool = True) -> Outcome:
        """Run one statement; the outcome carries `rowcount` and the rows, if any."""
        self._require_open()
        outcome = self._wire.add(sql, params, prepare=prepare)
        if not self._pipelined:
            await self._wire.run()
        return outcome

    async def fetch_all(
        self, sql: str, params: Params = None, *, prepare: bool = True, binary: bool = False
    ) -> list[dict[str, Any]]:
        """All rows of a query, as dictionaries.

        Without `prepare` it is planned for its values; `binary` is for large `bytea`.
        """
        self._require_open()
        outcome = self._wire.add(sql, params, prepare=prepare, binary=binary)
        if self._ends_next:
            self._add_commit()
        await self._wire.run()
        return outcome.rows()

    async def fetch_one(self, sql: str, params: Params = None) -> dict[str, Any] | None:
        """The first row, or None."""
        rows = await self.fetch_all(sql, params)
        return rows[0] if rows else None

    async def fetch_value(self, sql: str, params: Params = None, *, prepare: bool = True) -> Any:
        """The first column of the first row, or None."""
        rows = await self.fetch_all(sql, params, prepare=prepare)
        return next(iter(rows[0].values())) if rows else None

    async def fetch_by_generic_plan(self, sql: str, params: Params) -> list[dict[str, Any]]:
        """As `fetch_all`, by the prepared plan that is made without the values."""
        self._wire.add("SET LOCAL plan_cache_mode = force_generic_plan")
        outcome = self._wire.add(sql, params)
        self._wire.add("SET LOCAL plan_cache_mode = auto")
        await self._wire.run()
        return outcome.rows()

    async def fetch_each(
        self, sql: str, params: Params, *, at_once: int = 200
    ) -> AsyncIterator[dict[str, Any]]:
        """The rows of a query one by one, `at_once` of them in memory."""
        self._savepoints += 1
        cursor = f"each_{self._savepoints}"
        self._wire.add(f"DECLARE {cursor} NO SCROLL CURSOR FOR {sql}", params, prepare=False)
        while rows := await self.fetch_all(f"FETCH {at_once} FROM {cursor}", prepare=False):
            for row in rows:
                yield row
            if len(rows) < at_once:
                break
        # Travels with what comes next, the commit at the latest.
        self._wire.add(f"CLOSE {cursor}", prepare=False)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that is undone alone when its block raises; its news is for the caller to drop."""
        self._savepoints += 1
        name = f"part_{self._savepoints}"
        # What was collected before, BEGIN with it, stands whatever becomes of this part.
        self._wire.add(f"SAVEPOINT {name}", prepare=False)
        await self._wire.run()
        try:
            yield
            self._wire.add(f"RELEASE SAVEPOINT {name}", prepare=False)
            await self._wire.run()
        except BaseException:
            self._wire.forget()
            if not self._wire.broken:
                self._wire.add(f"ROLLBACK TO SAVEPOINT {name}", prepare=False)
                self._wire.add(f"RELEASE SAVEPOINT {name}", prepare=False)
                await self._wire.run()
            raise

    async def connection(self) -> AsyncConnection[DictRow]:
        """The connection itself, for a library that runs its own statements in here."""
        await self._wire.run()
        self._wire.rest()
        return self._wire.connection

    def announce(self, event: Event) -> None:
        """Tell this news downstream if, and only if, this transaction commits."""
        self._events.append(event)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once the commit is durable; it must not fail and must not wait."""
        self._after_commit.append(action)

    def add_news(self) -> bool:
        """Collect the statement that writes the announced news; true when there was any."""
        events, self._events = self._events, []
        if events:
            add_events(self._wire, events)
        return bool(events)

    async def flush(self) -> bool:
        """Write the announced news into the outbox; true when there was any."""
        told = self.add_news()
        await self._wire.run()
        return told

    def forget_news(self) -> None:
        """Tell nothing of what was announced since the last flush: its act was undone."""
        self._events.clear()

    def commit_with_next(self) -> None:
        """Have the commit travel with the next fetch: nothing can be asked behind it."""
        self._ends_next = True

    def _require_open(self) -> None:
        if self._commit is not None:
            raise RuntimeError("the transaction was committed with its last fetch")

    def _add_commit(self) -> None:
        self._told = self.add_news()
        self._commit = self._wire.add("COMMIT")

    async def commit(self) -> bool:
        """Commit, news included, unless that travelled with the last fetch; whether there was news.

        Called by the database.
        """
        if self._commit is None:
            self._add_commit()
            await self._wire.run()
        assert self._commit is not None
        if self._commit.tag != b"COMMIT":
            # A statement failed and somebody took no notice: PostgreSQL has rolled back.
            raise InFailedSqlTransaction("the transaction had failed before its commit")
        return self._told

    def run_after_commit(self) -> None:
        """Run what `after_commit` collected; called by the database, once."""
        actions, self._after_commit = self._after_commit, []
        for action in actions:
            action()
