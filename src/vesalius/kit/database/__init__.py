"""PostgreSQL, everywhere: a pool of connections and the transactions made on it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from typing import Any

import orjson
import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from vesalius.kit.blobs import Blobs
from vesalius.kit.clock import Clock
from vesalius.kit.database.predicate import FALSE, TRUE, Predicate, every, some
from vesalius.kit.errors import Exhausted, Unavailable
from vesalius.kit.log import logger
from vesalius.kit.outbox import CHANNEL
from vesalius.kit.transaction import Transaction
from vesalius.kit.workers import Workers
from vesalius.settings import Settings

__all__ = ["FALSE", "TRUE", "Database", "Predicate", "every", "some"]

log = logger(__name__)

NUDGE_SECONDS = 0.05
RECONNECT_SECONDS = 1.0

set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What goes wrong with the database, as errors of the house."""
    try:
        yield
    except PoolTimeout as error:
        raise Exhausted("the database is busy; try again later") from error
    except psycopg.errors.DiskFull as error:
        raise Exhausted("the database has no room left") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.DeadlockDetected):
            raise
        raise Unavailable("the database does not answer") from error


class Database:
    """The house's PostgreSQL; makes transactions and listens to channels."""

    def __init__(
        self,
        url: str,
        settings: Settings,
        *,
        blobs: Blobs,
        workers: Workers,
        clock: Clock | None = None,
    ) -> None:
        self.url = url
        self.settings = settings
        self.blobs = blobs
        self.workers = workers
        self.clock = clock or Clock()
        self._nudging: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
            url,
            kwargs={"row_factory": dict_row, "prepare_threshold": 3},
            min_size=1,
            max_size=settings.database_pool_size,
            configure=self._configure,
            timeout=20.0,
            open=False,
        )

    async def _configure(self, connection: AsyncConnection[DictRow]) -> None:
        path = sql.SQL("SET search_path = {}, public").format(
            sql.Identifier(self.settings.database_schema)
        )
        await connection.execute(path)
        # An acknowledgement promises durability, whatever the server's default says.
        await connection.execute("SET synchronous_commit = on")
        await connection.execute("SET timezone = 'UTC'")
        await connection.commit()

    async def open(self) -> None:
        """Connect; Unavailable when PostgreSQL does not answer in time."""
        try:
            await self.pool.open(wait=True, timeout=30.0)
        except PoolTimeout as error:
            raise Unavailable("the database does not answer") from error

    async def close(self) -> None:
        """Close every connection; waits for the news that is being told."""
        if self._nudging is not None:
            self._nudging.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.pool.close()

    @asynccontextmanager
    async def transaction(
        self, *, durable: bool = True, pipelined: bool = False
    ) -> AsyncIterator[Transaction]:
        """One transaction: commits when the block ends, rolls back when it raises.

        Not `durable` is for acts that only read (see `inquiry`). `pipelined` is for the hot
        paths: statements are sent together (PostgreSQL's pipeline mode) and waited for at the
        next fetch, or at the commit, so an `execute` that fails may say so only then. Raises
        Exhausted when no connection is free in time, Unavailable when the connection is lost;
        then nothing of the block is known to be stored.
        """
        with _in_our_words():
            async with self.pool.connection() as connection:
                tx = self._transaction(connection)
                together = connection.pipeline() if pipelined else nullcontext()
                async with together, connection.transaction():
                    if not durable:
                        await tx.execute("SET LOCAL synchronous_commit = off")
                    yield tx
                    told = await tx.flush()
        # Behind the pipeline too: only now is the commit known to be durable.
        tx.run_after_commit()
        if told:
            self._nudge()

    def inquiry(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction for an act that only reads, and is audited.

        Its audit event is committed before the answer, but the disk is not waited for: a power
        cut may take the trail of reads of the last moment (PostgreSQL writes it within three
        times `wal_writer_delay`, 0.6 s), never anything that was acknowledged as stored.
        """
        return self.transaction(durable=False, pipelined=True)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """For questions: each statement stands for itself, without BEGIN and COMMIT.

        A third of the round trips of `transaction`, for doors that are asked thousands of times
        a minute. A statement that writes is committed at once; nothing may be announced here,
        or asked that must hold together.
        """
        with _in_our_words():
            async with self.pool.connection() as connection:
                await connection.set_autocommit(True)
                try:
                    yield self._transaction(connection)
                finally:
                    # A connection that broke or was left in the middle is closed by the pool.
                    with suppress(psycopg.Error):
                        await connection.set_autocommit(False)

    def _transaction(self, connection: AsyncConnection[DictRow]) -> Transaction:
        return Transaction(
            connection,
            settings=self.settings,
            blobs=self.blobs,
            workers=self.workers,
            now=self.clock.now(),
        )

    def _nudge(self) -> None:
        """Wake the dispatchers soon.

        Not by NOTIFY in the transaction: that takes one lock for all of PostgreSQL until the
        commit is flushed, and would serialise the commits of every association.
        """
        if self._nudging is None:
            loop = asyncio.get_running_loop()
            self._nudging = loop.call_later(NUDGE_SECONDS, self._start_nudge)

    def _start_nudge(self) -> None:
        self._nudging = None
        task = asyncio.create_task(self._send_nudge())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_nudge(self) -> None:
        try:
            async with self.pool.connection() as connection:
                await connection.execute("SET LOCAL synchronous_commit = off")
                await connection.execute(f"NOTIFY {CHANNEL}")
        except (psycopg.Error, PoolTimeout):
            log.warning("dispatchers not woken; they will look by themselves")

    async def listen(self, channel: str) -> AsyncIterator[str]:
        """Payloads told on a channel, for ever; connects again when the connection is lost.

        Yields an empty payload after each (re)connection, so that the listener looks for what
        it may have missed.
        """
        while True:
            try:
                connection = await AsyncConnection.connect(self.url, autocommit=True)
                async with connection:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    yield ""
                    async for notification in connection.notifies():
                        yield notification.payload
            except psycopg.OperationalError:
                log.warning("listening connection lost", channel=channel)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def ready(self) -> bool:
        """Whether a query is answered now."""
        try:
            async with self.pool.connection(timeout=2.0) as connection:
                await connection.execute("SELECT 1")
        except (psycopg.Error, PoolTimeout):
            return False
        return True

    async def snapshot(self, query: str) -> list[dict[str, Any]]:
        """One read-only query outside any message's transaction, for health and metrics."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(query)
            return await cursor.fetchall()
