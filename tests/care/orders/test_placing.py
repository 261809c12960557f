"""An order becomes a ServiceRequest with an accession number, from the form and through FHIR."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.care.builders import a_patient, an_order, user
from vesalius.care import orders
from vesalius.care.orders.service_request import is_imaging
from vesalius.care.patients import Card
from vesalius.kit.errors import Conflict, Forbidden, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access, record


async def told(tx: Transaction) -> list[str]:
    """The names of the orders' news so far."""
    await tx.flush()
    rows = await tx.fetch_all("SELECT name FROM outbox WHERE name LIKE 'Order%%' ORDER BY id")
    return [row["name"] for row in rows]


def service_request(patient: Card, **more: Any) -> dict[str, Any]:
    """What another system writes."""
    imaging = {"system": "http://snomed.info/sct", "code": "363679005"}
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "category": [{"coding": [imaging]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "36643-5"}], "text": "XR chest"},
        "subject": {"reference": f"Patient/{patient.patient_reference}"},
        "authoredOn": "2026-11-24T08:00:00+01:00",
        **more,
    }


class TestForm:
    async def test_place(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        order = await an_order(
            tx,
            ada,
            "MR-KNEE",
            laterality="left",
            priority="urgent",
            contrast=False,
            transport="wheelchair",
            scheduled=datetime(2026, 12, 1, 9, tzinfo=UTC),
        )
        body = (await record.read(tx, user(), "ServiceRequest", order.order_reference)).json()
        assert body["identifier"][0]["value"] == order.accession_number
        assert body["identifier"][0]["type"]["coding"][0]["code"] == "ACSN"
        assert body["subject"]["reference"] == f"Patient/{ada.patient_reference}"
        assert body["requester"]["display"] == "Dr. Orderer"
        assert order.modality == "MR"
        assert order.laterality == "left"
        assert order.contrast is False
        assert order.transport == "wheelchair"
        assert order.scheduled == datetime(2026, 12, 1, 9, tzinfo=UTC)
        assert len(order.accession_number) <= 16
        assert await told(tx) == ["OrderPlaced"]

    async def test_accessions_differ(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        numbers = {(await an_order(tx, ada)).accession_number for _ in range(5)}
        assert len(numbers) == 5

    @pytest.mark.parametrize(
        ("procedure", "form"),
        [
            ("NOTHING", {}),
            ("MR-KNEE", {}),
            ("CT-HEAD", {"laterality": "left"}),
            ("CT-HEAD", {"priority": "soon"}),
            ("CT-HEAD", {"scheduled": datetime(2026, 12, 1)}),
        ],
    )
    async def test_what_nobody_could_carry_out_is_refused(
        self, tx: Transaction, procedure: str, form: dict[str, Any]
    ) -> None:
        ada = await a_patient(tx)
        with pytest.raises(Invalid):
            await an_order(tx, ada, procedure, **form)

    async def test_who_may_not_order_is_refused(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        form = orders.OrderForm(ada.patient_reference, "CT-HEAD")
        reader = user(permissions=frozenset({"record.read:*"}))
        with pytest.raises(Forbidden):
            await orders.place(tx, reader, form)

    async def test_ordering_lends_no_other_right(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        orderer = user(permissions=frozenset({"order.place"}))
        order = await orders.place(tx, orderer, orders.OrderForm(ada.patient_reference, "CT-HEAD"))
        with pytest.raises(Forbidden):
            await record.delete(tx, orderer, "ServiceRequest", order.order_reference)

    async def test_a_hidden_patient_is_not_there(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        await access.restrict(tx, access.SYSTEM, ada.patient_reference, True)
        with pytest.raises(NotFound):
            await an_order(tx, ada)


class TestFhir:
    async def test_adopted_with_an_accession_number(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        version = await record.create(tx, user(), "ServiceRequest", service_request(ada))
        order = await orders.adopt(tx, version.id)
        assert order is not None
        assert order.modality == "CR"
        assert order.procedure_display == "XR chest"
        body = (await record.read(tx, user(), "ServiceRequest", version.id)).json()
        assert body["identifier"][0]["value"] == order.accession_number
        assert await told(tx) == ["OrderPlaced"]

    async def test_adopted_twice_says_nothing_new(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        version = await record.create(tx, user(), "ServiceRequest", service_request(ada))
        first = await orders.adopt(tx, version.id)
        assert await orders.adopt(tx, version.id) == first
        assert await told(tx) == ["OrderPlaced"]

    async def test_its_own_accession_number_stays(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        identifier = {
            "type": {"coding": [{"code": "ACSN"}]},
            "system": "urn:oid:1.2.3",
            "value": "HIS-77",
        }
        body = service_request(ada, identifier=[identifier])
        version = await record.create(tx, user(), "ServiceRequest", body)
        order = await orders.adopt(tx, version.id)
        assert order is not None
        assert order.accession_number == "HIS-77"

    @pytest.mark.parametrize(
        "change",
        [
            {"category": [], "code": {"text": "Potassium"}},
            {"intent": "proposal"},
            {"subject": {"reference": "Group/1"}},
        ],
    )
    async def test_what_orders_no_imaging_is_left_alone(
        self, tx: Transaction, change: dict[str, Any]
    ) -> None:
        ada = await a_patient(tx)
        body = {k: v for k, v in service_request(ada, **change).items() if v}
        version = await record.create(tx, user(), "ServiceRequest", body)
        assert await orders.adopt(tx, version.id) is None
        assert await told(tx) == []

    async def test_a_draft_is_placed_when_it_becomes_active(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        body = service_request(ada, status="draft")
        version = await record.create(tx, user(), "ServiceRequest", body)
        await orders.adopt(tx, version.id)
        assert await told(tx) == []
        current = await record.read(tx, user(), "ServiceRequest", version.id)
        active = {**current.json(), "status": "active"}
        await record.update(tx, user(), "ServiceRequest", version.id, active)
        await orders.adopt(tx, version.id)
        assert await told(tx) == ["OrderPlaced"]

    async def test_another_priority_is_news(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        order = await an_order(tx, ada)
        current = await record.read(tx, user(), "ServiceRequest", order.order_reference)
        urgent = {**current.json(), "priority": "stat"}
        await record.update(tx, user(), "ServiceRequest", order.order_reference, urgent)
        changed = await orders.adopt(tx, order.order_reference)
        assert changed is not None
        assert changed.priority == "stat"
        assert await told(tx) == ["OrderPlaced", "OrderChanged"]

    async def test_deleted_is_cancelled(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        order = await an_order(tx, ada)
        await record.delete(tx, user(), "ServiceRequest", order.order_reference)
        await orders.adopt(tx, order.order_reference)
        await orders.adopt(tx, order.order_reference)
        assert await told(tx) == ["OrderPlaced", "OrderCancelled"]


class TestStatus:
    async def test_cancel(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        order = await an_order(tx, ada)
        await orders.cancel(tx, user(), order.order_reference, "Patient refuses")
        body = (await record.read(tx, user(), "ServiceRequest", order.order_reference)).json()
        assert body["status"] == "revoked"
        assert body["note"][0]["text"] == "Patient refuses"
        with pytest.raises(Conflict):
            await orders.cancel(tx, user(), order.order_reference, "again")

    async def test_cancel_needs_a_reason(self, tx: Transaction) -> None:
        order = await an_order(tx, await a_patient(tx))
        with pytest.raises(Invalid):
            await orders.cancel(tx, user(), order.order_reference, " ")

    async def test_complete_once(self, tx: Transaction) -> None:
        order = await an_order(tx, await a_patient(tx))
        done = await orders.complete(tx, order)
        assert done.status == "completed"
        assert (await orders.complete(tx, done)).version == done.version


class TestListing:
    async def test_by_patient_and_status(self, tx: Transaction) -> None:
        ada, anne = await a_patient(tx), await a_patient(tx)
        mine = await an_order(tx, ada)
        await an_order(tx, anne)
        found = await orders.list_orders(tx, user(), patient=ada.patient_reference)
        assert found == [mine]
        assert await orders.list_orders(tx, user(), status=["completed"]) == []

    async def test_of_a_restricted_patient_nothing(self, tx: Transaction) -> None:
        ada = await a_patient(tx)
        order = await an_order(tx, ada)
        await access.restrict(tx, access.SYSTEM, ada.patient_reference, True)
        assert await orders.list_orders(tx, user()) == []
        with pytest.raises(NotFound):
            await orders.order(tx, user(), order.order_reference)


def test_every_procedure_is_one_a_modality_can_do() -> None:
    for code, procedure in orders.catalogue().items():
        assert procedure.code == code
        assert len(code) <= 16, "Code Value is SH"
        assert procedure.body_site.isupper()
        assert len(procedure.body_site) <= 16, "Body Part Examined is CS"
        assert procedure.fr


@pytest.mark.parametrize(
    "category",
    [
        {"coding": [{"code": "RAD"}]},
        {"text": "Imaging"},
    ],
)
def test_imaging_is_known_by_its_category(category: dict[str, Any]) -> None:
    assert is_imaging({"category": [category]})
    assert not is_imaging({"category": [{"text": "Laboratory"}]})
