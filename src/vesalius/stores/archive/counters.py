"""Counting instances without a queue: increments are added by everybody, folded by one."""

from vesalius.kit.database import Database
from vesalius.kit.jobs import every
from vesalius.kit.transaction import Transaction

FOLD_SECONDS = 20.0
FOLD_ROWS = 20_000

FOLD = """
WITH taken AS (
    DELETE FROM series_increment WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM series_increment LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING series_key, byte_count, stored
), summed AS (
    SELECT series_key, count(*) AS instances, sum(byte_count) AS bytes, max(stored) AS stored
    FROM taken GROUP BY series_key ORDER BY series_key
)
UPDATE series SET
    instance_count = instance_count + summed.instances,
    byte_count = series.byte_count + summed.bytes,
    last_stored = greatest(last_stored, summed.stored)
FROM summed WHERE series.series_key = summed.series_key
RETURNING summed.instances
"""


async def fold(tx: Transaction) -> int:
    """Fold waiting increments into their series; how many instances those were.

    Sums are the same before and after, to every reader: rows go and counts come in one commit.
    """
    rows = await tx.fetch_all(FOLD, (FOLD_ROWS,))
    return sum(row["instances"] for row in rows)


@every(FOLD_SECONDS, "archive: fold counters")
async def fold_counters(database: Database) -> None:
    """Fold until nothing waits."""
    while True:
        async with database.transaction() as tx:
            if await fold(tx) < FOLD_ROWS:
                return
