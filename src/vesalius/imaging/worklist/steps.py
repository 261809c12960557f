"""Scheduled procedure steps: what a modality shall do, for which order [RAD-4]."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime
from typing import Any

from vesalius.care.orders import Order, find_order
from vesalius.imaging.worklist.events import StepScheduled
from vesalius.kit.errors import Gone, NotFound
from vesalius.kit.ids import new_uid
from vesalius.kit.transaction import Transaction
from vesalius.stores import record
from vesalius.stores.access import SYSTEM

STEP_SYSTEM = "urn:vesalius:procedure-step"
# FHIR Task status of each state of a step.
TASK_STATUS = {
    "SCHEDULED": "ready",
    "IN PROGRESS": "in-progress",
    "COMPLETED": "completed",
    "DISCONTINUED": "failed",
    "CANCELLED": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One scheduled procedure step."""

    step_id: str
    order_reference: str
    patient_reference: str
    accession_number: str
    study_instance_uid: str
    modality: str
    station_ae_title: str | None
    scheduled: datetime
    procedure_system: str | None
    procedure_code: str | None
    procedure_display: str
    laterality: str | None
    contrast: bool | None
    transport: str | None
    priority: str
    indication: str | None
    requester: str | None
    status: str
    task_reference: str | None
    changed: datetime


NAMES = [field.name for field in fields(Step)]
COLUMNS = ", ".join(f"s.{name}" for name in NAMES)


async def schedule(tx: Transaction, order_reference: str) -> Step | None:
    """Put an order into the worklist, or bring its step up to date; idempotent.

    The Study Instance UID is given here, so that the images come back knowing their order. None
    when the order is not open or its modality unknown.
    """
    # Two handlers of one order wait for each other here.
    order = await find_order(tx, order_reference, lock=True)
    if order is None or order.status not in ("active", "on-hold"):
        return None
    step = await step_of_order(tx, order_reference)
    if step is None:
        step = await _new_step(tx, order)
    elif step.status != "SCHEDULED" or (fresh := _as_ordered(step, order)) == step:
        return step
    else:
        step = replace(fresh, changed=tx.now)
    await _keep(tx, step)
    tx.announce(StepScheduled(step.step_id, step.order_reference, step.patient_reference))
    return step


async def withdraw(tx: Transaction, order_reference: str) -> None:
    """Take a cancelled order out of the worklist; a step already begun stays."""
    step = await step_of_order(tx, order_reference)
    if step is not None and step.status == "SCHEDULED":
        await set_status(tx, [step], "CANCELLED")
        tx.announce(StepScheduled(step.step_id, step.order_reference, step.patient_reference))


async def step_of_order(tx: Transaction, order_reference: str) -> Step | None:
    """The step of an order."""
    return await _find(tx, "order_reference", order_reference)


async def step_of_study(tx: Transaction, study_instance_uid: str) -> Step | None:
    """The step whose images bear this Study Instance UID."""
    return await _find(tx, "study_instance_uid", study_instance_uid)


async def _find(tx: Transaction, column: str, value: str) -> Step | None:
    row = await tx.fetch_one(
        f"SELECT {COLUMNS} FROM procedure_step s WHERE {column} = %s", (value,)
    )
    return Step(**row) if row else None


async def _new_step(tx: Transaction, order: Order) -> Step:
    number = await tx.fetch_value("SELECT nextval('procedure_step_number')")
    step = Step(
        step_id=f"S{number}",
        order_reference=order.order_reference,
        patient_reference=order.patient_reference,
        accession_number=order.accession_number,
        study_instance_uid=new_uid(),
        modality=order.modality or "OT",
        station_ae_title=order.station,
        scheduled=order.scheduled or order.placed,
        procedure_system=order.procedure_system,
        procedure_code=order.procedure_code,
        procedure_display=order.procedure_display,
        laterality=order.laterality,
        contrast=order.contrast,
        transport=order.transport,
        priority=order.priority,
        indication=order.indication,
        requester=order.requester,
        status="SCHEDULED",
        task_reference=None,
        changed=tx.now,
    )
    task = await record.create(tx, SYSTEM, "Task", _task(step))
    return replace(step, task_reference=task.id)


def _as_ordered(step: Step, order: Order) -> Step:
    return replace(
        step,
        patient_reference=order.patient_reference,
        accession_number=order.accession_number,
        modality=order.modality or "OT",
        station_ae_title=order.station or step.station_ae_title,
        scheduled=order.scheduled or order.placed,
        procedure_system=order.procedure_system,
        procedure_code=order.procedure_code,
        procedure_display=order.procedure_display,
        laterality=order.laterality,
        contrast=order.contrast,
        transport=order.transport,
        priority=order.priority,
        indication=order.indication,
        requester=order.requester,
    )


_KEEP = (
    f"INSERT INTO procedure_step ({', '.join(NAMES)}) VALUES ({', '.join(['%s'] * len(NAMES))})"
    " ON CONFLICT (step_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in NAMES[1:])
)


async def _keep(tx: Transaction, step: Step) -> None:
    await tx.execute(_KEEP, astuple(step))


async def set_status(tx: Transaction, steps: Sequence[Step], status: str) -> None:
    """Bring steps and their Tasks to a status."""
    await tx.execute(
        "UPDATE procedure_step SET status = %s, changed = %s WHERE step_id = ANY(%s)",
        (status, tx.now, [step.step_id for step in steps]),
    )
    for step in steps:
        await _update_task(tx, replace(step, status=status))


async def _update_task(tx: Transaction, step: Step) -> None:
    if step.task_reference is None:
        return
    try:
        current = await record.read(tx, SYSTEM, "Task", step.task_reference)
    except (NotFound, Gone):
        return
    body = {**current.json(), **_task(step), "id": step.task_reference}
    period = dict(current.json().get("executionPeriod") or {})
    moment = tx.now.isoformat(timespec="seconds")
    if step.status == "IN PROGRESS":
        period["start"] = moment
    elif step.status in ("COMPLETED", "DISCONTINUED"):
        period["end"] = moment
    if period:
        body["executionPeriod"] = period
    await record.update(tx, SYSTEM, "Task", step.task_reference, body, if_match=current.version)


def _task(step: Step) -> dict[str, Any]:
    return {
        "resourceType": "Task",
        "identifier": [{"system": STEP_SYSTEM, "value": step.step_id}],
        "status": TASK_STATUS[step.status],
        "intent": "order",
        "code": {"text": step.procedure_display},
        "focus": {"reference": f"ServiceRequest/{step.order_reference}"},
        "for": {"reference": f"Patient/{step.patient_reference}"},
        "priority": step.priority,
    }
