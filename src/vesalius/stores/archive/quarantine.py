"""What contradicted the archive, for an operator to look at."""

from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access import Principal, require
from vesalius.stores.archive.blobs import forget_blob
from vesalius.stores.archive.model import Quarantined


async def list_quarantined(
    tx: Transaction, principal: Principal, *, limit: int = 100
) -> list[Quarantined]:
    """Quarantined instances, newest first."""
    require(principal, "study.correct")
    rows = await tx.fetch_all(
        "SELECT quarantine_key::text AS id, sop_instance_uid, study_instance_uid,"
        " series_instance_uid, reason, source, received, blob_key, size"
        " FROM quarantined_instance ORDER BY quarantine_key DESC LIMIT %s",
        (limit,),
    )
    return [Quarantined(**row) for row in rows]


async def discard_quarantined(tx: Transaction, principal: Principal, id: str) -> None:
    """Throw one away, for good. Raises NotFound."""
    require(principal, "study.correct")
    row = await tx.fetch_one(
        "DELETE FROM quarantined_instance WHERE quarantine_key::text = %s"
        " RETURNING blob_key, sop_instance_uid, study_instance_uid",
        (id,),
    )
    if row is None:
        raise NotFound("there is no such quarantined instance")
    await audit.record(
        tx,
        principal,
        "D",
        "Instance Quarantined",
        reference=row["study_instance_uid"],
        detail={"sop_instance_uid": row["sop_instance_uid"]},
    )
    forget_blob(tx, row["blob_key"])
