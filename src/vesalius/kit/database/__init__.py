"""PostgreSQL, everywhere: a pool of connections and the transactions made on it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import Any

import orjson
import psycopg
from psycopg import AsyncConnection, sql
from psycopg.types.json import set_json_dumps, set_json_loads

from vesalius.kit.blobs import Blobs
from vesalius.kit.clock import Clock
from vesalius.kit.database.predicate import FALSE, TRUE, Predicate, every, some
from vesalius.kit.errors import Exhausted, Unavailable
from vesalius.kit.log import logger
from vesalius.kit.outbox import CHANNEL
from vesalius.kit.postgres.pool import Pool
from vesalius.kit.postgres.wire import Wire
from vesalius.kit.transaction import Transaction
from vesalius.kit.workers import Workers
from vesalius.settings import Settings

__all__ = ["FALSE", "TRUE", "Database", "Predicate", "every", "some"]

log = logger(__name__)

# News is told soon; while much is told, less often and more at a time.
NUDGE_SECONDS, BUSY_NUDGE_SECONDS = 0.05, 0.3
BUSY_SECONDS = 1.0
RECONNECT_SECONDS = 1.0
OPEN_SECONDS = 30.0
READY_SECONDS = 2.0

set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What goes wrong with the database, as errors of the house."""
    try:
        yield
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
        self._nudged = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        # What every connection is told first.
        self.setup = (
            f"SET search_path = {_quoted(settings.database_schema)}, public",
            # An acknowledgement promises durability, whatever the server's default says.
            "SET synchronous_commit = on",
            "SET timezone = 'UTC'",
        )
        self.pool = Pool(url, settings.database_pool_size, *self.setup)

    async def open(self) -> None:
        """Connect; Unavailable when PostgreSQL does not answer in time."""
        await self.pool.open(OPEN_SECONDS)

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
            async with self.pool.wire() as wire:
                tx = self._transaction(wire, pipelined=pipelined)
                # They travel with the first statement of the block.
                wire.add("BEGIN")
                if not durable:
                    wire.add("SET LOCAL synchronous_commit = off")
                try:
                    yield tx
                    told = await tx.commit()
                except BaseException:
                    await _roll_back(wire)
                    raise
        # Only now is the commit known to be durable.
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
            async with self.pool.wire() as wire:
                yield self._transaction(wire, pipelined=False)

    def _transaction(self, wire: Wire, *, pipelined: bool) -> Transaction:
        return Transaction(
            wire,
            pipelined=pipelined,
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
            is_busy = loop.time() - self._nudged < BUSY_SECONDS
            pause = BUSY_NUDGE_SECONDS if is_busy else NUDGE_SECONDS
            self._nudging = loop.call_later(pause, self._start_nudge)

    def _start_nudge(self) -> None:
        self._nudging = None
        self._nudged = asyncio.get_running_loop().time()
        task = asyncio.create_task(self._send_nudge())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_nudge(self) -> None:
        try:
            async with self.pool.wire() as wire:
                wire.add("BEGIN")
                wire.add("SET LOCAL synchronous_commit = off")
                wire.add(f"NOTIFY {CHANNEL}")
                wire.add("COMMIT")
                await wire.run()
        except (psycopg.Error, Exhausted):
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
            async with asyncio.timeout(READY_SECONDS), self.pool.wire() as wire:
                wire.add("SELECT 1")
                await wire.run()
        except (psycopg.Error, Exhausted, TimeoutError):
            return False
        return True

    async def snapshot(self, query: str) -> list[dict[str, Any]]:
        """One read-only query outside any message's transaction, for health and metrics."""
        async with self.pool.wire() as wire:
            outcome = wire.add(query)
            await wire.run()
            return outcome.rows()


async def _roll_back(wire: Wire) -> None:
    """Undo; a connection that cannot is closed when it is given back, which undoes too."""
    wire.forget()
    if wire.in_transaction and not wire.broken:
        wire.add("ROLLBACK")
        with suppress(psycopg.Error):
            await wire.run()
