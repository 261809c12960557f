"""DICOM objects made for tests, and the messages that carry them."""

import email
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    generate_uid,
)

BOUNDARY = "vesalius-test-boundary"
STOW_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def make_image(frames: int = 1, size: int = 16, **elements: Any) -> FileDataset:
    """A small image: CT when it has one frame, else a multi-frame secondary capture."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID = (
        CTImageStorage if frames == 1 else MultiFrameGrayscaleByteSecondaryCaptureImageStorage
    )
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.PatientName, dataset.PatientID = "Test^Pixel", "DW-1"
    dataset.StudyDate, dataset.Modality = "20240102", "CT" if frames == 1 else "OT"
    dataset.InstanceNumber = 1
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = size
    depth = 16 if frames == 1 else 8
    dataset.BitsAllocated = dataset.BitsStored = depth
    dataset.HighBit, dataset.PixelRepresentation = depth - 1, 0
    pixels = np.random.default_rng(frames).integers(0, 200, (frames, size, size))
    dataset.PixelData = pixels.astype(f"<u{depth // 8}").tobytes()
    if frames > 1:
        dataset.NumberOfFrames = frames
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def make_series(count: int, **elements: Any) -> list[FileDataset]:
    """Images of one series."""
    study, series = generate_uid(), generate_uid()
    return [
        make_image(
            **{
                "StudyInstanceUID": study,
                "SeriesInstanceUID": series,
                "InstanceNumber": n + 1,
                **elements,
            }
        )
        for n in range(count)
    ]


def encode(dataset: pydicom.Dataset) -> bytes:
    """The Part 10 file of a data set."""
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def message(parts: Iterable[bytes], *, part_type: str = "application/dicom") -> bytes:
    """A STOW body."""
    head = f"\r\n--{BOUNDARY}\r\nContent-Type: {part_type}\r\n\r\n".encode()
    return b"".join(head + part for part in parts) + f"\r\n--{BOUNDARY}--\r\n".encode()


def read_parts(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """The parts of a multipart answer, read by the email package: somebody else's parser."""
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    parsed = email.message_from_bytes(head + body)
    assert parsed.is_multipart()
    return [
        ({name.lower(): value for name, value in part.items()}, part.get_payload(decode=True))
        for part in parsed.get_payload()
    ]
