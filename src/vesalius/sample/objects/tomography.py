"""CT and MR series: a stack of axial slices through a phantom, placed in patient coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage

from vesalius.sample.objects.subject import (
    Exam,
    Subject,
    add_pixels,
    dicom_date,
    dicom_time,
    start,
    uid,
)
from vesalius.sample.phantoms import head, tissues, torso
from vesalius.sample.phantoms.body import Torso
from vesalius.sample.phantoms.brain import Head
from vesalius.sample.phantoms.grid import Array, Grid, enlarge

#: What a viewer offers as presets, widest meaning first.
CHEST_WINDOWS = ((40, 400, "MEDIASTINUM"), (-600, 1500, "LUNG"), (400, 1800, "BONE"))
HEAD_WINDOWS = ((35, 80, "BRAIN"), (60, 200, "SUBDURAL"), (600, 2800, "BONE"))


@dataclass(frozen=True)
class Stack:
    """Where the slices lie: field of view, first and last plane, and distances, in millimetres."""

    field_of_view: float
    bottom: float
    top: float
    thickness: float
    matrix: int = 512

    @property
    def model(self) -> Grid:
        """The grid the phantom is drawn on: half the matrix, every slice."""
        spacing = self.field_of_view / 256
        return Grid.centred(
            width=self.field_of_view,
            height=self.field_of_view,
            bottom=self.bottom,
            top=self.top,
            spacing=(spacing, spacing, self.thickness),
        )

    @property
    def pixel_spacing(self) -> float:
        return self.field_of_view / self.matrix


CHEST = Stack(field_of_view=370.0, bottom=6.0, top=324.0, thickness=3.0)
CHEST_COARSE = Stack(field_of_view=380.0, bottom=0.0, top=315.0, thickness=4.5)
HEAD = Stack(field_of_view=235.0, bottom=2.0, top=162.0, thickness=2.5)
BRAIN = Stack(field_of_view=235.0, bottom=8.0, top=160.0, thickness=4.0, matrix=256)


def frame_of_reference(exam: Exam) -> str:
    """One frame of reference for all series of a study: the patient stayed on the table."""
    return str(uid("frame of reference", exam.key))


def ct_chest(subject: Subject, exam: Exam, body: Torso, stack: Stack = CHEST) -> Iterator[Dataset]:
    """A contrast-enhanced CT of the chest, one data set per slice from the feet up."""
    planes = _scan(torso.draw(stack.model, body), noise=13.0, seed=body.seed)
    yield from _ct_series(
        subject, exam, stack, planes, "Chest with contrast  3.0  B40f", CHEST_WINDOWS,
        body.contrast, "B40f",
    )  # fmt: skip


def ct_head(subject: Subject, exam: Exam, body: Head) -> Iterator[Dataset]:
    """An unenhanced CT of the head."""
    hounsfield = tissues.hounsfield(head.draw(HEAD.model, body))
    planes = _scan(hounsfield, noise=3.4, seed=body.seed)
    yield from _ct_series(
        subject, exam, HEAD, planes, "Head  2.5  H31s", HEAD_WINDOWS, False, "H31s"
    )


def _scan(hounsfield: Array, *, noise: float, seed: int) -> Iterator[np.ndarray]:
    """Full-matrix planes with the grain of a filtered back projection."""
    rng = np.random.default_rng(seed)
    grain = rng.standard_normal((4, 512, 512), dtype=np.float32)
    # The reconstruction kernel takes the highest frequencies away.
    grain = (grain + np.roll(grain, 1, axis=-1) + np.roll(grain, 1, axis=-2)) * (noise / 1.73)
    for plane in hounsfield:
        fine = enlarge(plane)
        # One grain, laid down anew for every plane, costs a tenth of drawing it anew.
        shift = tuple(rng.integers(0, 512, 2))
        fine += np.roll(grain[rng.integers(0, 4)], shift, axis=(0, 1))
        yield np.clip(np.rint(fine), -1024, 3071)


def _ct_series(
    subject: Subject,
    exam: Exam,
    stack: Stack,
    planes: Iterator[np.ndarray],
    description: str,
    windows: tuple[tuple[int, int, str], ...],
    contrast: bool,
    kernel: str,
) -> Iterator[Dataset]:
    for index, plane in enumerate(planes):
        dataset = start(
            subject, exam, sop_class_uid=CTImageStorage, series_number=2,
            series_description=description, instance_number=index + 1, seconds=90 + index * 0.05,
        )  # fmt: skip
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        _place(dataset, exam, stack, index)
        _ct_acquisition(dataset, exam, kernel, contrast)
        add_pixels(dataset, *plane.shape, stored=12, allocated=16)
        dataset.RescaleIntercept, dataset.RescaleSlope = "-1024", "1"
        dataset.RescaleType = "HU"
        dataset.WindowCenter = [str(centre) for centre, _, _ in windows]
        dataset.WindowWidth = [str(width) for _, width, _ in windows]
        dataset.WindowCenterWidthExplanation = [name for _, _, name in windows]
        dataset.PixelData = (plane + 1024).astype("<u2").tobytes()
        yield dataset


def _ct_acquisition(dataset: Dataset, exam: Exam, kernel: str, contrast: bool) -> None:
    moment = exam.at(90)
    dataset.AcquisitionNumber = 1
    dataset.AcquisitionDate, dataset.AcquisitionTime = dicom_date(moment), dicom_time(moment)
    dataset.ScanOptions = "HELICAL MODE"
    dataset.KVP, dataset.XRayTubeCurrent = "120", 210
    dataset.Exposure, dataset.ExposureTime = 105, 500
    dataset.DataCollectionDiameter, dataset.ReconstructionDiameter = "500", "370"
    dataset.GantryDetectorTilt = "0"
    dataset.TableHeight = "148"
    dataset.RotationDirection = "CW"
    dataset.FilterType = "WEDGE"
    dataset.ConvolutionKernel = kernel
    dataset.ProtocolName = exam.description
    if contrast:
        dataset.ContrastBolusAgent = "Iohexol 300 mg I/mL"
        dataset.ContrastBolusRoute = "IV"
        dataset.ContrastBolusVolume = "80"


def _place(dataset: Dataset, exam: Exam, stack: Stack, index: int) -> None:
    """Image plane and frame of reference (PS3.3 C.7.6.2, C.7.4.1)."""
    half = (stack.matrix - 1) / 2 * stack.pixel_spacing
    height = stack.bottom + index * stack.thickness
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID = frame_of_reference(exam)
    dataset.PositionReferenceIndicator = ""
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.ImagePositionPatient = [f"{-half:.4f}", f"{-half:.4f}", f"{height:.2f}"]
    dataset.PixelSpacing = [f"{stack.pixel_spacing:.6f}"] * 2
    dataset.SliceThickness = f"{stack.thickness:g}"
    dataset.SpacingBetweenSlices = f"{stack.thickness:g}"
    dataset.SliceLocation = f"{height:.2f}"
    dataset.BodyPartExamined = exam.body_part


@dataclass(frozen=True)
class Contrast:
    """One MR sequence and its times in milliseconds."""

    number: int
    name: str
    sequence: tuple[str, ...]
    repetition: float
    echo: float
    inversion: float | None = None
    noise: float = 0.012


CONTRASTS = (
    Contrast(2, "Ax T1 MPRAGE", ("GR", "IR"), 2300.0, 3.0, 900.0),
    Contrast(3, "Ax T2 TSE", ("SE",), 5200.0, 98.0, noise=0.010),
    Contrast(4, "Ax FLAIR", ("SE", "IR"), 9000.0, 110.0, 2500.0, noise=0.009),
)


def mr_brain(subject: Subject, exam: Exam, body: Head) -> Iterator[Dataset]:
    """T1, T2 and FLAIR of the brain, each a series in the same planes."""
    grid = BRAIN.model
    tissue = head.draw(grid, body)
    shading = _coil(grid)
    for contrast in CONTRASTS:
        signal = tissues.signal(
            tissue,
            repetition=contrast.repetition,
            echo=contrast.echo,
            inversion=contrast.inversion,
        )
        volume = _magnitude(signal * shading, contrast, body.seed)
        for index, plane in enumerate(volume):
            yield _mr_slice(subject, exam, contrast, plane, index)


def _coil(grid: Grid) -> Array:
    """A head coil hears the near side a little louder."""
    return np.asarray(1.0 + 0.0016 * grid.y - 0.0009 * grid.x + 0.000004 * grid.x**2, np.float32)


def _magnitude(signal: Array, contrast: Contrast, seed: int) -> np.ndarray:
    """Rician magnitude with the slight blur of a finite matrix, scaled to twelve bits."""
    soft = signal.copy()
    for axis in (1, 2):
        soft = 0.5 * soft + 0.25 * (np.roll(soft, 1, axis=axis) + np.roll(soft, -1, axis=axis))
    rng = np.random.default_rng(seed * 10 + contrast.number)
    top = float(np.percentile(soft[soft > 0.02], 99.0))
    real, imaginary = (
        rng.standard_normal(soft.shape, dtype=np.float32) * contrast.noise * top * 1.6
        for _ in range(2)
    )
    magnitude = np.hypot(soft + real, imaginary)
    return np.asarray(np.clip(magnitude * (2400.0 / top), 0, 4095), "<u2")


def _mr_slice(
    subject: Subject, exam: Exam, contrast: Contrast, plane: np.ndarray, index: int
) -> Dataset:
    dataset = start(
        subject, exam, sop_class_uid=MRImageStorage, series_number=contrast.number,
        series_description=contrast.name, instance_number=index + 1,
        seconds=240.0 * contrast.number + index,
    )  # fmt: skip
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    _place(dataset, exam, BRAIN, index)
    dataset.ScanningSequence = list(contrast.sequence)
    dataset.SequenceVariant = ["SK", "MP"] if "GR" in contrast.sequence else "SK"
    dataset.ScanOptions = ""
    dataset.MRAcquisitionType = "3D" if "GR" in contrast.sequence else "2D"
    dataset.RepetitionTime, dataset.EchoTime = f"{contrast.repetition:g}", f"{contrast.echo:g}"
    if contrast.inversion is not None:
        dataset.InversionTime = f"{contrast.inversion:g}"
    dataset.EchoTrainLength = 1 if "GR" in contrast.sequence else 16
    dataset.FlipAngle = "9" if "GR" in contrast.sequence else "150"
    dataset.NumberOfAverages = "1"
    dataset.ImagedNucleus, dataset.ImagingFrequency = "1H", "123.2"
    dataset.MagneticFieldStrength = "3"
    dataset.ProtocolName = contrast.name
    dataset.AcquisitionNumber = 1
    moment = exam.at(240.0 * contrast.number)
    dataset.AcquisitionDate, dataset.AcquisitionTime = dicom_date(moment), dicom_time(moment)
    add_pixels(dataset, *plane.shape, stored=12, allocated=16)
    dataset.WindowCenter, dataset.WindowWidth = "1200", "2400"
    dataset.PixelData = plane.tobytes()
    return dataset
