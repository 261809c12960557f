"""A patient with an ordered and arrived study, committed, for the tests of the browser's API."""

from dataclasses import dataclass

from tests.care.builders import a_patient, an_order, name
from tests.imaging.building import images_of, store
from vesalius.app import House
from vesalius.care import orders, patients
from vesalius.flow import HANDLERS
from vesalius.imaging import worklist
from vesalius.kit.outbox import Dispatcher


@dataclass(frozen=True, slots=True)
class Chart:
    """Who, what was ordered, and which study came."""

    patient: patients.Card
    order: orders.Order
    study_instance_uid: str


async def a_chart(house: House) -> Chart:
    """Tarō Yamada with a CT of the head, its news handled."""
    async with house.database.transaction() as tx:
        patient = await a_patient(tx, name("Yamada", "Tarou"), name("山田", "太郎"), mrn="4711")
        order = await an_order(tx, patient, priority="urgent")
        step = await worklist.schedule(tx, order.order_reference)
        [dataset] = images_of(patient, step=step)
        await store(house, tx, dataset)
    await dispatch(house)
    return Chart(patient, order, str(dataset.StudyInstanceUID))


async def a_waiting_study(house: House, chart: Chart) -> str:
    """A study that names the chart's patient with a mistyped number."""
    async with house.database.transaction() as tx:
        [dataset] = images_of(chart.patient, PatientID="4171")
        await store(house, tx, dataset)
    await dispatch(house)
    return str(dataset.StudyInstanceUID)


async def dispatch(house: House) -> None:
    """Let the house handle its news."""
    await Dispatcher(house.database, HANDLERS).dispatch_all()
    async with house.database.transaction() as tx:
        failed = await tx.fetch_all("SELECT name, handler FROM outbox")
    assert failed == []
