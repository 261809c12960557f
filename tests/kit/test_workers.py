"""Workers: what hostile bytes can do to one stays there."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vesalius.app import House
from vesalius.kit.errors import Exhausted, Invalid, NotFound, Unavailable
from vesalius.kit.nursery import AFRESH, Channel
from vesalius.kit.workers import Workers

HERE = "tests.kit.worker_functions"


async def test_values_and_bytes_come_back(house: House) -> None:
    answer = await house.workers.run(f"{HERE}:describe", b"\x00\x01", {"a": [1, "b"]})
    assert answer == {"size": 2, "again": [b"\x00\x01", b""], "given": {"a": [1, "b"]}}


async def test_our_errors_keep_their_kind(house: House) -> None:
    with pytest.raises(NotFound, match="no such slice"):
        await house.workers.run(f"{HERE}:miss")


async def test_any_other_error_says_the_input_was_no_good(house: House) -> None:
    with pytest.raises(Invalid):
        await house.workers.run(f"{HERE}:divide", 1, 0)


async def test_death_and_delay_fail_one_piece_only(house: House) -> None:
    with pytest.raises(Unavailable):
        await house.workers.run(f"{HERE}:die")
    with pytest.raises(Unavailable):
        await house.workers.run(f"{HERE}:hang", timeout=0.5)
    assert await house.workers.run(f"{HERE}:divide", 6, 3) == 2


async def test_memory_is_limited(house: House) -> None:
    with pytest.raises(Exhausted):
        await house.workers.run(f"{HERE}:swell", 64 * 2**30)
    assert await house.workers.run(f"{HERE}:divide", 6, 3) == 2


async def test_printing_does_not_disturb_answers(house: House) -> None:
    assert await house.workers.run(f"{HERE}:chatter") == "quiet"


async def test_surplus_workers_end_and_one_stays_warm() -> None:
    workers = Workers(2, memory_bytes=2**31, seconds=30, idle_seconds=0.05)
    both = (workers.run(f"{HERE}:divide", 6, 3), workers.run(f"{HERE}:divide", 9, 3))
    assert await asyncio.gather(*both) == [2, 3]
    async with asyncio.timeout(5):
        while len(workers._idle) > 1:
            await asyncio.sleep(0.01)
    assert await workers.run(f"{HERE}:divide", 8, 2) == 4
    await workers.close()


async def test_cancelled_work_does_not_answer_somebody_else(house: House) -> None:
    task = asyncio.create_task(house.workers.run(f"{HERE}:hang"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await house.workers.run(f"{HERE}:divide", 8, 2) == 4


@pytest.fixture
def nursery(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A nursery this process may ask, as the roles of a running house may."""
    if sys.platform != "linux":
        pytest.skip("processes are forked on Linux only")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", AFRESH, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
            )
        Channel(ours).load([], os.environ)
        monkeypatch.setattr("vesalius.kit.nursery._given", ours.fileno())
        yield process
    # Nobody is left to ask it.
    assert process.wait(10) in (0, -9)


def _worker_processes(nursery: subprocess.Popen[bytes]) -> list[int]:
    pids = Path(f"/proc/{nursery.pid}/task/{nursery.pid}/children").read_text().split()
    return [int(pid) for pid in pids]


@pytest.mark.usefixtures("nursery")
async def test_forked_workers_do_what_fresh_ones_do() -> None:
    workers = Workers(2, memory_bytes=2**31, seconds=30)
    answer = await workers.run(f"{HERE}:describe", b"\x00" * 2**21, {"a": [1, "b"]})
    assert answer == {"size": 2**21, "again": [b"\x00" * 2**21, b""], "given": {"a": [1, "b"]}}
    with pytest.raises(NotFound, match="no such slice"):
        await workers.run(f"{HERE}:miss")
    with pytest.raises(Invalid):
        await workers.run("tests.kit.not_there:miss")
    with pytest.raises(Unavailable):
        await workers.run(f"{HERE}:die")
    with pytest.raises(Unavailable):
        await workers.run(f"{HERE}:hang", timeout=0.5)
    with pytest.raises(Exhausted):
        await workers.run(f"{HERE}:swell", 64 * 2**30)
    assert await workers.run(f"{HERE}:chatter") == "quiet"
    await workers.close()


async def test_forked_workers_hold_nothing_of_ours(nursery: subprocess.Popen[bytes]) -> None:
    workers = Workers(1, memory_bytes=2**31, seconds=30)
    await workers.run(f"{HERE}:divide", 6, 3)
    [pid] = _worker_processes(nursery)
    held = {int(fd.name) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    # The standard three, and copies of the two that carry calls and answers.
    assert held <= {0, 1, 2, 3, 4, 5}
    links = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in held}
    assert len([link for link in links if link.startswith("socket:")]) == 1
    await workers.close()


async def test_forked_workers_all_end_when_idle(nursery: subprocess.Popen[bytes]) -> None:
    workers = Workers(2, memory_bytes=2**31, seconds=30, idle_seconds=0.05)
    assert await workers.run(f"{HERE}:divide", 6, 3) == 2
    async with asyncio.timeout(5):
        while _worker_processes(nursery):
            await asyncio.sleep(0.01)
    assert await workers.run(f"{HERE}:divide", 8, 2) == 4
    await workers.close()


async def test_without_the_nursery_workers_start_afresh(nursery: subprocess.Popen[bytes]) -> None:
    workers = Workers(1, memory_bytes=2**31, seconds=30)
    nursery.kill()
    nursery.wait()
    assert await workers.run(f"{HERE}:divide", 8, 2) == 4
    await workers.close()
