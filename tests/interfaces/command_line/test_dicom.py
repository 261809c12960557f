"""`vesalius dicom …` against our own running house, and archives by other people."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.interfaces.command_line.calling import vesalius
from tests.interfaces.dimse import instances
from tests.interfaces.dimse.archives import archive
from tests.nodes import admit
from tests.peers.orders import scheduled
from tests.running import RunningVesalius
from vesalius.app import House

SEND = frozenset({"send"})
MR_FILES = Path(pydicom.__file__).parent / "data" / "test_files"


def title() -> str:
    return f"C{generate_uid()[-12:]}"


@pytest.fixture(scope="module")
def house(served: RunningVesalius) -> tuple[str, ...]:
    """The running house as a peer that is no node: HOST PORT, its title and one it admits."""
    calling = title()
    served.run(partial(admit, ae_title=calling))
    return (
        "127.0.0.1",
        str(served.dicom_port),
        "--ae-title",
        served.ae_title,
        "--calling",
        calling,
    )


@pytest.fixture(scope="module")
def study(
    served: RunningVesalius, house: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> list[Dataset]:
    """Three slices, sent to the house by the command, out of a folder with other things in it."""
    folder = tmp_path_factory.mktemp("disc")
    datasets = instances.slices(3, mrn=f"M{generate_uid()[-10:]}", rows=32)
    (folder / "deeper").mkdir()
    instances.write(folder / "deeper", datasets)
    (folder / "README.TXT").write_text("Insert the disc.")
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    assert "3 sent" in vesalius(served, "dicom", "send", *house, str(folder))
    return datasets


def acts(served: RunningVesalius, reference: str) -> list[tuple[str, str, Any]]:
    """What the command line did with a study, by the audit trail."""

    async def read(house: House) -> list[tuple[str, str, Any]]:
        async with house.database.transaction() as tx:
            rows = await tx.fetch_all(
                "SELECT action, kind, detail FROM audit_event WHERE reference = %s"
                " AND principal_name LIKE 'command line%%' ORDER BY id",
                (reference,),
            )
        return [(row["action"], row["kind"], row["detail"]) for row in rows]

    return served.run(read)


class TestEcho:
    def test_host_and_port(self, served: RunningVesalius, house: tuple[str, ...]) -> None:
        assert " ms" in vesalius(served, "dicom", "echo", *house)

    def test_node(self, served: RunningVesalius) -> None:
        name = title()
        with archive(name) as keeping:
            served.run(partial(admit, ae_title=name, port=keeping.port))
            assert f"{name} answers in" in vesalius(served, "dicom", "echo", name)
        assert "cannot be reached" in vesalius(served, "dicom", "echo", name, ok=False)

    def test_stranger(self, served: RunningVesalius, house: tuple[str, ...]) -> None:
        said = vesalius(served, "dicom", "echo", *house[:-1], "NOBODY", ok=False)
        assert "calling AE title not recognized" in said

    def test_mistakes_are_sentences(self, served: RunningVesalius) -> None:
        assert "no node called NOWHERE" in vesalius(served, "dicom", "echo", "NOWHERE", ok=False)
        said = vesalius(served, "dicom", "echo", "127.0.0.1", "--ae-title", "X", ok=False)
        assert "HOST and PORT" in said


class TestFind:
    def test_table(
        self, served: RunningVesalius, house: tuple[str, ...], study: list[Dataset]
    ) -> None:
        mrn, uid = study[0].PatientID, study[0].StudyInstanceUID
        said = vesalius(served, "dicom", "find", *house, f"PatientID={mrn}", "StudyDate=20251231-")
        assert "ModalitiesInStudy" in said
        assert "Müller^Änne" in said
        assert uid in said
        assert "1 answer\n" in said

    def test_json_at_each_level(
        self, served: RunningVesalius, house: tuple[str, ...], study: list[Dataset]
    ) -> None:
        first = study[0]
        keys = {
            "patient": [f"00100020={first.PatientID}"],
            "study": [f"StudyInstanceUID={first.StudyInstanceUID}"],
            "series": [f"StudyInstanceUID={first.StudyInstanceUID}"],
            "image": [
                f"StudyInstanceUID={first.StudyInstanceUID}",
                f"SeriesInstanceUID={first.SeriesInstanceUID}",
                "Rows=",
            ],
        }
        found = {
            level: json.loads(
                vesalius(served, "dicom", "find", *house, "--level", level, "--json", *arguments)
            )
            for level, arguments in keys.items()
        }
        assert {level: len(answers) for level, answers in found.items()} == {
            "patient": 1,
            "study": 1,
            "series": 1,
            "image": 3,
        }
        assert found["patient"][0]["00100010"]["Value"] == [{"Alphabetic": "Müller^Änne"}]
        assert found["study"][0]["00201208"]["Value"] == [3]
        assert found["series"][0]["0020000E"]["Value"] == [str(first.SeriesInstanceUID)]
        assert {image["00280010"]["Value"][0] for image in found["image"]} == {32}

    def test_worklist(self, served: RunningVesalius, house: tuple[str, ...]) -> None:
        family = f"W{generate_uid()[-10:]}"
        step = served.run(lambda house: scheduled(house, family))
        arguments = ("--level", "worklist", f"PatientName={family}*", "Modality=CT")
        said = vesalius(served, "dicom", "find", *house, *arguments)
        assert step.accession_number in said
        assert "ScheduledProcedureStepStartDate" in said
        none = vesalius(served, "dicom", "find", *house, *arguments[:-1], "Modality=MR")
        assert "Nothing matches." in none

    def test_limit(
        self, served: RunningVesalius, house: tuple[str, ...], study: list[Dataset]
    ) -> None:
        keys = (
            f"StudyInstanceUID={study[0].StudyInstanceUID}",
            f"SeriesInstanceUID={study[0].SeriesInstanceUID}",
        )
        said = vesalius(served, "dicom", "find", *house, *keys, "--level", "image", "--limit", "2")
        assert "2 answers\n" in said

    def test_mistakes_are_sentences(self, served: RunningVesalius, house: tuple[str, ...]) -> None:
        said = vesalius(served, "dicom", "find", *house, "PatientNam=A*", ok=False)
        assert "PatientNam is not an attribute" in said
        said = vesalius(served, "dicom", "find", *house, "PatientID=1", "00100020=2", ok=False)
        assert "given twice" in said

    def test_refusal_in_the_words_of_the_standard(self, served: RunningVesalius) -> None:
        name = title()
        served.run(partial(admit, ae_title=name, may=frozenset({"store"})))
        peer = ("127.0.0.1", str(served.dicom_port), "--ae-title", served.ae_title)
        said = vesalius(served, "dicom", "find", *peer, "--calling", name, "PatientID=1", ok=False)
        assert "answers C-FIND with status 0124 (refused: not authorized)" in said


class TestSend:
    def test_study_of_the_archive(self, served: RunningVesalius, study: list[Dataset]) -> None:
        name, uid = title(), str(study[0].StudyInstanceUID)
        with archive(name) as keeping:
            served.run(partial(admit, ae_title=name, port=keeping.port, may=SEND))
            assert "3 sent" in vesalius(served, "dicom", "send", name, "--study", uid)
        assert {key: kept.data_set for key, kept in keeping.kept.items()} == {
            str(each.SOPInstanceUID): instances.data_set_of(instances.part_10(each))
            for each in study
        }
        opened, closed = acts(served, uid)[-2:]
        assert opened[:2] == ("R", "Begin Transferring DICOM Instances")
        assert closed[:2] == ("R", "DICOM Instances Transferred")
        assert (closed[2]["instances"], closed[2]["failures"]) == (3, 0)
        assert closed[2]["association"] == opened[2]["association"]

    def test_failures_are_lines_and_the_exit_code(
        self, served: RunningVesalius, study: list[Dataset]
    ) -> None:
        name, uid = title(), str(study[0].StudyInstanceUID)
        refused = str(study[1].SOPInstanceUID)
        with archive(name) as keeping:
            keeping.statuses = {refused: 0xA700, str(study[2].SOPInstanceUID): 0xB000}
            served.run(partial(admit, ae_title=name, port=keeping.port, may=SEND))
            said = vesalius(served, "dicom", "send", name, "--study", uid, ok=False)
        assert f"{refused}: status A700 (refused: out of resources)" in said
        assert f"2 sent to {name}, 1 failed" in said
        closed = acts(served, uid)[-1][2]
        assert (closed["instances"], closed["failures"]) == (2, 1)

    def test_files_that_are_broken_do_not_stop_the_others(
        self, served: RunningVesalius, tmp_path: Path
    ) -> None:
        name = title()
        datasets = instances.slices(2)
        files = instances.write(tmp_path, datasets)
        text, short = tmp_path / "letter.txt", tmp_path / "short.dcm"
        text.write_text("Dear colleague")
        short.write_bytes(files[0].read_bytes()[:200])
        named = [str(path) for path in (text, files[0], short, files[1])]
        with archive(name) as keeping:
            peer = ("127.0.0.1", str(keeping.port), "--ae-title", name)
            said = vesalius(served, "dicom", "send", *peer, *named, ok=False)
        assert set(keeping.kept) == {str(each.SOPInstanceUID) for each in datasets}
        assert "letter.txt: the file ends before its data set begins" in said
        assert "short.dcm: the file ends before its data set begins" in said
        assert f"2 sent to {name}, 2 failed" in said

    def test_decoded_for_a_peer_that_does_not_take_it(
        self, served: RunningVesalius, tmp_path: Path
    ) -> None:
        """As C-MOVE does: a file, compressed, to a peer of uncompressed images only."""
        file, uid = instances.uniquely_named(MR_FILES / "MR_small_jp2klossless.dcm")
        path = tmp_path / "compressed.dcm"
        path.write_bytes(file)
        name = title()
        for syntaxes in (None, [ExplicitVRLittleEndian]):
            with archive(name, transfer_syntax_uids=syntaxes) as keeping:
                peer = ("127.0.0.1", str(keeping.port), "--ae-title", name)
                assert "1 sent" in vesalius(served, "dicom", "send", *peer, str(path))
            dataset, kept = pydicom.dcmread(path), keeping.kept[uid]
            if syntaxes is None:
                assert kept.transfer_syntax_uid == dataset.file_meta.TransferSyntaxUID
                assert kept.data_set == instances.data_set_of(file)
                continue
            assert kept.transfer_syntax_uid == ExplicitVRLittleEndian
            read = pydicom.filereader.read_dataset(
                pydicom.filebase.DicomBytesIO(kept.data_set),
                is_implicit_VR=False,
                is_little_endian=True,
            )
            assert read.PixelData == dataset.pixel_array.tobytes()

    def test_peer_that_is_not_there(self, served: RunningVesalius, study: list[Dataset]) -> None:
        name, uid = title(), str(study[0].StudyInstanceUID)
        served.run(partial(admit, ae_title=name, port=1, may=SEND))
        said = vesalius(served, "dicom", "send", name, "--study", uid, ok=False)
        assert f"3 not sent: {name} cannot be reached" in said
        assert f"0 sent to {name}, 3 failed" in said

    def test_mistakes_are_sentences(
        self, served: RunningVesalius, house: tuple[str, ...], tmp_path: Path
    ) -> None:
        name = title()
        served.run(partial(admit, ae_title=name, may=frozenset({"find"})))
        said = vesalius(served, "dicom", "send", name, "--study", "1.2.3", ok=False)
        assert "may not be sent to this node" in said
        said = vesalius(served, "dicom", "send", *house, "--study", "1.2.3", ok=False)
        assert "there is no study 1.2.3" in said
        assert "say what to send" in vesalius(served, "dicom", "send", *house, ok=False)
        said = vesalius(served, "dicom", "send", *house, str(tmp_path), ok=False)
        assert "no DICOM files" in said


class TestMove:
    """Asked of our own house, which sends to an archive by other people."""

    def test_to_a_node(
        self, served: RunningVesalius, house: tuple[str, ...], study: list[Dataset]
    ) -> None:
        name, uid = title(), str(study[0].StudyInstanceUID)
        with archive(name) as keeping:
            served.run(partial(admit, ae_title=name, port=keeping.port, may=SEND))
            said = vesalius(served, "dicom", "move", *house, "--study", uid, "--to", name)
        assert f"3 moved to {name}, 0 failed" in said
        assert set(keeping.kept) == {str(each.SOPInstanceUID) for each in study}
        asked = [act for act in acts(served, uid) if act[0] == "E"]
        assert [act[1] for act in asked] == [
            "Begin Transferring DICOM Instances",
            "DICOM Instances Transferred",
        ]
        assert asked[1][2]["instances"] == 3

    def test_failures_are_named(
        self, served: RunningVesalius, house: tuple[str, ...], study: list[Dataset]
    ) -> None:
        name, uid = title(), str(study[0].StudyInstanceUID)
        refused = str(study[1].SOPInstanceUID)
        with archive(name) as keeping:
            keeping.statuses = {refused: 0xC000}
            served.run(partial(admit, ae_title=name, port=keeping.port, may=SEND))
            said = vesalius(served, "dicom", "move", *house, "--study", uid, "--to", name, ok=False)
        assert f"{refused}: not moved" in said
        assert "status B000 (sub-operations complete, with failures or warnings)" in said
        assert f"2 moved to {name}, 1 failed" in said

    def test_refusals(
        self, served: RunningVesalius, house: tuple[str, ...], study: list[Dataset]
    ) -> None:
        uid = str(study[0].StudyInstanceUID)
        said = vesalius(
            served, "dicom", "move", *house, "--study", uid, "--to", "NOWHERE", ok=False
        )
        assert "status A801 (refused: move destination unknown)" in said
        said = vesalius(served, "dicom", "move", *house, "--study", "not a UID", ok=False)
        assert "not a valid UID" in said

    def test_study_the_peer_does_not_have(
        self, served: RunningVesalius, house: tuple[str, ...]
    ) -> None:
        name = title()
        served.run(partial(admit, ae_title=name, may=SEND))
        said = vesalius(
            served, "dicom", "move", *house, "--study", "1.2.3.999", "--to", name, ok=False
        )
        assert "has nothing of this study" in said
