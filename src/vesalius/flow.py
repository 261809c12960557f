"""What happens next: every event of the house and who hears it, on one page.

Calls go upstream, news goes downstream. Each handler runs in the transaction it is given, at least
once, so it is idempotent: it looks at how things are now and makes them right.
"""

from vesalius.care import orders, patients
from vesalius.exchange import routing
from vesalius.imaging import reading, reports, studies, worklist
from vesalius.kit.outbox import Handlers
from vesalius.kit.transaction import Transaction
from vesalius.stores import archive, record


async def follow_patient(tx: Transaction, event: record.ResourceChanged) -> None:
    """A Patient changed through any door: their card says it too."""
    if event.resource_type == "Patient":
        await patients.refresh(tx, event.id)


async def adopt_order(tx: Transaction, event: record.ResourceChanged) -> None:
    """A ServiceRequest changed through any door: an imaging order gets accession and news."""
    if event.resource_type == "ServiceRequest":
        await orders.adopt(tx, event.id)


async def match_waiting_studies(tx: Transaction, event: patients.PatientIdentified) -> None:
    """A patient is new or named otherwise: images may have waited for exactly them."""
    await studies.rematch(tx, event.patient_reference)


async def schedule_step(tx: Transaction, event: orders.OrderPlaced | orders.OrderChanged) -> None:
    """An order is open: the modality finds it in its worklist."""
    await worklist.schedule(tx, event.order_reference)


async def withdraw_step(tx: Transaction, event: orders.OrderCancelled) -> None:
    """An order was cancelled: no modality shall find it any more."""
    await worklist.withdraw(tx, event.order_reference)


async def reprioritise(tx: Transaction, event: orders.OrderChanged) -> None:
    """An order became more urgent: so does its place on the reading list."""
    await reading.list_studies_of_order(tx, event.order_reference)


async def recount_study(tx: Transaction, event: archive.InstancesStored) -> None:
    """Instances came: lists and ETags tell of them while the study is still arriving."""
    await studies.recount(tx, event.study_instance_uid)


async def list_for_reading(
    tx: Transaction,
    event: studies.StudyArrived | studies.StudyComplete | studies.StudyMoved,
) -> None:
    """A study arrived, is complete or has another patient: the reading list shows it so."""
    await reading.list_study(tx, event.study_instance_uid)


async def forward_study(tx: Transaction, event: studies.StudyComplete) -> None:
    """A study is complete: rules may send it on."""
    await routing.forward(tx, event.study_instance_uid)


async def move_report(tx: Transaction, event: studies.StudyMoved) -> None:
    """A study left a chart: its report leaves it too."""
    await reports.follow_study(tx, event.study_instance_uid)


async def complete_order(tx: Transaction, event: reports.ReportSigned) -> None:
    """A final report answers the order."""
    await reports.finish_order(tx, event.study_instance_uid)


HANDLERS: Handlers = {
    record.ResourceChanged: [follow_patient, adopt_order],
    patients.PatientIdentified: [match_waiting_studies],
    orders.OrderPlaced: [schedule_step],
    orders.OrderChanged: [schedule_step, reprioritise],
    orders.OrderCancelled: [withdraw_step],
    archive.InstancesStored: [recount_study],
    studies.StudyArrived: [list_for_reading],
    studies.StudyComplete: [list_for_reading, forward_study],
    studies.StudyMoved: [list_for_reading, move_report],
    reports.ReportSigned: [complete_order],
    # Told to the browsers, heard by nobody in the house yet.
    worklist.StepScheduled: [],
    worklist.StepBegun: [],
    worklist.StepEnded: [],
    reading.ReadingItemChanged: [],
    reports.ReportWithdrawn: [],
}
"""Every event and its handlers; one without handlers still reaches the browsers."""
