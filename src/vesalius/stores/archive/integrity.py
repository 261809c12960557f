"""Are the stored bytes what they were? One instance at once, or all of them at a steady rate."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vesalius.kit.blobs import Blobs
from vesalius.kit.database import Database
from vesalius.kit.errors import NotFound, VesaliusError
from vesalius.kit.jobs import every
from vesalius.kit.log import logger
from vesalius.kit.transaction import Transaction
from vesalius.stores.archive.events import BlobDamaged

log = logger(__name__)

BATCH = 200
AT_ONCE = 2
DAY_SECONDS = 86_400.0
# The nightly walk must leave the disk to those who work.
STEADY_BYTES_PER_SECOND = 50_000_000
COLUMNS = "instance_key, sop_instance_uid, blob_key, size, sha256, damage"


@dataclass(slots=True)
class ScrubReport:
    """What a scrub saw."""

    checked: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)


async def verify(tx: Transaction, sop_instance_uid: str) -> bool:
    """Whether an instance's bytes are what was stored; damage is noted and told."""
    row = await tx.fetch_one(
        f"SELECT {COLUMNS} FROM instance WHERE sop_instance_uid = %s", (sop_instance_uid,)
    )
    if row is None:
        raise NotFound("there is no such instance")
    damage = await _damage(tx.blobs, row)
    await _note(tx, row, damage)
    return damage is None


async def scrub(
    database: Database,
    *,
    bytes_per_second: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> ScrubReport:
    """Verify every instance; at full speed unless a rate is given."""
    report = ScrubReport()
    async with database.transaction() as tx:
        total = await tx.fetch_value("SELECT count(*) FROM instance")
    last, started = 0, time.monotonic()
    while True:
        async with database.transaction() as tx:
            rows = await tx.fetch_all(
                f"SELECT {COLUMNS} FROM instance WHERE instance_key > %s"
                " ORDER BY instance_key LIMIT %s",
                (last, BATCH),
            )
        if not rows:
            return report
        last = rows[-1]["instance_key"]
        await _scrub_batch(database, rows, report)
        if progress is not None:
            progress(report.checked, total)
        if bytes_per_second:
            ahead = report.bytes / bytes_per_second - (time.monotonic() - started)
            await asyncio.sleep(max(0.0, ahead))


@every(DAY_SECONDS, "archive: scrub")
async def scrub_daily(database: Database) -> None:
    """The daily walk over everything."""
    report = await scrub(database, bytes_per_second=STEADY_BYTES_PER_SECOND)
    log.info("scrub done", checked=report.checked, problems=len(report.problems))


async def _scrub_batch(database: Database, rows: list[dict[str, Any]], report: ScrubReport) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def look(row: dict[str, Any]) -> str | None:
        async with slots:
            return await _damage(database.blobs, row)

    found = await asyncio.gather(*(look(row) for row in rows))
    report.checked += len(rows)
    report.bytes += sum(row["size"] for row in rows)
    changed = [(row, damage) for row, damage in zip(rows, found, strict=True)]
    for row, damage in changed:
        if damage is not None:
            report.problems.append(f"{row['sop_instance_uid']}: {damage}")
    changed = [(row, damage) for row, damage in changed if damage != row["damage"]]
    if changed:
        async with database.transaction() as tx:
            for row, damage in changed:
                await _note(tx, row, damage)


async def _damage(blobs: Blobs, row: dict[str, Any]) -> str | None:
    """What is wrong with a blob, in words; None when nothing is."""
    try:
        path = blobs.local_path(row["blob_key"])
        if path is not None:
            size, digest = await asyncio.to_thread(_hash_file, str(path))
        else:
            size, digest = await _hash_remote(blobs, row["blob_key"])
    except (FileNotFoundError, NotFound):
        return "the stored object is missing"
    except (OSError, VesaliusError):
        return "the stored object cannot be read"
    if size != row["size"]:
        return "the stored object has another size"
    return None if digest == row["sha256"] else "the stored object has another digest"


def _hash_file(path: str) -> tuple[int, bytes]:
    with open(path, "rb", buffering=0) as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.digest()


async def _hash_remote(blobs: Blobs, key: str) -> tuple[int, bytes]:
    digest, size = hashlib.sha256(), 0
    async for chunk in blobs.stream(key):
        await asyncio.to_thread(digest.update, chunk)
        size += len(chunk)
    return size, digest.digest()


async def _note(tx: Transaction, row: dict[str, Any], damage: str | None) -> None:
    if damage == row["damage"]:
        return
    await tx.execute(
        "UPDATE instance SET damage = %s WHERE instance_key = %s", (damage, row["instance_key"])
    )
    if damage is not None:
        log.error("stored instance is damaged", sop_instance_uid=row["sop_instance_uid"])
        tx.announce(BlobDamaged(row["sop_instance_uid"], damage))
