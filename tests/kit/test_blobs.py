"""Blobs: durable before named, written once, honest about a full or failing disk."""

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from vesalius.kit.blobs import CRASH_POINTS, Blobs
from vesalius.kit.errors import Exhausted, NotFound, Unavailable


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[Blobs]:
    store = Blobs(tmp_path, free_disk_fraction=0.0)
    store.prepare("instances")
    yield store
    await store.close()


async def test_what_was_sealed_is_read_back(blobs: Blobs) -> None:
    writer = await blobs.open_writer()
    writer.write(b"abc")
    writer.write(memoryview(b"defgh"))
    assert writer.read_back(2, 3) == b"cde"
    sealed = await writer.seal()
    assert sealed.size == 8
    assert sealed.sha256 == hashlib.sha256(b"abcdefgh").digest()
    assert await blobs.read(sealed.key) == b"abcdefgh"
    assert await blobs.read_range(sealed.key, 3, 2) == b"de"
    assert b"".join([chunk async for chunk in blobs.stream(sealed.key, 1)]) == b"bcdefgh"
    assert [key async for key, _ in blobs.keys("instances")] == [sealed.key]


async def test_discarded_leaves_nothing(blobs: Blobs) -> None:
    writer = await blobs.open_writer()
    writer.write(b"abc")
    await writer.discard()
    await writer.discard()
    assert [key async for key, _ in blobs.keys("instances")] == []


async def test_close_removes_the_files_made_ahead(blobs: Blobs) -> None:
    writer = await blobs.open_writer()
    writer.write(b"abc")
    sealed = await writer.seal()
    await blobs.close()
    files = [file for file in (blobs.root / "instances").rglob("*") if file.is_file()]
    assert files == [blobs.root / sealed.key]


async def test_directory_then_file_are_synced_before_seal_returns(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []

    def fsync(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        os.fsync(descriptor)

    monkeypatch.setattr(blobs.disk, "fsync", fsync)
    writer = await blobs.open_writer()
    writer.write(b"abc")
    await writer.seal()
    file = blobs.root / writer.key
    assert synced.index(file.parent) < synced.index(file)


async def test_a_file_that_was_removed_meanwhile_is_never_acknowledged(blobs: Blobs) -> None:
    writer = await blobs.open_writer()
    writer.write(b"abc")
    (blobs.root / writer.key).unlink()
    with pytest.raises(Unavailable):
        await writer.seal()


async def test_a_file_made_ahead_that_was_removed_is_not_used(blobs: Blobs) -> None:
    await (await blobs.open_writer()).discard()
    for file in (blobs.root / "instances").rglob("*"):
        if file.is_file():
            file.unlink()
    writer = await blobs.open_writer()
    writer.write(b"abc")
    assert await blobs.read((await writer.seal()).key) == b"abc"


async def test_failed_fsync_is_never_acknowledged_nor_tried_again(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    writer = await blobs.open_writer()

    def fsync(descriptor: int) -> None:
        nonlocal calls
        # Folders of files made ahead are synced beside.
        calls += Path(os.readlink(f"/proc/self/fd/{descriptor}")).name == Path(writer.key).name
        raise OSError(errno.EIO, "lost")

    monkeypatch.setattr(blobs.disk, "fsync", fsync)
    writer.write(b"abc")
    with pytest.raises(Unavailable):
        await writer.seal()
    assert calls == 1


async def test_full_disk_is_exhausted(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = await blobs.open_writer()

    def write(descriptor: int, data: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(Exhausted):
        writer.write(b"abc")


async def test_nearly_full_disk_takes_nothing_new_but_reads(tmp_path: Path) -> None:
    store = Blobs(tmp_path, free_disk_fraction=0.0)
    store.prepare("instances")
    writer = await store.open_writer()
    writer.write(b"abc")
    sealed = await writer.seal()
    full = Blobs(tmp_path, free_disk_fraction=0.999999)
    with pytest.raises(Exhausted):
        await full.open_writer()
    assert await full.read(sealed.key) == b"abc"


async def test_missing_blob_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound):
        await blobs.read("instances/00/nothing")


SCRIPT = """
import asyncio, sys
from pathlib import Path
from vesalius.kit.blobs import Blobs
async def main():
    blobs = Blobs(Path(sys.argv[1]), free_disk_fraction=0.0)
    blobs.prepare("instances")
    writer = await blobs.open_writer()
    writer.write(b"abc")
    print((await writer.seal()).key)
asyncio.run(main())
"""


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_a_crash_at_each_point_acknowledges_nothing(tmp_path: Path, point: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={**os.environ, "VESALIUS_CRASH_AT": point},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 137
    assert done.stdout == b""
