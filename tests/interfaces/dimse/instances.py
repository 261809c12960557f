"""Instances that tests send: small ones that are made, and pydicom's real files."""

import uuid
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    generate_uid,
)

from vesalius.standards.dicom.uids import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES


def slices(
    count: int = 1,
    *,
    mrn: str = "DIMSE-1",
    rows: int = 16,
    transfer_syntax_uid: str = ExplicitVRLittleEndian,
) -> list[Dataset]:
    """CT slices of one series."""
    study, series = generate_uid(), generate_uid()
    return [
        _slice(study, series, number + 1, mrn, rows, transfer_syntax_uid) for number in range(count)
    ]


def _slice(
    study: str, series: str, number: int, mrn: str, rows: int, transfer_syntax_uid: str
) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.PatientID, dataset.PatientName = mrn, "Müller^Änne"
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientBirthDate, dataset.PatientSex = "19700101", "F"
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20260101", "120000", "1"
    dataset.AccessionNumber, dataset.Modality = "", "CT"
    dataset.StudyDescription = "Thorax"
    dataset.SeriesNumber, dataset.InstanceNumber = 1, number
    dataset.Rows = dataset.Columns = rows
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    # A gradient: pixels that say where they are.
    dataset.PixelData = (np.arange(rows * rows, dtype="<u2") % 4096).tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = transfer_syntax_uid
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def part_10(dataset: Dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def data_set_of(file: bytes) -> bytes:
    """What lies behind the file meta information."""
    return file[144 + int.from_bytes(file[140:144], "little") :]


def write(folder: Path, datasets: list[Dataset]) -> list[Path]:
    paths = []
    for dataset in datasets:
        path = folder / f"{dataset.SOPInstanceUID}.dcm"
        path.write_bytes(part_10(dataset))
        paths.append(path)
    return paths


def real_files() -> list[Path]:
    """pydicom's files that are whole instances, one for each kind and transfer syntax."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.rglob("*.dcm")):
        if any(word in path.name for word in BROKEN):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dataset = pydicom.dcmread(path, stop_before_pixels=True)
            meta = dataset.file_meta
            kind = (str(meta.TransferSyntaxUID), str(dataset.SOPClassUID))
            _ = meta.FileMetaInformationGroupLength
            if not (dataset.StudyInstanceUID and dataset.SeriesInstanceUID):
                continue
        except (pydicom.errors.InvalidDicomError, AttributeError):
            continue
        named = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        if named != (dataset.SOPClassUID, dataset.SOPInstanceUID):
            continue
        if kind[0] in TRANSFER_SYNTAXES and kind[1] in STORAGE_SOP_CLASSES:
            found.setdefault(kind, path)
    return list(found.values())


# Broken on purpose, or without UIDs.
BROKEN = ("truncated", "overwrite", "bad", "nested_priv", "_trunc", "invalid", "no_meta", "eot")


def uniquely_named(path: Path) -> tuple[bytes, str]:
    """A real file under a SOP Instance UID of its own, of the same length; and that UID.

    pydicom's files of different transfer syntaxes share UIDs.
    """
    file = path.read_bytes()
    meta = pydicom.filereader.read_file_meta_info(path)
    old = str(meta.MediaStorageSOPInstanceUID)
    digits = str(uuid.uuid4().int)[: max(4, len(old) - 8)]
    new = (old[: len(old) - len(digits)] + "1" + digits[1:])[: len(old)]
    if meta.TransferSyntaxUID != DeflatedExplicitVRLittleEndian:
        return file.replace(old.encode(), new.encode()), new
    data_set = data_set_of(file)
    head = file[: len(file) - len(data_set)].replace(old.encode(), new.encode())
    plain = zlib.decompress(data_set, -zlib.MAX_WBITS).replace(old.encode(), new.encode())
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(plain) + deflater.flush()
    return head + deflated + bytes(len(deflated) % 2), new
