"""Blobs that no row names: what a crash between bytes and commit leaves behind."""

import time

from vesalius.kit.database import Database
from vesalius.kit.jobs import every
from vesalius.kit.log import logger

log = logger(__name__)

# Long enough for any transaction that may still name the blob.
GRACE_SECONDS = 86_400.0
DAY_SECONDS = 86_400.0
BATCH = 500

UNNAMED = """
SELECT key FROM unnest(%s::text[]) AS key
WHERE NOT EXISTS (SELECT FROM instance WHERE blob_key = key)
    AND NOT EXISTS (SELECT FROM quarantined_instance WHERE blob_key = key)
"""


async def sweep(database: Database, *, grace_seconds: float = GRACE_SECONDS) -> int:
    """Delete blobs older than the grace time that nothing names; how many."""
    swept = 0
    batch: list[str] = []
    oldest = time.time() - grace_seconds
    async for key, modified in database.blobs.keys("instances"):
        if modified < oldest:
            batch.append(key)
        if len(batch) >= BATCH:
            swept += await _sweep_batch(database, batch)
            batch = []
    swept += await _sweep_batch(database, batch)
    if swept:
        log.info("unnamed blobs swept", count=swept)
    return swept


async def _sweep_batch(database: Database, keys: list[str]) -> int:
    if not keys:
        return 0
    async with database.transaction() as tx:
        rows = await tx.fetch_all(UNNAMED, (keys,))
    for row in rows:
        await database.blobs.delete(row["key"])
    return len(rows)


@every(DAY_SECONDS, "archive: sweep")
async def sweep_daily(database: Database) -> None:
    """The daily look."""
    await sweep(database)
