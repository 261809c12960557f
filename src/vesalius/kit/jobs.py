"""Queued work, on procrastinate over the same PostgreSQL.

A job is deferred in the transaction that wants it, runs in a transaction of its own, at least
once, and is therefore idempotent. It is retried with growing pauses and, after five tries, stays
as *failed* where an operator sees it. `every` is for the house's own chores: one process at a
time does each, whichever holds its lock.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import procrastinate
from procrastinate import RetryDecision
from procrastinate.jobs import Job
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from vesalius.kit.log import logger

if TYPE_CHECKING:
    from vesalius.kit.database import Database
    from vesalius.kit.transaction import Transaction

log = logger(__name__)

MAX_TRIES = 5
# A connection is a process of PostgreSQL with some megabytes of its own.
POOL_IDLE_SECONDS = 15.0
JobFunction = Callable[..., Awaitable[None]]
ChoreFunction = Callable[["Database"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Chore:
    """Something done again and again while the house runs."""

    name: str
    seconds: float
    function: ChoreFunction


JOBS: dict[str, JobFunction] = {}
CHORES: dict[str, Chore] = {}


class _Retry(procrastinate.BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts + 1 >= MAX_TRIES:
            return None
        pause = min(600.0, 2.0 ** (job.attempts + 1)) * random.uniform(0.5, 1.5)  # noqa: S311
        return RetryDecision(retry_in={"seconds": max(1, round(pause))})


def job(name: str) -> Callable[[JobFunction], JobFunction]:
    """Declare `async def f(tx, **arguments)` as the job `name`."""

    def declare(function: JobFunction) -> JobFunction:
        JOBS[name] = function
        return function

    return declare


def every(seconds: float, name: str) -> Callable[[ChoreFunction], ChoreFunction]:
    """Declare `async def f(database)` as a chore that job workers do every so many seconds."""

    def declare(function: ChoreFunction) -> ChoreFunction:
        CHORES[name] = Chore(name, seconds, function)
        return function

    return declare


async def defer(
    tx: "Transaction",
    name: str,
    *,
    schedule_at: datetime | None = None,
    lock: str | None = None,
    only_one: str | None = None,
    **arguments: Any,
) -> None:
    """Queue a job in this transaction.

    Jobs with the same `lock` run one after the other; a job whose `only_one` is already waiting
    is not queued again.
    """
    if name not in JOBS:
        raise LookupError(f"no job is called {name!r}")
    if only_one is not None:
        waiting = await tx.fetch_value(
            "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'",
            (only_one,),
        )
        if waiting:
            return
    deferrer = _bare_app().configure_task(
        name,
        allow_unknown=True,
        schedule_at=schedule_at,
        lock=lock,
        queueing_lock=only_one,
        connection=await tx.connection(),
    )
    await deferrer.defer_async(**arguments)


_app: procrastinate.App | None = None


def _bare_app() -> procrastinate.App:
    # Deferring always happens on a transaction's connection, so this one is never opened.
    global _app
    if _app is None:
        _app = procrastinate.App(connector=procrastinate.PsycopgConnector())
    return _app


class JobWorker:
    """Runs jobs and chores until told to stop."""

    def __init__(self, database: "Database", concurrency: int, drain_seconds: float) -> None:
        self.database = database
        self.concurrency = concurrency
        self.drain_seconds = drain_seconds
        self.running = 0
        self.app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        for name, function in JOBS.items():
            self.app.task(name=name, retry=_Retry())(self._task(function))

    def _task(self, function: JobFunction) -> Callable[..., Awaitable[None]]:
        async def run(**arguments: Any) -> None:
            self.running += 1
            try:
                async with self.database.transaction() as tx:
                    await function(tx, **arguments)
            finally:
                self.running -= 1

        return run

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; running jobs get `drain_seconds` to end."""
        chores = [asyncio.create_task(self._repeat(chore, stop)) for chore in CHORES.values()]
        async with self._connections() as pool, self.app.open_async(pool):
            worker = asyncio.create_task(self._work())
            await stop.wait()
            worker.cancel()
            await asyncio.gather(worker, *chores, return_exceptions=True)

    async def run_waiting(self) -> None:
        """Run every job that is due now, then return. For tests and tools."""
        async with self._connections() as pool, self.app.open_async(pool):
            await self.app.run_worker_async(
                wait=False,
                concurrency=self.concurrency,
                install_signal_handlers=False,
                listen_notify=False,
            )

    def _connections(self) -> AsyncConnectionPool[AsyncConnection[DictRow]]:
        """Connections of the queue's own: its library talks to PostgreSQL in its own way."""

        async def configure(connection: AsyncConnection[DictRow]) -> None:
            for statement in self.database.setup:
                await connection.execute(statement)
            await connection.commit()

        return AsyncConnectionPool(
            self.database.url,
            kwargs={"row_factory": dict_row},
            configure=configure,
            min_size=1,
            max_size=self.concurrency + 1,
            max_idle=POOL_IDLE_SECONDS,
            open=False,
        )

    async def _work(self) -> None:
        await self.app.run_worker_async(
            concurrency=self.concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=self.drain_seconds,
            delete_jobs="successful",
        )

    async def _repeat(self, chore: Chore, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await run_chore(self.database, chore)
            except Exception:
                log.exception("chore failed", chore=chore.name)
            pause = timedelta(seconds=chore.seconds).total_seconds()
            try:
                async with asyncio.timeout(pause):
                    await stop.wait()
            except TimeoutError:
                continue


async def run_chore(database: "Database", chore: Chore) -> bool:
    """Do a chore unless another process is at it; whether it was done."""
    async with database.reading() as tx:
        held = await tx.fetch_value(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 7))", (chore.name,)
        )
        if not held:
            return False
        try:
            await chore.function(database)
        finally:
            await tx.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 7))", (chore.name,))
    return True
