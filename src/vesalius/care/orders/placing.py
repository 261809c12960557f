"""Placing an imaging order [RAD-2], from the order form or through FHIR.

Both ways end the same: a ServiceRequest with an accession number, a row, and the news. An order
written through FHIR is adopted when the record tells of it.
"""

from vesalius.care.orders.catalogue import catalogue
from vesalius.care.orders.events import OrderCancelled, OrderChanged, OrderPlaced
from vesalius.care.orders.rows import find_order, keep
from vesalius.care.orders.service_request import (
    ORDER_INTENTS,
    Order,
    OrderForm,
    accession_identifier,
    accession_of,
    body_of,
    check,
    is_imaging,
    order_of,
    patient_of,
)
from vesalius.care.patients import card, lend
from vesalius.kit.errors import Gone, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import record
from vesalius.stores.access import SYSTEM, Principal, require, require_patient

CANCELLED = ("revoked", "entered-in-error")


async def place(tx: Transaction, principal: Principal | None, form: OrderForm) -> Order:
    """Place an order of the catalogue: ServiceRequest, accession number, news.

    Raises NotFound when there is no such patient for the asker, Invalid for a form that nobody
    could carry out.
    """
    principal = require(principal, "order.place")
    await require_patient(tx, principal, form.patient)
    await card(tx, form.patient)
    procedure = catalogue().get(form.procedure)
    if procedure is None:
        raise Invalid("there is no such procedure in the catalogue")
    check(form, procedure)
    body = body_of(
        form,
        procedure,
        accession_number=await next_accession_number(tx),
        username=principal.name,
        display=principal.display,
        now=tx.now,
    )
    writer = lend(principal, "record.write:ServiceRequest")
    version = await record.create(tx, writer, "ServiceRequest", body)
    order = order_of(version.json(), version=version.version, now=tx.now)
    await keep(tx, order)
    tx.announce(OrderPlaced(order.order_reference, order.patient_reference))
    return order


async def adopt(tx: Transaction, order_reference: str) -> Order | None:
    """Take up a ServiceRequest as the record has it now; None when it is no imaging order.

    Gives an accession number to an order that came without one. Idempotent: an order whose
    row is already of this version says nothing new.
    """
    try:
        version = await record.read(tx, SYSTEM, "ServiceRequest", order_reference)
    except (NotFound, Gone):
        return await _withdraw(tx, order_reference)
    body = version.json()
    before = await find_order(tx, order_reference, lock=True)
    if before is None and not (is_imaging(body) and body.get("intent") in ORDER_INTENTS):
        return None
    if (patient := patient_of(body)) is None:
        return None
    number = version.version
    if accession_of(body) is None:
        body.setdefault("identifier", []).append(
            accession_identifier(await next_accession_number(tx))
        )
        numbered, _ = await record.update(
            tx, SYSTEM, "ServiceRequest", order_reference, body, if_match=number
        )
        number, body = numbered.version, numbered.json()
    order = order_of(body, version=number, now=tx.now)
    if await keep(tx, order):
        _tell(tx, before, order, patient)
    return order


def _tell(tx: Transaction, before: Order | None, order: Order, patient: str) -> None:
    was_open = before is not None and before.status not in ("draft", *CANCELLED)
    if order.status in CANCELLED:
        if before is not None and before.status not in CANCELLED:
            tx.announce(OrderCancelled(order.order_reference, patient))
    elif order.status == "active" and not was_open:
        tx.announce(OrderPlaced(order.order_reference, patient))
    elif before is not None:
        tx.announce(OrderChanged(order.order_reference, patient))


async def _withdraw(tx: Transaction, order_reference: str) -> Order | None:
    """A deleted ServiceRequest orders nothing any more."""
    before = await find_order(tx, order_reference, lock=True)
    if before is not None and before.status not in CANCELLED:
        await tx.execute(
            "UPDATE imaging_order SET status = 'revoked' WHERE order_reference = %s",
            (order_reference,),
        )
        tx.announce(OrderCancelled(order_reference, before.patient_reference))
    return before


async def next_accession_number(tx: Transaction) -> str:
    """An accession number nobody has: prefix and sequence, at most 16 letters (PS3.5 VR SH)."""
    number = await tx.fetch_value("SELECT nextval('accession_number')")
    return f"{tx.settings.accession_prefix}{number}"
