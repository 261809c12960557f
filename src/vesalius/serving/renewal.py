"""A role that has grown ends itself, to be forked anew.

Composing a study of thousands of instances takes some 50 MB for a moment; Python's heap is full
of holes then and cannot be given back. A new fork takes a fraction of a second and has none.
"""

import asyncio
import time
from collections.abc import Callable

from vesalius.kit import memory, nursery
from vesalius.kit.log import logger

log = logger(__name__)

LOOK_SECONDS = 10.0
GROWN_BYTES = 24 * 1024 * 1024
# Of one processor; who does more than this is in the middle of something.
IDLE_SHARE = 0.05


async def when_grown(
    is_idle: Callable[[], bool],
    stop: asyncio.Event,
    *,
    look_seconds: float = LOOK_SECONDS,
    grown_bytes: int = GROWN_BYTES,
) -> bool:
    """Set `stop` once this process has grown and is idle; whether that was the reason to stop.

    Only where a successor is forked: elsewhere it would be larger than what it replaces.
    """
    if not nursery.bore_this_process():
        await stop.wait()
        return False
    first = memory.private_bytes()
    while True:
        worked = time.process_time()
        try:
            async with asyncio.timeout(look_seconds):
                await stop.wait()
            return False
        except TimeoutError:
            worked = time.process_time() - worked
        grown = memory.private_bytes() - first
        if grown > grown_bytes and worked < IDLE_SHARE * look_seconds and is_idle():
            log.info("renewed", grown_bytes=grown)
            stop.set()
            return True
