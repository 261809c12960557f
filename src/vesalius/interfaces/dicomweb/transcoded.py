"""Instances written anew in explicit little endian, by a worker, into a passing file."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Literal

from vesalius.app import House
from vesalius.stores import archive

TRANSCODE = "vesalius.standards.dicom.transcoding:instance_to_explicit"
CHUNK_BYTES = 1024 * 1024


async def explicit_file(house: House, row: archive.InstanceRow) -> tuple[int, AsyncIterator[bytes]]:
    """(size, chunks) of the instance in explicit little endian."""
    folder = house.settings.data_directory / "passing"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        source, target = Path(work, "stored"), Path(work, "explicit")
        # The worker reads what was verified, not what stands on the disk a moment later.
        with _open(source, "xb") as file:
            async for chunk in archive.stream_instance(house.blobs, row):
                await asyncio.to_thread(file.write, chunk)
        size: int = await house.workers.run(TRANSCODE, str(source), str(target))
        # The name goes with the folder; the open file lives until it is sent.
        opened = _open(target, "rb")
    return size, _chunks(opened)


def _open(path: Path, mode: Literal["rb", "xb"]) -> BinaryIO:
    return path.open(mode)


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
