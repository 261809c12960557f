"""Checking the trail: nothing changed, nothing gone, nothing slipped in, nothing cut off."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from vesalius.kit.transaction import Transaction
from vesalius.stores.audit.chain import BLOCK_COLUMNS, EVENT_COLUMNS, GENESIS, Block, leaf
from vesalius.stores.audit.checkpoints import (
    Checkpoint,
    is_genuine,
    key_id,
    load_key,
    read_checkpoints,
)

MAX_FINDINGS = 1000


@dataclass(slots=True)
class Verification:
    """What was checked, and every sentence that says what is wrong."""

    blocks: int = 0
    checked: int = 0
    checkpoints: int = 0
    unsealed: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong; unsealed rows are not wrong, only young."""
        return not self.problems

    def find(self, sentence: str) -> None:
        """Note what is wrong, up to a limit."""
        if len(self.problems) < MAX_FINDINGS:
            self.problems.append(sentence)


async def verify(tx: Transaction) -> Verification:
    """Walk the whole chain, compare it with the checkpoints, and count what is not sealed yet."""
    result = Verification()
    hashes: dict[int, str] = {}
    previous: Block | None = None
    async for block in _blocks(tx):
        _check_link(result, block, previous)
        await _check_events(tx, result, block)
        hashes[block.number] = block.hash.hex()
        previous = block
    result.blocks = len(hashes)
    await _check_rest(tx, result, previous)
    await _check_checkpoints(tx, result, hashes)
    return result


async def _blocks(tx: Transaction) -> AsyncIterator[Block]:
    number = 0
    while rows := await tx.fetch_all(
        f"SELECT {BLOCK_COLUMNS} FROM audit_block WHERE number > %s ORDER BY number LIMIT 20",
        (number,),
    ):
        for row in rows:
            yield Block(**row)
        number = rows[-1]["number"]


def _check_link(result: Verification, block: Block, previous: Block | None) -> None:
    expected_number = 1 if previous is None else previous.number + 1
    expected_hash = GENESIS if previous is None else previous.hash
    if block.number != expected_number:
        result.find(f"Blocks {expected_number} to {block.number - 1} are missing.")
    elif block.previous_hash != expected_hash:
        result.find(f"Block {block.number} does not follow the block before it.")
    if block.hash != block.computed_hash():
        result.find(f"Block {block.number} was changed.")
    if len(block.leaves) != 32 * len(block.event_ids):
        result.find(f"Block {block.number} has not one digest for each event.")


async def _check_events(tx: Transaction, result: Verification, block: Block) -> None:
    rows = await tx.fetch_all(
        f"SELECT {EVENT_COLUMNS} FROM audit_event WHERE id = ANY(%s::bigint[])", (block.event_ids,)
    )
    by_id = {row["id"]: row for row in rows}
    for position, event_id in enumerate(block.event_ids):
        event = by_id.get(event_id)
        if event is None:
            result.find(f"Event {event_id} of block {block.number} is gone.")
        elif leaf(event) != block.leaf(position):
            result.find(f"Event {event_id} of block {block.number} was changed.")
    result.checked += len(rows)


async def _check_rest(tx: Transaction, result: Verification, last: Block | None) -> None:
    """Rows outside every block: young ones wait for the sealer, old ones were slipped in."""
    through = (0, 0) if last is None else (last.through_transaction, last.through_id)
    row = await tx.fetch_one(
        "SELECT count(*) FILTER (WHERE young) AS young,"
        " array_agg(id ORDER BY id) FILTER (WHERE NOT young) AS old FROM ("
        "  SELECT id, (transaction_number, id) > (%s, %s) AND id > %s AS young FROM audit_event"
        # An anti join, not NOT IN: that cannot spill to disk, and then compares all with all.
        "  LEFT JOIN (SELECT unnest(event_ids) AS id, true AS sealed FROM audit_block"
        "   WHERE number <= %s) AS blocks USING (id) WHERE sealed IS NULL) AS rest",
        (*through, 0 if last is None else last.floor_id, 0 if last is None else last.number),
    )
    if row is not None:
        result.unsealed = row["young"]
        for event_id in row["old"] or []:
            result.find(f"Event {event_id} was put in behind the sealed ones.")


async def _check_checkpoints(tx: Transaction, result: Verification, hashes: dict[int, str]) -> None:
    key = load_key(tx.settings.data_directory).public_key()
    try:
        checkpoints = read_checkpoints(tx.settings.data_directory)
    except ValueError:
        result.find("The checkpoint file has a line that is no checkpoint.")
        return
    ours = [c for c in checkpoints if c.schema == tx.settings.database_schema]
    for checkpoint in ours:
        _check_checkpoint(result, checkpoint, genuine=is_genuine(checkpoint, key), hashes=hashes)
    result.checkpoints = len(ours)
    in_file = {checkpoint.block for checkpoint in ours}
    rows = await tx.fetch_all(
        "SELECT block FROM audit_checkpoint WHERE key_id = %s ORDER BY block", (key_id(key),)
    )
    for row in rows:
        if row["block"] not in in_file:
            result.find(f"The checkpoint of block {row['block']} is gone from the file.")


def _check_checkpoint(
    result: Verification, checkpoint: Checkpoint, *, genuine: bool, hashes: dict[int, str]
) -> None:
    number = checkpoint.block
    if not genuine:
        result.find(f"The checkpoint of block {number} was not signed by this house's key.")
    elif number not in hashes:
        result.find(f"The chain was cut: block {number} was signed and is gone.")
    elif hashes[number] != checkpoint.hash:
        result.find(f"The chain was rewritten: block {number} is not the one that was signed.")
