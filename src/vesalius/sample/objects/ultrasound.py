"""Echocardiography: cine loops as a scanner exports them, JPEG compressed."""

from __future__ import annotations

from collections.abc import Iterator

import simplejpeg  # type: ignore[import-untyped]
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import JPEGBaseline8Bit, UltrasoundMultiFrameImageStorage

from vesalius.sample.objects.subject import Exam, Subject, coded, dicom_date, dicom_time, start
from vesalius.sample.phantoms import echo

FRAMES = 40
FRAME_MILLISECONDS = 25.0


def echocardiogram(subject: Subject, exam: Exam, heart: echo.Echo) -> Iterator[Dataset]:
    """The apical four-chamber view, in grey and with colour Doppler."""
    for number, colour in enumerate((False, True), start=1):
        yield _loop(subject, exam, heart, number, colour)


def _loop(subject: Subject, exam: Exam, heart: echo.Echo, number: int, colour: bool) -> Dataset:
    frames = echo.cine(heart, frames=FRAMES, colour=colour)
    dataset = start(
        subject, exam, sop_class_uid=UltrasoundMultiFrameImageStorage, series_number=1,
        series_description="Transthoracic echocardiogram", instance_number=number,
        seconds=300 + 90 * number, transfer_syntax_uid=JPEGBaseline8Bit,
    )  # fmt: skip
    moment = exam.at(300 + 90 * number)
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.ImageComments = "A4C colour" if colour else "A4C"
    dataset.AcquisitionDate, dataset.AcquisitionTime = dicom_date(moment), dicom_time(moment)
    dataset.PatientOrientation = ""
    dataset.BodyPartExamined = exam.body_part
    dataset.SamplesPerPixel = 3
    dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = echo.ROWS, echo.COLUMNS
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    dataset.NumberOfFrames = FRAMES
    dataset.FrameTime = f"{FRAME_MILLISECONDS:g}"
    dataset.FrameIncrementPointer = 0x00181063
    dataset.CineRate = dataset.RecommendedDisplayFrameRate = int(1000 / FRAME_MILLISECONDS)
    dataset.HeartRate = 60
    dataset.StartTrim, dataset.StopTrim = 1, FRAMES
    dataset.UltrasoundColorDataPresent = int(colour)
    dataset.TransducerType = "SECTOR_PHASED"
    dataset.BurnedInAnnotation = "NO"
    dataset.AnatomicRegionSequence = Sequence([coded("80891009", "SCT", "Heart")])
    dataset.ViewCodeSequence = Sequence([coded("399214001", "SCT", "Apical four chamber")])
    dataset.SequenceOfUltrasoundRegions = Sequence([_region(colour)])
    dataset.LossyImageCompression = "01"
    jpegs = [
        simplejpeg.encode_jpeg(frame, quality=88, colorspace="RGB", colorsubsampling="422")
        for frame in frames
    ]
    raw = echo.ROWS * echo.COLUMNS * 3 * FRAMES
    dataset.LossyImageCompressionRatio = f"{raw / sum(map(len, jpegs)):.1f}"
    dataset.LossyImageCompressionMethod = "ISO_10918_1"
    dataset.PixelData = encapsulate(jpegs)
    dataset["PixelData"].VR = "OB"
    return dataset


def _region(colour: bool) -> Dataset:
    """Where the sector is and how many centimetres a pixel is (PS3.3 C.8.5.5)."""
    region = Dataset()
    region.RegionSpatialFormat = 1
    region.RegionDataType = 2 if colour else 1
    region.RegionFlags = 2
    half = int(echo.DEPTH_MM * echo.PIXELS_PER_MM * 0.669)
    region.RegionLocationMinX0 = max(0, echo.APEX_COLUMN - half)
    region.RegionLocationMinY0 = echo.APEX_ROW
    region.RegionLocationMaxX1 = min(echo.COLUMNS - 1, echo.APEX_COLUMN + half)
    region.RegionLocationMaxY1 = echo.APEX_ROW + int(echo.DEPTH_MM * echo.PIXELS_PER_MM)
    region.ReferencePixelX0 = echo.APEX_COLUMN - region.RegionLocationMinX0
    region.ReferencePixelY0 = 0
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.ReferencePixelPhysicalValueX = region.ReferencePixelPhysicalValueY = 0.0
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.1 / echo.PIXELS_PER_MM
    region.TransducerFrequency = 2500
    return region
