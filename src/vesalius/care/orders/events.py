"""News of imaging orders."""

from dataclasses import dataclass

from vesalius.kit.outbox import Event


@dataclass(frozen=True)
class OrderPlaced(Event):
    """An imaging order is active: it wants a step in the worklist."""

    order_reference: str
    patient_reference: str


@dataclass(frozen=True)
class OrderChanged(Event):
    """An order has another priority, time, procedure or status than before."""

    order_reference: str
    patient_reference: str


@dataclass(frozen=True)
class OrderCancelled(Event):
    """An order was revoked, or entered in error."""

    order_reference: str
    patient_reference: str
