"""Instances that tests send: small ones that are made, and pydicom's real files."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from pydicom.data import get_testdata_files
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

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


def real_files() -> Iterator[Path]:
    """pydicom's files that are whole instances, one for each kind and transfer syntax."""
    seen = set()
    for name in sorted(get_testdata_files("*.dcm")):
        path = Path(name)
        try:
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
            meta = dataset.file_meta
            key = (str(meta.TransferSyntaxUID), str(dataset.SOPClassUID))
            whole = all(
                str(dataset.get(keyword, ""))
                for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
            )
        except Exception:
            continue
        if not whole or meta.MediaStorageSOPInstanceUID != dataset.SOPInstanceUID:
            continue
        if key[0] not in TRANSFER_SYNTAXES or key[1] not in STORAGE_SOP_CLASSES or key in seen:
            continue
        if (
            meta.MediaStorageSOPClassUID != dataset.SOPClassUID
            or "FileMetaInformationGroupLength" not in meta
        ):
            continue
        if not is_sound(path):
            continue
        seen.add(key)
        yield path


def is_sound(path: Path) -> bool:
    """Whether the file says of itself what is true: some are broken on purpose."""
    return not any(
        word in path.name for word in ("truncated", "overwrite", "bad_", "bad-", "nested_priv")
    )
