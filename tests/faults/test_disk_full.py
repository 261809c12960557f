"""A full disk: nothing new is taken, in each protocol's words; reads go on; room again, all well.

The data directory is a small file system of its own, filled and emptied while the house runs.
"""

import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydicom import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE

from tests.faults.killing import make_instance
from tests.nodes import admit
from tests.running import RunningVesalius
from vesalius.kit.database.embedded import EmbeddedPostgres

pytestmark = pytest.mark.fault

DISK_BYTES = 64 * 1024 * 1024
STOW = 'multipart/related; type="application/dicom"; boundary=b'


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may make a small file system to fill")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _stow(client: httpx.Client, part10: bytes) -> httpx.Response:
    part = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part10 + b"\r\n--b--\r\n"
    return client.post("/dicomweb/studies", content=part, headers={"Content-Type": STOW})


def _store(running: RunningVesalius, title: str, dataset: Dataset) -> int:
    entity = AE(title)
    entity.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", running.dicom_port, ae_title=running.ae_title)
    assert association.is_established
    status = association.send_c_store(dataset).Status
    association.release()
    return int(status)


def test_full_and_room_again(postgres: EmbeddedPostgres, disk: Path) -> None:
    url = postgres.create_database(f"full_{uuid.uuid4().hex}", template="template_vesalius")
    study, series = generate_uid(), generate_uid()
    first, first_part10 = make_instance(study, series)
    second, second_part10 = make_instance(study, series)
    third, _ = make_instance(study, series)
    path = f"/dicomweb/studies/{study}/series/{series}/instances/{first.SOPInstanceUID}"
    with RunningVesalius(disk, url, free_disk_fraction=0.05) as running:
        running.run(lambda house: admit(house, "FULL"))
        with running.client("technologist", "radiologist") as client:
            assert _stow(client, first_part10).status_code == 200

            filler = disk / "filler"
            free = int(subprocess.check_output(["df", "--output=avail", "-B1", disk]).split()[1])
            filler.write_bytes(bytes(free - DISK_BYTES // 50))
            time.sleep(1.1)  # the free share is looked up once a second
            refused = _stow(client, second_part10)
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) > 0
            assert _store(running, "FULL", third) == 0xA700
            read = client.get(path, headers={"Accept": "application/dicom"})
            assert read.content == first_part10

            filler.unlink()
            time.sleep(1.1)
            assert _stow(client, second_part10).status_code == 200
            assert _store(running, "FULL", third) == 0
            found = client.get(f"/dicomweb/studies/{study}/instances").json()
            uids = {match["00080018"]["Value"][0] for match in found}
            assert uids == {d.SOPInstanceUID for d in (first, second, third)}
