"""C-STORE as provider: what is acknowledged is stored, what is broken is not (PS3.4 Annex B)."""

from pathlib import Path

import pytest
from pydicom.uid import ImplicitVRLittleEndian, generate_uid
from xxhash import xxh3_128_digest

from tests.interfaces.dimse import instances, wire
from tests.interfaces.dimse.conftest import Door
from tests.interfaces.dimse.wire import STORE_CONTEXT, Wire
from tests.nodes import admit
from vesalius.exchange import routing
from vesalius.interfaces.dimse import pdu, status
from vesalius.stores import archive
from vesalius.stores.access import SYSTEM


async def stored(door: Door, study: str) -> list[archive.InstanceRow]:
    async with door.house.database.transaction() as tx:
        return await archive.instances(tx, SYSTEM, study=study)


async def send(door: Door, files: list[Path], **changes: str) -> list[routing.InstanceSent]:
    peer = routing.Peer(
        **{
            "ae_title": "VESALIUS",
            "host": "127.0.0.1",
            "port": door.port,
            "calling_ae_title": "TESTER",
            **changes,
        }
    )  # type: ignore[arg-type]
    return [sent async for sent in routing.network().send_files(door.house, peer, files)]


class TestStored:
    async def test_byte_for_byte(self, door: Door, tmp_path: Path) -> None:
        datasets = instances.slices(3, rows=256)
        sent = await send(door, instances.write(tmp_path, datasets))
        assert [each.status for each in sent] == [0, 0, 0]
        rows = await stored(door, datasets[0].StudyInstanceUID)
        assert [row.sop_instance_uid for row in rows] == [d.SOPInstanceUID for d in datasets]
        for row, dataset in zip(rows, datasets, strict=True):
            kept = await door.house.blobs.read(row.blob_key)
            assert instances.data_set_of(kept) == instances.data_set_of(instances.part_10(dataset))
            assert xxh3_128_digest(kept) == row.checksum

    async def test_same_again(self, door: Door, tmp_path: Path) -> None:
        (dataset,) = instances.slices()
        files = instances.write(tmp_path, [dataset])
        assert [each.status for each in await send(door, files * 2)] == [0, 0]
        assert len(await stored(door, dataset.StudyInstanceUID)) == 1

    async def test_same_uid_with_other_bytes(self, door: Door, tmp_path: Path) -> None:
        (dataset,) = instances.slices()
        await send(door, instances.write(tmp_path, [dataset]))
        first = await stored(door, dataset.StudyInstanceUID)
        dataset.StudyDescription = "Something else"
        (answer,) = await send(door, instances.write(tmp_path, [dataset]))
        assert answer.status == status.DUPLICATE_SOP_INSTANCE
        assert await stored(door, dataset.StudyInstanceUID) == first

    async def test_one_transfer_in_the_audit_trail(self, door: Door, tmp_path: Path) -> None:
        datasets = instances.slices(5)
        await send(door, instances.write(tmp_path, datasets))
        await door.settled()
        async with door.house.database.transaction() as tx:
            rows = await tx.fetch_all(
                "SELECT kind, principal_name, detail FROM audit_event WHERE reference = %s"
                " AND kind LIKE '%%Transfer%%' ORDER BY id",
                (str(datasets[0].StudyInstanceUID),),
            )
        assert [row["kind"] for row in rows] == [
            "Begin Transferring DICOM Instances",
            "DICOM Instances Transferred",
        ]
        assert {row["principal_name"] for row in rows} == {"TESTER"}
        assert rows[1]["detail"]["instances"] == 5


class TestRefused:
    async def say(self, door: Door, command: bytes, data_set: bytes) -> int | None:
        """Send one C-STORE in PDUs of 1000 octets; the status, with the association alive."""
        peer = await Wire.associated(door.port)
        peer.say(command)
        for start in range(0, len(data_set), 1000):
            last = start + 1000 >= len(data_set)
            peer.say(wire.p_data(STORE_CONTEXT, 2 if last else 0, data_set[start : start + 1000]))
        answer = await peer.hear_command()
        peer.say(wire.echo(9))
        assert (await peer.hear_command()).status == status.SUCCESS
        return answer.status

    async def test_another_instance_in_the_command(self, door: Door) -> None:
        (dataset,) = instances.slices()
        data_set = instances.data_set_of(instances.part_10(dataset))
        code = await self.say(door, wire.store("1.2.3.4.5"), data_set)
        assert code == status.DOES_NOT_MATCH_SOP_CLASS
        assert await stored(door, dataset.StudyInstanceUID) == []

    async def test_another_class_in_the_data_set(self, door: Door) -> None:
        (dataset,) = instances.slices()
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        data_set = instances.data_set_of(instances.part_10(dataset))
        code = await self.say(door, wire.store(dataset.SOPInstanceUID), data_set)
        assert code == status.DOES_NOT_MATCH_SOP_CLASS
        assert await stored(door, dataset.StudyInstanceUID) == []

    @pytest.mark.parametrize("uid", ["../../etc/passwd", "1.2.a", "1" * 65])
    async def test_uid_that_is_none(self, door: Door, uid: str) -> None:
        (dataset,) = instances.slices()
        data_set = instances.data_set_of(instances.part_10(dataset))
        assert (await self.say(door, wire.store(uid), data_set) or 0) >> 12 == 0xC

    async def test_data_set_that_is_none(self, door: Door) -> None:
        assert (await self.say(door, wire.store(), b"\xff" * 5000) or 0) >> 12 == 0xC

    async def test_data_set_that_ends_too_early(self, door: Door) -> None:
        (dataset,) = instances.slices(rows=64)
        data_set = instances.data_set_of(instances.part_10(dataset))
        code = await self.say(door, wire.store(dataset.SOPInstanceUID), data_set[:-100])
        assert (code or 0) >> 12 == 0xC
        assert await stored(door, dataset.StudyInstanceUID) == []

    async def test_disk_full(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(door.house.blobs, "free_fraction", lambda: 0.0)
        (dataset,) = instances.slices()
        data_set = instances.data_set_of(instances.part_10(dataset))
        code = await self.say(door, wire.store(dataset.SOPInstanceUID), data_set)
        assert code == status.OUT_OF_RESOURCES
        monkeypatch.undo()
        assert await self.say(door, wire.store(dataset.SOPInstanceUID), data_set) == 0

    async def test_disk_full_in_the_middle(
        self, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from vesalius.kit.blobs import BlobWriter
        from vesalius.kit.errors import Exhausted

        write = BlobWriter.write

        def full(self: BlobWriter, chunk: bytes) -> None:
            if self.size > 2000:
                raise Exhausted("the archive's disk is full")
            write(self, chunk)

        monkeypatch.setattr(BlobWriter, "write", full)
        (dataset,) = instances.slices(rows=64)
        data_set = instances.data_set_of(instances.part_10(dataset))
        code = await self.say(door, wire.store(dataset.SOPInstanceUID), data_set)
        assert code == status.OUT_OF_RESOURCES
        assert await stored(door, dataset.StudyInstanceUID) == []

    async def test_node_that_may_not_store(self, door: Door, tmp_path: Path) -> None:
        title = f"N{generate_uid()[-10:]}"
        await admit(door.house, title, may=frozenset({"find"}))
        (dataset,) = instances.slices()
        (answer,) = await send(door, instances.write(tmp_path, [dataset]), calling_ae_title=title)
        assert answer.status == status.NOT_AUTHORIZED
        assert await stored(door, dataset.StudyInstanceUID) == []


class TestCutOff:
    """The association ends in the middle of a data set: nothing is stored, nothing is left."""

    @pytest.mark.parametrize("manner", ["lost", "aborted", "released", "another command"])
    async def test_cut(self, door: Door, manner: str) -> None:
        (dataset,) = instances.slices(rows=128)
        data_set = instances.data_set_of(instances.part_10(dataset))
        before = {key async for key, _ in door.house.blobs.keys("instances")}
        peer = await Wire.associated(door.port)
        peer.say(wire.store(dataset.SOPInstanceUID))
        peer.say(wire.p_data(STORE_CONTEXT, 0, data_set[:10_000]))
        await peer.writer.drain()
        if manner == "lost":
            peer.close()
        elif manner == "aborted":
            peer.say(pdu.Abort().encode())
        elif manner == "released":
            peer.say(pdu.ReleaseRequest().encode())
            assert await peer.hear_pdu() == pdu.Abort(pdu.SERVICE_USER, 0)
        else:
            peer.say(wire.echo())
            assert isinstance(await peer.hear_pdu(), pdu.Abort)
        await door.settled()
        assert await stored(door, dataset.StudyInstanceUID) == []
        assert {key async for key, _ in door.house.blobs.keys("instances")} <= before

    async def test_cut_after_the_last_fragment(self, door: Door) -> None:
        """Nobody is told, but a whole instance may be kept: the peer will send it again."""
        (dataset,) = instances.slices()
        data_set = instances.data_set_of(instances.part_10(dataset))
        peer = await Wire.associated(door.port)
        peer.say(wire.store(dataset.SOPInstanceUID) + wire.p_data(STORE_CONTEXT, 2, data_set))
        await peer.writer.drain()
        peer.close()
        await door.settled()
        assert len(await stored(door, dataset.StudyInstanceUID)) <= 1


class TestManyAtOnce:
    async def test_sixteen_associations_store_one_study(self, door: Door, tmp_path: Path) -> None:
        import asyncio

        datasets = instances.slices(64)
        files = instances.write(tmp_path, datasets)
        answers = await asyncio.gather(*(send(door, files[n::16]) for n in range(16)))
        assert all(each.is_stored for answer in answers for each in answer)
        assert len(await stored(door, datasets[0].StudyInstanceUID)) == 64


async def test_implicit_stays_implicit(door: Door, tmp_path: Path) -> None:
    datasets = instances.slices(1, transfer_syntax_uid=ImplicitVRLittleEndian)
    await send(door, instances.write(tmp_path, datasets))
    (row,) = await stored(door, datasets[0].StudyInstanceUID)
    assert row.transfer_syntax_uid == ImplicitVRLittleEndian


async def test_private_sop_class_by_setting(door: Door) -> None:
    private = "1.3.12.2.1107.5.9.1"
    contexts = (pdu.ProposedContext(1, private, ("1.2.840.10008.1.2.1",)),)
    peer = await Wire.open(door.port)
    peer.say(wire.request(contexts=contexts).encode())
    accept = await peer.hear_pdu()
    assert isinstance(accept, pdu.AssociateAccept)
    assert accept.contexts[0].result == pdu.ABSTRACT_SYNTAX_NOT_SUPPORTED
    door.acceptor._private = frozenset({private})
    peer = await Wire.open(door.port)
    peer.say(wire.request(contexts=contexts).encode())
    accept = await peer.hear_pdu()
    assert isinstance(accept, pdu.AssociateAccept)
    assert accept.contexts[0].result == pdu.ACCEPTANCE
