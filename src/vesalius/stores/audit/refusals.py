"""Requests that were refused: their own transaction is rolled back, their trace is not."""

from vesalius.kit.database import Database
from vesalius.kit.errors import VesaliusError
from vesalius.kit.log import logger
from vesalius.stores.audit.kinds import SECURITY_ALERT
from vesalius.stores.audit.trail import Actor, record

log = logger(__name__)

LONGEST_PATH = 200


async def record_refusal(database: Database, actor: Actor | None, method: str, path: str) -> None:
    """Write a refused request into the trail, in a transaction of its own; never fails."""
    detail = {"refused": method, "path": path[:LONGEST_PATH]}
    try:
        async with database.transaction() as tx:
            await record(tx, actor, "E", SECURITY_ALERT, outcome="minor", detail=detail)
    except VesaliusError:
        # The refusal stands, with or without its row.
        log.error("a refused request could not be written into the audit trail")
