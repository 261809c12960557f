"""`vesalius dicom …` against DCMTK's providers: storescp and dcmqrscp."""

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
from tests.interfaces.command_line.calling import vesalius
from tests.interfaces.dimse import instances
from tests.nodes import admit
from tests.running import RunningVesalius, free_port

from vesalius.app import House
from vesalius.stores import access, archive

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.skipif(shutil.which("dcmqrscp") is None, reason="DCMTK is not installed"),
]

CONFIGURATION = """
NetworkTCPPort = {port}
MaxPDUSize = 16384
MaxAssociations = 8
HostTable BEGIN
house = ({house}, 127.0.0.1, {house_port})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
{title} {folder} RW (100, 1024mb) ANY
AETable END
"""


@dataclass
class Provider:
    """One of DCMTK's providers, and where it keeps what it gets."""

    title: str
    port: int
    folder: Path


def _wait_for(peer: Provider) -> None:
    deadline = time.monotonic() + 10
    echo = ["echoscu", "-aec", peer.title, "127.0.0.1", str(peer.port)]
    while subprocess.run(echo, capture_output=True).returncode:
        assert time.monotonic() < deadline, "the provider did not start"


@pytest.fixture
def dcmqrscp(served: RunningVesalius, tmp_path: Path) -> Iterator[Provider]:
    """An archive by other people: a node that stores with us, gets images and knows our title."""
    peer = Provider(f"Q{generate_uid()[-12:]}", free_port(), tmp_path / "archive")
    peer.folder.mkdir()
    file = tmp_path / "dcmqrscp.cfg"
    file.write_text(
        CONFIGURATION.format(
            port=peer.port,
            house=served.ae_title,
            house_port=served.dicom_port,
            title=peer.title,
            folder=peer.folder,
        )
    )
    may = frozenset({"store", "send"})
    served.run(partial(admit, ae_title=peer.title, port=peer.port, may=may))
    process = subprocess.Popen(
        ["dcmqrscp", "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(peer)
        yield peer
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def storescp(served: RunningVesalius, tmp_path: Path) -> Iterator[Provider]:
    """A storage provider that takes uncompressed images only."""
    peer = Provider(f"S{generate_uid()[-12:]}", free_port(), tmp_path / "received")
    peer.folder.mkdir()
    process = subprocess.Popen(
        ["storescp", "-aet", peer.title, "-od", str(peer.folder), "+B", "+x=", str(peer.port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(peer)
        yield peer
    finally:
        process.terminate()
        process.wait(10)


async def _have(house: House, study_instance_uid: str) -> int:
    async with house.database.transaction() as tx:
        return len(await archive.instances(tx, access.SYSTEM, study=study_instance_uid))


def _written(folder: Path, datasets: list[Dataset]) -> Path:
    folder.mkdir()
    instances.write(folder, datasets)
    return folder


def test_a_study_there_and_back(
    served: RunningVesalius, dcmqrscp: Provider, tmp_path: Path
) -> None:
    """Send files to the peer, find the study there, and retrieve it into our archive."""
    datasets = instances.slices(5, mrn=f"M{generate_uid()[-10:]}")
    mrn, uid = str(datasets[0].PatientID), str(datasets[0].StudyInstanceUID)
    folder = _written(tmp_path / "files", datasets)
    assert "answers in" in vesalius(served, "dicom", "echo", dcmqrscp.title)
    assert "5 sent" in vesalius(served, "dicom", "send", dcmqrscp.title, str(folder))
    found = vesalius(served, "dicom", "find", dcmqrscp.title, f"PatientID={mrn}")
    assert uid in found
    assert served.run(partial(_have, study_instance_uid=uid)) == 0
    said = vesalius(served, "dicom", "move", dcmqrscp.title, "--study", uid)
    assert f"5 moved to {served.ae_title}, 0 failed" in said
    assert served.run(partial(_have, study_instance_uid=uid)) == 5


def test_a_study_of_ours(served: RunningVesalius, dcmqrscp: Provider, tmp_path: Path) -> None:
    datasets = instances.slices(3, mrn=f"M{generate_uid()[-10:]}")
    uid = str(datasets[0].StudyInstanceUID)
    vesalius(served, "import", str(_written(tmp_path / "files", datasets)))
    assert "3 sent" in vesalius(served, "dicom", "send", dcmqrscp.title, "--study", uid)
    keys = (f"StudyInstanceUID={uid}", "--level", "series", "--json")
    assert str(datasets[0].SeriesInstanceUID) in vesalius(
        served, "dicom", "find", dcmqrscp.title, *keys
    )


def test_the_peer_refuses(served: RunningVesalius, dcmqrscp: Provider, tmp_path: Path) -> None:
    (dataset,) = instances.slices(mrn=f"M{generate_uid()[-10:]}")
    study = ("--study", str(dataset.StudyInstanceUID))
    said = vesalius(served, "dicom", "move", dcmqrscp.title, *study, ok=False)
    assert "has nothing of this study" in said
    vesalius(served, "dicom", "send", dcmqrscp.title, str(_written(tmp_path / "files", [dataset])))
    said = vesalius(served, "dicom", "move", dcmqrscp.title, *study, "--to", "NOWHERE", ok=False)
    assert "status A801 (refused: move destination unknown)" in said


def test_decompressed_for_storescp(
    served: RunningVesalius, storescp: Provider, tmp_path: Path
) -> None:
    """Every real file in whatever transfer syntax that we can decode arrives uncompressed."""
    files, uids = tmp_path / "files", set()
    files.mkdir()
    for name in ("MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_RLE.dcm"):
        file, uid = instances.uniquely_named(
            Path(pydicom.__file__).parent / "data/test_files" / name
        )
        (files / name).write_bytes(file)
        uids.add(uid)
    peer = ("127.0.0.1", str(storescp.port), "--ae-title", storescp.title)
    assert "3 sent" in vesalius(served, "dicom", "send", *peer, str(files))
    received = [pydicom.dcmread(path) for path in storescp.folder.iterdir()]
    assert {str(each.SOPInstanceUID) for each in received} == uids
    assert all(not each.file_meta.TransferSyntaxUID.is_compressed for each in received)


def test_rules_send_a_study_on(served: RunningVesalius, storescp: Provider, tmp_path: Path) -> None:
    """From a C-STORE to the next archive: complete, routed, sent by a job, once."""
    may = frozenset({"send"})
    served.run(partial(admit, ae_title=storescp.title, port=storescp.port, may=may))
    modality = f"M{generate_uid()[-12:]}"
    served.run(partial(admit, ae_title=modality))
    house = ("127.0.0.1", str(served.dicom_port), "--ae-title", served.ae_title)
    routed, other = instances.slices(4), instances.slices(1)
    other[0].StudyDescription = "Abdomen"
    conditions = ("--modality", "CT", "--from", modality, "--description", "thorax")
    added = vesalius(served, "route", "add", storescp.title, *conditions)
    number = added.split()[1]
    try:
        assert f"from {modality}, description with thorax → {storescp.title}" in added
        assert storescp.title in vesalius(served, "route", "list")
        folder = _written(tmp_path / "files", [*other, *routed])
        vesalius(served, "dicom", "send", *house, "--calling", modality, str(folder))
        wanted = {str(each.SOPInstanceUID) for each in routed}
        deadline = time.monotonic() + 60
        while len(list(storescp.folder.iterdir())) < len(wanted):
            assert time.monotonic() < deadline, served.log_tail()
            time.sleep(0.1)
        read = [pydicom.dcmread(path) for path in storescp.folder.iterdir()]
        assert {str(each.SOPInstanceUID) for each in read} == wanted
        assert "disabled" in vesalius(served, "route", "disable", number)
    finally:
        vesalius(served, "route", "remove", number)
    assert "no such routing rule" in vesalius(served, "route", "remove", number, ok=False)
