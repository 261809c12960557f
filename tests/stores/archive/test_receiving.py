"""From sealed instances to rows: once each, first kept, right counts, nobody blocks anybody."""

import asyncio

import orjson
import pytest
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.stores.archive.building import (
    CT,
    bare,
    ct,
    part10,
    seal,
    seal_bare,
    series_of,
    store,
    store_file,
)
from vesalius.app import House
from vesalius.kit.errors import NotFound, Unavailable
from vesalius.stores import archive
from vesalius.stores.access import SYSTEM


async def _outbox(house: House) -> list[tuple[str, dict]]:
    rows = await house.database.snapshot("SELECT name, payload FROM outbox ORDER BY id")
    return [(row["name"], row["payload"]) for row in rows]


class TestNew:
    async def test_rows_and_news(self, house: House) -> None:
        dataset = ct()
        [stored] = await store(house, dataset)
        assert (stored.outcome, stored.study_new, stored.series_new) == ("new", True, True)
        assert stored.study_changed
        assert stored.elements["00100020"]["Value"] == ["M1"]
        news = await _outbox(house)
        assert news == [
            (
                "InstancesStored",
                {
                    "study_instance_uid": dataset.StudyInstanceUID,
                    "series_instance_uid": dataset.SeriesInstanceUID,
                    "patient_reference": None,
                },
            )
        ]

    async def test_the_second_slice_changes_nothing_of_the_study(self, house: House) -> None:
        _, second = await store(house, *series_of(2))
        assert (second.outcome, second.study_changed, second.series_new) == ("new", False, False)

    async def test_later_instances_fill_in_what_was_empty(self, house: House) -> None:
        first, second = series_of(2)
        first.AccessionNumber, first.StudyDescription = "", "Thorax"
        second.AccessionNumber, second.StudyDescription = "A77", "Abdomen"
        _, stored = await store(house, first, second)
        assert stored.study_changed
        async with house.database.transaction() as tx:
            study = await archive.study(tx, SYSTEM, first.StudyInstanceUID)
            query = archive.Query({"00080050": {"vr": "SH", "Value": ["A77"]}})
            assert len(await archive.find(tx, SYSTEM, "STUDY", query)) == 1
        assert study.elements["00080050"]["Value"] == ["A77"]
        assert study.elements["00081030"]["Value"] == ["Thorax"]

    async def test_values_longer_than_an_index_takes(self, house: House) -> None:
        dataset = ct(PatientID=None)
        file = part10(dataset)
        long = b"\x10\0\x20\0UN\0\0" + (60_000).to_bytes(4, "little") + b"9" * 60_000
        place = file.index(b"\x10\0\x30\0DA")
        stored = await store_file(house, file[:place] + long + file[place:])
        assert stored.outcome == "new"


class TestTwice:
    async def test_the_same_again_is_success_and_nothing_new(self, house: House) -> None:
        dataset = ct()
        file = part10(dataset)
        await store_file(house, file)
        again = await store_file(house, file)
        sealed = await seal_bare(
            house,
            bare(file),
            syntax=ExplicitVRLittleEndian,
            sop_class_uid=CT,
            sop_instance_uid=dataset.SOPInstanceUID,
        )
        async with house.database.transaction() as tx:
            by_dimse = await archive.receive(tx, SYSTEM, sealed)
        assert [again.outcome, by_dimse.outcome] == ["same", "same"]
        assert len(await _outbox(house)) == 1
        async with house.database.transaction() as tx:
            study = await archive.study(tx, SYSTEM, dataset.StudyInstanceUID)
            assert study.instance_count == 1
            # The second copy's bytes are given back to the disk.
            rows = await archive.instances(tx, SYSTEM, study=dataset.StudyInstanceUID)
        for _ in range(200):
            kept = [key async for key, _ in house.blobs.keys("instances")]
            if kept == [rows[0].blob_key]:
                break
            await asyncio.sleep(0.01)
        assert kept == [rows[0].blob_key]

    async def test_other_bytes_are_quarantined_and_the_first_stay(self, house: House) -> None:
        dataset = ct()
        await store(house, dataset)
        first = dataset.PixelData
        dataset.PixelData = bytes(512)
        [stored] = await store(house, dataset)
        assert stored.outcome == "quarantined"
        async with house.database.transaction() as tx:
            [held] = await archive.list_quarantined(tx, SYSTEM)
            assert held.sop_instance_uid == dataset.SOPInstanceUID
            assert "SOP Instance UID" in held.reason
            [row] = await archive.instances(tx, SYSTEM, instance=dataset.SOPInstanceUID)
            uids = (row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid)
            [frame] = await archive.frames(tx, SYSTEM, *uids)
        assert await archive.read_frame(house.blobs, frame) == first
        assert [name for name, _ in await _outbox(house)][-1] == "InstanceQuarantined"
        # Sent again and again, it is kept aside once.
        await store(house, dataset)
        async with house.database.transaction() as tx:
            assert len(await archive.list_quarantined(tx, SYSTEM)) == 1
            await archive.discard_quarantined(tx, SYSTEM, held.id)
        async with house.database.transaction() as tx:
            assert await archive.list_quarantined(tx, SYSTEM) == []
            with pytest.raises(NotFound):
                await archive.discard_quarantined(tx, SYSTEM, held.id)

    async def test_a_series_of_another_study(self, house: House) -> None:
        [first] = series_of(1)
        thief = ct(SeriesInstanceUID=first.SeriesInstanceUID)
        outcomes = [stored.outcome for stored in await store(house, first, thief)]
        assert outcomes == ["new", "quarantined"]

    async def test_another_patient_in_a_study(self, house: House) -> None:
        first, second = series_of(2)
        second.PatientID = "M2"
        stored = await store(house, first, second)
        assert [each.outcome for each in stored] == ["new", "quarantined"]
        assert stored[1].elements["00100020"]["Value"] == ["M1"]


class TestDurability:
    async def test_no_success_when_the_disk_fails(self, house: House) -> None:
        dataset = ct()

        def broken(_: int) -> None:
            raise OSError(5, "Input/output error")

        house.blobs.disk.fsync = broken
        with pytest.raises(Unavailable):
            await store(house, dataset)
        async with house.database.transaction() as tx:
            query = archive.Query({"0020000D": {"vr": "UI", "Value": [dataset.StudyInstanceUID]}})
            assert await archive.find(tx, SYSTEM, "STUDY", query) == []
        assert await _outbox(house) == []


class TestAtOnce:
    async def test_sixteen_associations_and_one_study(self, house: House) -> None:
        """New study, few series, duplicates among them: right counts and no deadlock."""
        study = generate_uid()
        series = [generate_uid() for _ in range(4)]
        files = [
            part10(
                ct(
                    StudyInstanceUID=study,
                    SeriesInstanceUID=series[n % 4],
                    SeriesNumber=n % 4,
                    Modality="PT" if n % 4 == 3 else "CT",
                    InstanceNumber=n,
                )
            )
            for n in range(160)
        ]
        waiting = files + files[:40]
        outcomes: list[str] = []

        async def association() -> None:
            while waiting:
                outcomes.append((await store_file(house, waiting.pop())).outcome)

        async def folding(stop: asyncio.Event) -> None:
            while not stop.is_set():
                async with house.database.transaction() as tx:
                    await archive.fold(tx)

        stop = asyncio.Event()
        folder = asyncio.create_task(folding(stop))
        await asyncio.gather(*(association() for _ in range(16)))
        stop.set()
        await folder
        assert sorted(outcomes) == ["new"] * 160 + ["same"] * 40
        async with house.database.transaction() as tx:
            counted = await archive.study(tx, SYSTEM, study)
            assert (counted.series_count, counted.instance_count) == (4, 160)
            assert sorted(counted.modalities) == ["CT", "PT"]
            each = await archive.series(tx, SYSTEM, study)
            assert [one.instance_count for one in each] == [40, 40, 40, 40]
            pack = await archive.metadata(tx, SYSTEM, study)
        assert len(orjson.loads(pack.json())) == 160

    async def test_the_same_instance_from_everywhere(self, house: House) -> None:
        file = part10(ct())
        stored = await asyncio.gather(*(store_file(house, file) for _ in range(16)))
        assert sorted(each.outcome for each in stored) == ["new"] + ["same"] * 15

    async def test_groups_in_storing_order_do_not_deadlock(self, house: House) -> None:
        files = [part10(dataset) for _ in range(6) for dataset in series_of(2)]

        async def group(mine: list[bytes]) -> None:
            sealed = [await seal(house, file) for file in mine]
            async with house.database.transaction() as tx:
                for each in sorted(sealed, key=archive.storing_order):
                    await archive.receive(tx, SYSTEM, each)

        await asyncio.gather(*(group(files[n:] + files[:n]) for n in range(8)))


class TestCounters:
    async def test_folding_changes_no_sum(self, house: House) -> None:
        datasets = series_of(5)
        await store(house, *datasets)
        uid = datasets[0].StudyInstanceUID
        async with house.database.transaction() as tx:
            before = await archive.study(tx, SYSTEM, uid)
            assert await archive.fold(tx) == 5
            after = await archive.study(tx, SYSTEM, uid)
            assert await archive.fold(tx) == 0
        assert before == after
        await store(
            house, ct(StudyInstanceUID=uid, SeriesInstanceUID=datasets[0].SeriesInstanceUID)
        )
        async with house.database.transaction() as tx:
            assert (await archive.study(tx, SYSTEM, uid)).instance_count == 6
