"""Chest radiographs (DX) and the coronary angiogram (XA)."""

from __future__ import annotations

from collections.abc import Iterator

import imagecodecs
import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    XRayAngiographicImageStorage,
)

from vesalius.sample.objects.subject import (
    Exam,
    Subject,
    add_pixels,
    coded,
    dicom_date,
    dicom_time,
    start,
)
from vesalius.sample.phantoms import angiogram, radiograph
from vesalius.sample.phantoms.body import Torso


def chest_radiograph(
    subject: Subject, exam: Exam, body: Torso, *, negative: bool = False, compressed: bool = True
) -> Iterator[Dataset]:
    """A posteroanterior chest film; `negative` stores it as MONOCHROME1, as many detectors do."""
    film = radiograph.chest(body, seed=body.seed).astype("<u2")
    dataset = start(
        subject, exam, sop_class_uid=DigitalXRayImageStorageForPresentation, series_number=1,
        series_description="Chest PA", instance_number=1, seconds=60,
        transfer_syntax_uid=JPEGLSLossless if compressed else ExplicitVRLittleEndian,
    )  # fmt: skip
    _dx_modules(dataset, exam)
    add_pixels(dataset, *film.shape, stored=12, allocated=16)
    dataset.PresentationLUTShape = "IDENTITY"
    if negative:
        film = 4095 - film
        dataset.PhotometricInterpretation = "MONOCHROME1"
        dataset.PresentationLUTShape = "INVERSE"
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.WindowCenter, dataset.WindowWidth = "2048", "4096"
    dataset.LossyImageCompression = "00"
    if compressed:
        dataset.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(film))])
        dataset["PixelData"].VR = "OB"
    else:
        dataset.PixelData = film.tobytes()
    yield dataset


def _dx_modules(dataset: Dataset, exam: Exam) -> None:
    """DX series, anatomy, image, detector and positioning (PS3.3 C.8.11)."""
    moment = exam.at(60)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.BodyPartExamined = exam.body_part
    dataset.AnatomicRegionSequence = Sequence([coded("51185008", "SCT", "Chest")])
    dataset.ViewPosition = "PA"
    dataset.ViewCodeSequence = Sequence([coded("399348003", "SCT", "postero-anterior")])
    dataset.ViewCodeSequence[0].ViewModifierCodeSequence = Sequence([])
    dataset.PatientOrientation = ["L", "F"]
    dataset.ImageLaterality = "U"
    dataset.AcquisitionNumber = 1
    dataset.AcquisitionDate, dataset.AcquisitionTime = dicom_date(moment), dicom_time(moment)
    dataset.AcquisitionContextSequence = Sequence([])
    dataset.PatientPosition = ""
    dataset.BurnedInAnnotation = "NO"
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1
    dataset.PositionerType = "NONE"
    dataset.KVP, dataset.Exposure = "125", 3
    dataset.DistanceSourceToDetector = "1800"
    dataset.DetectorType, dataset.DetectorConfiguration = "SCINTILLATOR", "AREA"
    dataset.ImagerPixelSpacing = [f"{radiograph.PIXEL_SPACING:.2f}"] * 2
    dataset.PixelSpacing = [f"{radiograph.PIXEL_SPACING:.2f}"] * 2
    dataset.FieldOfViewOrigin = ["0", "0"]
    dataset.FieldOfViewRotation = "0"
    dataset.FieldOfViewHorizontalFlip = "NO"
    dataset.ExposureIndex, dataset.TargetExposureIndex, dataset.DeviationIndex = "310", "300", "0.1"


def coronary_angiogram(
    subject: Subject, exam: Exam, scene: angiogram.Angiogram, *, frames: int = 60
) -> Iterator[Dataset]:
    """One injection of the left coronary artery as a cine run."""
    pictures = angiogram.cine(scene, frames=frames)
    dataset = start(
        subject, exam, sop_class_uid=XRayAngiographicImageStorage, series_number=1,
        series_description="LCA RAO 30 CRA 20", instance_number=1, seconds=600,
    )  # fmt: skip
    moment = exam.at(600)
    rate = angiogram.FRAMES_PER_SECOND
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "SINGLE PLANE"]
    dataset.AcquisitionNumber = 1
    dataset.AcquisitionDate, dataset.AcquisitionTime = dicom_date(moment), dicom_time(moment)
    dataset.PatientOrientation = ""
    dataset.BodyPartExamined = exam.body_part
    dataset.PixelIntensityRelationship = "LIN"
    dataset.KVP, dataset.RadiationSetting = "78", "GR"
    dataset.XRayTubeCurrent, dataset.ExposureTime, dataset.AveragePulseWidth = 620, 480, "8"
    dataset.ImagerPixelSpacing = ["0.308", "0.308"]
    dataset.IntensifierSize = "220"
    dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient = "1050", "770"
    dataset.EstimatedRadiographicMagnificationFactor = "1.3636"
    dataset.PositionerMotion = "STATIC"
    dataset.PositionerPrimaryAngle, dataset.PositionerSecondaryAngle = "-30", "20"
    dataset.TableMotion = "STATIC"
    dataset.CineRate, dataset.RecommendedDisplayFrameRate = int(rate), int(rate)
    dataset.FrameTime = f"{1000.0 / rate:.4f}"
    dataset.NumberOfFrames = frames
    dataset.FrameIncrementPointer = 0x00181063
    dataset.StartTrim, dataset.StopTrim = 1, frames
    dataset.ContrastBolusAgent, dataset.ContrastBolusRoute = "Iopamidol 370 mg I/mL", "IA"
    add_pixels(dataset, angiogram.SIZE, angiogram.SIZE, stored=8, allocated=8)
    dataset.WindowCenter, dataset.WindowWidth = "120", "220"
    dataset.PixelData = np.ascontiguousarray(pictures).tobytes()
    dataset["PixelData"].VR = "OB"
    yield dataset
