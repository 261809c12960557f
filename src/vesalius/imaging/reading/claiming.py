"""Who reads what: claiming is atomic, and a claimed row shows who has it."""

from vesalius.imaging.reading.events import ReadingItemChanged
from vesalius.imaging.reading.listing import Filters, Item, reading_item, where
from vesalius.kit.errors import Conflict, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access import Principal, permits, require


async def claim(tx: Transaction, principal: Principal | None, study_instance_uid: str) -> None:
    """Take a study for reading; again by the same reader is fine. Raises Conflict."""
    principal = require(principal, "reading.claim")
    item = await _visible(tx, principal, study_instance_uid)
    taken = await tx.execute(
        "UPDATE reading_item SET claimed_by = %s, claimed_display = %s, claimed_at = %s"
        " WHERE study_instance_uid = %s AND signed_at IS NULL"
        " AND (claimed_by IS NULL OR claimed_by = %s)",
        (principal.name, principal.display, tx.now, study_instance_uid, principal.name),
    )
    if taken.rowcount == 0:
        now = await reading_item(tx, principal, study_instance_uid)
        if now is None or now.status == "signed":
            raise Conflict("this study is signed already")
        raise Conflict(
            f"{now.claimed_display or now.claimed_by} is reading this study",
            claimed_by=now.claimed_by,
        )
    if item.claimed_by != principal.name:
        await _tell(tx, principal, item, "claim")


async def release(tx: Transaction, principal: Principal | None, study_instance_uid: str) -> None:
    """Give a study back to the list; by who claimed it, or by who runs the house."""
    principal = require(principal, "reading.claim")
    item = await _visible(tx, principal, study_instance_uid)
    if item.claimed_by is None:
        return
    if item.claimed_by != principal.name and not permits(principal, "system.manage"):
        raise Conflict(f"{item.claimed_display or item.claimed_by} is reading this study")
    await tx.execute(
        "UPDATE reading_item SET claimed_by = NULL, claimed_display = NULL, claimed_at = NULL"
        " WHERE study_instance_uid = %s AND claimed_by = %s",
        (study_instance_uid, item.claimed_by),
    )
    await _tell(tx, principal, item, "release")


async def claim_next(tx: Transaction, principal: Principal | None, filters: Filters) -> str | None:
    """Take the first unread study of a filtered list; its UID, or None when nothing is left.

    Two readers asking at once get two studies.
    """
    principal = require(principal, "reading.claim")
    chosen = where(principal, filters, status="unread")
    uid: str | None = await tx.fetch_value(
        f"SELECT r.study_instance_uid FROM reading_item r WHERE {chosen.sql}"
        " ORDER BY r.priority, r.arrived, r.study_instance_uid LIMIT 1"
        " FOR UPDATE OF r SKIP LOCKED",
        chosen.params,
    )
    if uid is not None:
        await claim(tx, principal, uid)
    return uid


async def drafted(tx: Transaction, study_instance_uid: str) -> None:
    """A report of this study was begun."""
    await _mark(tx, study_instance_uid, "has_draft = true, signed_at = NULL")


async def undrafted(tx: Transaction, study_instance_uid: str) -> None:
    """The draft was thrown away, or signed as preliminary: the study is still to be read."""
    await _mark(tx, study_instance_uid, "has_draft = false")


async def finished(tx: Transaction, study_instance_uid: str) -> None:
    """The final report of this study was signed."""
    await _mark(
        tx,
        study_instance_uid,
        "has_draft = false, signed_at = coalesce(signed_at, now()),"
        " claimed_by = NULL, claimed_display = NULL, claimed_at = NULL",
    )


async def _mark(tx: Transaction, study_instance_uid: str, change: str) -> None:
    row = await tx.fetch_one(
        f"UPDATE reading_item SET {change} WHERE study_instance_uid = %s"
        " RETURNING patient_reference",
        (study_instance_uid,),
    )
    if row is not None:
        tx.announce(ReadingItemChanged(study_instance_uid, row["patient_reference"]))


async def _visible(tx: Transaction, principal: Principal, study_instance_uid: str) -> Item:
    item = await reading_item(tx, principal, study_instance_uid)
    if item is None:
        raise NotFound("this study is not on the reading list")
    return item


async def _tell(tx: Transaction, principal: Principal, item: Item, act: str) -> None:
    patient = item.card.patient_reference if item.card else None
    await audit.record(
        tx,
        principal,
        "U",
        audit.kinds.PROCEDURE_RECORD,
        reference=item.study_instance_uid,
        patient_reference=patient,
        detail={"act": act},
    )
    tx.announce(ReadingItemChanged(item.study_instance_uid, patient))
