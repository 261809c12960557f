"""What is loaded and asked for: the same files for both, made once, patched in place.

A template object is written once; every instance is a copy of its bytes with UIDs and numbers of
the same length put over the old ones. Making ten thousand files so takes seconds.
"""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, JPEGBaseline8Bit, UltrasoundMultiFrameImageStorage

from vesalius.sample.objects import Exam, Subject
from vesalius.sample.objects.subject import start
from vesalius.sample.objects.tomography import CHEST, ct_chest, mr_brain
from vesalius.sample.phantoms.body import Torso
from vesalius.sample.phantoms.brain import Head

_counter = itertools.count(1)
# Placeholders as long as what replaces them: 2.25. and 39 digits.
STUDY, SERIES, INSTANCE = (f"2.25.{'1234'[i] * 39}" for i in range(3))
PATIENT, ACCESSION = "P00000000", "A00000000"


def fresh_uid(random_source: random.Random) -> str:
    """A UID of exactly the placeholder's length."""
    return f"2.25.{random_source.randrange(10**38, 2 * 10**38)}"


@dataclass(frozen=True)
class Instance:
    """One file of the material and the names it bears."""

    path: Path
    patient: str
    study: str
    series: str
    uid: str


@dataclass(frozen=True)
class Template:
    """A Part 10 file with placeholders."""

    octets: bytes

    @classmethod
    def of(cls, dataset: Dataset) -> Template:
        """Put placeholders into a data set and write it."""
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = UID(STUDY), UID(SERIES)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(INSTANCE)
        dataset.PatientID, dataset.AccessionNumber = PATIENT, ACCESSION
        buffer = io.BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        return cls(buffer.getvalue())

    def write(
        self, folder: Path, patient: str, accession: str, study: str, series: str, uid: str
    ) -> Instance:
        """A copy under other names."""
        octets = self.octets
        for old, new in (
            (STUDY, study), (SERIES, series), (INSTANCE, uid), (PATIENT, patient),
            (ACCESSION, accession),
        ):  # fmt: skip
            octets = octets.replace(old.encode(), new.encode())
        path = folder / f"{uid}.dcm"
        path.write_bytes(octets)
        return Instance(path, patient, study, series, uid)


class Material:
    """Studies on demand, each new to both products."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.folder = folder
        self._random = random.Random(seed)
        self._number = itertools.count(1)
        self.ct = Template.of(_ct(512))
        self.mr = Template.of(_mr())
        self.small = Template.of(_ct(64))
        self.cine = Template.of(_cine())

    def study(self, template: Template, count: int, patient: str | None = None) -> list[Instance]:
        """A study of one series in a folder of its own."""
        number = next(self._number)
        folder = self.folder / f"{number:06d}"
        folder.mkdir(parents=True)
        patient = patient or f"P{number:08d}"
        study, series = fresh_uid(self._random), fresh_uid(self._random)
        return [
            template.write(
                folder, patient, f"A{number:08d}", study, series, fresh_uid(self._random)
            )
            for _ in range(count)
        ]


def folder_of(instances: Sequence[Instance]) -> Path:
    """The folder the files of a study lie in."""
    return instances[0].path.parent


def _exam(modality: str) -> tuple[Subject, Exam]:
    subject = Subject("P", "Bench^Mark", date(1970, 1, 1), "O")
    exam = Exam(
        key="bench", modality=modality, description="Benchmark", body_part="CHEST",
        started=datetime(2026, 1, 2, 3, 4), station="BENCH", accession_number="A", step_id="S1",
        requested_procedure_id="R1", operator="Operator^One", referring="Referrer^One",
    )  # fmt: skip
    return subject, exam


def _ct(matrix: int) -> Dataset:
    """A CT slice with as many attributes as scanners send (over a hundred)."""
    slices = itertools.islice(ct_chest(*_exam("CT"), Torso(), CHEST), 60, 61)
    dataset = next(iter(slices))
    if matrix != 512:
        step = 512 // matrix
        pixels = np.frombuffer(dataset.PixelData, "<u2").reshape(512, 512)[::step, ::step]
        dataset.Rows = dataset.Columns = matrix
        dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
    for number in range(12):
        block = dataset.private_block(0x0029, "BENCH SCANNER", create=True)
        block.add_new(number, "LO", f"vendor value {number}")
    protocol = DicomSequence([_code(n) for n in range(4)])
    dataset.PerformedProtocolCodeSequence = protocol
    return dataset


def _code(number: int) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = f"C{number}", "99BENCH"
    item.CodeMeaning = f"Protocol {number}"
    return item


def _mr() -> Dataset:
    """An MR slice of 70 KB."""
    dataset = next(iter(mr_brain(*_exam("MR"), Head())))
    pixels = np.frombuffer(dataset.PixelData, "<u2").reshape(256, 256)[32:224, 37:219]
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
    return dataset


def _cine() -> Dataset:
    """An ultrasound cine of 120 frames, JPEG."""
    import simplejpeg  # type: ignore[import-untyped]

    dataset = start(
        *_exam("US"), sop_class_uid=UltrasoundMultiFrameImageStorage, series_number=1,
        series_description="Cine", instance_number=1, transfer_syntax_uid=JPEGBaseline8Bit,
    )  # fmt: skip
    rng = np.random.default_rng(1)
    grain = rng.integers(0, 90, (480, 640, 1), dtype=np.uint8).repeat(3, axis=2)
    jpegs = [
        simplejpeg.encode_jpeg(np.roll(grain, frame * 3, axis=0), quality=85, colorspace="RGB")
        for frame in range(120)
    ]
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 480, 640, 3
    dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "YBR_FULL_422", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation, dataset.NumberOfFrames = 0, 120
    dataset.FrameTime = "33.3"
    dataset.LossyImageCompression = "01"
    dataset.PixelData = encapsulate(jpegs)
    dataset["PixelData"].VR = "OB"
    return dataset


def batches(items: Sequence[Instance], size: int) -> Iterator[Sequence[Instance]]:
    """The items some at a time."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
