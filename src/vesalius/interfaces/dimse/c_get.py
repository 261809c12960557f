"""C-GET, retrieval over the requestor's own association (PS3.4 C.4.3, PS3.7 9.1.3)."""

from __future__ import annotations

from . import status, suboperations
from .association import Message
from .caller import Caller
from .status import Outcome
from .suboperations import Progress, Tally


async def answer(caller: Caller, message: Message) -> None:
    """Send back what the identifier names; the peer is the storage provider meanwhile."""
    rows = await suboperations.find_instances(caller, message)
    tally = Tally(remaining=len(rows))
    progress = Progress(caller, message, tally)
    if not rows:
        await progress.finish()
        return
    await suboperations.open_transfers(caller, rows)
    sending = suboperations.send_all(caller.house, caller.association, caller.limits, rows)
    cancelled = False
    try:
        async for row, outcome in sending:
            tally.count(row, outcome)
            cancelled = caller.association.is_cancelled(message.command.message_id)
            if cancelled:
                break
            await progress.tell()
    finally:
        await sending.aclose()  # type: ignore[attr-defined]
        await suboperations.close_transfers(caller, rows, tally)
    await progress.finish(Outcome(status.CANCEL) if cancelled else None)
