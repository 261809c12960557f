"""The orders' working rows: written from ServiceRequests, read by worklist and reading."""

from collections.abc import Sequence
from dataclasses import astuple, fields

from vesalius.care.orders.service_request import Order
from vesalius.kit.database import Predicate, every
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores.access import Principal, patient_predicate, require, require_patient

NAMES = [field.name for field in fields(Order)]
COLUMNS = ", ".join(f"o.{name}" for name in NAMES)

_KEEP = (
    f"INSERT INTO imaging_order AS o ({', '.join(NAMES)})"
    f" VALUES ({', '.join(['%s'] * len(NAMES))})"
    " ON CONFLICT (order_reference) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in NAMES[1:])
    + " WHERE o.version < excluded.version RETURNING 1"
)


async def keep(tx: Transaction, order: Order) -> bool:
    """Write the row of an order; False when a row as new or newer is there."""
    cursor = await tx.execute(_KEEP, astuple(order))
    return cursor.row() is not None


async def find_order(tx: Transaction, order_reference: str, *, lock: bool = False) -> Order | None:
    """The order with this ServiceRequest id, for other rooms of the house."""
    row = await tx.fetch_one(
        f"SELECT {COLUMNS} FROM imaging_order o WHERE order_reference = %s"
        + (" FOR UPDATE" if lock else ""),
        (order_reference,),
    )
    return Order(**row) if row else None


async def find_orders(tx: Transaction, references: Sequence[str]) -> dict[str, Order]:
    """Several orders by reference."""
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS} FROM imaging_order o WHERE order_reference = ANY(%s)",
        (list(references),),
    )
    return {row["order_reference"]: Order(**row) for row in rows}


async def orders_with_accession(tx: Transaction, accession_number: str) -> list[Order]:
    """Every order that bears an accession number."""
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS} FROM imaging_order o WHERE accession_number = %s", (accession_number,)
    )
    return [Order(**row) for row in rows]


async def order(tx: Transaction, principal: Principal | None, order_reference: str) -> Order:
    """One order, for one who may read it; NotFound otherwise."""
    principal = require(principal, "record.read:ServiceRequest")
    found = await find_order(tx, order_reference)
    if found is None:
        raise NotFound("there is no such order")
    await require_patient(tx, principal, found.patient_reference)
    return found


async def list_orders(
    tx: Transaction,
    principal: Principal | None,
    *,
    patient: str | None = None,
    status: Sequence[str] = (),
    limit: int = 200,
) -> list[Order]:
    """Orders, newest first, of one patient or all, that the asker may see."""
    principal = require(principal, "record.read:ServiceRequest")
    where = every(
        [
            patient_predicate(principal, "o.patient_reference"),
            *([Predicate("o.patient_reference = %s", (patient,))] if patient else []),
            *([Predicate("o.status = ANY(%s)", (list(status),))] if status else []),
        ]
    )
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS} FROM imaging_order o WHERE {where.sql}"
        " ORDER BY o.placed DESC, o.order_reference DESC LIMIT %s",
        (*where.params, max(1, min(limit, tx.settings.page_count))),
    )
    return [Order(**row) for row in rows]
