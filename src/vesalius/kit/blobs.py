"""Bytes that must not be lost: written once under a name nobody else has, never rewritten.

The ack rule has its one place here. Empty files are made ahead under their final names, some in
one folder at a time, and the folder is fsynced. A blob is written into one of them while it is
hashed, then the file is fsynced; only then does `seal` return, and only then may a row name it. A
final name for unfinished bytes does no harm, because nobody knows it until the database commits.
A failed fsync is final (the kernel may have dropped the dirty pages): the blob is given up and
never acknowledged.

`CRASH_POINTS` names the moments between which a crash must lose nothing; the fault tests stop
the process at each.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
from obstore.store import from_url
from xxhash import xxh3_128

from vesalius.kit.disk import Disk
from vesalius.kit.errors import Exhausted, NotFound, Unavailable
from vesalius.kit.ids import new_id
from vesalius.kit.log import logger

log = logger(__name__)

CRASH_POINTS = ("files made", "directory synced", "blob written", "blob synced")
FANOUT = 256
FREE_LOOK_SECONDS = 1.0
STREAM_CHUNK = 1024 * 1024
# Files are made ahead so many at a time, when fewer than the second number are left; one that
# waited for an hour is not used any more, long before the sweeper takes it for forgotten.
SPARES, FEW = 8, 4
SPARE_SECONDS = 3600.0
FORGOTTEN_SECONDS = 86_400.0
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def crash_point(name: str) -> None:
    """Where tests stop the process; does nothing unless VESALIUS_CRASH_AT names this point."""
    if os.environ.get("VESALIUS_CRASH_AT") == name:
        os._exit(137)


@dataclass(frozen=True, slots=True)
class SealedBlob:
    """A durable blob: its key, size in bytes and SHA-256 digest (32 bytes)."""

    key: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class _Spare:
    """An empty file that waits for its bytes; `made` is a monotonic time."""

    key: str
    file: int
    made: float

    def is_usable(self) -> bool:
        """Whether its name still stands."""
        return time.monotonic() - self.made < SPARE_SECONDS and os.fstat(self.file).st_nlink > 0


class BlobWriter:
    """Takes bytes, hashes them on the way, and seals them under a new key.

    Two digests are made: SHA-256 names the bytes for good and is what the scrub compares; XXH3
    (128 bits, ten times as fast) is compared on every read.
    """

    def __init__(self, blobs: "Blobs", spare: _Spare) -> None:
        self.key = spare.key
        self.size = 0
        self._blobs = blobs
        self._digest = hashlib.sha256()
        self._checksum = xxh3_128()
        self._file = spare.file
        self._open = True

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append bytes. Raises Exhausted when the disk is full, Unavailable when it fails."""
        self._digest.update(chunk)
        self._checksum.update(chunk)
        view = memoryview(chunk)
        try:
            while view:
                written = os.write(self._file, view)
                self.size += written
                view = view[written:]
        except OSError as error:
            raise _storage_error(error) from error

    def read_back(self, start: int, length: int) -> bytes:
        """Bytes already written, for a walker that looks again before sealing."""
        return os.pread(self._file, length, start)

    def digest(self) -> bytes:
        """SHA-256 of what was written so far."""
        return self._digest.digest()

    def checksum(self) -> bytes:
        """XXH3 (128 bits, big endian) of what was written so far."""
        return self._checksum.digest()

    async def seal(self) -> SealedBlob:
        """Make the bytes durable under their key; when this returns a row may name them."""
        return await self.begin_sealing()

    def begin_sealing(self) -> asyncio.Task[SealedBlob]:
        """As `seal`, with the disk at work when this returns."""
        crash_point("blob written")
        synced = self._blobs.disk.sync(self._file)
        return asyncio.get_running_loop().create_task(self._end_sealing(synced))

    async def _end_sealing(self, synced: asyncio.Future[None]) -> SealedBlob:
        try:
            await synced
            if os.fstat(self._file).st_nlink == 0:
                raise OSError(errno.ENOENT, "the file was removed while it was written")
            crash_point("blob synced")
        except OSError as error:
            raise _storage_error(error) from error
        finally:
            self._close()
        if self._blobs.remote is not None:
            await self._blobs.upload(self.key)
        return SealedBlob(self.key, self.size, self._digest.digest())

    async def discard(self) -> None:
        """Forget what was written; safe to call twice and after `seal` failed."""
        self._close()
        (self._blobs.root / self.key).unlink(missing_ok=True)

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._file)


class Blobs:
    """The blob store: local files, or an object store through obstore."""

    def __init__(
        self, root: Path, *, url: str | None = None, free_disk_fraction: float = 0.05
    ) -> None:
        self.root = root
        self.remote: Any = from_url(url) if url else None
        self._minimum_free = free_disk_fraction
        self._free_looked = 0.0
        self._free = 1.0
        self.disk = Disk()
        self._spares: dict[str, list[_Spare]] = {}
        self._making: dict[str, asyncio.Task[None]] = {}

    def prepare(self, *kinds: str) -> None:
        """Make the folders, durably, where they are not there yet."""
        self.root.mkdir(parents=True, exist_ok=True)
        for kind in kinds:
            if (self.root / kind / f"{FANOUT - 1:02x}").is_dir():
                continue
            for number in range(FANOUT):
                (self.root / kind / f"{number:02x}").mkdir(parents=True, exist_ok=True)
            self._sync_directory(self.root / kind)
            self._sync_directory(self.root)

    async def close(self) -> None:
        """Remove the files that still wait for bytes."""
        await asyncio.gather(*self._making.values())
        for spare in (spare for spares in self._spares.values() for spare in spares):
            self._remove_spare(spare)
        self._spares.clear()
        self.disk.close()

    def _make_spares(self, kind: str, count: int) -> list[_Spare]:
        """Empty files under their final names, in one folder, durably (blocking)."""
        names = [new_id().replace("-", "") for _ in range(count)]
        # The last hex digits of a UUIDv7 are random: they spread evenly over the folders.
        folder = f"{kind}/{names[0][-2:]}"
        spares: list[_Spare] = []
        try:
            for name in names:
                key = f"{folder}/{name}"
                file = os.open(self.root / key, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
                spares.append(_Spare(key, file, time.monotonic()))
            crash_point("files made")
            self._sync_directory(self.root / folder)
            crash_point("directory synced")
        except OSError as error:
            for spare in spares:
                self._remove_spare(spare)
            raise _storage_error(error) from error
        return spares

    def _remove_spare(self, spare: _Spare) -> None:
        os.close(spare.file)
        (self.root / spare.key).unlink(missing_ok=True)

    async def _add_spares(self, kind: str) -> None:
        with contextlib.suppress(Exhausted, Unavailable):
            spares = await asyncio.to_thread(self._make_spares, kind, SPARES)
            self._spares.setdefault(kind, []).extend(spares)

    async def _take_spare(self, kind: str) -> _Spare:
        # Making a file waits while the file system writes its journal for somebody's fsync; the
        # event loop must not, so files are made ahead, in a thread.
        spares = self._spares.setdefault(kind, [])
        if len(spares) < FEW and kind not in self._making:
            task = self._making[kind] = asyncio.create_task(self._add_spares(kind))
            task.add_done_callback(lambda _: self._making.pop(kind, None))
        while spares:
            spare = spares.pop()
            if spare.is_usable():
                return spare
            self._remove_spare(spare)
        [spare] = await asyncio.to_thread(self._make_spares, kind, 1)
        return spare

    async def open_writer(self, kind: str = "instances") -> BlobWriter:
        """A writer for a new blob. Raises Exhausted when the disk is nearly full."""
        if self.free_fraction() < self._minimum_free:
            raise Exhausted("the archive's disk is nearly full; nothing new is taken")
        return BlobWriter(self, await self._take_spare(kind))

    def free_fraction(self) -> float:
        """Free share of the disk, 0 to 1, looked up at most once a second."""
        now = time.monotonic()
        if now - self._free_looked > FREE_LOOK_SECONDS:
            usage = os.statvfs(self.root)
            self._free = usage.f_bavail / max(1, usage.f_blocks)
            self._free_looked = now
        return self._free

    def _sync_directory(self, directory: Path) -> None:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.disk.fsync(descriptor)
        finally:
            os.close(descriptor)

    async def upload(self, key: str) -> None:
        """Move a settled blob to the object store; it is durable there when this returns."""
        try:
            await obstore.put_async(self.remote, key, self.root / key)
        except Exception as error:
            log.warning("object store refused a blob", error=type(error).__name__)
            raise Unavailable("the object store does not answer") from error
        (self.root / key).unlink(missing_ok=True)

    def local_path(self, key: str) -> Path | None:
        """The blob's file, when blobs are files; for sendfile and pread."""
        return None if self.remote is not None else self.root / key

    async def read(self, key: str) -> bytes:
        """All bytes of a blob. Raises NotFound, Unavailable."""
        if self.remote is None:
            return await asyncio.to_thread(self.read_file, key, 0, None)
        return await self._remote_read(key, 0, None)

    async def read_range(self, key: str, start: int, length: int) -> bytes:
        """`length` bytes from offset `start`. Raises NotFound, Unavailable."""
        if self.remote is None:
            return await asyncio.to_thread(self.read_file, key, start, length)
        return await self._remote_read(key, start, length)

    async def stream(
        self, key: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a blob, or of a range of it, in chunks of a MiB."""
        if self.remote is not None:
            size = length if length is not None else (await self.size(key)) - start
        else:
            size = length if length is not None else (self.root / key).stat().st_size - start
        while size > 0:
            chunk = await self.read_range(key, start, min(size, STREAM_CHUNK))
            if not chunk:
                raise Unavailable("a stored object is shorter than it was")
            yield chunk
            start += len(chunk)
            size -= len(chunk)

    async def size(self, key: str) -> int:
        """Size in bytes. Raises NotFound."""
        try:
            if self.remote is None:
                return (self.root / key).stat().st_size
            head = await obstore.head_async(self.remote, key)
        except FileNotFoundError as error:
            raise NotFound("a stored object is missing") from error
        return int(head["size"])

    async def delete(self, key: str) -> None:
        """Remove a blob no row names; no error when it is gone already."""
        if self.remote is None:
            (self.root / key).unlink(missing_ok=True)
        else:
            await obstore.delete_async(self.remote, key)

    async def keys(self, kind: str) -> AsyncIterator[tuple[str, float]]:
        """Every key of a kind with its modification time (POSIX seconds), for the sweeper.

        A new file without bytes is none: it may still wait for them.
        """
        if self.remote is not None:
            async for page in obstore.list(self.remote, prefix=kind):
                for entry in page:
                    yield entry["path"], entry["last_modified"].timestamp()
            return
        for folder in sorted((self.root / kind).iterdir()):
            for name, size, modified in await asyncio.to_thread(_entries, folder):
                if size or modified < time.time() - FORGOTTEN_SECONDS:
                    yield f"{kind}/{folder.name}/{name}", modified

    def read_file(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """A local blob's bytes, or a range of them; blocks, so call it in a thread."""
        try:
            descriptor = os.open(self.root / key, os.O_RDONLY)
        except FileNotFoundError as error:
            raise NotFound("a stored object is missing") from error
        except OSError as error:
            raise _storage_error(error) from error
        try:
            size = os.fstat(descriptor).st_size - start if length is None else length
            return os.pread(descriptor, size, start)
        finally:
            os.close(descriptor)

    async def _remote_read(self, key: str, start: int, length: int | None) -> bytes:
        try:
            if length is None:
                answer = await obstore.get_async(self.remote, key)
                return bytes(await answer.bytes_async())
            part = await obstore.get_range_async(self.remote, key, start=start, length=length)
            return bytes(part)
        except FileNotFoundError as error:
            raise NotFound("a stored object is missing") from error
        except Exception as error:
            raise Unavailable("the object store does not answer") from error


def _storage_error(error: OSError) -> Exhausted | Unavailable:
    if error.errno in NO_ROOM:
        return Exhausted("the archive's disk is full")
    log.error("storage failed", errno=error.errno)
    return Unavailable("the archive's storage failed; nothing was stored")


def _entries(folder: Path) -> list[tuple[str, int, float]]:
    """Name, size and modification time (POSIX seconds) of the files in a folder."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                facts = entry.stat()
                found.append((entry.name, facts.st_size, facts.st_mtime))
    return found
