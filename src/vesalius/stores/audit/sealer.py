"""The sealer: chains what was committed, every second, and signs checkpoints every minute."""

import asyncio
import contextlib

from vesalius.kit.database import Database
from vesalius.kit.errors import VesaliusError
from vesalius.kit.log import logger
from vesalius.stores.audit.chain import BLOCK_EVENTS, seal
from vesalius.stores.audit.checkpoints import write_checkpoint

log = logger(__name__)


async def seal_all(database: Database) -> int:
    """Seal all that can be sealed now, then sign a checkpoint; how many events it was."""
    total = 0
    while True:
        async with database.transaction() as tx:
            count = await seal(tx)
        total += count
        if count < BLOCK_EVENTS:
            break
    async with database.transaction() as tx:
        await write_checkpoint(tx)
    return total


async def keep_sealing(database: Database, stop: asyncio.Event) -> None:
    """Seal until told to stop, and once more then. One process of the house runs this.

    Two do no harm: they take turns. Trouble with the database is logged and outlived.
    """
    settings = database.settings
    loop = asyncio.get_running_loop()
    next_checkpoint = loop.time() + settings.audit_checkpoint_seconds
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), settings.audit_seal_seconds)
        try:
            if stop.is_set() or loop.time() >= next_checkpoint:
                await seal_all(database)
                next_checkpoint = loop.time() + settings.audit_checkpoint_seconds
            else:
                async with database.transaction() as tx:
                    await seal(tx)
        except VesaliusError as error:
            log.warning("sealing put off", reason=error.message)
