"""Connections given out and taken back."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from vesalius.kit.errors import Exhausted, Unavailable
from vesalius.kit.postgres import pool as pools
from vesalius.kit.postgres.pool import Pool


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = Pool(database_url, 3, "SET timezone = 'UTC'")
    await opened.open(10.0)
    yield opened
    await opened.close()


async def test_the_one_given_back_last_is_given_out_first(pool: Pool) -> None:
    first, second = await pool.acquire(), await pool.acquire()
    pool.release(first)
    pool.release(second)
    async with pool.wire() as again:
        assert again is second


async def test_who_waits_longest_comes_first(pool: Pool) -> None:
    held = [await pool.acquire() for _ in range(3)]
    order: list[int] = []

    async def wait(number: int) -> None:
        async with pool.wire():
            order.append(number)

    waiting = [asyncio.create_task(wait(number)) for number in range(5)]
    await asyncio.sleep(0)
    for wire in held:
        pool.release(wire)
    await asyncio.gather(*waiting)
    assert order == list(range(5))


async def test_none_in_time_is_exhausted(pool: Pool) -> None:
    held = [await pool.acquire() for _ in range(3)]
    pool.timeout = 0.05
    with pytest.raises(Exhausted):
        await pool.acquire()
    for wire in held:
        pool.release(wire)
    async with pool.wire():
        pass


async def test_one_left_in_a_transaction_is_closed_and_undone(pool: Pool) -> None:
    wire = await pool.acquire()
    wire.add("CREATE TABLE bell (tower text)")
    await wire.run()
    wire.add("BEGIN")
    wire.add("INSERT INTO bell VALUES ('north')")
    await wire.run()
    pool.release(wire)
    async with pool.wire() as other:
        assert other is not wire
        found = other.add("SELECT count(*) AS n FROM bell")
        await other.run()
        assert found.rows() == [{"n": 0}]


async def test_dead_ones_are_replaced_unseen(pool: Pool, database_url: str) -> None:
    held = [await pool.acquire() for _ in range(3)]
    pids = [wire.connection.info.backend_pid for wire in held]
    for wire in held:
        pool.release(wire)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        for pid in pids:
            await other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
    for _ in range(4):
        async with pool.wire() as wire:
            alive = wire.add("SELECT 1 AS one")
            await wire.run()
            assert alive.rows() == [{"one": 1}]


async def test_idle_ones_are_closed(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "IDLE_SECONDS", 0.02)
    held = [await pool.acquire() for _ in range(3)]
    for wire in held:
        pool.release(wire)
    async with asyncio.timeout(10):
        while sum(wire.connection.closed for wire in held) < 2:
            await asyncio.sleep(0.01)
    async with pool.wire() as wire:
        assert not wire.connection.closed


async def test_a_waiter_that_gives_up_costs_nobody_a_connection(pool: Pool) -> None:
    held = [await pool.acquire() for _ in range(3)]
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    pool.release(held.pop())
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with pool.wire():
        pass
    for wire in held:
        pool.release(wire)


async def test_no_database_is_unavailable() -> None:
    pool = Pool("postgresql://nobody@127.0.0.1:1/nothing", 2)
    with pytest.raises(Unavailable):
        await pool.open(0.3)
