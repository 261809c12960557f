"""C-MOVE and C-GET as provider: stored octets come back to whom they should (PS3.4 C.4)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    generate_uid,
)
from pynetdicom import AE, build_role, evt

from tests.interfaces.dimse import instances
from tests.interfaces.dimse.archives import Archive, archive
from tests.interfaces.dimse.conftest import Door
from tests.nodes import admit
from vesalius.exchange import routing
from vesalius.interfaces.dimse import sop_classes, status
from vesalius.stores import access

SEND = frozenset({"send"})
MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
MR_FILES = Path(pydicom.__file__).parent / "data" / "test_files"


def title() -> str:
    return f"A{generate_uid()[-12:]}"


async def store(door: Door, files: list[Path]) -> None:
    async for sent in routing.network().send_files(door.house, door.peer, files):
        assert sent.status == 0, sent


async def move(
    door: Door,
    destination: str,
    *,
    progress: Callable[[routing.Moved], None] = lambda moved: None,
    level: str = "STUDY",
    **uids: list[str],
) -> routing.Moved:
    tags = {"study": "0020000D", "series": "0020000E", "instance": "00080018"}
    identifier: dict[str, Any] = {"00080052": {"vr": "CS", "Value": [level]}}
    identifier |= {tags[name]: {"vr": "UI", "Value": values} for name, values in uids.items()}
    return await routing.network().move(
        door.house,
        door.peer,
        sop_classes.STUDY_ROOT_MOVE,
        identifier,
        destination=destination,
        progress=progress,
    )


@pytest.fixture
async def study(door: Door, tmp_path: Path) -> list[Dataset]:
    datasets = instances.slices(10, rows=64)
    await store(door, instances.write(tmp_path, datasets))
    return datasets


@pytest.fixture
async def destination(door: Door) -> AsyncIterator[tuple[str, Archive]]:
    name = title()
    with archive(name) as keeping:
        await admit(door.house, name, keeping.port, may=SEND)
        yield name, keeping


class TestMove:
    async def test_study(
        self, door: Door, study: list[Dataset], destination: tuple[str, Archive]
    ) -> None:
        name, keeping = destination
        moved = await move(door, name, study=[study[0].StudyInstanceUID])
        assert (moved.status, moved.completed, moved.failed) == (0, 10, 0)
        for dataset in study:
            kept = keeping.kept[dataset.SOPInstanceUID]
            assert kept.data_set == instances.data_set_of(instances.part_10(dataset))
            assert kept.move_originator == "TESTER"

    async def test_list_of_instances(
        self, door: Door, study: list[Dataset], destination: tuple[str, Archive]
    ) -> None:
        name, keeping = destination
        wanted = [str(dataset.SOPInstanceUID) for dataset in study[2:5]]
        moved = await move(
            door,
            name,
            level="IMAGE",
            study=[study[0].StudyInstanceUID],
            series=[study[0].SeriesInstanceUID],
            instance=wanted,
        )
        assert moved.completed == 3
        assert sorted(keeping.kept) == sorted(wanted)

    async def test_warnings_and_failures_are_counted(
        self, door: Door, study: list[Dataset], destination: tuple[str, Archive]
    ) -> None:
        name, keeping = destination
        keeping.statuses = {
            str(study[1].SOPInstanceUID): 0xA700,
            str(study[2].SOPInstanceUID): 0xB000,
        }
        moved = await move(door, name, study=[study[0].StudyInstanceUID])
        assert moved.status == status.SUBOPERATIONS_WITH_FAILURES
        assert (moved.completed, moved.failed, moved.warnings) == (8, 1, 1)

    async def test_unknown_destination(self, door: Door, study: list[Dataset]) -> None:
        moved = await move(door, "NOWHERE", study=[study[0].StudyInstanceUID])
        assert moved.status == status.MOVE_DESTINATION_UNKNOWN

    async def test_node_that_images_may_not_be_sent_to(
        self, door: Door, study: list[Dataset]
    ) -> None:
        moved = await move(door, "TESTER", study=[study[0].StudyInstanceUID])
        assert moved.status == status.MOVE_DESTINATION_UNKNOWN

    async def test_destination_that_does_not_answer(self, door: Door, study: list[Dataset]) -> None:
        name = title()
        await admit(door.house, name, 1, may=SEND)
        moved = await move(door, name, study=[study[0].StudyInstanceUID])
        assert moved.status == status.CANNOT_PERFORM_SUBOPERATIONS
        assert moved.failed == 10

    async def test_nothing_matches(self, door: Door, destination: tuple[str, Archive]) -> None:
        moved = await move(door, destination[0], study=["1.2.3.999"])
        assert (moved.status, moved.completed) == (0, 0)

    async def test_without_unique_key(self, door: Door, destination: tuple[str, Archive]) -> None:
        """Never everything."""
        moved = await move(door, destination[0])
        assert moved.status == status.DOES_NOT_MATCH_SOP_CLASS

    async def test_damaged_object_is_not_sent(
        self, door: Door, study: list[Dataset], destination: tuple[str, Archive]
    ) -> None:
        from vesalius.stores import archive as stores_archive

        name, keeping = destination
        async with door.house.database.transaction() as tx:
            rows = await stores_archive.instances(
                tx, access.SYSTEM, study=str(study[0].StudyInstanceUID)
            )
        path = door.house.blobs.local_path(rows[4].blob_key)
        assert path is not None
        octets = bytearray(path.read_bytes())
        octets[-100] ^= 1
        path.write_bytes(octets)
        moved = await move(door, name, study=[study[0].StudyInstanceUID])
        assert moved.status == status.SUBOPERATIONS_WITH_FAILURES
        assert (moved.completed, moved.failed) == (9, 1)
        assert rows[4].sop_instance_uid not in keeping.kept

    async def test_both_directions_in_the_audit_trail(
        self, door: Door, study: list[Dataset], destination: tuple[str, Archive]
    ) -> None:
        await move(door, destination[0], study=[study[0].StudyInstanceUID])
        await door.settled()
        async with door.house.database.transaction() as tx:
            rows = await tx.fetch_all(
                "SELECT action, detail FROM audit_event WHERE reference = %s"
                " AND kind = 'DICOM Instances Transferred' ORDER BY id",
                (str(study[0].StudyInstanceUID),),
            )
        assert [(row["action"], row["detail"]["instances"]) for row in rows] == [
            ("C", 10),
            ("R", 10),
        ]

    async def test_restricted_patient_is_not_sent(
        self, door: Door, study: list[Dataset], destination: tuple[str, Archive]
    ) -> None:
        async with door.house.database.transaction() as tx:
            await tx.execute(
                "UPDATE study SET patient_reference = 'secret' WHERE study_instance_uid = %s",
                (str(study[0].StudyInstanceUID),),
            )
            await access.restrict(tx, access.SYSTEM, "secret", True)
        moved = await move(door, destination[0], study=[study[0].StudyInstanceUID])
        assert moved.completed == 0
        assert destination[1].kept == {}


class TestTranscoding:
    """A peer that does not take the stored syntax gets it uncompressed, or nothing."""

    async def compressed(self, door: Door, tmp_path: Path) -> Dataset:
        file, uid = instances.uniquely_named(MR_FILES / "MR_small_jp2klossless.dcm")
        path = tmp_path / f"{uid}.dcm"
        path.write_bytes(file)
        await store(door, [path])
        return pydicom.dcmread(path)

    @pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    async def test_decompressed(self, door: Door, tmp_path: Path, syntax: str) -> None:
        dataset = await self.compressed(door, tmp_path)
        name = title()
        with archive(name, transfer_syntax_uids=[syntax]) as keeping:
            await admit(door.house, name, keeping.port, may=SEND)
            moved = await move(
                door,
                name,
                level="IMAGE",
                study=[dataset.StudyInstanceUID],
                series=[dataset.SeriesInstanceUID],
                instance=[dataset.SOPInstanceUID],
            )
            assert (moved.status, moved.completed) == (0, 1)
        kept = keeping.kept[dataset.SOPInstanceUID]
        assert kept.transfer_syntax_uid == syntax
        read = pydicom.filereader.read_dataset(
            pydicom.filebase.DicomBytesIO(kept.data_set),
            is_implicit_VR=syntax == ImplicitVRLittleEndian,
            is_little_endian=True,
        )
        assert read.PixelData == dataset.pixel_array.tobytes()
        assert read.PatientID == dataset.PatientID
        assert {element.tag for element in read} == {element.tag for element in dataset}

    async def test_explicit_to_implicit(self, door: Door, study: list[Dataset]) -> None:
        name = title()
        with archive(name, transfer_syntax_uids=[ImplicitVRLittleEndian]) as keeping:
            await admit(door.house, name, keeping.port, may=SEND)
            moved = await move(door, name, study=[study[0].StudyInstanceUID])
        assert (moved.status, moved.completed) == (0, 10)
        read = pydicom.filereader.read_dataset(
            pydicom.filebase.DicomBytesIO(keeping.kept[study[3].SOPInstanceUID].data_set),
            is_implicit_VR=True,
            is_little_endian=True,
        )
        assert {e.tag: e.value for e in read} == {e.tag: e.value for e in study[3]}

    async def test_peer_that_takes_nothing_fitting(self, door: Door, study: list[Dataset]) -> None:
        name = title()
        with archive(name, sop_class_uids=[MR_IMAGE_STORAGE]) as keeping:
            await admit(door.house, name, keeping.port, may=SEND)
            moved = await move(door, name, study=[study[0].StudyInstanceUID])
        assert moved.status == status.CANNOT_PERFORM_SUBOPERATIONS
        assert (moved.completed, moved.failed) == (0, 10)


class TestGet:
    """With pynetdicom as the peer, which is provider and user in one."""

    def get(
        self, door: Door, study: str, *, syntax: str = ExplicitVRLittleEndian, stop_after: int = 0
    ) -> tuple[list[Any], dict[str, bytes]]:
        kept: dict[str, bytes] = {}
        entity = AE("TESTER")
        entity.add_requested_context(sop_classes.STUDY_ROOT_GET)
        entity.add_requested_context(CTImageStorage, syntax)
        association: Any = None

        def keep(event: Any) -> int:
            kept[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
            if stop_after and len(kept) == stop_after:
                association.send_c_cancel(1, query_model=sop_classes.STUDY_ROOT_GET)
            return 0

        association = entity.associate(
            "127.0.0.1",
            door.port,
            ae_title="VESALIUS",
            ext_neg=[build_role(CTImageStorage, scp_role=True)],
            evt_handlers=[(evt.EVT_C_STORE, keep)],
        )
        assert association.is_established
        identifier = Dataset()
        identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", study
        answers = [
            status for status, _ in association.send_c_get(identifier, sop_classes.STUDY_ROOT_GET)
        ]
        association.release()
        return answers, kept

    async def test_study(self, door: Door, study: list[Dataset]) -> None:
        answers, kept = await asyncio.to_thread(self.get, door, study[0].StudyInstanceUID)
        assert answers[-1].Status == 0
        assert answers[-1].NumberOfCompletedSuboperations == 10
        assert kept == {
            str(d.SOPInstanceUID): instances.data_set_of(instances.part_10(d)) for d in study
        }

    async def test_syntax_that_fits_nothing(self, door: Door, study: list[Dataset]) -> None:
        answers, kept = await asyncio.to_thread(
            self.get, door, study[0].StudyInstanceUID, syntax=JPEG2000Lossless
        )
        assert answers[-1].Status == status.CANNOT_PERFORM_SUBOPERATIONS
        assert answers[-1].NumberOfFailedSuboperations == 10
        assert kept == {}

    async def test_cancel(self, door: Door, tmp_path: Path) -> None:
        datasets = instances.slices(100, rows=32)
        await store(door, instances.write(tmp_path, datasets))
        answers, kept = await asyncio.to_thread(
            self.get, door, datasets[0].StudyInstanceUID, stop_after=5
        )
        assert answers[-1].Status == status.CANCEL
        assert 5 <= len(kept) < 100


class TestRealFiles:
    @pytest.mark.parametrize("path", instances.real_files(), ids=lambda path: path.name)
    async def test_moved_as_it_was(
        self, door: Door, tmp_path: Path, destination: tuple[str, Archive], path: Path
    ) -> None:
        file, uid = instances.uniquely_named(path)
        source = tmp_path / "file.dcm"
        source.write_bytes(file)
        await store(door, [source])
        dataset = pydicom.dcmread(source, stop_before_pixels=True)
        moved = await move(
            door,
            destination[0],
            level="IMAGE",
            study=[dataset.StudyInstanceUID],
            series=[dataset.SeriesInstanceUID],
            instance=[uid],
        )
        assert (moved.status, moved.completed) == (0, 1)
        kept = destination[1].kept[uid]
        assert kept.transfer_syntax_uid == dataset.file_meta.TransferSyntaxUID
        assert kept.data_set == instances.data_set_of(file)


class TestRouting:
    async def test_study_is_sent_by_a_job(
        self, door: Door, study: list[Dataset], destination: tuple[str, Archive]
    ) -> None:
        uid = str(study[0].StudyInstanceUID)
        async with door.house.database.transaction() as tx:
            await routing.start_sending(
                tx, access.SYSTEM, study_instance_uid=uid, ae_title=destination[0]
            )
        await door.run_jobs()
        assert len(destination[1].kept) == 10
