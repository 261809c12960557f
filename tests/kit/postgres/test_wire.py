"""Statements over one real connection."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.types.json import Jsonb

from vesalius.kit.postgres import wire as wires
from vesalius.kit.postgres.wire import Wire


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    opened = await Wire.connect(database_url, "SET timezone = 'UTC'")
    yield opened
    await opened.close()


async def fetch(wire: Wire, sql: str, params: object = None) -> list[dict[str, object]]:
    outcome = wire.add(sql, params)  # type: ignore[arg-type]
    await wire.run()
    return outcome.rows()


async def test_values_come_back_as_they_went(wire: Wire) -> None:
    now = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    sql = (
        "SELECT %s::int AS i, %s::text AS t, %s::bytea AS b, %s::timestamptz AS at,"
        " %s::jsonb AS j, %s::text[] AS a, %s::int AS nothing, %s AS untyped"
    )
    params = (7, "Šarić 'x' %", b"\0\xff", now, Jsonb({"a": [1, None]}), ["p", "q"], None, "u")
    expected = {
        "i": 7, "t": "Šarić 'x' %", "b": b"\0\xff", "at": now, "j": {"a": [1, None]},
        "a": ["p", "q"], "nothing": None, "untyped": "u",
    }  # fmt: skip
    # Unprepared, while it is prepared, and prepared.
    for _ in range(wires.PREPARE_AFTER + 3):
        assert await fetch(wire, sql, params) == [expected]
    prepared = await fetch(wire, "SELECT count(*) AS n FROM pg_prepared_statements")
    assert prepared == [{"n": 1}]


async def test_statements_travel_together_in_order(wire: Wire) -> None:
    wire.add("CREATE TEMP TABLE bell (tower text)")
    first = wire.add("INSERT INTO bell VALUES (%s), (%s)", ("north", "south"))
    second = wire.add("SELECT tower FROM bell ORDER BY tower")
    with pytest.raises(psycopg.InterfaceError):
        second.rows()
    await wire.run()
    assert (first.rowcount, first.tag) == (2, b"INSERT 0 2")
    assert second.rows() == [{"tower": "north"}, {"tower": "south"}]
    assert second.row() == {"tower": "north"}


async def test_the_first_failure_is_raised_and_the_rest_not_run(wire: Wire) -> None:
    wire.add("CREATE TEMP TABLE bell (tower text UNIQUE)")
    wire.add("INSERT INTO bell VALUES ('north')")
    await wire.run()
    wire.add("INSERT INTO bell VALUES ('south')")
    wire.add("INSERT INTO bell VALUES ('north')")
    behind = wire.add("SELECT 1")
    with pytest.raises(psycopg.errors.UniqueViolation):
        await wire.run()
    with pytest.raises(psycopg.InterfaceError):
        behind.rows()
    # Without BEGIN what travels together is one transaction.
    assert await fetch(wire, "SELECT tower FROM bell") == [{"tower": "north"}]
    assert not wire.in_transaction


async def test_a_statement_that_cannot_be_prepared_is_not_taken_for_prepared(wire: Wire) -> None:
    for _ in range(wires.PREPARE_AFTER + 3):
        with pytest.raises(psycopg.errors.UndefinedTable):
            await fetch(wire, "SELECT * FROM nowhere WHERE a = %s", ("x",))
    wire.add("CREATE TEMP TABLE nowhere (a text)")
    await wire.run()
    assert await fetch(wire, "SELECT * FROM nowhere WHERE a = %s", ("x",)) == []


async def test_prepared_statements_are_limited(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "MOST_PREPARED", 5)
    for _ in range(wires.PREPARE_AFTER + 2):
        for number in range(12):
            assert await fetch(wire, f"SELECT {number} + %s::int AS n", (1,)) == [{"n": number + 1}]
    await wire.run()
    [row] = await fetch(wire, "SELECT count(*) AS n FROM pg_prepared_statements")
    assert row["n"] == 5


async def test_more_than_the_sockets_hold_goes_both_ways(wire: Wire) -> None:
    large = b"\1\2\3\4" * 2_000_000
    sent = [wire.add("SELECT %s::bytea AS b", (large,), binary=True) for _ in range(3)]
    await wire.run()
    assert [each.rows()[0]["b"] == large for each in sent] == [True] * 3


async def test_tasks_take_turns(wire: Wire) -> None:
    async def ask(number: int) -> object:
        outcome = wire.add("SELECT %s::int AS n", (number,))
        await wire.run()
        return outcome.rows()[0]["n"]

    assert await asyncio.gather(*(ask(number) for number in range(20))) == list(range(20))


async def test_given_up_in_the_middle_it_is_broken(database_url: str) -> None:
    wire = await Wire.connect(database_url)
    wire.add("SELECT pg_sleep(60)")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await wire.run()
    assert wire.broken
    assert not wire.is_alive()
    pid = wire.connection.info.backend_pid
    await wire.close()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        # What it asked for does not go on.
        async with asyncio.timeout(10):
            while await (
                await other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,))
            ).fetchone():
                await asyncio.sleep(0)


async def test_a_connection_that_postgresql_ended(database_url: str) -> None:
    wire = await Wire.connect(database_url)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        pid = wire.connection.info.backend_pid
        await other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
    assert not wire.is_alive()
    wire.add("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        await wire.run()
    assert wire.broken
    await wire.close()
