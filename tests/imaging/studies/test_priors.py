"""Which earlier studies are worth comparing, and why."""

import pytest

from tests.care.builders import a_patient, name, user
from tests.imaging.building import images_of, store
from vesalius.app import House
from vesalius.imaging import studies
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access


async def test_the_same_region_and_modality_first(shared_house: House, tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    anne = await a_patient(tx, name("Byron", "Anne"), mrn="4712")
    [current] = images_of(ada)
    [head_ct] = images_of(ada, StudyDate="20260101")
    [old_head_ct] = images_of(ada, StudyDate="20100101")
    [chest] = images_of(
        ada,
        Modality="CR",
        BodyPartExamined="CHEST",
        StudyDescription="Thorax",
        StudyDate="20261101",
    )
    [described] = images_of(
        ada, Modality="MR", BodyPartExamined="", StudyDescription="IRM du crâne", StudyDate=""
    )
    [not_hers] = images_of(anne, StudyDate="20260101")
    await store(shared_house, tx, current, chest, old_head_ct, described, head_ct, not_hers)
    found = await studies.priors(tx, user(), current.StudyInstanceUID)
    assert [(p.study.study_instance_uid, p.reasons) for p in found] == [
        (head_ct.StudyInstanceUID, ("same-region", "same-modality", "recent")),
        (old_head_ct.StudyInstanceUID, ("same-region", "same-modality")),
        (described.StudyInstanceUID, ("same-region",)),
        (chest.StudyInstanceUID, ("recent",)),
    ]
    assert [p.relevance for p in found] == sorted((p.relevance for p in found), reverse=True)


async def test_a_study_that_waits_has_none(shared_house: House, tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    [known], [unknown] = images_of(ada), images_of(ada, PatientID="1")
    await store(shared_house, tx, known, unknown)
    assert await studies.priors(tx, user(), unknown.StudyInstanceUID) == []


async def test_of_a_restricted_patient_not_there(shared_house: House, tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    [dataset] = images_of(ada)
    await store(shared_house, tx, dataset)
    await access.restrict(tx, access.SYSTEM, ada.patient_reference, True)
    with pytest.raises(NotFound):
        await studies.priors(tx, user(), dataset.StudyInstanceUID)
