"""Imaging orders: the catalogue, the form, and what was ordered."""

from datetime import UTC, datetime
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.care import orders
from vesalius.imaging import worklist
from vesalius.interfaces.web.body import Body, limit_of, read
from vesalius.interfaces.web.problems import answer
from vesalius.kit.transaction import Transaction


class NewOrder(Body):
    """The order form."""

    patient: str
    procedure: str
    priority: Literal["routine", "urgent", "asap", "stat"] = "routine"
    indication: str = ""
    laterality: Literal["left", "right", "both"] | None = None
    contrast: bool | None = None
    transport: Literal["walking", "wheelchair", "bed", "portable"] | None = None
    scheduled: datetime | None = None
    station: str | None = None


class Reason(Body):
    """Why."""

    reason: str


async def procedures(request: Request) -> Response:
    """GET /api/procedures: the catalogue, in the user's language."""
    language = request.query_params.get("language") or request.scope["principal"].language
    return answer(
        [
            {
                "code": procedure.code,
                "display": procedure.title(language),
                "modality": procedure.modality,
                "body_site": procedure.body_site,
                "laterality": procedure.laterality,
                "contrast": procedure.contrast,
                "minutes": procedure.minutes,
            }
            for procedure in orders.catalogue().values()
        ]
    )


async def place(request: Request) -> Response:
    """POST /api/orders: the order and its worklist step in one commit."""
    given = await read(request, NewOrder)
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        order = await orders.place(
            tx, request.scope["principal"], orders.OrderForm(**given.model_dump())
        )
        await worklist.schedule(tx, order.order_reference)
        content = await describe(tx, order)
    return answer(content, 201, {"Location": f"/fhir/ServiceRequest/{order.order_reference}"})


async def index(request: Request) -> Response:
    """GET /api/orders?patient=&status=&limit=."""
    house: House = request.app.state.house
    status = request.query_params.get("status", "")
    async with house.database.transaction() as tx:
        found = await orders.list_orders(
            tx,
            request.scope["principal"],
            patient=request.query_params.get("patient"),
            status=[one for one in status.split(",") if one],
            limit=limit_of(request, 200),
        )
        content = [await describe(tx, order) for order in found]
    return answer(content)


async def cancel(request: Request) -> Response:
    """POST /api/orders/{id}/cancel."""
    given = await read(request, Reason)
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        order = await orders.cancel(
            tx, request.scope["principal"], request.path_params["id"], given.reason
        )
        await worklist.withdraw(tx, order.order_reference)
        content = await describe(tx, order)
    return answer(content)


async def describe(tx: Transaction, order: orders.Order) -> dict[str, Any]:
    """An order with its step, as the browser shows it."""
    step = await worklist.step_of_order(tx, order.order_reference)
    return {
        "id": order.order_reference,
        "patient": order.patient_reference,
        "accession_number": order.accession_number,
        "study_instance_uid": step.study_instance_uid if step else None,
        "step_status": step.status if step else None,
        "procedure": order.procedure_code,
        "display": order.procedure_display,
        "modality": order.modality,
        "body_site": order.body_site,
        "laterality": order.laterality,
        "contrast": order.contrast,
        "transport": order.transport,
        "priority": order.priority,
        "status": order.status,
        "indication": order.indication,
        "requester": order.requester,
        "station": order.station,
        "scheduled": order.scheduled.astimezone(UTC).isoformat() if order.scheduled else None,
        "authored": order.placed.astimezone(UTC).isoformat(),
    }
