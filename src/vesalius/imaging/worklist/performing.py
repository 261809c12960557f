"""What modalities report of their work: Modality Performed Procedure Step (PS3.4 F.7) [RAD-6, 7].

N-CREATE begins a performed step, N-SET changes it, and COMPLETED or DISCONTINUED is final. A
report that names a scheduled step but another patient than the step's is kept and linked to
nothing: the modality examined somebody under the wrong worklist entry, or mistyped.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from vesalius.imaging.worklist.events import StepBegun, StepEnded
from vesalius.imaging.worklist.matching import values
from vesalius.imaging.worklist.steps import COLUMNS, NAMES, Step, set_status
from vesalius.kit.errors import Conflict, Invalid, NotFound
from vesalius.kit.log import logger
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access import Principal, require

log = logger(__name__)

IN_PROGRESS = "IN PROGRESS"
FINAL = ("COMPLETED", "DISCONTINUED")
# PS3.4 table F.7.2-1, what an N-CREATE must carry (type 1).
REQUIRED = {
    "00400270": "Scheduled Step Attributes Sequence",
    "00400253": "Performed Procedure Step ID",
    "00400241": "Performed Station AE Title",
    "00400244": "Performed Procedure Step Start Date",
    "00400245": "Performed Procedure Step Start Time",
    "00400252": "Performed Procedure Step Status",
    "00080060": "Modality",
}


class DuplicateStep(Conflict):
    """N-CREATE of a SOP Instance UID that exists (PS3.7 status 0111H)."""


class StepIsFinal(Conflict):
    """N-SET of a step that was completed or discontinued (PS3.4 F.7.2.2.2: 0110H, A710H)."""


class MissingAttribute(Invalid):
    """An attribute that must be there is not (PS3.7 status 0120H)."""


class UnknownStep(NotFound):
    """N-SET of a SOP Instance UID that does not exist (PS3.7 status 0112H)."""


async def begin_step(
    tx: Transaction,
    principal: Principal | None,
    sop_instance_uid: str,
    dataset: Mapping[str, Any],
) -> None:
    """A modality began a performed step (MPPS N-CREATE).

    Raises MissingAttribute, Invalid (another status than IN PROGRESS), DuplicateStep.
    """
    principal = require(principal, "worklist.report")
    for tag, name in REQUIRED.items():
        if not values(dataset.get(tag, {})):
            raise MissingAttribute(f"{name} is missing")
    if _status(dataset) != IN_PROGRESS:
        raise Invalid("a performed procedure step begins IN PROGRESS")
    created = await tx.execute(
        "INSERT INTO performed_step (sop_instance_uid, status, reported_by, started, dataset)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1",
        (sop_instance_uid, IN_PROGRESS, principal.name, tx.now, Jsonb(dict(dataset))),
    )
    if created.row() is None:
        raise DuplicateStep("this performed procedure step exists already")
    steps = await _scheduled_for(tx, dataset)
    for step in steps:
        await tx.execute(
            "INSERT INTO performed_for (sop_instance_uid, step_id) VALUES (%s, %s)",
            (sop_instance_uid, step.step_id),
        )
        tx.announce(StepBegun(step.step_id, step.order_reference, step.patient_reference))
    open_steps = [step for step in steps if step.status in ("SCHEDULED", "DISCONTINUED")]
    await set_status(tx, open_steps, IN_PROGRESS)
    await _audit(tx, principal, "C", sop_instance_uid, steps)


async def change_step(
    tx: Transaction,
    principal: Principal | None,
    sop_instance_uid: str,
    dataset: Mapping[str, Any],
) -> None:
    """A modality changed a performed step (MPPS N-SET); COMPLETED and DISCONTINUED end it.

    Raises UnknownStep, StepIsFinal, Invalid (a status that is none).
    """
    principal = require(principal, "worklist.report")
    row = await tx.fetch_one(
        "SELECT status, dataset FROM performed_step WHERE sop_instance_uid = %s FOR UPDATE",
        (sop_instance_uid,),
    )
    if row is None:
        raise UnknownStep("there is no such performed procedure step")
    if row["status"] in FINAL:
        raise StepIsFinal("this performed procedure step may no longer be updated")
    status = _status(dataset) or row["status"]
    if status != IN_PROGRESS and status not in FINAL:
        raise Invalid("the status is IN PROGRESS, COMPLETED or DISCONTINUED")
    await tx.execute(
        "UPDATE performed_step SET status = %s, dataset = %s, ended = %s"
        " WHERE sop_instance_uid = %s",
        (
            status,
            Jsonb({**row["dataset"], **dataset}),
            tx.now if status in FINAL else None,
            sop_instance_uid,
        ),
    )
    steps = await _linked(tx, sop_instance_uid)
    if status in FINAL:
        await set_status(tx, steps, status)
        for step in steps:
            tx.announce(
                StepEnded(step.step_id, step.order_reference, step.patient_reference, status)
            )
    await _audit(tx, principal, "U", sop_instance_uid, steps)


def _status(dataset: Mapping[str, Any]) -> str:
    return next((str(value) for value in values(dataset.get("00400252", {}))), "")


async def _scheduled_for(tx: Transaction, dataset: Mapping[str, Any]) -> list[Step]:
    """The scheduled steps that a report's Scheduled Step Attributes Sequence names."""
    items = values(dataset["00400270"])
    studies = [str(v) for item in items for v in values(item.get("0020000D", {}))]
    step_ids = [str(v) for item in items for v in values(item.get("00400009", {}))]
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS}, c.mrn FROM procedure_step s"
        " LEFT JOIN patient_card c USING (patient_reference)"
        " WHERE s.study_instance_uid = ANY(%s) OR s.step_id = ANY(%s) FOR UPDATE OF s",
        (studies, step_ids),
    )
    number = next((str(value).strip() for value in values(dataset.get("00100020", {}))), None)
    steps = []
    for row in rows:
        # Patient ID is type 2 here: empty says nothing, another one says another patient.
        if number and row["mrn"] and number != row["mrn"]:
            log.warning("step reported for another patient", step=row["step_id"])
            continue
        steps.append(Step(**{name: row[name] for name in NAMES}))
    return steps


async def _linked(tx: Transaction, sop_instance_uid: str) -> list[Step]:
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS} FROM procedure_step s JOIN performed_for f USING (step_id)"
        " WHERE f.sop_instance_uid = %s FOR UPDATE OF s",
        (sop_instance_uid,),
    )
    return [Step(**row) for row in rows]


async def _audit(
    tx: Transaction,
    principal: Principal,
    action: audit.Action,
    sop_instance_uid: str,
    steps: Sequence[Step],
) -> None:
    await audit.record(
        tx,
        principal,
        action,
        audit.kinds.PROCEDURE_RECORD,
        reference=sop_instance_uid,
        patient_reference=steps[0].patient_reference if steps else None,
        detail={"steps": [step.step_id for step in steps]},
    )
