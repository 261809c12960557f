"""Instances written anew in explicit little endian, by a worker, into a passing file."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

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
        with source.open("wb") as file:
            async for chunk in archive.stream_instance(house.blobs, row):
                file.write(chunk)
        size: int = await house.workers.run(TRANSCODE, str(source), str(target))
        # The name goes with the folder; the open file lives until it is sent.
        opened = target.open("rb")
    return size, _chunks(opened)


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        descriptor, position = file.fileno(), 0
        while chunk := await asyncio.to_thread(os.pread, descriptor, CHUNK_BYTES, position):
            position += len(chunk)
            yield chunk
