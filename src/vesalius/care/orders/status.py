"""What becomes of an order: cancelled by a clinician, completed by its final report."""

from vesalius.care.orders.events import OrderCancelled, OrderChanged
from vesalius.care.orders.rows import keep, order
from vesalius.care.orders.service_request import Order, order_of
from vesalius.care.patients import lend
from vesalius.kit.errors import Conflict, Invalid
from vesalius.kit.transaction import Transaction
from vesalius.stores import record
from vesalius.stores.access import SYSTEM, Principal, require

OPEN = ("draft", "active", "on-hold")


async def cancel(
    tx: Transaction, principal: Principal | None, order_reference: str, reason: str
) -> Order:
    """Revoke an open order; the reason is kept in the ServiceRequest's notes."""
    principal = require(principal, "order.place")
    if not reason.strip():
        raise Invalid("say why the order is cancelled")
    found = await order(tx, lend(principal, "record.read:ServiceRequest"), order_reference)
    if found.status not in OPEN:
        raise Conflict("this order is not open any more")
    writer = lend(principal, "record.write:ServiceRequest", "record.read:ServiceRequest")
    revoked = await _write_status(tx, writer, found, "revoked", note=reason.strip())
    tx.announce(OrderCancelled(revoked.order_reference, revoked.patient_reference))
    return revoked


async def complete(tx: Transaction, found: Order) -> Order:
    """Mark an order done, for its final report; an order that is not open stays as it is."""
    if found.status not in OPEN:
        return found
    done = await _write_status(tx, SYSTEM, found, "completed")
    tx.announce(OrderChanged(done.order_reference, done.patient_reference))
    return done


async def _write_status(
    tx: Transaction, writer: Principal, found: Order, status: str, *, note: str | None = None
) -> Order:
    current = await record.read(tx, writer, "ServiceRequest", found.order_reference)
    body = current.json()
    body["status"] = status
    if note:
        said = {"text": note, "time": tx.now.isoformat(timespec="seconds")}
        body.setdefault("note", []).append({"authorString": writer.display, **said})
    version, _ = await record.update(
        tx,
        writer,
        "ServiceRequest",
        found.order_reference,
        body,
        if_match=current.version,
    )
    changed = order_of(version.json(), version=version.version, now=tx.now)
    await keep(tx, changed)
    return changed
