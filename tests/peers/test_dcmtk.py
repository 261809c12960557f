"""DCMTK against the running house: echoscu, storescu, dcmsend, findscu, movescu, getscu."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from tests.interfaces.dimse import instances
from tests.nodes import EVERYTHING, admit
from tests.peers.orders import scheduled
from tests.running import RunningVesalius, free_port

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.skipif(shutil.which("storescu") is None, reason="DCMTK is not installed"),
]


@dataclass
class Dcmtk:
    """DCMTK's programs, calling under an AE title that is admitted."""

    served: RunningVesalius
    ae_title: str

    def run(self, program: str, *arguments: str | Path, ok: bool = True) -> str:
        """Run a program against the house; what it said."""
        titles = ("-aet", self.ae_title, "-aec", self.served.ae_title)
        target = ("127.0.0.1", str(self.served.dicom_port))
        files = [argument for argument in arguments if isinstance(argument, Path)]
        options = [argument for argument in arguments if isinstance(argument, str)]
        done = subprocess.run(
            [program, "-v", *titles, *options, *target, *map(str, files)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        assert (done.returncode == 0) == ok, said
        return said


@pytest.fixture
def dcmtk(served: RunningVesalius) -> Dcmtk:
    title = f"D{generate_uid()[-12:]}"
    served.run(partial(admit, ae_title=title, may=EVERYTHING))
    return Dcmtk(served, title)


@pytest.fixture
def study(dcmtk: Dcmtk, tmp_path: Path) -> list[Dataset]:
    """A study of twelve slices, stored by storescu."""
    datasets = instances.slices(12, mrn=f"M{generate_uid()[-10:]}", rows=128)
    dcmtk.run("storescu", *instances.write(tmp_path, datasets))
    return datasets


def octets(folder: Path) -> dict[str, bytes]:
    """The data sets of the files in a folder, by SOP Instance UID."""
    return {
        str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID): instances.data_set_of(
            path.read_bytes()
        )
        for path in folder.iterdir()
    }


def sent(datasets: list[Dataset]) -> dict[str, bytes]:
    return {
        str(each.SOPInstanceUID): instances.data_set_of(instances.part_10(each))
        for each in datasets
    }


class TestEcho:
    def test_answers(self, dcmtk: Dcmtk) -> None:
        assert "Received Echo Response (Success)" in dcmtk.run("echoscu")

    def test_repeated_on_one_association(self, dcmtk: Dcmtk) -> None:
        said = dcmtk.run("echoscu", "--repeat", "20")
        assert said.count("Received Echo Response (Success)") == 20

    def test_every_presentation_context(self, dcmtk: Dcmtk) -> None:
        dcmtk.run("echoscu", "--propose-pc", "128", "--propose-ts", "38")

    def test_aborts(self, dcmtk: Dcmtk) -> None:
        dcmtk.run("echoscu", "--abort")
        dcmtk.run("echoscu")

    def test_stranger(self, served: RunningVesalius) -> None:
        said = Dcmtk(served, "NOBODY").run("echoscu", ok=False)
        assert "Calling AE Title Not Recognized" in said


class TestStore:
    def test_dcmsend_of_every_transfer_syntax(self, dcmtk: Dcmtk, tmp_path: Path) -> None:
        """Every real file that DCMTK can read and offer; the report says what became of each."""
        files = []
        for number, path in enumerate(instances.real_files()):
            if path.name == "rtdose_rle.dcm":
                # Its UIDs have VR UN, which DCMTK does not read as UIDs.
                continue
            file, _ = instances.uniquely_named(path)
            target = tmp_path / f"{number:03d}.dcm"
            target.write_bytes(file)
            files.append(target)
        said = dcmtk.run("dcmsend", "-dn", "-nh", *files)
        assert f"with status SUCCESS  : {len(files)}" in said, said

    def test_again_is_success(self, dcmtk: Dcmtk, study: list[Dataset], tmp_path: Path) -> None:
        dcmtk.run("storescu", *sorted(tmp_path.glob("*.dcm")))

    def test_compressed(self, dcmtk: Dcmtk, tmp_path: Path) -> None:
        file, _ = instances.uniquely_named(
            Path(pydicom.__file__).parent / "data/test_files/MR_small_jpeg_ls_lossless.dcm"
        )
        path = tmp_path / "jls.dcm"
        path.write_bytes(file)
        assert "Success" in dcmtk.run("storescu", "-xt", path)


class TestFind:
    def find(self, dcmtk: Dcmtk, folder: Path, *arguments: str) -> list[Dataset]:
        folder.mkdir()
        dcmtk.run("findscu", "-X", "-od", str(folder), *arguments)
        return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]

    def test_each_level(self, dcmtk: Dcmtk, study: list[Dataset], tmp_path: Path) -> None:
        mrn, uid = study[0].PatientID, study[0].StudyInstanceUID
        (patient,) = self.find(
            dcmtk, tmp_path / "p", "-P", "-k", "QueryRetrieveLevel=PATIENT",
            "-k", f"PatientID={mrn}", "-k", "PatientName",
        )  # fmt: skip
        assert patient.PatientName == "Müller^Änne"
        (found,) = self.find(
            dcmtk, tmp_path / "s", "-S", "-k", "QueryRetrieveLevel=STUDY",
            "-k", f"PatientID={mrn}", "-k", "StudyInstanceUID",
            "-k", "NumberOfStudyRelatedInstances",
        )  # fmt: skip
        assert found.StudyInstanceUID == uid
        assert found.NumberOfStudyRelatedInstances == 12
        (series,) = self.find(
            dcmtk, tmp_path / "e", "-S", "-k", "QueryRetrieveLevel=SERIES",
            "-k", f"StudyInstanceUID={uid}", "-k", "SeriesInstanceUID", "-k", "Modality",
        )  # fmt: skip
        assert (series.SeriesInstanceUID, series.Modality) == (study[0].SeriesInstanceUID, "CT")
        images = self.find(
            dcmtk, tmp_path / "i", "-S", "-k", "QueryRetrieveLevel=IMAGE",
            "-k", f"StudyInstanceUID={uid}", "-k", f"SeriesInstanceUID={series.SeriesInstanceUID}",
            "-k", "SOPInstanceUID", "-k", "InstanceNumber",
        )  # fmt: skip
        assert [image.InstanceNumber for image in images] == list(range(1, 13))

    def test_cancel(self, dcmtk: Dcmtk, study: list[Dataset]) -> None:
        dcmtk.run(
            "findscu", "-S", "--cancel", "2", "-k", "QueryRetrieveLevel=IMAGE",
            "-k", f"StudyInstanceUID={study[0].StudyInstanceUID}",
            "-k", f"SeriesInstanceUID={study[0].SeriesInstanceUID}", "-k", "SOPInstanceUID",
        )  # fmt: skip

    def test_worklist(self, dcmtk: Dcmtk, tmp_path: Path) -> None:
        family = f"W{generate_uid()[-12:]}"
        step = dcmtk.served.run(lambda house: scheduled(house, family))
        (item,) = self.find(
            dcmtk, tmp_path / "w", "-W", "-k", f"PatientName={family}*", "-k", "AccessionNumber",
            "-k", "StudyInstanceUID", "-k", "ScheduledProcedureStepSequence[0].Modality=CT",
            "-k", "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID",
        )  # fmt: skip
        assert item.AccessionNumber == step.accession_number
        assert item.StudyInstanceUID == step.study_instance_uid
        scheduled_step = item.ScheduledProcedureStepSequence[0]
        assert scheduled_step.ScheduledProcedureStepID == step.step_id


@pytest.fixture
def storescp(dcmtk: Dcmtk, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """DCMTK's storage provider on a free port, admitted as a node images may be sent to."""
    title, port, folder = f"S{generate_uid()[-12:]}", free_port(), tmp_path / "received"
    folder.mkdir()
    dcmtk.served.run(partial(admit, ae_title=title, port=port, may=frozenset({"send"})))
    process = subprocess.Popen(
        ["storescp", "-aet", title, "-od", str(folder), "+B", "+xa", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while subprocess.run(["echoscu", "127.0.0.1", str(port)], capture_output=True).returncode:
        assert time.monotonic() < deadline, "storescp did not start"
    yield title, folder
    process.terminate()
    process.wait(10)


class TestRetrieve:
    def test_movescu(self, dcmtk: Dcmtk, study: list[Dataset], storescp: tuple[str, Path]) -> None:
        title, folder = storescp
        dcmtk.run(
            "movescu", "-aem", title, "-S", "-k", "QueryRetrieveLevel=STUDY",
            "-k", f"StudyInstanceUID={study[0].StudyInstanceUID}",
        )  # fmt: skip
        assert octets(folder) == sent(study)

    def test_movescu_of_a_patient(
        self, dcmtk: Dcmtk, study: list[Dataset], storescp: tuple[str, Path]
    ) -> None:
        title, folder = storescp
        dcmtk.run(
            "movescu", "-aem", title, "-P", "-k", "QueryRetrieveLevel=PATIENT",
            "-k", f"PatientID={study[0].PatientID}",
        )  # fmt: skip
        assert octets(folder) == sent(study)

    def test_movescu_to_nowhere(self, dcmtk: Dcmtk, study: list[Dataset]) -> None:
        said = dcmtk.run(
            "movescu", "-aem", "NOWHERE", "-S", "-k", "QueryRetrieveLevel=STUDY",
            "-k", f"StudyInstanceUID={study[0].StudyInstanceUID}",
            ok=False,
        )  # fmt: skip
        assert "MoveDestinationUnknown" in said

    def test_getscu(self, dcmtk: Dcmtk, study: list[Dataset], tmp_path: Path) -> None:
        folder = tmp_path / "got"
        folder.mkdir()
        dcmtk.run(
            "getscu", "-S", "+B", "-od", str(folder), "-k", "QueryRetrieveLevel=STUDY",
            "-k", f"StudyInstanceUID={study[0].StudyInstanceUID}",
        )  # fmt: skip
        assert octets(folder) == sent(study)
