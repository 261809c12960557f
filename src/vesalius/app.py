"""The wiring: settings in, a house out.

`House` holds what every interface needs. `open_house` makes it from settings for one process;
the supervisor (`serving`) decides which processes there are.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from vesalius.imaging import studies
from vesalius.kit.blobs import Blobs
from vesalius.kit.clock import Clock
from vesalius.kit.database import Database
from vesalius.kit.errors import Unavailable
from vesalius.kit.workers import Workers
from vesalius.settings import Settings
from vesalius.stores import record

BLOB_KINDS = ("instances", "documents")


async def _no_echo(*_: Any, **__: Any) -> float:
    raise Unavailable("this process cannot open DICOM associations")


@dataclass(slots=True)
class House:
    """One process's view of the running house."""

    settings: Settings
    database: Database
    blobs: Blobs
    workers: Workers
    clock: Clock
    # Set when the process is asked to stop: whatever would wait for ever (live streams) ends.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    # Interfaces never import each other; what one needs of another is put here by `serving`.
    echo_node: Callable[..., Awaitable[float]] = field(default=_no_echo)


def open_blobs(settings: Settings) -> Blobs:
    """The blob store the settings name, with its folders made."""
    blobs = Blobs(
        settings.data_directory / "blobs",
        url=settings.blob_url,
        free_disk_fraction=settings.free_disk_fraction,
    )
    blobs.prepare(*BLOB_KINDS)
    return blobs


@asynccontextmanager
async def open_house(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[House]:
    """A house on the database the settings name (already migrated), closed at the end."""
    if settings.database_url is None:
        raise Unavailable("no database: start the embedded one, or set VESALIUS_DATABASE_URL")
    wire()
    clock = clock or Clock()
    blobs = open_blobs(settings)
    workers = Workers(
        settings.worker_processes,
        memory_bytes=settings.worker_memory_bytes,
        seconds=settings.worker_seconds,
    )
    database = Database(settings.database_url, settings, blobs=blobs, workers=workers, clock=clock)
    await database.open()
    try:
        yield House(settings, database, blobs, workers, clock)
    finally:
        await workers.close()
        await database.close()
        await blobs.close()


def wire() -> None:
    """Tell upstream rooms what downstream rooms bring; idempotent."""
    record.register_projection("ImagingStudy", studies.compose)
