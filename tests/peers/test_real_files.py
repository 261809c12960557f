"""pydicom's real files of every transfer syntax, and the WG-04 ones, through the DICOMweb door:
stored by STOW-RS, found, retrieved in each way; the bytes are the same."""

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import numpy as np
import pydicom
import pydicom.data
import pytest
from pydicom.encaps import generate_frames
from tests.interfaces.dicomweb.objects import STOW_TYPE, message, read_parts
from tests.running import RunningVesalius

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore::UserWarning")]

WG04 = Path(__file__).parents[3] / "shared" / "data" / "dicom" / "wg04"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", BIG_ENDIAN}
NEEDED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


def _candidates() -> list[Path]:
    found = (Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm")
    return [*sorted(found), *(sorted(WG04.glob("J*/*")) if WG04.exists() else [])]


def _storable(path: Path) -> bool:
    """A whole Part 10 file: what any archive must take."""
    try:
        dataset = pydicom.dcmread(path)
        return bool(dataset.file_meta.TransferSyntaxUID) and "truncated" not in path.name
    except Exception:
        return False


FILES = [path for path in _candidates() if _storable(path)]


def _body(path: Path) -> bytes:
    """The file; with UIDs of its own where it has none, or where others have the same (pydicom
    has one image in many syntaxes)."""
    dataset = pydicom.dcmread(path)
    missing = [keyword for keyword in NEEDED if not dataset.get(keyword)]
    same = [other for other in FILES if _uid(other) == dataset.get("SOPInstanceUID")]
    if not missing and same[0] == path:
        return path.read_bytes()
    for keyword in {*missing, "SOPInstanceUID"}:
        setattr(dataset, keyword, pydicom.uid.generate_uid())
    if "SOPClassUID" in missing:
        dataset.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


@cache
def _uid(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).get("SOPInstanceUID", path))


@pytest.fixture(scope="module")
def client(served: RunningVesalius) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {served.token('radiologist')}"}
    with httpx.Client(base_url=f"{served.url}/dicomweb", headers=headers, timeout=60) as opened:
        yield opened


def store(client: httpx.Client, body: bytes) -> httpx.Response:
    return client.post("/studies", content=message([body]), headers={"Content-Type": STOW_TYPE})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_file_comes_back_as_it_went_in(client, path):
    body = _body(path)
    dataset = pydicom.dcmread(io.BytesIO(body))
    url = (
        f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )
    syntax = str(dataset.file_meta.TransferSyntaxUID)

    answer = store(client, body)
    assert answer.status_code in (200, 202), answer.text
    assert "00081198" not in answer.json(), answer.text

    found = client.get("/instances", params={"SOPInstanceUID": dataset.SOPInstanceUID}).json()
    assert len(found) == 1
    alone = client.get(url, headers={"Accept": "application/dicom; transfer-syntax=*"})
    assert alone.content == body
    assert alone.headers["content-type"] == f"application/dicom; transfer-syntax={syntax}"
    parts = client.get(
        url, headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    )
    assert [part for _, part in read_parts(parts.headers["content-type"], parts.content)] == [body]
    metadata = client.get(f"{url}/metadata").json()
    assert metadata[0]["00080018"]["Value"] == [dataset.SOPInstanceUID]
    if "PixelData" in dataset:
        _check_frames(client, url, dataset, syntax)
    thumbnail = client.get(f"{url}/thumbnail")
    assert thumbnail.status_code == 200, thumbnail.text
    assert thumbnail.content.startswith(b"\xff\xd8")


def _check_frames(client, url, dataset, syntax):
    try:
        expected = _stored_frames(dataset, syntax)
    except (ValueError, AttributeError):
        return  # pydicom itself finds no frames in it
    if expected is None:
        return
    answer = client.get(
        f"{url}/frames/{len(expected)}",
        headers={"Accept": 'multipart/related; type="*/*"; transfer-syntax=*'},
    )
    assert answer.status_code == 200, answer.text
    [(headers, data)] = read_parts(answer.headers["content-type"], answer.content)
    assert data == expected[-1]
    if syntax not in NATIVE:
        assert f"transfer-syntax={syntax}" in headers["content-type"]


def _stored_frames(dataset, syntax) -> list[bytes] | None:
    count = int(dataset.get("NumberOfFrames", 1) or 1)
    if syntax not in NATIVE:
        if syntax == "1.2.840.10008.1.2.1.99":
            return None
        return list(generate_frames(dataset.PixelData, number_of_frames=count))
    if dataset.BitsAllocated == 1 or (syntax == BIG_ENDIAN and dataset.BitsAllocated == 8):
        return None  # tests of pixels cover these
    samples = 2 if dataset.PhotometricInterpretation == "YBR_FULL_422" else dataset.SamplesPerPixel
    size = dataset.Rows * dataset.Columns * samples * dataset.BitsAllocated // 8
    data = dataset.PixelData
    if len(data) < size * count:
        return None
    if syntax == BIG_ENDIAN and dataset.BitsAllocated > 8:
        width = dataset.BitsAllocated // 8
        data = np.frombuffer(data[: size * count], f"u{width}").byteswap().tobytes()
    return [data[n * size : (n + 1) * size] for n in range(count)]


def test_every_transfer_syntax_is_among_them():
    syntaxes = {
        str(pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID)
        for path in FILES
    }

    assert len(syntaxes) >= 12
