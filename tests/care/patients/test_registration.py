"""One number, one person."""

import asyncio

import pytest

from tests.care.builders import a_patient, name, user
from vesalius.app import House
from vesalius.care.patients import PatientIdentified, card, refresh, register
from vesalius.kit.errors import Conflict, Forbidden, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import record


async def test_a_number_is_given_and_is_ours(tx: Transaction) -> None:
    ada = await a_patient(tx)
    assert ada.mrn
    assert ada.mrn_system == tx.settings.default_assigner
    body = (await record.read(tx, user(), "Patient", ada.patient_reference)).json()
    assert body["identifier"][0]["type"]["coding"][0]["code"] == "MR"


async def test_a_taken_number_is_refused(tx: Transaction) -> None:
    await a_patient(tx, mrn="4711")
    with pytest.raises(Conflict):
        await a_patient(tx, name("Byron", "Anne"), mrn="4711")
    await a_patient(tx, mrn="4711", system="urn:oid:1.2.3")


async def test_two_desks_at_once_make_one_patient(house: House) -> None:
    async def desk() -> str:
        async with house.database.transaction() as tx:
            return (await a_patient(tx, mrn="4711")).patient_reference

    done = await asyncio.gather(*(desk() for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflict"] * 3 + ["str"]


@pytest.mark.parametrize("form", [{}, {"name": []}, {"name": [{}]}, {"name": ["Ada"]}])
async def test_a_patient_needs_a_name(tx: Transaction, form: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        await register(tx, user(), form)


async def test_who_may_not_register_is_refused(tx: Transaction) -> None:
    with pytest.raises(Forbidden):
        await register(tx, user(permissions=frozenset()), {"name": [name("Lovelace", "Ada")]})


async def test_the_card_follows_the_record(tx: Transaction) -> None:
    created = await record.create(
        tx,
        user(),
        "Patient",
        {
            "resourceType": "Patient",
            "name": [name("Byron", "Ada")],
            "identifier": [{"system": "urn:vesalius:mrn", "value": "5"}],
        },
    )
    # No news has been handled yet: the card is made when somebody asks.
    assert (await card(tx, created.id)).display == "Byron, Ada"
    changed = {**created.json(), "name": [name("Lovelace", "Ada")]}
    await record.update(tx, user(), "Patient", created.id, changed)
    await refresh(tx, created.id)
    assert (await card(tx, created.id)).display == "Lovelace, Ada"
    await record.delete(tx, user(), "Patient", created.id)
    assert await refresh(tx, created.id) is None
    with pytest.raises(NotFound):
        await card(tx, created.id)


async def test_news_only_when_something_changed(tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    await tx.flush()
    await refresh(tx, ada.patient_reference)
    names = await tx.fetch_all("SELECT name FROM outbox WHERE name = %s", ("PatientIdentified",))
    assert len(names) == 1
    assert PatientIdentified.__name__ == "PatientIdentified"
