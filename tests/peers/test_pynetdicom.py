"""pynetdicom against the running house, as client and as server."""

from functools import partial
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from tests.interfaces.dimse import instances
from tests.interfaces.dimse.archives import archive
from tests.nodes import admit
from tests.peers.orders import scheduled
from tests.running import RunningVesalius

from vesalius.app import House
from vesalius.exchange import routing
from vesalius.interfaces.dimse import network, sop_classes
from vesalius.standards.dicom.uids import STORAGE_SOP_CLASSES

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore::UserWarning")]

MPPS = sop_classes.MODALITY_PERFORMED_PROCEDURE_STEP


@pytest.fixture
def title(served: RunningVesalius) -> str:
    """An AE title that may do everything."""
    title = f"P{generate_uid()[-12:]}"
    served.run(partial(admit, ae_title=title))
    return title


def associate(
    served: RunningVesalius, title: str, *contexts: tuple[str, list[str]], **more: object
) -> Association:
    entity = AE(title)
    for sop_class_uid, syntaxes in contexts:
        entity.add_requested_context(sop_class_uid, syntaxes)
    association = entity.associate("127.0.0.1", served.dicom_port, ae_title=served.ae_title, **more)  # type: ignore[arg-type]
    assert association.is_established
    return association


UNCOMPRESSED = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


class TestClient:
    def test_every_storage_sop_class_is_accepted(self, served: RunningVesalius, title: str) -> None:
        uids = sorted(STORAGE_SOP_CLASSES)
        for start in range(0, len(uids), 128):
            part = uids[start : start + 128]
            association = associate(served, title, *((uid, UNCOMPRESSED) for uid in part))
            assert len(association.accepted_contexts) == len(part)
            association.release()

    @pytest.mark.parametrize("path", instances.real_files(), ids=lambda path: path.name)
    def test_real_file_there_and_back(
        self,
        served: RunningVesalius,
        title: str,
        tmp_path: Path,
        path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Stored by C-STORE, retrieved by C-GET, the data set is the same octet for octet."""
        file, uid = instances.uniquely_named(path)
        source = tmp_path / "file.dcm"
        source.write_bytes(file)
        dataset = pydicom.dcmread(source, stop_before_pixels=True)
        kind = str(dataset.SOPClassUID)
        syntax = str(dataset.file_meta.TransferSyntaxUID)
        storing = associate(served, title, (kind, [syntax]))
        # Otherwise pynetdicom reads the data set and writes it anew.
        monkeypatch.setattr("pynetdicom._config.STORE_SEND_CHUNKED_DATASET", True)
        assert storing.send_c_store(source).Status == 0
        storing.release()

        kept: dict[str, bytes] = {}

        def keep(event: evt.Event) -> int:
            kept[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
            return 0

        getting = associate(
            served,
            title,
            (sop_classes.STUDY_ROOT_GET, UNCOMPRESSED),
            (kind, [syntax]),
            ext_neg=[build_role(kind, scp_role=True)],
            evt_handlers=[(evt.EVT_C_STORE, keep)],
        )
        wanted = Dataset()
        wanted.QueryRetrieveLevel = "IMAGE"
        wanted.StudyInstanceUID = dataset.StudyInstanceUID
        wanted.SeriesInstanceUID = dataset.SeriesInstanceUID
        wanted.SOPInstanceUID = uid
        answers = [status for status, _ in getting.send_c_get(wanted, sop_classes.STUDY_ROOT_GET)]
        getting.release()
        assert answers[-1].Status == 0
        assert kept == {uid: instances.data_set_of(file)}

    def test_worklist_and_performed_step(self, served: RunningVesalius, title: str) -> None:
        family = f"Q{generate_uid()[-12:]}"
        step = served.run(lambda house: scheduled(house, family))
        association = associate(
            served,
            title,
            (sop_classes.MODALITY_WORKLIST_FIND, UNCOMPRESSED),
            (MPPS, UNCOMPRESSED),
        )
        (item,) = self.worklist(association, family)
        assert item.AccessionNumber == step.accession_number
        uid = generate_uid()
        begun = self.begun(item)
        answer, _ = association.send_n_create(begun, MPPS, uid)
        assert answer.Status == 0
        assert self.worklist(association, family) == []
        again, _ = association.send_n_create(begun, MPPS, uid)
        assert again.Status == 0x0111
        ended = Dataset()
        ended.PerformedProcedureStepStatus = "COMPLETED"
        ended.PerformedProcedureStepEndDate, ended.PerformedProcedureStepEndTime = "20260101", "10"
        answer, _ = association.send_n_set(ended, MPPS, uid)
        assert answer.Status == 0
        late, _ = association.send_n_set(ended, MPPS, uid)
        assert (late.Status, late.ErrorID) == (0x0110, 0xA710)
        unknown, _ = association.send_n_set(ended, MPPS, generate_uid())
        assert unknown.Status == 0x0112
        del begun.Modality
        missing, _ = association.send_n_create(begun, MPPS, generate_uid())
        assert missing.Status == 0x0120
        association.release()

    def worklist(self, association: Association, family: str) -> list[Dataset]:
        wanted = Dataset()
        wanted.PatientName = f"{family}*"
        wanted.PatientID = wanted.AccessionNumber = wanted.StudyInstanceUID = ""
        step = Dataset()
        step.Modality, step.ScheduledProcedureStepID = "CT", ""
        wanted.ScheduledProcedureStepSequence = [step]
        answers = association.send_c_find(wanted, sop_classes.MODALITY_WORKLIST_FIND)
        return [item for status, item in answers if status.Status == 0xFF00 and item is not None]

    def begun(self, item: Dataset) -> Dataset:
        reference = Dataset()
        reference.StudyInstanceUID = item.StudyInstanceUID
        reference.AccessionNumber = item.AccessionNumber
        reference.ScheduledProcedureStepID = item.ScheduledProcedureStepSequence[
            0
        ].ScheduledProcedureStepID
        begun = Dataset()
        begun.ScheduledStepAttributesSequence = [reference]
        begun.PatientName, begun.PatientID = item.PatientName, item.PatientID
        begun.PerformedProcedureStepID, begun.PerformedStationAETitle = "P1", "CT1"
        begun.PerformedProcedureStepStartDate = "20260101"
        begun.PerformedProcedureStepStartTime = "0930"
        begun.PerformedProcedureStepStatus, begun.Modality = "IN PROGRESS", "CT"
        begun.PerformedSeriesSequence = []
        return begun


class TestServer:
    def test_echo(self, served: RunningVesalius) -> None:
        with archive("ECHOED") as keeping:

            async def echo(house: House) -> float:
                return await network.echo_node(
                    house, routing.Peer("ECHOED", "127.0.0.1", keeping.port)
                )

            assert 0 < served.run(echo) < 5000

    def test_files_are_sent(self, served: RunningVesalius, tmp_path: Path) -> None:
        datasets = instances.slices(4)
        files = instances.write(tmp_path, datasets)
        with archive("TAKER") as keeping:

            async def send(house: House) -> list[int]:
                peer = routing.Peer("TAKER", "127.0.0.1", keeping.port)
                sending = network.DicomNetwork().send_files(house, peer, files)
                return [sent.status async for sent in sending]

            assert served.run(send) == [0, 0, 0, 0]
        assert {uid: kept.data_set for uid, kept in keeping.kept.items()} == {
            str(each.SOPInstanceUID): instances.data_set_of(instances.part_10(each))
            for each in datasets
        }
