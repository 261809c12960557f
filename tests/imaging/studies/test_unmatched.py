"""What waits for its patient, and the human who decides."""

import pytest

from tests.care.builders import a_patient, an_order, name, user
from tests.imaging.building import images_of, store, tell
from vesalius.app import House
from vesalius.care import patients
from vesalius.imaging import studies, worklist
from vesalius.kit.errors import Conflict, Forbidden, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access, record


@pytest.fixture
async def ada(tx: Transaction) -> patients.Card:
    return await a_patient(tx, mrn="4711")


@pytest.fixture
async def uid(shared_house: House, tx: Transaction, ada: patients.Card) -> str:
    """A study that names Ada with a mistyped number."""
    [dataset] = images_of(ada, PatientID="4171")
    await store(shared_house, tx, dataset)
    return str(dataset.StudyInstanceUID)


async def patient_of(tx: Transaction, uid: str) -> str | None:
    study = await studies.find_study(tx, uid)
    assert study is not None
    body = (await record.read(tx, access.SYSTEM, "ImagingStudy", study.id)).json()
    reference = body["subject"].get("reference")
    assert (reference is None) == (study.patient_reference is None)
    return study.patient_reference


async def test_it_waits_with_a_proposal(tx: Transaction, ada: patients.Card, uid: str) -> None:
    [waiting] = await studies.unmatched(tx, user())
    assert waiting.study.study_instance_uid == uid
    assert waiting.study.waiting == "unknown-identifier"
    [(card, proposal)] = waiting.proposals
    assert card == ada
    assert "name" in proposal.reasons
    assert "identifier" in proposal.differences


async def test_attach_and_undo(tx: Transaction, ada: patients.Card, uid: str) -> None:
    await studies.attach(tx, user(), uid, ada.patient_reference, "Number mistyped")
    assert await patient_of(tx, uid) == ada.patient_reference
    assert await studies.unmatched(tx, user()) == []
    found = await record.search(tx, user(), "ImagingStudy", [("patient", ada.patient_reference)])
    assert len(found.matches) == 1
    await studies.undo(tx, user(), uid)
    assert await patient_of(tx, uid) is None
    [waiting] = await studies.unmatched(tx, user())
    assert waiting.study.waiting == "unknown-identifier"
    with pytest.raises(Conflict):
        await studies.undo(tx, user(), uid)


async def test_detach_and_undo(tx: Transaction, ada: patients.Card, uid: str) -> None:
    await studies.attach(tx, user(), uid, ada.patient_reference, "Number mistyped")
    await studies.detach(tx, user(), uid, "Was somebody else")
    assert await patient_of(tx, uid) is None
    found = await record.search(tx, user(), "ImagingStudy", [("patient", ada.patient_reference)])
    assert found.matches == []
    await studies.undo(tx, user(), uid)
    assert await patient_of(tx, uid) == ada.patient_reference


async def test_every_act_is_in_the_trail(tx: Transaction, ada: patients.Card, uid: str) -> None:
    await studies.attach(tx, user(), uid, ada.patient_reference, "Number mistyped")
    await studies.detach(tx, user(), uid, "no")
    await studies.undo(tx, user(), uid)
    acts = await tx.fetch_all(
        "SELECT detail ->> 'act' AS act, patient_reference FROM audit_event"
        " WHERE reference = %s AND detail ->> 'act' IS NOT NULL ORDER BY id",
        (uid,),
    )
    assert [row["act"] for row in acts] == ["attach", "detach", "undo"]
    assert {row["patient_reference"] for row in acts} == {ada.patient_reference}


async def test_refusals(tx: Transaction, ada: patients.Card, uid: str) -> None:
    reference = ada.patient_reference
    with pytest.raises(Invalid):
        await studies.attach(tx, user(), uid, reference, " ")
    with pytest.raises(NotFound):
        await studies.attach(tx, user(), uid, "nobody", "x")
    with pytest.raises(NotFound):
        await studies.attach(tx, user(), "1.2.3", reference, "x")
    with pytest.raises(Conflict):
        await studies.detach(tx, user(), uid, "x")
    reader = user(permissions=frozenset({"study.read"}))
    with pytest.raises(Forbidden):
        await studies.attach(tx, reader, uid, reference, "x")
    await studies.attach(tx, user(), uid, reference, "x")
    with pytest.raises(Conflict):
        await studies.attach(tx, user(), uid, reference, "x")


async def test_attaching_finds_the_order(shared_house: House, tx: Transaction) -> None:
    anne = await a_patient(tx, name("Byron", "Anne"), mrn="4712")
    order = await an_order(tx, anne)
    step = await worklist.schedule(tx, order.order_reference)
    [dataset] = images_of(anne, step=step, PatientID="4172")
    await store(shared_house, tx, dataset)
    uid = str(dataset.StudyInstanceUID)
    await studies.attach(tx, user(), uid, anne.patient_reference, "Number mistyped")
    study = await studies.find_study(tx, uid)
    assert study is not None
    assert study.order_reference == order.order_reference


async def test_a_restricted_patient_is_not_proposed(
    tx: Transaction, ada: patients.Card, uid: str
) -> None:
    await access.restrict(tx, access.SYSTEM, ada.patient_reference, True)
    [waiting] = await studies.unmatched(tx, user())
    assert waiting.proposals == []
    with pytest.raises(NotFound):
        await studies.attach(tx, user(), uid, ada.patient_reference, "x")


async def test_a_patient_sees_nothing_that_waits(
    tx: Transaction, ada: patients.Card, uid: str
) -> None:
    herself = user(sees_all_patients=False, own_patients=frozenset({ada.patient_reference}))
    assert await studies.unmatched(tx, herself) == []


async def test_a_patient_registered_later_gets_their_images(
    shared_house: House, tx: Transaction
) -> None:
    ada = await a_patient(tx, mrn="1")
    [dataset] = images_of(ada, PatientID="555")
    await store(shared_house, tx, dataset)
    assert await patient_of(tx, dataset.StudyInstanceUID) is None
    late = await a_patient(tx, mrn="555")
    await tell(tx)
    assert await patient_of(tx, dataset.StudyInstanceUID) == late.patient_reference


async def test_what_a_human_detached_stays_detached(
    shared_house: House, tx: Transaction, ada: patients.Card
) -> None:
    [dataset] = images_of(ada)
    await store(shared_house, tx, dataset)
    await studies.detach(tx, user(), dataset.StudyInstanceUID, "Wrong patient on the table")
    await studies.rematch(tx, ada.patient_reference)
    assert await patient_of(tx, dataset.StudyInstanceUID) is None
