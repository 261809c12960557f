"""Whose study it is: set by `imaging.studies`, which knows patients; the archive only keeps it."""

from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores.access import Principal, require
from vesalius.stores.archive.events import StudyAttached


async def attach(
    tx: Transaction,
    principal: Principal,
    study_instance_uid: str,
    patient_reference: str | None,
) -> None:
    """Say to which patient a study belongs, or, with None, that nobody knows.

    Raises NotFound when there is no such study. Reasons and the audit are the caller's:
    `imaging.studies` alone calls this.
    """
    require(principal, "study.correct")
    row = await tx.fetch_one(
        "UPDATE study SET patient_reference = %s, revision = revision + 1"
        " WHERE study_instance_uid = %s RETURNING study_key",
        (patient_reference, study_instance_uid),
    )
    if row is None:
        raise NotFound("there is no such study")
    tx.announce(StudyAttached(study_instance_uid, patient_reference))
