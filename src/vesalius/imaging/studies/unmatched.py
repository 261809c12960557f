"""Studies that wait for their patient, and the human who decides [RAD-23 and the like].

Attaching and detaching never touch the received bytes; each is kept with who, when and why, and
the last one can be undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vesalius.care.orders import find_order, orders_with_accession
from vesalius.care.patients import Card, Proposal, cards, match
from vesalius.imaging.studies.composing import project_study
from vesalius.imaging.studies.events import StudyMoved
from vesalius.imaging.studies.receiving import place_study
from vesalius.imaging.studies.rows import COLUMNS, ImagingStudy, visible
from vesalius.imaging.worklist import step_of_study
from vesalius.kit.errors import Conflict, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import archive, audit, record
from vesalius.stores.access import (
    SYSTEM,
    Principal,
    patient_predicate,
    require,
    require_patient,
)

DETACHED = "detached"


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A waiting study with the patients it could be, best first."""

    study: ImagingStudy
    proposals: Sequence[tuple[Card, Proposal]]


async def unmatched(
    tx: Transaction, principal: Principal | None, *, limit: int = 100
) -> list[Unmatched]:
    """The studies that wait for their patient, newest first."""
    principal = require(principal, "study.read")
    policy = patient_predicate(principal, "st.patient_reference")
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS} FROM imaging_study st WHERE waiting IS NOT NULL AND ({policy.sql})"
        " ORDER BY arrived DESC LIMIT %s",
        (*policy.params, max(1, min(limit, tx.settings.page_count))),
    )
    studies = [ImagingStudy(**row) for row in rows]
    return [Unmatched(study, await _proposals(tx, principal, study)) for study in studies]


async def _proposals(
    tx: Transaction, principal: Principal, study: ImagingStudy
) -> list[tuple[Card, Proposal]]:
    proposals = (await match(tx, study.named)).proposals
    seen = await _visible(tx, principal, [p.patient_reference for p in proposals])
    known = await cards(tx, seen)
    return [(known[p.patient_reference], p) for p in proposals if p.patient_reference in known]


async def _visible(tx: Transaction, principal: Principal, references: Sequence[str]) -> set[str]:
    """A proposal must not reveal a patient whom the asker may not see."""
    policy = patient_predicate(principal, "card.patient_reference")
    rows = await tx.fetch_all(
        "SELECT card.patient_reference FROM patient_card card"
        f" WHERE card.patient_reference = ANY(%s) AND ({policy.sql})",
        (list(references), *policy.params),
    )
    return {row["patient_reference"] for row in rows}


async def attach(
    tx: Transaction,
    principal: Principal | None,
    study_instance_uid: str,
    patient_reference: str,
    reason: str,
) -> None:
    """Attach a waiting study to a patient. Raises Conflict when it has one."""
    principal = require(principal, "study.correct")
    await require_patient(tx, principal, patient_reference)
    if patient_reference not in await cards(tx, [patient_reference]):
        raise NotFound("there is no such patient")
    study = await visible(tx, principal, study_instance_uid, lock=True)
    if study.patient_reference is not None:
        raise Conflict("this study is attached to a patient already; detach it first")
    order = await _order_for(tx, study, patient_reference)
    await _keep_attachment(tx, principal, study, patient_reference, reason)
    await _move(tx, study, patient_reference, order, None)
    await _audit(tx, principal, study, patient_reference, "attach")


async def detach(
    tx: Transaction, principal: Principal | None, study_instance_uid: str, reason: str
) -> None:
    """Take a study away from its patient; it waits until somebody attaches it again."""
    principal = require(principal, "study.correct")
    study = await visible(tx, principal, study_instance_uid, lock=True)
    if study.patient_reference is None:
        raise Conflict("this study is attached to nobody")
    await _keep_attachment(tx, principal, study, None, reason)
    await _move(tx, study, None, None, DETACHED)
    await _audit(tx, principal, study, study.patient_reference, "detach")


async def undo(tx: Transaction, principal: Principal | None, study_instance_uid: str) -> None:
    """Take back the last attaching or detaching of a study."""
    principal = require(principal, "study.correct")
    study = await visible(tx, principal, study_instance_uid, lock=True)
    last = await tx.fetch_one(
        "SELECT * FROM study_attachment WHERE study_instance_uid = %s AND NOT undone"
        " ORDER BY id DESC LIMIT 1",
        (study_instance_uid,),
    )
    if last is None or last["after_patient"] != study.patient_reference:
        raise Conflict("there is nothing to undo")
    if last["before_patient"] is not None:
        await require_patient(tx, principal, last["before_patient"])
    await tx.execute("UPDATE study_attachment SET undone = true WHERE id = %s", (last["id"],))
    await _move(tx, study, last["before_patient"], last["before_order"], last["before_waiting"])
    patient = study.patient_reference or last["before_patient"]
    await _audit(tx, principal, study, patient, "undo")


async def rematch(tx: Transaction, patient_reference: str) -> None:
    """Look again at waiting studies that bear a number of this patient, who is new or changed.

    What a human detached stays detached.
    """
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS} FROM imaging_study st WHERE waiting IS NOT NULL AND waiting <> %s"
        " AND identity ->> 'PatientID' IN"
        " (SELECT value FROM patient_identifier WHERE patient_reference = %s) FOR UPDATE",
        (DETACHED, patient_reference),
    )
    for row in rows:
        study = ImagingStudy(**row)
        held = await archive.study(tx, SYSTEM, study.study_instance_uid)
        patient, order, waiting = await place_study(
            tx, study.study_instance_uid, study.identity, held.elements
        )
        if patient is not None:
            await _move(tx, study, patient, order, None)
        elif waiting != study.waiting:
            await tx.execute(
                "UPDATE imaging_study SET waiting = %s WHERE study_instance_uid = %s",
                (waiting, study.study_instance_uid),
            )


async def _order_for(tx: Transaction, study: ImagingStudy, patient_reference: str) -> str | None:
    """The order of this patient that the study's UID or accession number names."""
    step = await step_of_study(tx, study.study_instance_uid)
    issued = await find_order(tx, step.order_reference) if step else None
    named = (
        [issued]
        if issued
        else await orders_with_accession(tx, study.accession_number)
        if study.accession_number
        else []
    )
    mine = [order for order in named if order.patient_reference == patient_reference]
    return mine[0].order_reference if len(mine) == 1 else None


async def _keep_attachment(
    tx: Transaction, principal: Principal, study: ImagingStudy, after: str | None, reason: str
) -> None:
    if not reason.strip():
        raise Invalid("say why")
    await tx.execute(
        "INSERT INTO study_attachment (study_instance_uid, before_patient, before_waiting,"
        " before_order, after_patient, done_by, done_at, reason)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            study.study_instance_uid,
            study.patient_reference,
            study.waiting,
            study.order_reference,
            after,
            principal.name,
            tx.now,
            reason.strip(),
        ),
    )


async def _move(
    tx: Transaction,
    study: ImagingStudy,
    patient: str | None,
    order: str | None,
    waiting: str | None,
) -> None:
    """Give a study its patient and order in every row that repeats them."""
    uid = study.study_instance_uid
    await tx.execute(
        "UPDATE imaging_study SET patient_reference = %s, order_reference = %s, waiting = %s"
        " WHERE study_instance_uid = %s",
        (patient, order, waiting, uid),
    )
    await archive.attach(tx, SYSTEM, uid, patient)
    body = await project_study(tx, uid)
    if study.state == "complete":
        await record.keep_version(tx, "ImagingStudy", study.id, body)
    tx.announce(StudyMoved(uid, patient, study.patient_reference))


async def _audit(
    tx: Transaction, principal: Principal, study: ImagingStudy, patient: str | None, act: str
) -> None:
    await audit.record(
        tx,
        principal,
        "U",
        audit.kinds.PROCEDURE_RECORD,
        reference=study.study_instance_uid,
        patient_reference=patient,
        detail={"act": act},
    )
