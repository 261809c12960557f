"""What an operator does by command: import, back up while it runs, restore elsewhere, check."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.faults.killing import make_instance
from tests.running import RunningVesalius


def _vesalius(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VESALIUS_DATA_DIRECTORY": str(data)}
    environment["VESALIUS_FREE_DISK_FRACTION"] = "0.001"
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(
        [sys.executable, "-m", "vesalius", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("operating")


def test_the_whole_life(folder: Path) -> None:
    arriving = folder / "arriving"
    arriving.mkdir()
    made = [make_instance("1.2.3.4", "1.2.3.4.5") for _ in range(3)]
    for number, (_, part10) in enumerate(made):
        (arriving / f"{number}.dcm").write_bytes(part10)
    (arriving / "broken.dcm").write_bytes(made[0][1][:500])
    (arriving / "notes.txt").write_text("neither DICOM nor FHIR")
    patient = {"resourceType": "Patient", "name": [{"family": "Import"}]}
    entry = {"resource": patient, "request": {"method": "POST", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    (arriving / "bundle.json").write_bytes(orjson.dumps(bundle))

    with RunningVesalius(folder, None) as running:
        data = running.settings.data_directory
        done = _vesalius(data, "import", str(arriving))
        assert done.returncode == 1, "one file is broken"
        assert "3 instances: new" in done.stdout
        assert "1 bundles" in done.stdout
        assert "1 failed" in done.stdout
        assert "1 skipped" in done.stdout
        assert "Traceback" not in done.stderr + done.stdout
        done = _vesalius(data, "import", str(arriving / "0.dcm"))
        assert "1 instances: same" in done.stdout

        backup = folder / "backup"
        done = _vesalius(data, "backup", str(backup))
        assert done.returncode == 0, done.stderr
        again = _vesalius(data, "backup", str(backup))
        assert again.returncode == 1
        assert "never overwrites" in " ".join(again.stderr.split())

    elsewhere = folder / "elsewhere" / "data"
    done = _vesalius(elsewhere, "restore", str(backup))
    assert done.returncode == 0, done.stderr
    assert _vesalius(elsewhere, "restore", str(backup)).returncode == 1
    done = _vesalius(elsewhere, "check")
    assert done.returncode == 0, done.stdout + done.stderr

    with RunningVesalius(folder / "elsewhere", None) as restored:
        with restored.client("radiologist", "physician") as client:
            for dataset, part10 in made:
                series = "/dicomweb/studies/1.2.3.4/series/1.2.3.4.5"
                path = f"{series}/instances/{dataset.SOPInstanceUID}"
                answer = client.get(path, headers={"Accept": "application/dicom"})
                assert answer.content == part10
            found = client.get("/fhir/Patient?family=Import").json()
            assert len(found["entry"]) == 1

    blob = next(file for file in (elsewhere / "blobs/instances").rglob("*") if file.is_file())
    damaged = bytearray(blob.read_bytes())
    damaged[-1] ^= 1
    blob.write_bytes(damaged)
    done = _vesalius(elsewhere, "check")
    assert done.returncode == 1
    assert "stored instances" in done.stdout
