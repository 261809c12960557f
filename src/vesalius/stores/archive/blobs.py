"""Reading the archive's blobs: nothing leaves that does not have its digest."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator

from vesalius.kit.blobs import Blobs
from vesalius.kit.errors import Unavailable, VesaliusError
from vesalius.kit.log import logger
from vesalius.kit.transaction import Transaction
from vesalius.standards.dicom.inflating import Inflater
from vesalius.stores.archive.model import InstanceRow

log = logger(__name__)

# Up to this size an instance is read whole, checked, and sent from memory.
WHOLE_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024

# How long a file that was right and is untouched is believed: bits that rot under an unchanged
# inode are for the scrub to find.
GOOD_SECONDS = 600.0
GOOD_REMEMBERED = 100_000
_good: dict[tuple[str, bytes], tuple[tuple[int, int, int] | None, float]] = {}

_deletions: set[asyncio.Task[None]] = set()


def damaged(key: str) -> Unavailable:
    """The error for bytes that are not what was stored, and the alarm."""
    log.error("stored object is damaged", blob_key=key)
    return Unavailable("a stored object is damaged; its bytes are not given out")


async def read_whole(blobs: Blobs, row: InstanceRow) -> bytes:
    """All bytes of an instance's file, checked."""
    path = blobs.local_path(row.blob_key)
    if path is not None:
        return await asyncio.to_thread(_read_checked, blobs, row)
    data = await blobs.read(row.blob_key)
    if await asyncio.to_thread(_sha256, data) != row.sha256:
        raise damaged(row.blob_key)
    return data


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _read_checked(blobs: Blobs, row: InstanceRow) -> bytes:
    """A local file's bytes. Hashing is half the cost of sending a study, so a file that was
    right a moment ago and that nobody has touched since is not hashed again."""
    seal = _untouched(blobs, row.blob_key)
    data = blobs._read_file(row.blob_key, 0, None)
    if _is_known_good(row, seal):
        if len(data) != row.size:
            raise damaged(row.blob_key)
        return data
    if hashlib.sha256(data).digest() != row.sha256:
        raise damaged(row.blob_key)
    _remember_good(row, seal)
    return data


def _untouched(blobs: Blobs, key: str) -> tuple[int, int, int] | None:
    """What changes when anybody writes to a local file: inode, size and time of change."""
    path = blobs.local_path(key)
    try:
        status = os.stat(path) if path is not None else None
    except FileNotFoundError:
        return None
    return (status.st_ino, status.st_size, status.st_ctime_ns) if status else None


def _is_known_good(row: InstanceRow, seal: tuple[int, int, int] | None) -> bool:
    known = _good.get((row.blob_key, row.sha256))
    return known is not None and known[0] == seal and time.monotonic() < known[1]


def _remember_good(row: InstanceRow, seal: tuple[int, int, int] | None) -> None:
    if seal is None:
        return
    _good[(row.blob_key, row.sha256)] = (seal, time.monotonic() + GOOD_SECONDS)
    while len(_good) > GOOD_REMEMBERED:
        _good.pop(next(iter(_good)))


async def check_large(blobs: Blobs, row: InstanceRow) -> None:
    """Read a large instance through once, to know before the first byte is sent."""
    seal = _untouched(blobs, row.blob_key)
    if _is_known_good(row, seal):
        return
    digest = hashlib.sha256()
    try:
        async for chunk in blobs.stream(row.blob_key, 0, row.size):
            await asyncio.to_thread(digest.update, chunk)
    except Unavailable as error:
        raise damaged(row.blob_key) from error
    if digest.digest() != row.sha256:
        raise damaged(row.blob_key)
    _remember_good(row, seal)


async def checked_range(
    blobs: Blobs, row: InstanceRow, start: int, length: int
) -> AsyncIterator[bytes]:
    """A range of an instance's file, sent only after the whole file was checked."""
    if row.size <= WHOLE_BYTES:
        data = await read_whole(blobs, row)
        whole = start == 0 and length == len(data)
        yield data if whole else data[start : start + length]
        return
    await check_large(blobs, row)
    async for chunk in blobs.stream(row.blob_key, start, length):
        yield chunk


async def inflated_range(
    blobs: Blobs, row: InstanceRow, start: int, length: int
) -> AsyncIterator[bytes]:
    """A range of the inflated data set of an instance that is stored deflated."""
    # Its size was bounded when it came in; here only what lies before the range's end is made.
    inflater = Inflater(size_limit=2**63, ratio_limit=2**40)
    position, end = 0, start + length
    file = checked_range(blobs, row, row.dataset_offset, row.size - row.dataset_offset)
    async for compressed in file:
        for chunk in inflater.feed(compressed):
            lower, upper = max(start, position), min(end, position + len(chunk))
            if lower < upper:
                yield chunk[lower - position : upper - position]
            position += len(chunk)
            if position >= end:
                return
    for chunk in inflater.finish():
        lower, upper = max(start, position), min(end, position + len(chunk))
        if lower < upper:
            yield chunk[lower - position : upper - position]
        position += len(chunk)


def forget_blob(tx: Transaction, key: str) -> None:
    """Delete a blob that no row names any more, once the transaction is committed."""

    def start() -> None:
        task = asyncio.get_running_loop().create_task(_delete(tx.blobs, key))
        _deletions.add(task)
        task.add_done_callback(_deletions.discard)

    tx.after_commit(start)


async def _delete(blobs: Blobs, key: str) -> None:
    try:
        await blobs.delete(key)
    except (OSError, VesaliusError):
        log.warning("a blob could not be deleted; the sweeper will", blob_key=key)
