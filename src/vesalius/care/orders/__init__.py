"""Imaging orders: the catalogue, placing, and what becomes of them.

place       from the order form          adopt       from a ServiceRequest through FHIR
cancel      by a clinician               complete    by the final report
order, list_orders                       what was ordered
"""

from vesalius.care.orders.catalogue import Procedure, catalogue, procedure_of
from vesalius.care.orders.events import OrderCancelled, OrderChanged, OrderPlaced
from vesalius.care.orders.placing import adopt, place
from vesalius.care.orders.rows import (
    find_order,
    find_orders,
    list_orders,
    order,
    orders_with_accession,
)
from vesalius.care.orders.service_request import ACCESSION_SYSTEM, Order, OrderForm
from vesalius.care.orders.status import cancel, complete

__all__ = [
    "ACCESSION_SYSTEM",
    "Order",
    "OrderCancelled",
    "OrderChanged",
    "OrderForm",
    "OrderPlaced",
    "Procedure",
    "adopt",
    "cancel",
    "catalogue",
    "complete",
    "find_order",
    "find_orders",
    "list_orders",
    "order",
    "orders_with_accession",
    "place",
    "procedure_of",
]
