"""Reading the archive's blobs: nothing leaves that does not have its digest."""

import asyncio
from collections.abc import AsyncIterator

from xxhash import xxh3_128, xxh3_128_digest

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

_deletions: set[asyncio.Task[None]] = set()


def damaged(key: str) -> Unavailable:
    """The error for bytes that are not what was stored, and the alarm."""
    log.error("stored object is damaged", blob_key=key)
    return Unavailable("a stored object is damaged; its bytes are not given out")


async def read_whole(blobs: Blobs, row: InstanceRow) -> bytes:
    """All bytes of an instance's file, checked."""
    if blobs.local_path(row.blob_key) is not None:
        # Read and checked in one go beside the loop, which answers others meanwhile.
        return await asyncio.to_thread(_read_checked, blobs, row)
    return _checked(row, await blobs.read(row.blob_key))


def _read_checked(blobs: Blobs, row: InstanceRow) -> bytes:
    return _checked(row, blobs.read_file(row.blob_key))


def _checked(row: InstanceRow, data: bytes) -> bytes:
    if xxh3_128_digest(data) != row.checksum:
        raise damaged(row.blob_key)
    return data


async def check_large(blobs: Blobs, row: InstanceRow) -> None:
    """Read a large instance through once, to know before the first byte is sent."""
    checksum = xxh3_128()
    try:
        async for chunk in blobs.stream(row.blob_key, 0, row.size):
            checksum.update(chunk)
    except Unavailable as error:
        raise damaged(row.blob_key) from error
    if checksum.digest() != row.checksum:
        raise damaged(row.blob_key)


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
