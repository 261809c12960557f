"""The reading list: order, filters, claiming, and who sees what."""

import asyncio
import time
from datetime import timedelta

import pytest

from tests.care.builders import a_patient, an_order, name, user
from tests.imaging.building import images_of, store, tell
from tests.stores.archive.building import ct
from vesalius.app import House
from vesalius.imaging import reading, worklist
from vesalius.imaging.reading import Filters
from vesalius.kit.errors import Conflict, Forbidden, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access, record


async def listed(tx: Transaction, **filters: object) -> list[str]:
    """The descriptions on the list."""
    items, total = await reading.reading_list(tx, user(), Filters(**filters))  # type: ignore[arg-type]
    assert total == len(items)
    return [item.description for item in items]


async def a_study(
    house: House, tx: Transaction, description: str, *, priority: str | None = None, **more: object
) -> str:
    """A listed study, with an order when it has a priority; each arrives a minute later."""
    patient = await a_patient(tx)
    step = None
    if priority:
        order = await an_order(tx, patient, priority=priority)
        step = await worklist.schedule(tx, order.order_reference)
    [dataset] = images_of(patient, step=step, StudyDescription=description, **more)
    tx.now += timedelta(minutes=1)
    await store(house, tx, dataset)
    await tell(tx)
    return str(dataset.StudyInstanceUID)


async def test_the_first_instance_lists_the_study(shared_house: House, tx: Transaction) -> None:
    patient = await a_patient(tx)
    [dataset] = images_of(patient)
    await store(shared_house, tx, dataset)
    assert "ReadingItemChanged" in await tell(tx)
    [item], total = await reading.reading_list(tx, user(), Filters())
    assert total == 1
    assert item.study_instance_uid == dataset.StudyInstanceUID
    assert item.card is not None
    assert item.card.patient_reference == patient.patient_reference
    assert (item.modality, item.status, item.state) == ("CT", "unread", "arriving")
    assert (item.instance_count, item.series_count, item.priors) == (1, 1, 0)


async def test_most_urgent_first_then_longest_waiting(shared_house: House, tx: Transaction) -> None:
    await a_study(shared_house, tx, "routine, first")
    await a_study(shared_house, tx, "routine, second", priority="routine")
    await a_study(shared_house, tx, "urgent", priority="urgent")
    await a_study(shared_house, tx, "stat", priority="stat")
    assert await listed(tx) == ["stat", "urgent", "routine, first", "routine, second"]


async def test_an_order_that_becomes_urgent_moves_up(shared_house: House, tx: Transaction) -> None:
    await a_study(shared_house, tx, "first")
    uid = await a_study(shared_house, tx, "second", priority="routine")
    item = await reading.reading_item(tx, user(), uid)
    assert item is not None
    assert item.order_reference is not None
    current = await record.read(tx, user(), "ServiceRequest", item.order_reference)
    stat = {**current.json(), "priority": "stat"}
    await record.update(tx, user(), "ServiceRequest", item.order_reference, stat)
    await tell(tx)
    assert await listed(tx) == ["second", "first"]


async def test_filters(shared_house: House, tx: Transaction) -> None:
    await a_study(shared_house, tx, "ct head", priority="stat")
    await a_study(shared_house, tx, "mr", Modality="MR", BodyPartExamined="KNEE")
    assert await listed(tx, modality=["MR"]) == ["mr"]
    assert await listed(tx, modality=["MR", "CT"]) == ["ct head", "mr"]
    assert await listed(tx, priority=["stat"]) == ["ct head"]
    assert await listed(tx, body_part="knee") == ["mr"]
    assert await listed(tx, q="head") == ["ct head"]
    assert await listed(tx, status="signed") == []
    assert await listed(tx, mine=True) == []
    assert await listed(tx, limit=1, q="lovelace mr") == ["mr"]
    with pytest.raises(Invalid):
        await listed(tx, status="lost")
    with pytest.raises(Invalid):
        await listed(tx, priority=["soon"])


async def test_found_by_name_in_any_script_number_and_accession(
    shared_house: House, tx: Transaction
) -> None:
    taro = await a_patient(tx, name("Yamada", "Tarou"), name("山田", "太郎"), mrn="4711")
    order = await an_order(tx, taro)
    step = await worklist.schedule(tx, order.order_reference)
    await store(shared_house, tx, *images_of(taro, step=step))
    await tell(tx)
    for q in ("yamada", "山田", "太郎", "4711", order.accession_number, order.accession_number[:4]):
        assert await listed(tx, q=q) == ["CT head"], q
    assert await listed(tx, q="tanaka") == []


async def test_not_listed_reports_and_old_priors(shared_house: House, tx: Transaction) -> None:
    patient = await a_patient(tx)
    await store(shared_house, tx, *images_of(patient, Modality="SR"))
    await store(shared_house, tx, *images_of(patient, StudyDate="20100101"))
    await tell(tx)
    assert await listed(tx) == []


async def test_a_study_without_a_patient_is_read_too(shared_house: House, tx: Transaction) -> None:
    await store(shared_house, tx, ct(StudyDate="20261124"))
    await tell(tx)
    [item], _ = await reading.reading_list(tx, user(), Filters())
    assert item.card is None
    assert item.identity["PatientID"] == "M1"


async def test_restricted_patients_are_not_listed(shared_house: House, tx: Transaction) -> None:
    patient = await a_patient(tx)
    [dataset] = images_of(patient)
    await store(shared_house, tx, dataset)
    await tell(tx)
    await access.restrict(tx, access.SYSTEM, patient.patient_reference, True)
    assert await listed(tx) == []
    assert await reading.reading_item(tx, user(), dataset.StudyInstanceUID) is None
    with pytest.raises(NotFound):
        await reading.claim(tx, user(), dataset.StudyInstanceUID)
    herself = user(own_patients=frozenset({patient.patient_reference}), sees_all_patients=False)
    items, _ = await reading.reading_list(tx, herself, Filters())
    assert len(items) == 1


class TestClaiming:
    async def test_claim_and_release(self, shared_house: House, tx: Transaction) -> None:
        uid = await a_study(shared_house, tx, "x")
        await reading.claim(tx, user("ada"), uid)
        await reading.claim(tx, user("ada"), uid)
        item = await reading.reading_item(tx, user(), uid)
        assert item is not None
        assert (item.status, item.claimed_by, item.claimed_display) == ("claimed", "ada", "Dr. Ada")
        with pytest.raises(Conflict) as refused:
            await reading.claim(tx, user("bob"), uid)
        assert "Dr. Ada" in refused.value.message
        with pytest.raises(Conflict):
            await reading.release(tx, user("bob"), uid)
        assert await tell(tx) == ["ReadingItemChanged"]
        await reading.release(tx, user("ada"), uid)
        assert await listed(tx, status="unread") == ["x"]
        await reading.claim(tx, user("bob"), uid)

    async def test_who_runs_the_house_may_release(
        self, shared_house: House, tx: Transaction
    ) -> None:
        uid = await a_study(shared_house, tx, "x")
        await reading.claim(tx, user("ada"), uid)
        boss = user("boss", frozenset({"reading.read", "reading.claim", "system.manage"}))
        await reading.release(tx, boss, uid)
        assert await listed(tx, status="unread") == ["x"]

    async def test_next_is_the_first_unread(self, shared_house: House, tx: Transaction) -> None:
        first = await a_study(shared_house, tx, "first")
        urgent = await a_study(shared_house, tx, "urgent", priority="urgent")
        assert await reading.claim_next(tx, user("ada"), Filters()) == urgent
        assert await reading.claim_next(tx, user("bob"), Filters()) == first
        assert await reading.claim_next(tx, user("bob"), Filters()) is None

    async def test_who_may_not_claim_is_refused(self, tx: Transaction) -> None:
        with pytest.raises(Forbidden):
            await reading.claim(tx, user(permissions=frozenset({"reading.read"})), "1.2")

    async def test_of_many_readers_one_gets_it(self, house: House) -> None:
        async with house.database.transaction() as tx:
            uids = {await a_study(house, tx, str(number)) for number in range(2)}

        async def claim(reader: str) -> str | None:
            async with house.database.transaction() as tx:
                return await reading.claim_next(tx, user(reader), Filters())

        got = await asyncio.gather(*(claim(f"r{number}") for number in range(5)))
        assert {uid for uid in got if uid} == uids
        assert sum(uid is not None for uid in got) == 2

        async def take(reader: str, uid: str) -> bool:
            async with house.database.transaction() as tx:
                await reading.claim(tx, user(reader), uid)
            return True

        uid = next(iter(uids))
        tried = await asyncio.gather(
            *(take(f"s{number}", uid) for number in range(5)), return_exceptions=True
        )
        assert all(isinstance(one, Conflict) for one in tried)


def test_what_a_study_is_about() -> None:
    assert reading.main_modality(["CT", "SR"]) == "CT"
    assert reading.main_modality(["CT", "PT"]) == "PT"
    assert reading.main_modality(["SR", "KO"]) is None
    assert reading.main_modality([]) is None


async def test_a_long_list_opens_quickly(tx: Transaction) -> None:
    """20,000 signed and 5,000 open rows: the page is read off an index. (The promise is 200 ms.)"""
    await tx.execute(
        "INSERT INTO imaging_study (study_instance_uid, id, state, arrived, waiting, identity)"
        " SELECT '1.' || n, '1.' || n, 'complete', now(), 'x',"
        ' \'{"PatientName": {}, "PatientID": ""}\' FROM generate_series(1, 25000) n'
    )
    await tx.execute(
        "INSERT INTO reading_item (study_instance_uid, modality, description, arrived, priority,"
        " signed_at) SELECT '1.' || n, 'CT', 'x', now(), n % 4, CASE WHEN n > 5000 THEN now() END"
        " FROM generate_series(1, 25000) n"
    )
    await tx.execute("ANALYZE reading_item, imaging_study")
    start = time.perf_counter()
    items, total = await reading.reading_list(tx, user(), Filters(modality=["CT"]))
    elapsed = time.perf_counter() - start
    assert (len(items), total) == (100, 5000)
    assert elapsed < 1
