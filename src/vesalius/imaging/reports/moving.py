"""When a study moves to another patient, its report must not stay in the wrong chart."""

from vesalius.imaging import reading
from vesalius.imaging.reports.events import ReportWithdrawn
from vesalius.imaging.reports.rows import drop_signed, find_draft, find_signed, keep_draft
from vesalius.imaging.studies import find_study
from vesalius.kit.errors import Gone, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import record
from vesalius.stores.access import SYSTEM


async def follow_study(tx: Transaction, study_instance_uid: str) -> None:
    """Take a signed report out of a chart its study left; idempotent.

    The DiagnosticReport is marked entered in error, and its text becomes a draft again: whoever
    reads the study under its right patient signs it anew. Nobody's signature moves by itself.
    """
    study = await find_study(tx, study_instance_uid)
    signed = await find_signed(tx, study_instance_uid, lock=True)
    if study is None or signed is None or signed.patient_reference == study.patient_reference:
        return
    try:
        current = await record.read(tx, SYSTEM, "DiagnosticReport", signed.report_reference)
        body = {**current.json(), "status": "entered-in-error"}
        await record.update(
            tx, SYSTEM, "DiagnosticReport", signed.report_reference, body, if_match=current.version
        )
    except (NotFound, Gone):
        pass
    await drop_signed(tx, study_instance_uid)
    if await find_draft(tx, study_instance_uid, lock=True) is None:
        await keep_draft(
            tx,
            study_instance_uid,
            signed.content,
            author=signed.signed_by,
            display=signed.signed_display,
        )
    await reading.drafted(tx, study_instance_uid)
    tx.announce(
        ReportWithdrawn(study_instance_uid, signed.report_reference, signed.patient_reference)
    )
