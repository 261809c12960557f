"""Transactions: all or nothing, news with the commit, errors by what the caller can do."""

import asyncio
from dataclasses import dataclass

import psycopg
import pytest

from vesalius.app import House
from vesalius.kit.database import FALSE, TRUE, Predicate, every, some
from vesalius.kit.errors import Exhausted, Unavailable
from vesalius.kit.outbox import Dispatcher, Event
from vesalius.kit.transaction import Transaction
from vesalius.settings import Settings


@dataclass(frozen=True)
class BellRung(Event):
    """News of the tests."""

    tower: str


async def _count(house: House) -> int:
    async with house.database.transaction() as tx:
        return int(await tx.fetch_value("SELECT count(*) FROM outbox WHERE name = 'BellRung'"))


async def test_commit_keeps_rows_and_news(house: House) -> None:
    rung: list[str] = []
    async with house.database.transaction() as tx:
        tx.announce(BellRung("south"))
        tx.announce(BellRung("south"))
        tx.after_commit(lambda: rung.append("after"))
        assert rung == []
    assert rung == ["after"]
    assert await _count(house) == 1  # equal news is told once


async def test_failure_keeps_neither(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        async with house.database.transaction() as tx:
            await tx.execute("CREATE TABLE bell (tower text)")
            tx.announce(BellRung("south"))
            tx.after_commit(lambda: pytest.fail("not committed"))
            1 / 0
    assert await _count(house) == 0
    async with house.database.transaction() as tx:
        assert await tx.fetch_value("SELECT to_regclass('bell')") is None


async def test_acknowledgements_are_durable_commits(tx: Transaction) -> None:
    assert await tx.fetch_value("SHOW synchronous_commit") == "on"


async def test_lost_connection_is_unavailable(house: House) -> None:
    with pytest.raises(Unavailable):
        async with house.database.transaction() as tx:
            await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_programming_errors_are_not_disguised(house: House) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        async with house.database.transaction() as tx:
            await tx.execute("SELECT * FROM no_such_table")


async def test_busy_pool_is_exhausted(settings: Settings, house: House) -> None:
    async with asyncio.TaskGroup() as group:
        release = asyncio.Event()
        holding = asyncio.Semaphore(0)

        async def hold() -> None:
            async with house.database.transaction():
                holding.release()
                await release.wait()

        for _ in range(settings.database_pool_size):
            group.create_task(hold())
        for _ in range(settings.database_pool_size):
            await holding.acquire()
        house.database.pool.timeout = 0.2
        with pytest.raises(Exhausted):
            async with house.database.transaction():
                pass
        release.set()


class TestDispatcher:
    async def test_each_handler_gets_the_event_once(self, house: House) -> None:
        heard: list[str] = []

        async def first(tx: Transaction, event: BellRung) -> None:
            heard.append(f"first {event.tower}")

        async def second(tx: Transaction, event: BellRung) -> None:
            heard.append(f"second {event.tower}")

        async with house.database.transaction() as tx:
            tx.announce(BellRung("north"))
        dispatcher = Dispatcher(house.database, {BellRung: (first, second)})
        await dispatcher.dispatch_all()
        await dispatcher.dispatch_all()
        assert heard == ["first north", "second north"]

    async def test_a_failing_handler_alone_is_tried_again_and_then_parked(
        self, house: House
    ) -> None:
        heard: list[str] = []

        async def good(tx: Transaction, event: BellRung) -> None:
            heard.append("good")

        async def bad(tx: Transaction, event: BellRung) -> None:
            heard.append("bad")
            await tx.execute("SELECT no_such_column")

        async with house.database.transaction() as tx:
            tx.announce(BellRung("north"))
        dispatcher = Dispatcher(house.database, {BellRung: (good, bad)})
        for _ in range(7):
            await dispatcher.dispatch_all()
            async with house.database.transaction() as tx:
                await tx.execute("UPDATE outbox SET due = now() WHERE NOT parked")
        assert heard.count("good") == 1
        assert heard.count("bad") == 5
        async with house.database.transaction() as tx:
            row = await tx.fetch_one("SELECT handler, tries, parked FROM outbox")
        assert row is not None
        assert row["handler"].endswith(".bad")
        assert (row["tries"], row["parked"]) == (5, True)

    async def test_run_wakes_on_commit_and_stops_when_told(self, house: House) -> None:
        heard = asyncio.Event()
        stop = asyncio.Event()

        async def handler(tx: Transaction, event: BellRung) -> None:
            heard.set()

        running = asyncio.create_task(Dispatcher(house.database, {BellRung: (handler,)}).run(stop))
        async with house.database.transaction() as tx:
            tx.announce(BellRung("east"))
        async with asyncio.timeout(4):
            await heard.wait()
        stop.set()
        async with asyncio.timeout(4):
            await running

    async def test_browsers_are_told(self, house: House) -> None:
        channel = house.database.listen("live")
        assert await anext(channel) == ""
        async with house.database.transaction() as tx:
            tx.announce(BellRung("west"))
        await Dispatcher(house.database, {}).dispatch_all()
        async with asyncio.timeout(4):
            message = await anext(channel)
        assert '"event":"BellRung"' in message
        await channel.aclose()


def test_predicates_compose_with_their_parameters() -> None:
    young = Predicate("age < %s", (18,))
    named = Predicate("name = %s", ("x",))
    assert (young & named).sql == "(age < %s) AND (name = %s)"
    assert (young | named).params == (18, "x")
    assert (young & TRUE) is young
    assert (FALSE | named) is named
    assert every([]) is TRUE
    assert some([]) is FALSE
    assert (~young).sql == "NOT (age < %s)"


class TestTransactionParts:
    async def test_a_part_is_undone_alone(self, house: House) -> None:
        async with house.database.transaction() as tx:
            await tx.execute("CREATE TABLE bell (tower text UNIQUE)")
            await tx.execute("INSERT INTO bell VALUES ('north')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                async with tx.savepoint():
                    await tx.execute("INSERT INTO bell VALUES ('south')")
                    await tx.execute("INSERT INTO bell VALUES ('north')")
            async with tx.savepoint():
                await tx.execute("INSERT INTO bell VALUES ('west')")
        async with house.database.reading() as tx:
            rows = await tx.fetch_all("SELECT tower FROM bell ORDER BY tower")
        assert [row["tower"] for row in rows] == ["north", "west"]

    async def test_a_part_that_fails_before_it_asked_anything(self, house: House) -> None:
        with pytest.raises(LookupError):
            async with house.database.transaction() as tx:
                with pytest.raises(KeyError):
                    async with tx.savepoint():
                        raise KeyError
                await tx.execute("CREATE TABLE bell (tower text)")
                raise LookupError
        async with house.database.reading() as tx:
            assert await tx.fetch_value("SELECT to_regclass('bell')") is None

    async def test_a_pipelined_failure_undoes_everything(self, house: House) -> None:
        async with house.database.transaction() as tx:
            await tx.execute("CREATE TABLE bell (tower text UNIQUE)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            async with house.database.transaction(pipelined=True) as tx:
                await tx.execute("INSERT INTO bell VALUES ('north')")
                await tx.execute("INSERT INTO bell VALUES ('north')")
        async with house.database.reading() as tx:
            assert await tx.fetch_value("SELECT count(*) FROM bell") == 0

    async def test_a_failure_nobody_noticed_is_no_commit(self, house: House) -> None:
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            async with house.database.transaction() as tx:
                with pytest.raises(psycopg.errors.DivisionByZero):
                    await tx.execute("SELECT 1 / 0")

    async def test_a_commit_travels_with_the_last_fetch(self, house: House) -> None:
        async with house.database.transaction() as tx:
            await tx.execute("CREATE TABLE bell (tower text)")
        told: list[str] = []
        async with house.database.inquiry() as tx:
            await tx.execute("INSERT INTO bell VALUES ('north')")
            tx.after_commit(lambda: told.append("committed"))
            tx.commit_with_next()
            assert await tx.fetch_value("SELECT count(*) FROM bell") == 1
            async with house.database.reading() as other:
                assert await other.fetch_value("SELECT count(*) FROM bell") == 1
            with pytest.raises(RuntimeError):
                await tx.fetch_value("SELECT 1")
            with pytest.raises(RuntimeError):
                await tx.execute("DELETE FROM bell")
        assert told == ["committed"]

    async def test_a_last_fetch_that_fails_commits_nothing(self, house: House) -> None:
        async with house.database.transaction() as tx:
            await tx.execute("CREATE TABLE bell (tower text)")
        with pytest.raises(psycopg.errors.DivisionByZero):
            async with house.database.inquiry() as tx:
                await tx.execute("INSERT INTO bell VALUES ('north')")
                tx.commit_with_next()
                await tx.fetch_value("SELECT 1 / 0")
        async with house.database.reading() as tx:
            assert await tx.fetch_value("SELECT count(*) FROM bell") == 0

    async def test_rows_one_by_one(self, house: House) -> None:
        async with house.database.transaction() as tx:
            each = tx.fetch_each("SELECT generate_series(1, %s) AS n", (7,), at_once=3)
            assert [row["n"] async for row in each] == list(range(1, 8))
            assert [row async for row in tx.fetch_each("SELECT 1 WHERE false", ())] == []
