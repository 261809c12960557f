"""One connection to PostgreSQL, driven through libpq's pipeline mode.

psycopg connects, adapts values and loads rows; the talking is done here, because an instance or a
question costs several statements and psycopg spends more on each than PostgreSQL does. Statements
are collected and sent together with the one whose answer is wanted, in one write; the socket's
reader stays in the event loop for a whole transaction. Statements that come again are prepared.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import AsyncConnection, pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.rows import DictRow, dict_row

from vesalius.kit.postgres.statements import Params, statement

PREPARE_AFTER = 2
MOST_PREPARED = 200
MOST_COUNTED = 2000
CANCEL_SECONDS = 2.0

OK = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.EMPTY_QUERY)
SYNC = pq.ExecStatus.PIPELINE_SYNC
ABORTED = pq.ExecStatus.PIPELINE_ABORTED
CANNOT_CONNECT = psycopg.OperationalError

Key = tuple[bytes, tuple[int, ...]]


class Outcome:
    """What a statement led to, once it was run."""

    __slots__ = ("_load", "_result")

    def __init__(self) -> None:
        self._result: pq.abc.PGresult | None = None
        self._load: Callable[[pq.abc.PGresult], list[dict[str, Any]]] | None = None

    def settle(
        self,
        result: pq.abc.PGresult,
        load: Callable[[pq.abc.PGresult], list[dict[str, Any]]],
    ) -> None:
        """Told by the wire: PostgreSQL's answer, and how its rows are read."""
        self._result, self._load = result, load

    @property
    def rowcount(self) -> int:
        """Rows changed or found."""
        return self._answer().command_tuples or 0

    @property
    def tag(self) -> bytes:
        """PostgreSQL's word for what was done: `COMMIT`, `INSERT 0 1`."""
        return self._answer().command_status or b""

    def rows(self) -> list[dict[str, Any]]:
        """The rows, as dictionaries."""
        result = self._answer()
        assert self._load is not None
        return self._load(result)

    def row(self) -> dict[str, Any] | None:
        """The first row, or None."""
        rows = self.rows()
        return rows[0] if rows else None

    def _answer(self) -> pq.abc.PGresult:
        if self._result is None:
            raise psycopg.InterfaceError("the statement was not run yet")
        return self._result


@dataclass(slots=True)
class _Waiting:
    """A statement that was not sent yet; `prepared` is its name on the server."""

    outcome: Outcome
    query: bytes
    values: Any = None
    types: tuple[int, ...] = ()
    formats: Any = None
    binary: pq.Format = pq.Format.TEXT
    prepared: bytes | None = None
    to_prepare: Key | None = None


class Wire:
    """Statements to PostgreSQL and their answers, one task at a time."""

    def __init__(self, connection: AsyncConnection[DictRow]) -> None:
        self.connection = connection
        # The loop's time when it was last given back.
        self.idle_since = 0.0
        self.broken = False
        self._pg = connection.pgconn
        # Asked once: libpq closes it, and does not tell its number any more, when all is lost.
        self._socket = connection.pgconn.socket
        self._loop = asyncio.get_running_loop()
        self._transformer = Transformer.from_context(connection)
        self._queue: list[_Waiting] = []
        self._lock = asyncio.Lock()
        self._waiter: asyncio.Future[None] | None = None
        self._is_read = False
        self._prepared: OrderedDict[Key, bytes] = OrderedDict()
        self._uses: dict[Key, int] = {}
        self._named = 0

    @classmethod
    async def connect(cls, url: str, *setup: str) -> Wire:
        """A connection on which the `setup` statements were run. Raises OperationalError."""
        connection = await AsyncConnection.connect(url, autocommit=True, row_factory=dict_row)
        wire = cls(connection)
        try:
            for sql in setup:
                wire.add(sql)
            await wire.run()
        except BaseException:
            await wire.close()
            raise
        return wire

    # Statements

    def add(
        self, sql: str, params: Params = None, *, prepare: bool = True, binary: bool = False
    ) -> Outcome:
        """Collect a statement, to be sent with the next `run`.

        `binary` has the answer in PostgreSQL's binary form: large `bytea` come faster so. Without
        `prepare` it is planned for its values each time.
        """
        outcome = Outcome()
        if params is None:
            waiting = _Waiting(outcome, sql.encode())
        else:
            translated = statement(sql)
            transformer = self._transformer
            values = transformer.dump_sequence(translated.values(params), translated.formats)
            waiting = _Waiting(
                outcome, translated.query, values, transformer.types or (), transformer.formats
            )
        waiting.binary = pq.Format.BINARY if binary else pq.Format.TEXT
        if prepare:
            self._prepare(waiting)
        self._queue.append(waiting)
        return outcome

    def _prepare(self, waiting: _Waiting) -> None:
        key = (waiting.query, waiting.types)
        name = self._prepared.get(key)
        if name is not None:
            self._prepared.move_to_end(key)
            waiting.prepared = name
            return
        uses = self._uses.get(key, 0) + 1
        if uses <= PREPARE_AFTER:
            if len(self._uses) > MOST_COUNTED:
                self._uses.clear()
            self._uses[key] = uses
            return
        self._named += 1
        waiting.prepared = b"w%d" % self._named
        waiting.to_prepare = key

    def forget(self) -> None:
        """Drop what was collected and not sent."""
        self._queue.clear()

    async def run(self) -> None:
        """Send what was collected and take the answers.

        Raises the error of the first statement that failed; those behind it were not run. An
        OperationalError without an SQLSTATE says that the connection is gone.
        """
        async with self._lock:
            queue, self._queue = self._queue, []
            if not queue:
                return
            try:
                self._pg.enter_pipeline_mode()
                for waiting in queue:
                    self._send(waiting)
                self._pg.pipeline_sync()
                await self._flush()
                results = await self._receive()
                self._pg.exit_pipeline_mode()
            except BaseException:
                # Nobody knows which answers still come: this connection is of no more use.
                self.broken = True
                self.rest()
                raise
            self._settle(queue, iter(results))
            self._trim()

    def _send(self, waiting: _Waiting) -> None:
        pg = self._pg
        if waiting.to_prepare is not None:
            assert waiting.prepared is not None
            pg.send_prepare(waiting.prepared, waiting.query, waiting.types)
        if waiting.prepared is not None:
            pg.send_query_prepared(
                waiting.prepared, waiting.values, waiting.formats, waiting.binary
            )
        else:
            pg.send_query_params(
                waiting.query, waiting.values, waiting.types, waiting.formats, waiting.binary
            )

    async def _flush(self) -> None:
        while self._pg.flush():
            # Full: read too, PostgreSQL may be waiting for us to take its answers.
            await self._await_writable()
            self._pg.consume_input()

    async def _receive(self) -> list[pq.abc.PGresult]:
        """Every answer up to the synchronisation point."""
        pg = self._pg
        results: list[pq.abc.PGresult] = []
        separators = 0
        while True:
            while pg.is_busy():
                await self._await_readable()
                pg.consume_input()
            result = pg.get_result()
            if result is None:
                separators += 1
                if separators > 1:
                    raise CANNOT_CONNECT("the connection to the database is lost")
                continue
            separators = 0
            if result.status == SYNC:
                return results
            if result.status == pq.ExecStatus.FATAL_ERROR and pg.status != pq.ConnStatus.OK:
                raise error_from_result(result)
            results.append(result)

    def _settle(self, queue: list[_Waiting], results: Iterator[pq.abc.PGresult]) -> None:
        failed: pq.abc.PGresult | None = None
        for waiting in queue:
            if waiting.to_prepare is not None:
                result = next(results)
                if result.status in OK:
                    assert waiting.prepared is not None
                    self._prepared[waiting.to_prepare] = waiting.prepared
                    self._uses.pop(waiting.to_prepare, None)
                elif result.status != ABORTED:
                    failed = failed or result
                    # PostgreSQL passes over what was sent behind a failure, this one's run too.
            result = next(results)
            if result.status in OK:
                waiting.outcome.settle(result, self._load)
            elif result.status != ABORTED:
                failed = failed or result
        if failed is not None:
            raise error_from_result(failed)

    def _load(self, result: pq.abc.PGresult) -> list[dict[str, Any]]:
        count = result.ntuples
        if not count:
            return []
        names = [(result.fname(number) or b"").decode() for number in range(result.nfields)]
        transformer = self._transformer
        transformer.set_pgresult(result)
        return transformer.load_rows(0, count, lambda values: dict(zip(names, values, strict=True)))

    def _trim(self) -> None:
        """Have PostgreSQL forget the statements not used for longest."""
        while len(self._prepared) > MOST_PREPARED:
            _, name = self._prepared.popitem(last=False)
            self.add(f"DEALLOCATE {name.decode()}", prepare=False)

    # Waiting

    async def _await_readable(self) -> None:
        if not self._is_read:
            self._loop.add_reader(self._socket, self._readable)
            self._is_read = True
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _readable(self) -> None:
        if self._waiter is None:
            # Nobody reads now; left in place it would be called again and again.
            self.rest()
        else:
            self._go_on()

    def _go_on(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _await_writable(self) -> None:
        socket = self._socket
        self._waiter = self._loop.create_future()
        # Either way is progress: room to write, or an answer that keeps PostgreSQL from reading.
        self._loop.add_writer(socket, self._go_on)
        self._loop.add_reader(socket, self._go_on)
        self._is_read = True
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._loop.remove_writer(socket)
            self.rest()

    def rest(self) -> None:
        """Leave the event loop: nothing is expected."""
        if self._is_read:
            self._is_read = False
            self._loop.remove_reader(self._socket)

    # Life

    @property
    def in_transaction(self) -> bool:
        """Whether PostgreSQL has a transaction open on it, failed or not."""
        return self._pg.transaction_status != pq.TransactionStatus.IDLE

    def is_alive(self) -> bool:
        """Whether it can be used as far as is known without asking PostgreSQL."""
        if self.broken or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if not poll.poll(0):
            return True
        # Something came unasked: a notice, or the end.
        try:
            self._pg.consume_input()
        except psycopg.Error:
            return False
        return not poll.poll(0)

    async def close(self) -> None:
        """End the connection; what PostgreSQL still does for it is cancelled."""
        self.rest()
        if self.broken and not self.connection.closed:
            with contextlib.suppress(psycopg.Error, OSError):
                await self.connection.cancel_safe(timeout=CANCEL_SECONDS)
        await self.connection.close()
