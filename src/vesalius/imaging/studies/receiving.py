"""Storing an instance and making its study true in the same commit. The hot path.

The first instance of a study finds its patient and its order; a new series or a changed
attribute brings the ImagingStudy's search rows up to date. Every other instance costs nothing
here: the body is composed when it is read, and counts follow with the news (`settling.recount`).
"""

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from vesalius.care.orders import Order, find_order, orders_with_accession
from vesalius.care.patients import Identity, match
from vesalius.imaging.studies.composing import project_study
from vesalius.imaging.studies.events import StudyArrived
from vesalius.imaging.studies.rows import identity_of, imaging_study_id, text_of
from vesalius.imaging.worklist import step_of_study
from vesalius.kit.transaction import Transaction
from vesalius.stores import archive
from vesalius.stores.access import SYSTEM, Principal, require


async def receive(
    tx: Transaction, principal: Principal | None, sealed: archive.Sealed
) -> archive.Stored:
    """Store a sealed instance, attach its study to a patient when that is certain, project it."""
    principal = require(principal, "study.store")
    stored = await archive.receive(tx, principal, sealed)
    if stored.outcome != "new":
        return stored
    uid = stored.study_instance_uid
    if stored.study_new:
        await _open_study(tx, stored)
    if stored.study_changed:
        await project_study(tx, uid, arriving=True)
    return stored


async def _open_study(tx: Transaction, stored: archive.Stored) -> None:
    """The row of a new study, with its patient and order where they are certain."""
    identity = identity_of(stored.elements)
    uid = stored.study_instance_uid
    patient, order, waiting = await place_study(tx, uid, identity, stored.elements)
    await tx.execute(
        "INSERT INTO imaging_study (study_instance_uid, id, patient_reference, order_reference,"
        " state, arrived, waiting, identity) VALUES (%s, %s, %s, %s, 'arriving', %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (uid, imaging_study_id(uid), patient, order, tx.now, waiting, Jsonb(identity)),
    )
    if patient is not None:
        await archive.attach(tx, SYSTEM, uid, patient)
    tx.announce(StudyArrived(uid, patient))


async def place_study(
    tx: Transaction,
    study_instance_uid: str,
    identity: Mapping[str, Any],
    elements: Mapping[str, Any],
) -> tuple[str | None, str | None, str | None]:
    """The patient and order of a study as (patient, order, why it waits)."""
    step = await step_of_study(tx, study_instance_uid)
    issued = await find_order(tx, step.order_reference) if step else None
    accession = text_of(elements, "00080050")
    claimed = [issued] if issued else await _claimed(tx, accession)
    expected = {order.patient_reference for order in claimed}
    found = await match(
        tx,
        Identity(**identity),
        expected=next(iter(expected)) if len(expected) == 1 else None,
    )
    patient = found.patient_reference
    if patient is None:
        return None, None, found.reason
    if issued is not None and issued.patient_reference != patient:
        # The worklist gave this UID out for somebody else: one of the two is wrong.
        return None, None, "order-of-another-patient"
    mine = [order for order in claimed if order.patient_reference == patient]
    return patient, mine[0].order_reference if len(mine) == 1 else None, None


async def _claimed(tx: Transaction, accession_number: str | None) -> list[Order]:
    return await orders_with_accession(tx, accession_number) if accession_number else []
