"""An instance stored is an ImagingStudy told, in the same commit, of the right patient."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.care.builders import a_patient, an_order, modality, name, user
from tests.imaging.building import images_of, store, tell
from tests.stores.archive.building import ct
from vesalius.app import House
from vesalius.imaging import studies, worklist
from vesalius.kit.errors import Forbidden, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.stores import access, record


async def imaging_study(tx: Transaction, uid: str) -> dict[str, Any]:
    id = studies.imaging_study_id(uid)
    return (await record.read(tx, user(), "ImagingStudy", id)).json()


async def test_the_study_is_true_after_each_instance(shared_house: House, tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    slices = images_of(ada, 3)
    uid = slices[0].StudyInstanceUID
    for number, dataset in enumerate(slices, start=1):
        await store(shared_house, tx, dataset)
        body = await imaging_study(tx, uid)
        assert body["numberOfInstances"] == number
        assert [i["uid"] for i in body["series"][0]["instance"]] == [
            one.SOPInstanceUID for one in slices[:number]
        ]
    assert fhir.validate(body) == []
    assert body["subject"] == {"reference": f"Patient/{ada.patient_reference}"}
    assert body["identifier"][0]["value"] == f"urn:oid:{uid}"
    assert body["modality"][0]["code"] == "CT"
    assert body["started"] == "2026-11-24", "no time without a zone"
    assert body["contained"][0]["address"].endswith("/dicomweb")
    assert body["series"][0]["bodySite"]["display"] == "HEAD"


async def test_it_is_found_by_search_at_once(shared_house: House, tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    [dataset] = images_of(ada)
    await store(shared_house, tx, dataset)
    for parameter in (
        ("patient", ada.patient_reference),
        ("identifier", f"urn:dicom:uid|urn:oid:{dataset.StudyInstanceUID}"),
        ("modality", "CT"),
        ("series", dataset.SeriesInstanceUID),
        ("started", "2026-11-24"),
        ("dicom-class", "urn:oid:1.2.840.10008.5.1.4.1.1.2"),
    ):
        found = await record.search(tx, user(), "ImagingStudy", [parameter])
        assert len(found.matches) == 1, parameter


async def test_later_instances_cost_nothing(shared_house: House, tx: Transaction) -> None:
    """No FHIR version and no search rows for a slice of a known series."""
    ada = await a_patient(tx, mrn="4711")
    first, second, other_series = [*images_of(ada, 2), ct()]
    await store(shared_house, tx, first)
    id = studies.imaging_study_id(first.StudyInstanceUID)
    before = (await record.read(tx, user(), "ImagingStudy", id)).version
    await store(shared_house, tx, second)
    assert (await record.read(tx, user(), "ImagingStudy", id)).version == before
    for element in first:
        if element.keyword.startswith(("Patient", "Study")) or element.keyword in (
            "SpecificCharacterSet",
            "AccessionNumber",
        ):
            other_series[element.tag] = element
    other_series.Modality = "SR"
    await store(shared_house, tx, other_series)
    now = await record.read(tx, user(), "ImagingStudy", id)
    assert now.version > before
    assert now.json()["numberOfSeries"] == 2


async def test_it_answers_its_order(shared_house: House, tx: Transaction) -> None:
    order = await an_order(tx, ada := await a_patient(tx, mrn="4711"))
    step = await worklist.schedule(tx, order.order_reference)
    [dataset] = images_of(ada, step=step)
    await store(shared_house, tx, dataset)
    body = await imaging_study(tx, dataset.StudyInstanceUID)
    assert body["basedOn"] == [{"reference": f"ServiceRequest/{order.order_reference}"}]
    assert body["reasonCode"] == [{"text": "Headache"}]
    assert body["procedureCode"][0]["text"] == "CT head"


async def test_an_accession_number_names_the_order_too(
    shared_house: House, tx: Transaction
) -> None:
    """A modality without worklist: typed accession, its own Study Instance UID."""
    order = await an_order(tx, ada := await a_patient(tx, mrn="4711"))
    [dataset] = images_of(ada, AccessionNumber=order.accession_number, PatientBirthDate="")
    await store(shared_house, tx, dataset)
    study = await studies.find_study(tx, dataset.StudyInstanceUID)
    assert study is not None
    assert study.order_reference == order.order_reference
    assert study.patient_reference == ada.patient_reference


async def test_images_of_another_patient_under_a_step_wait(
    shared_house: House, tx: Transaction
) -> None:
    order = await an_order(tx, await a_patient(tx, mrn="4711"))
    step = await worklist.schedule(tx, order.order_reference)
    anne = await a_patient(tx, name("Byron", "Anne"), mrn="4712")
    [dataset] = images_of(anne, step=step)
    await store(shared_house, tx, dataset)
    study = await studies.find_study(tx, dataset.StudyInstanceUID)
    assert study is not None
    assert study.patient_reference is None
    assert study.order_reference is None
    assert study.waiting == "order-of-another-patient"


async def test_anothers_accession_number_does_not_take_the_order(
    shared_house: House, tx: Transaction
) -> None:
    order = await an_order(tx, await a_patient(tx, mrn="4711"))
    anne = await a_patient(tx, name("Byron", "Anne"), mrn="4712")
    [dataset] = images_of(anne, AccessionNumber=order.accession_number)
    await store(shared_house, tx, dataset)
    study = await studies.find_study(tx, dataset.StudyInstanceUID)
    assert study is not None
    assert study.patient_reference == anne.patient_reference
    assert study.order_reference is None


async def test_nobody_knows_them_the_study_waits(shared_house: House, tx: Transaction) -> None:
    dataset = ct()
    [stored] = await store(shared_house, tx, dataset)
    assert stored.outcome == "new"
    body = await imaging_study(tx, dataset.StudyInstanceUID)
    assert "reference" not in body["subject"]
    assert fhir.validate(body) == []


async def test_a_patients_restriction_holds_for_their_images(
    shared_house: House, tx: Transaction
) -> None:
    ada = await a_patient(tx, mrn="4711")
    [dataset] = images_of(ada)
    await store(shared_house, tx, dataset)
    await access.restrict(tx, access.SYSTEM, ada.patient_reference, True)
    with pytest.raises(NotFound):
        await imaging_study(tx, dataset.StudyInstanceUID)
    assert (await record.search(tx, user(), "ImagingStudy", [])).matches == []
    with pytest.raises(NotFound):
        await studies.visible(tx, user(), dataset.StudyInstanceUID)


async def test_who_may_not_store_is_refused(shared_house: House, tx: Transaction) -> None:
    with pytest.raises(Forbidden):
        await store(shared_house, tx, ct(), principal=user(permissions=frozenset()))


async def test_the_same_again_is_nothing_new(shared_house: House, tx: Transaction) -> None:
    dataset = ct()
    await store(shared_house, tx, dataset)
    [again] = await store(shared_house, tx, dataset)
    assert again.outcome == "same"


class TestSettling:
    @pytest.fixture(autouse=True)
    def _quiet(self, tx: Transaction) -> None:
        tx.settings = tx.settings.model_copy(update={"study_quiet_seconds": 60.0})
        tx.now = datetime.now(UTC)

    async def test_complete_after_the_quiet_time(
        self, shared_house: House, tx: Transaction
    ) -> None:
        ada = await a_patient(tx, mrn="4711")
        slices = images_of(ada, 3)
        await store(shared_house, tx, *slices)
        assert await studies.settle(tx) == 0
        tx.now += timedelta(seconds=61)
        assert await studies.settle(tx) == 1
        assert await studies.settle(tx) == 0
        assert "StudyComplete" in await tell(tx)
        id = studies.imaging_study_id(slices[0].StudyInstanceUID)
        kept = await record.history(tx, user(), "ImagingStudy", id)
        assert kept.versions[0].json()["numberOfInstances"] == 3
        found = await record.search(
            tx, user(), "ImagingStudy", [("instance", slices[2].SOPInstanceUID)]
        )
        assert len(found.matches) == 1

    async def test_a_late_instance_opens_it_again(
        self, shared_house: House, tx: Transaction
    ) -> None:
        ada = await a_patient(tx, mrn="4711")
        first, late = images_of(ada, 2)
        await store(shared_house, tx, first)
        tx.now += timedelta(seconds=61)
        assert await studies.settle(tx) == 1
        await tell(tx)
        await store(shared_house, tx, late)
        await tell(tx)
        study = await studies.find_study(tx, first.StudyInstanceUID)
        assert study is not None
        assert study.state == "arriving"
        tx.now += timedelta(seconds=61)
        assert await studies.settle(tx) == 1
        body = await imaging_study(tx, first.StudyInstanceUID)
        assert body["numberOfInstances"] == 2

    async def test_news_of_instances_makes_a_new_etag(
        self, shared_house: House, tx: Transaction
    ) -> None:
        ada = await a_patient(tx, mrn="4711")
        first, second = images_of(ada, 2)
        await store(shared_house, tx, first)
        await tell(tx)
        id = studies.imaging_study_id(first.StudyInstanceUID)
        before = (await record.read(tx, user(), "ImagingStudy", id)).version
        await store(shared_house, tx, second)
        await tell(tx)
        counted_a_moment_ago = (await record.read(tx, user(), "ImagingStudy", id)).version
        assert counted_a_moment_ago == before
        tx.now += timedelta(seconds=2)
        await studies.recount(tx, first.StudyInstanceUID)
        assert (await record.read(tx, user(), "ImagingStudy", id)).version > before


async def test_two_nodes_store_one_study_at_once(house: House) -> None:
    """Committed, in parallel: one row, one ImagingStudy, every instance counted."""
    import asyncio

    async with house.database.transaction() as tx:
        ada = await a_patient(tx, mrn="4711")
    slices = images_of(ada, 12)

    async def send(dataset: Any) -> None:
        async with house.database.transaction() as tx:
            await store(house, tx, dataset, principal=modality())

    await asyncio.gather(*(send(dataset) for dataset in slices))
    async with house.database.transaction() as tx:
        body = await imaging_study(tx, slices[0].StudyInstanceUID)
        assert body["numberOfInstances"] == 12
