"""Stored instances made ready to be sent: read ahead, verified, and transcoded where they must be.

Reading and hashing happen in a thread while earlier instances are on the wire. Only bytes whose
digest is right leave the house. Small instances are read several at a time into one buffer; a
large one is verified in one pass and streamed in a second.
"""

from __future__ import annotations

import asyncio
import os
import struct
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from xxhash import xxh3_128, xxh3_128_digest

from vesalius.exchange.routing import Resources
from vesalius.kit.errors import NotFound, Unavailable, Unsupported, VesaliusError
from vesalius.kit.log import logger
from vesalius.stores import archive

from .negotiation import Context
from .proposals import FALLBACKS, Sendable

log = logger(__name__)

BATCH_OCTETS = 2 * 1024 * 1024
STREAM_OCTETS = 1024 * 1024
BUFFERS = 3
TRANSCODE = "vesalius.interfaces.dimse.transcoding:transcode"
# Behind preamble and prefix, file meta information begins with its own length (PS3.10 7.1).
META_LENGTH = struct.Struct("<140xI")


@dataclass(slots=True)
class Outgoing:
    """One instance on its way: its data set in memory or in a file, or why it cannot go."""

    row: archive.InstanceRow
    context: Context | None = None
    error: VesaliusError | None = None
    # A view of a buffer that is used again when the next instance is asked for.
    data_set: memoryview | None = None
    file: Path | None = None
    # The file was made for this sending, and goes with it.
    is_temporary: bool = False
    offset: int = 0
    size: int = 0

    async def chunks(self) -> AsyncIterator[memoryview]:
        """The data set of an instance in a file, in pieces that share one buffer."""
        assert self.file is not None
        buffer = memoryview(bytearray(min(STREAM_OCTETS, self.size)))
        position, end = self.offset, self.offset + self.size
        descriptor = os.open(self.file, os.O_RDONLY)
        try:
            while position < end:
                part = buffer[: end - position]
                count = await asyncio.to_thread(os.preadv, descriptor, [part], position)
                if not count:
                    return
                yield part[:count]
                position += count
        finally:
            os.close(descriptor)


class Contexts:
    """The contexts of an association in which we may send instances."""

    def __init__(self, contexts: Iterable[Context], *, we_asked: bool) -> None:
        self._by_syntax = {
            (context.abstract_syntax_uid, context.transfer_syntax_uid): context
            for context in contexts
            if (context.requestor_is_scu if we_asked else context.requestor_is_scp)
        }

    def choose(self, row: Sendable) -> Context | None:
        """As stored when the peer takes it so, else uncompressed when it takes that."""
        for syntax in (row.transfer_syntax_uid, *FALLBACKS):
            context = self._by_syntax.get((row.sop_class_uid, syntax))
            if context is not None:
                return context
        return None


@dataclass(slots=True)
class _Batch:
    """Instances read together into one buffer."""

    buffer: bytearray
    ready: list[Outgoing] = field(default_factory=list)


async def make_ready(
    resources: Resources, rows: Sequence[archive.InstanceRow], contexts: Contexts
) -> AsyncIterator[Outgoing]:
    """Every instance of `rows` in order, ready or with its error, a few batches ahead."""
    free: asyncio.Queue[bytearray] = asyncio.Queue()
    for _ in range(BUFFERS):
        free.put_nowait(bytearray())
    batches: asyncio.Queue[_Batch | None] = asyncio.Queue()
    preparer = _Preparer(resources, contexts)

    async def read_ahead() -> None:
        try:
            for part in _split(rows):
                await batches.put(await preparer.prepare(part, await free.get()))
        finally:
            await batches.put(None)

    reader = asyncio.create_task(read_ahead())
    try:
        while (batch := await batches.get()) is not None:
            for outgoing in batch.ready:
                yield outgoing
                _forget_file(outgoing)
            free.put_nowait(batch.buffer)
        await reader
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await reader
        preparer.close()


def _split(rows: Sequence[archive.InstanceRow]) -> Iterator[list[archive.InstanceRow]]:
    """Rows in order, in batches that fit one buffer; a large instance is a batch of its own."""
    batch: list[archive.InstanceRow] = []
    octets = 0
    for row in rows:
        if batch and octets + row.size > BATCH_OCTETS:
            yield batch
            batch, octets = [], 0
        batch.append(row)
        octets += row.size
    if batch:
        yield batch


class _Preparer:
    """Gets batches ready for one association."""

    def __init__(self, resources: Resources, contexts: Contexts) -> None:
        self._resources = resources
        self._contexts = contexts
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Remove what was made on the way."""
        if self._folder is not None:
            self._folder.cleanup()

    def _temporary(self, name: str) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="vesalius-")
        return Path(self._folder.name) / name

    async def prepare(self, rows: list[archive.InstanceRow], buffer: bytearray) -> _Batch:
        outgoing = [Outgoing(row, self._contexts.choose(row)) for row in rows]
        for each in outgoing:
            if each.context is None:
                each.error = Unsupported("no accepted presentation context fits the instance")
            else:
                await self._fetch(each)
        needed = sum(each.row.size for each in outgoing if _is_held(each))
        if len(buffer) < needed:
            buffer = bytearray(needed)
        await asyncio.to_thread(_read_and_verify, outgoing, buffer)
        for each in outgoing:
            if each.error is None and not _is_as_stored(each):
                await self._transcode(each)
        return _Batch(buffer, outgoing)

    async def _fetch(self, outgoing: Outgoing) -> None:
        """Say in which file the stored bytes are; those of an object store are brought into one."""
        row = outgoing.row
        outgoing.file = self._resources.blobs.local_path(row.blob_key)
        if outgoing.file is not None:
            return
        outgoing.file = self._temporary(row.sop_instance_uid)
        outgoing.is_temporary = True
        try:
            with outgoing.file.open("wb") as file:
                async for chunk in self._resources.blobs.stream(row.blob_key, 0, row.size):
                    await asyncio.to_thread(file.write, chunk)
        except VesaliusError as error:
            outgoing.error = error

    async def _transcode(self, outgoing: Outgoing) -> None:
        assert outgoing.context is not None
        source = outgoing.file
        target = self._temporary(f"{outgoing.row.sop_instance_uid}.transcoded")
        syntax = outgoing.context.transfer_syntax_uid
        try:
            await self._resources.workers.run(TRANSCODE, str(source), str(target), syntax)
        except VesaliusError as error:
            outgoing.error = error
            return
        finally:
            _forget_file(outgoing)
        outgoing.offset = await asyncio.to_thread(data_set_offset, target)
        outgoing.size = target.stat().st_size - outgoing.offset
        outgoing.file, outgoing.is_temporary = target, True
        outgoing.data_set = None


def _forget_file(outgoing: Outgoing) -> None:
    if outgoing.is_temporary and outgoing.file is not None:
        outgoing.file.unlink(missing_ok=True)


def data_set_offset(path: Path) -> int:
    """Where the data set of a file begins that we wrote."""
    with path.open("rb") as file:
        length: int = META_LENGTH.unpack(file.read(META_LENGTH.size))[0]
    return META_LENGTH.size + length


def _is_as_stored(outgoing: Outgoing) -> bool:
    context = outgoing.context
    return context is not None and context.transfer_syntax_uid == outgoing.row.transfer_syntax_uid


def _is_held(outgoing: Outgoing) -> bool:
    """Whether the instance is sent from memory: it goes as stored, and is not large."""
    return _is_as_stored(outgoing) and outgoing.row.size <= BATCH_OCTETS


def _read_and_verify(batch: list[Outgoing], buffer: bytearray) -> None:
    """Read each instance whole and check its digest; a thread's work."""
    view, start = memoryview(buffer), 0
    for outgoing in batch:
        if outgoing.error is not None:
            continue
        row = outgoing.row
        outgoing.offset, outgoing.size = row.dataset_offset, row.size - row.dataset_offset
        try:
            if _is_held(outgoing):
                place = view[start : start + row.size]
                start += row.size
                _read(outgoing, place)
                outgoing.data_set = place[row.dataset_offset :]
            else:
                _verify(outgoing)
        except FileNotFoundError:
            outgoing.error = NotFound("a stored object is missing")
        except OSError:
            outgoing.error = Unavailable("the archive's storage does not answer")
        if outgoing.error is not None:
            log.error("stored instance not sent", sop_instance_uid=row.sop_instance_uid)


def _read(outgoing: Outgoing, place: memoryview) -> None:
    assert outgoing.file is not None
    descriptor = os.open(outgoing.file, os.O_RDONLY)
    try:
        count = os.readv(descriptor, [place])
    finally:
        os.close(descriptor)
    if count != len(place) or xxh3_128_digest(place) != outgoing.row.checksum:
        outgoing.error = Unavailable("a stored object is damaged")


def _verify(outgoing: Outgoing) -> None:
    assert outgoing.file is not None
    checksum = xxh3_128()
    with outgoing.file.open("rb") as file:
        while chunk := file.read(STREAM_OCTETS):
            checksum.update(chunk)
    if checksum.digest() != outgoing.row.checksum:
        outgoing.error = Unavailable("a stored object is damaged")
