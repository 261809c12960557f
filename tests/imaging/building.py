"""Studies for tests of the river: data sets of a patient, through the intake, with their news."""

from typing import Any

from pydicom.dataset import Dataset

from tests.care.builders import modality
from tests.stores.archive import building
from vesalius.app import House
from vesalius.care.patients import Card
from vesalius.flow import HANDLERS
from vesalius.imaging import studies
from vesalius.imaging.worklist import Step
from vesalius.kit.outbox import Event
from vesalius.kit.transaction import Transaction
from vesalius.standards.maps import patient_to_dicom
from vesalius.stores import archive
from vesalius.stores.access import Principal


def images_of(card: Card, count: int = 1, step: Step | None = None, **more: Any) -> list[Dataset]:
    """CT slices of a patient, of a worklist step where there is one."""
    groups = patient_to_dicom.person_name(card.names)
    elements: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientID": card.mrn,
        "PatientName": "=".join(
            groups.get(g, "") for g in ("Alphabetic", "Ideographic", "Phonetic")
        ).rstrip("="),
        "PatientBirthDate": patient_to_dicom.birth_date(card.birth_date),
        "PatientSex": patient_to_dicom.sex(card.gender),
        "AccessionNumber": "",
        "StudyDescription": "CT head",
        "BodyPartExamined": "HEAD",
        "StudyDate": "20261124",
    }
    if step is not None:
        elements["AccessionNumber"] = step.accession_number
        elements["StudyInstanceUID"] = step.study_instance_uid
    return building.series_of(count, **{**elements, **more})


async def store(
    house: House,
    tx: Transaction,
    *datasets: Dataset,
    principal: Principal | None = None,
) -> list[archive.Stored]:
    """Data sets through the intake and `studies.receive`, in the given transaction."""
    stored = []
    for dataset in datasets:
        sealed = await building.seal(house, building.part10(dataset))
        stored.append(await studies.receive(tx, principal or modality(), sealed))
    return stored


async def tell(tx: Transaction) -> list[str]:
    """Hand the news of this transaction to its handlers until there is none; the names told.

    As the dispatcher does, and each handler twice: it must be idempotent.
    """
    told: list[str] = []
    for _ in range(50):
        await tx.flush()
        rows = await tx.fetch_all("DELETE FROM outbox RETURNING id, name, payload")
        if not rows:
            return told
        for row in sorted(rows, key=lambda row: row["id"]):
            told.append(row["name"])
            event = Event.by_name[row["name"]](**row["payload"])
            for handler in HANDLERS.get(type(event), ()):
                await handler(tx, event)
                await handler(tx, event)
    raise AssertionError(f"news without end: {told[-20:]}")
