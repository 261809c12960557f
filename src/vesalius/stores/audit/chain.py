"""The chain: committed rows in blocks, each block's hash over the one before.

Sealing is done behind the acts, so that no commit waits for another's hash. A row can be sealed
once no transaction that is still running could put another before it: rows are taken in the order
(transaction, id), up to the oldest transaction of this database that still runs. What is in a
block, and in which order, is written in the block.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from vesalius.kit.transaction import Transaction

GENESIS = bytes(32)
BLOCK_EVENTS = 5000
LOCK_CLASS = 7_241_544

# `detail` as PostgreSQL prints it: parsed and printed again it might differ.
EVENT_COLUMNS = """
    id, transaction_number, (extract(epoch from occurred) * 1000000)::bigint AS moment,
    action, kind, outcome, principal_kind, principal_name, roles, address, patient_reference,
    reference, purpose, detail::text AS detail
"""


@dataclass(frozen=True, slots=True)
class Block:
    """One link of the chain."""

    number: int
    previous_hash: bytes
    hash: bytes
    event_ids: list[int]
    leaves: bytes
    cluster: str
    floor_id: int
    through_transaction: int
    through_id: int

    def leaf(self, position: int) -> bytes:
        """The digest of the event at a position."""
        return self.leaves[32 * position : 32 * position + 32]

    def computed_hash(self) -> bytes:
        """What `hash` must be."""
        digest = hashlib.sha256(b"vesalius audit block 1\0")
        digest.update(struct.pack(">Q", self.number))
        digest.update(self.previous_hash)
        digest.update(struct.pack(f">{len(self.event_ids)}q", *self.event_ids))
        digest.update(self.leaves)
        digest.update(self.cluster.encode())
        digest.update(struct.pack(">3q", self.floor_id, self.through_transaction, self.through_id))
        return digest.digest()


# Every transaction of this database with a lower number has ended. A snapshot names the running
# ones of the whole cluster; those that certainly belong to another database are left out, or
# somebody else's long work would put off our sealing.
_FINAL_BELOW = """
WITH snapshot AS MATERIALIZED (SELECT pg_current_snapshot() AS now),
elsewhere AS (
    SELECT transactionid::text::bigint AS low_half FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted
        AND datname <> current_database()),
running AS (
    SELECT number::text::bigint AS number FROM snapshot, pg_snapshot_xip(now) AS number)
SELECT least((SELECT pg_snapshot_xmax(now)::text::bigint FROM snapshot),
    (SELECT min(number) FROM running
     WHERE number & 4294967295 NOT IN (SELECT low_half FROM elsewhere)))
"""

BLOCK_COLUMNS = """number, previous_hash, hash, event_ids, leaves, cluster, floor_id,
    through_transaction, through_id"""


def leaf(event: dict[str, Any]) -> bytes:
    """The digest of one event's whole content, as selected by EVENT_COLUMNS."""
    return hashlib.sha256(orjson.dumps(list(event.values()))).digest()


async def last_block(tx: Transaction) -> Block | None:
    """The newest link, or None before the first."""
    row = await tx.fetch_one(
        f"SELECT {BLOCK_COLUMNS} FROM audit_block ORDER BY number DESC LIMIT 1"
    )
    return None if row is None else Block(**row)


async def seal(tx: Transaction, *, block_events: int = BLOCK_EVENTS) -> int:
    """Chain the committed rows that are not chained yet, up to one block; how many it took.

    Returns 0 when there is nothing to do or another process is sealing.
    """
    mine = await tx.fetch_value(
        "SELECT pg_try_advisory_xact_lock(%s, hashtext(current_schema()))", (LOCK_CLASS,)
    )
    if not mine:
        return 0
    cluster = await tx.fetch_value("SELECT system_identifier::text FROM pg_control_system()")
    last = await last_block(tx)
    if last is None:
        last = Block(0, GENESIS, GENESIS, [], b"", cluster, 0, 0, 0)
    if last.cluster != cluster:
        return await _sweep(tx, last, cluster)
    final_below = await tx.fetch_value(_FINAL_BELOW)
    events = await tx.fetch_all(
        f"SELECT {EVENT_COLUMNS} FROM audit_event WHERE id > %s"
        " AND transaction_number >= %s AND (transaction_number, id) > (%s, %s)"
        " AND transaction_number < %s"
        " ORDER BY transaction_number, id LIMIT %s",
        (
            last.floor_id,
            last.through_transaction,
            last.through_transaction,
            last.through_id,
            final_below,
            block_events,
        ),
    )
    if not events:
        return 0
    through = (events[-1]["transaction_number"], events[-1]["id"])
    await _append(tx, last, events, cluster, last.floor_id, *through)
    return len(events)


async def _sweep(tx: Transaction, last: Block, cluster: str) -> int:
    """In another cluster: chain all that is not yet, with all writers waiting."""
    await tx.execute("LOCK TABLE audit_event IN SHARE MODE")
    events = await tx.fetch_all(
        f"SELECT {EVENT_COLUMNS} FROM audit_event LEFT JOIN"
        " (SELECT unnest(event_ids) AS id, true AS sealed FROM audit_block) AS blocks USING (id)"
        " WHERE sealed IS NULL ORDER BY id"
    )
    highest = await tx.fetch_value("SELECT coalesce(max(id), 0) FROM audit_event")
    await _append(tx, last, events, cluster, highest, 0, 0)
    return len(events)


async def _append(
    tx: Transaction,
    last: Block,
    events: Sequence[dict[str, Any]],
    cluster: str,
    floor_id: int,
    through_transaction: int,
    through_id: int,
) -> None:
    block = Block(
        number=last.number + 1,
        previous_hash=last.hash,
        hash=b"",
        event_ids=[event["id"] for event in events],
        leaves=b"".join(leaf(event) for event in events),
        cluster=cluster,
        floor_id=floor_id,
        through_transaction=through_transaction,
        through_id=through_id,
    )
    await tx.execute(
        f"INSERT INTO audit_block ({BLOCK_COLUMNS})"
        " VALUES (%s, %s, %s, %s::bigint[], %s, %s, %s, %s, %s)",
        (
            block.number,
            block.previous_hash,
            block.computed_hash(),
            block.event_ids,
            block.leaves,
            block.cluster,
            block.floor_id,
            block.through_transaction,
            block.through_id,
        ),
    )
