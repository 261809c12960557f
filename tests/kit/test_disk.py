"""Fsync by order and by thread."""

import asyncio
import errno
import os
import sys
from pathlib import Path

import pytest

from vesalius.kit import disk as disks
from vesalius.kit.disk import Disk


@pytest.fixture(params=["ordered", "by a thread"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Disk:
    if request.param == "by a thread":
        monkeypatch.setattr(disks, "CALLS", {})
    return Disk()


async def test_many_files_at_once(disk: Disk, tmp_path: Path) -> None:
    files = [os.open(tmp_path / str(n), os.O_RDWR | os.O_CREAT) for n in range(300)]
    for file in files:
        os.write(file, b"abc" * 1000)
    # More than the kernel takes at once: a thread does the rest.
    assert await asyncio.gather(*(disk.sync(file) for file in files)) == [None] * 300
    for file in files:
        os.close(file)
    disk.close()


async def test_a_failure_is_the_disks_own(disk: Disk, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Bad file descriptor") as raised:
        await disk.sync(987654)
    assert raised.value.errno == errno.EBADF
    disk.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a pipe cannot be synced on Linux")
async def test_what_cannot_be_synced(disk: Disk) -> None:
    reading, writing = os.pipe()
    with pytest.raises(OSError, match="Invalid argument"):
        await disk.sync(writing)
    os.close(reading)
    os.close(writing)
    disk.close()


async def test_one_who_gives_up_costs_the_others_nothing(disk: Disk, tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.write(b"abc")
        file.flush()
        disk.sync(file.fileno()).cancel()
        await disk.sync(file.fileno())
    disk.close()


def test_another_loop(disk: Disk, tmp_path: Path) -> None:
    async def once() -> None:
        with (tmp_path / "a").open("wb") as file:
            await disk.sync(file.fileno())
        disk.close()

    for _ in range(2):
        asyncio.run(once())
