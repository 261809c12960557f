"""Jobs: queued with the transaction, run once in effect, parked after five tries."""

import asyncio

import pytest

from vesalius.app import House
from vesalius.kit import jobs
from vesalius.kit.jobs import CHORES, Chore, JobWorker, defer, job, run_chore
from vesalius.kit.transaction import Transaction

done: list[str] = []


@job("tests.ring")
async def ring(tx: Transaction, tower: str) -> None:
    await tx.execute("SELECT 1")
    done.append(tower)


@job("tests.break")
async def break_down(tx: Transaction) -> None:
    done.append("broke")
    raise RuntimeError("always")


@pytest.fixture(autouse=True)
def _clean() -> None:
    done.clear()


async def test_runs_after_commit_only(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        async with house.database.transaction() as tx:
            await defer(tx, "tests.ring", tower="never")
            1 / 0
    async with house.database.transaction() as tx:
        await defer(tx, "tests.ring", tower="south", only_one="south")
        await defer(tx, "tests.ring", tower="south", only_one="south")
    await JobWorker(house.database, 2, 1.0).run_waiting()
    assert done == ["south"]


async def test_unknown_job_is_refused(tx: Transaction) -> None:
    with pytest.raises(LookupError):
        await defer(tx, "tests.no_such_job")


async def test_parked_after_five_tries(house: House) -> None:
    async with house.database.transaction() as tx:
        await defer(tx, "tests.break")
    for _ in range(7):
        await JobWorker(house.database, 2, 1.0).run_waiting()
        async with house.database.transaction() as tx:
            await tx.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
    assert done.count("broke") == jobs.MAX_TRIES
    async with house.database.transaction() as tx:
        assert await tx.fetch_value("SELECT status::text FROM procrastinate_jobs") == "failed"


async def test_a_chore_is_done_by_one_process_at_a_time(house: House) -> None:
    inside = asyncio.Event()
    release = asyncio.Event()

    async def slow(database: object) -> None:
        inside.set()
        await release.wait()

    chore = Chore("tests.chore", 60.0, slow)
    first = asyncio.create_task(run_chore(house.database, chore))
    await inside.wait()
    assert await run_chore(house.database, chore) is False
    release.set()
    assert await first is True


async def test_worker_stops_when_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = asyncio.Event()

    async def tick(database: object) -> None:
        ran.set()

    monkeypatch.setitem(CHORES, "tests.tick", Chore("tests.tick", 0.01, tick))
    stop = asyncio.Event()
    running = asyncio.create_task(JobWorker(house.database, 2, 1.0).run(stop))
    async with asyncio.timeout(5):
        await ran.wait()
    stop.set()
    async with asyncio.timeout(5):
        await running
