"""The rows of the reading list: a study to be read, kept true to study and order."""

from collections.abc import Sequence
from datetime import date, timedelta

from vesalius.care.orders import Order, find_order
from vesalius.imaging.reading.events import ReadingItemChanged
from vesalius.imaging.studies import ImagingStudy, find_study
from vesalius.kit.transaction import Transaction

PRIORITIES = {"stat": 0, "asap": 1, "urgent": 2, "routine": 3}
# What belongs to a study but is not what it is about (PS3.16 CID 29).
BESIDE = {"SR", "KO", "PR", "SEG", "REG", "RWV", "FID", "DOC", "AU", "RTSTRUCT", "ANN", "PLAN"}


async def list_study(tx: Transaction, study_instance_uid: str) -> None:
    """Bring a study onto the reading list, or its row up to date; idempotent.

    Not listed: studies of nothing but reports and annotations, and studies without an order
    that are older than `reading_days` when they arrive, for those come as priors.
    """
    study = await find_study(tx, study_instance_uid)
    if study is None:
        return
    order = await find_order(tx, study.order_reference) if study.order_reference else None
    modality = main_modality(study.modalities)
    listed = await tx.fetch_value(
        "SELECT true FROM reading_item WHERE study_instance_uid = %s", (study_instance_uid,)
    )
    if not listed and (modality is None or (order is None and _is_old(tx, study))):
        return
    changed = await tx.execute(
        "INSERT INTO reading_item AS r (study_instance_uid, patient_reference, order_reference,"
        " accession_number, modality, body_part, description, study_date, arrived, priority)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (study_instance_uid) DO UPDATE SET"
        " patient_reference = excluded.patient_reference,"
        " order_reference = excluded.order_reference,"
        " accession_number = excluded.accession_number, modality = excluded.modality,"
        " body_part = excluded.body_part, description = excluded.description,"
        " study_date = excluded.study_date, priority = excluded.priority",
        (
            study.study_instance_uid,
            study.patient_reference,
            study.order_reference,
            study.accession_number or (order.accession_number if order else None),
            modality or "OT",
            (order.body_site if order else None) or study.body_part,
            _description(study, order),
            study.study_date,
            study.arrived,
            PRIORITIES.get(order.priority if order else "routine", 3),
        ),
    )
    assert changed.rowcount == 1
    tx.announce(ReadingItemChanged(study_instance_uid, study.patient_reference))


async def list_studies_of_order(tx: Transaction, order_reference: str) -> None:
    """Bring the rows of an order's studies up to date: its priority may be another."""
    rows = await tx.fetch_all(
        "SELECT study_instance_uid FROM reading_item WHERE order_reference = %s",
        (order_reference,),
    )
    for row in rows:
        await list_study(tx, row["study_instance_uid"])


def main_modality(modalities: Sequence[str]) -> str | None:
    """The modality a reader thinks of; None when there is nothing to look at."""
    looked_at = [modality for modality in modalities if modality not in BESIDE]
    # PET/CT is a PET; otherwise the first by name, so that a row does not flicker.
    return min(looked_at, key=lambda one: (one not in ("PT", "NM"), one), default=None)


def _description(study: ImagingStudy, order: Order | None) -> str:
    return study.description or (order.procedure_display if order else "") or ""


def _is_old(tx: Transaction, study: ImagingStudy) -> bool:
    digits = (study.study_date or "").replace(".", "")
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return day < tx.now.date() - timedelta(days=tx.settings.reading_days)
