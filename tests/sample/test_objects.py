"""DICOM objects: valid by the standard's checker, placed in space, and the same every time."""

import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from tests.sample.builders import LEFEVRE, YAMADA, exam
from vesalius.sample.objects import document, findings, projection, tomography, ultrasound, waveform
from vesalius.sample.objects.subject import JAPANESE
from vesalius.sample.objects.tomography import Stack
from vesalius.sample.phantoms import torso as torsos
from vesalius.sample.phantoms.angiogram import Angiogram
from vesalius.sample.phantoms.body import Nodule, Torso
from vesalius.sample.phantoms.brain import Head
from vesalius.sample.phantoms.echo import Echo
from vesalius.sample.phantoms.electrocardiogram import Rhythm

NODULE = Nodule((-72.0, -14.0, 250.0), 6.0)
BODY = Torso(nodules=(NODULE,))
FEW = Stack(field_of_view=370.0, bottom=232.0, top=268.0, thickness=3.0)


def dciodvfy() -> str:
    beside = Path(sys.executable).with_name("dciodvfy")
    found = str(beside) if beside.exists() else shutil.which("dciodvfy")
    if not found:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    return found


def as_read(dataset: Dataset) -> Dataset:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


@pytest.fixture(scope="module")
def chest() -> list[Dataset]:
    return list(tomography.ct_chest(LEFEVRE, exam(), BODY, FEW))


@pytest.fixture(scope="module")
def found(chest: list[Dataset]) -> dict[str, Dataset]:
    mask = torsos.nodule_mask(FEW.model, BODY)
    abnormal = Code("49755003", "SCT", "Morphologically Abnormal Structure")
    return {
        "SEG": findings.segmentation(
            exam(), chest, mask, label="Nodule 1", category=abnormal, kind=findings.NODULE,
            series_number=8, colour=(255, 90, 40),
        ),
        "SR": findings.measurement_report(exam(), chest, NODULE, "Bianchi^Marco"),
        "KO": findings.key_images(exam(), chest[5:7], "Nodule"),
    }  # fmt: skip


def every_kind(chest: list[Dataset], found: dict[str, Dataset]) -> Iterator[Dataset]:
    yield chest[0]
    yield from found.values()
    yield next(tomography.ct_head(YAMADA, exam(character_set=JAPANESE), Head()))
    for number, image in enumerate(tomography.mr_brain(YAMADA, exam("MR"), Head())):
        if number % 38 == 0:
            yield image
    plain = Torso(contrast=False, table=False)
    yield next(projection.chest_radiograph(LEFEVRE, exam("DX"), plain))
    yield next(
        projection.chest_radiograph(LEFEVRE, exam("DX"), plain, negative=True, compressed=False)
    )
    yield next(projection.coronary_angiogram(LEFEVRE, exam("XA"), Angiogram(), frames=6))
    yield from ultrasound.echocardiogram(LEFEVRE, exam("US"), Echo())
    yield next(waveform.twelve_lead(LEFEVRE, exam("ECG"), Rhythm(), "Sinus rhythm."))
    yield next(document.letter(LEFEVRE, exam("DOC"), "Referral", ("Dear colleague,",)))


def test_standard_checker_finds_no_error(chest, found, tmp_path):
    checker = dciodvfy()
    complaints = {}
    for number, dataset in enumerate(every_kind(chest, found)):
        path = tmp_path / f"{number}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        done = subprocess.run(
            [checker, str(path)], capture_output=True, text=True, errors="replace", check=False
        )
        errors = [line for line in (done.stdout + done.stderr).splitlines() if "Error" in line]
        if errors:
            complaints[f"{dataset.Modality} {dataset.SOPClassUID.name}"] = errors
    assert complaints == {}


class TestTomography:
    def test_slices_stand_one_thickness_apart_and_climb_to_the_head(self, chest):
        heights = [float(image.ImagePositionPatient[2]) for image in chest]
        assert len(chest) == 12
        np.testing.assert_allclose(np.diff(heights), 3.0)
        assert len({str(image.FrameOfReferenceUID) for image in chest}) == 1
        assert len({image.SOPInstanceUID for image in chest}) == 12

    def test_pixels_are_hounsfield_units_where_the_position_says(self, chest):
        image = as_read(min(chest, key=lambda item: abs(item.ImagePositionPatient[2] - 250.0)))
        left, top, _ = (float(value) for value in image.ImagePositionPatient)
        column = round((NODULE.centre[0] - left) / float(image.PixelSpacing[1]))
        row = round((NODULE.centre[1] - top) / float(image.PixelSpacing[0]))
        hounsfield = image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)
        around = hounsfield[row - 2 : row + 3, column - 2 : column + 3]
        assert around.mean() == pytest.approx(48, abs=25)
        assert hounsfield[5, 5] == pytest.approx(-1000, abs=60)

    def test_names_survive_escape_sequences(self):
        image = next(tomography.ct_head(YAMADA, exam(character_set=JAPANESE), Head()))
        buffer = io.BytesIO()
        image.save_as(buffer, enforce_file_format=True)
        # ESC $ B switches to JIS X 0208 (PS3.5 6.1.2.5).
        assert b"\x1b$B" in buffer.getvalue()
        name = as_read(image).PatientName
        assert name.ideographic == "山田^太郎"
        assert name.phonetic == "やまだ^たろう"

    def test_same_words_make_the_same_bytes(self, found, chest):
        again = list(tomography.ct_chest(LEFEVRE, exam(), BODY, FEW))

        def octets(dataset: Dataset) -> bytes:
            buffer = io.BytesIO()
            dataset.save_as(buffer, enforce_file_format=True)
            return buffer.getvalue()

        assert octets(again[3]) == octets(chest[3])
        mask = torsos.nodule_mask(FEW.model, BODY)
        abnormal = Code("49755003", "SCT", "Morphologically Abnormal Structure")
        contour = findings.segmentation(
            exam(), again, mask, label="Nodule 1", category=abnormal, kind=findings.NODULE,
            series_number=8, colour=(255, 90, 40),
        )  # fmt: skip
        assert octets(contour) == octets(found["SEG"])
        report = findings.measurement_report(exam(), again, NODULE, "Bianchi^Marco")
        assert octets(report) == octets(found["SR"])


class TestFindings:
    def test_segmentation_refers_to_the_slices_it_lies_on(self, chest, found):
        named = {
            item.ReferencedSOPInstanceUID
            for series in found["SEG"].ReferencedSeriesSequence
            for item in series.ReferencedInstanceSequence
        }
        assert named <= {image.SOPInstanceUID for image in chest}
        assert found["SEG"].FrameOfReferenceUID == chest[0].FrameOfReferenceUID
        assert as_read(found["SEG"]).pixel_array.sum() > 100

    def test_measurement_says_the_longest_diameter(self, found):
        text = str(found["SR"])
        assert "Long Axis" in text
        values = [
            float(item.MeasuredValueSequence[0].NumericValue)
            for item in _walk(found["SR"])
            if "MeasuredValueSequence" in item
        ]
        assert values == [pytest.approx(2 * NODULE.radius, abs=1.0)]


def test_jpeg_frames_of_ultrasound_decode(tmp_path):
    loop = as_read(next(ultrasound.echocardiogram(LEFEVRE, exam("US"), Echo())))
    assert loop.NumberOfFrames == ultrasound.FRAMES
    frame = pydicom.pixels.pixel_array(loop, index=10)
    assert frame.shape == (600, 800, 3)
    region = loop.SequenceOfUltrasoundRegions[0]
    assert region.PhysicalDeltaX * 3.3 == pytest.approx(0.1)


def test_electrocardiogram_is_in_microvolts():
    recording = as_read(next(waveform.twelve_lead(LEFEVRE, exam("ECG"), Rhythm(), "Normal.")))
    group = recording.WaveformSequence[0]
    assert (group.NumberOfWaveformChannels, group.NumberOfWaveformSamples) == (12, 5000)
    samples = np.frombuffer(group.WaveformData, "<i2").reshape(5000, 12)
    lead_two = samples[:, 1] * float(group.ChannelDefinitionSequence[1].ChannelSensitivity) / 1000
    assert lead_two.max() == pytest.approx(1.0, abs=0.15)


def _walk(dataset: Dataset) -> Iterator[Dataset]:
    yield dataset
    for item in dataset.get("ContentSequence", []):
        yield from _walk(item)
