"""An order in the worklist, for peers that ask for it."""

from vesalius.app import House
from vesalius.care import orders, patients
from vesalius.imaging import worklist
from vesalius.imaging.worklist import Step
from vesalius.stores import access


async def scheduled(house: House, family: str, procedure: str = "CT-CHEST") -> Step:
    """The scheduled step of an order for a new patient of this family name."""
    async with house.database.transaction() as tx:
        form = {
            "name": [{"family": family, "given": ["Test"]}],
            "birthDate": "1970-01-01",
            "gender": "female",
        }
        card = await patients.register(tx, access.SYSTEM, form)
        order = await orders.place(
            tx,
            access.SYSTEM,
            orders.OrderForm(patient=card.patient_reference, procedure=procedure),
        )
        step = await worklist.schedule(tx, order.order_reference)
    assert step is not None
    return step
