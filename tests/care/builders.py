"""Builders for tests of the river: people, patients, orders."""

from typing import Any

from vesalius.care import orders, patients
from vesalius.care.patients import Card
from vesalius.kit.transaction import Transaction
from vesalius.stores.access import Principal

CLINICAL = frozenset(
    {
        "record.read:*",
        "record.write:*",
        "study.read",
        "study.store",
        "study.correct",
        "order.place",
        "worklist.read",
        "worklist.report",
        "reading.read",
        "reading.claim",
        "report.write",
        "report.sign",
        "patient.any",
    }
)


def user(name: str = "ada", permissions: frozenset[str] = CLINICAL, **more: Any) -> Principal:
    """A user who may do everything clinical, and sees all patients that are not restricted."""
    return Principal(
        kind="user",
        name=name,
        display=f"Dr. {name.title()}",
        roles=frozenset({"radiologist"}),
        permissions=permissions,
        sees_all_patients=more.pop("sees_all_patients", True),
        **more,
    )


def modality(ae_title: str = "CT1") -> Principal:
    """A scanner that stores, asks its worklist and reports its steps."""
    return Principal(
        kind="node",
        name=ae_title,
        display=ae_title,
        roles=frozenset({"node"}),
        permissions=frozenset({"study.store", "worklist.read", "worklist.report"}),
        sees_all_patients=True,
    )


def name(family: str, *given: str, **more: Any) -> dict[str, Any]:
    """A HumanName."""
    return {"family": family, "given": list(given), **more}


async def a_patient(
    tx: Transaction,
    *names: dict[str, Any],
    mrn: str | None = None,
    birth_date: str | None = "1980-05-01",
    gender: str | None = "female",
    system: str | None = None,
) -> Card:
    """A registered patient; Ada Lovelace unless named otherwise."""
    form: dict[str, Any] = {
        "name": list(names) or [name("Lovelace", "Ada")],
        "birthDate": birth_date,
        "gender": gender,
    }
    if mrn:
        form["identifier"] = [{"value": mrn, **({"system": system} if system else {})}]
    return await patients.register(tx, user(), form)


async def an_order(
    tx: Transaction, patient: Card, procedure: str = "CT-HEAD", **form: Any
) -> orders.Order:
    """An order of a patient; a CT of the head unless said."""
    given = orders.OrderForm(
        patient=patient.patient_reference,
        procedure=procedure,
        **{"indication": "Headache", **form},
    )
    return await orders.place(tx, user("orderer"), given)
