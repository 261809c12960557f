"""Small data sets and their way into an archive, for tests."""

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from vesalius.app import House
from vesalius.stores import archive
from vesalius.stores.access import SYSTEM, Principal

CT = "1.2.840.10008.5.1.4.1.1.2"
SOURCE = "SCANNER"


def ct(**elements: Any) -> Dataset:
    """A CT slice of 16 × 16; keywords override or add elements."""
    dataset = Dataset()
    dataset.SOPClassUID = CT
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.StudyDate, dataset.StudyTime = "20240309", "101530"
    dataset.Modality = "CT"
    dataset.PatientName, dataset.PatientID = "Müller^Zoë", "M1"
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientBirthDate, dataset.PatientSex = "19700102", "F"
    dataset.AccessionNumber, dataset.StudyDescription = "A1", "Thorax"
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.Rows = dataset.Columns = 16
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.PixelData = np.arange(256, dtype="<u2").tobytes()
    for keyword, value in elements.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def series_of(count: int, **elements: Any) -> list[Dataset]:
    """Slices of one series."""
    study, series = generate_uid(), generate_uid()
    uids = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
    return [ct(**{**uids, "InstanceNumber": n, **elements}) for n in range(1, count + 1)]


def part10(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The data set as a Part 10 file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def bare(file: bytes) -> bytes:
    """The data set of a Part 10 file that pydicom wrote."""
    length = int.from_bytes(file[140:144], "little")
    return file[144 + length :]


async def seal(
    house: House, file: bytes, *, chunk: int = 65536, principal: Principal = SYSTEM
) -> archive.Sealed:
    """A Part 10 file through the intake."""
    intake = await archive.begin(house.blobs, principal, settings=house.settings, source=SOURCE)
    try:
        for start in range(0, len(file), chunk):
            intake.feed(file[start : start + chunk])
        return await intake.finish()
    except BaseException:
        await intake.abort()
        raise


async def seal_bare(
    house: House, data: bytes, *, syntax: str, sop_class_uid: str, sop_instance_uid: str
) -> archive.Sealed:
    """A bare data set through the intake, as a C-STORE brings it."""
    intake = await archive.begin(
        house.blobs,
        SYSTEM,
        settings=house.settings,
        transfer_syntax_uid=syntax,
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        source=SOURCE,
    )
    intake.feed(data)
    return await intake.finish()


async def store(house: House, *datasets: Dataset) -> list[archive.Stored]:
    """Data sets into the archive, a transaction each."""
    return [await store_file(house, part10(dataset)) for dataset in datasets]


async def store_file(house: House, file: bytes) -> archive.Stored:
    """One Part 10 file into the archive."""
    sealed = await seal(house, file)
    async with house.database.transaction() as tx:
        return await archive.receive(tx, SYSTEM, sealed)


def values(datasets: Iterable[dict[str, Any]], tag: str) -> list[Any]:
    """The first value of an element in each of some answers."""
    return [(each.get(tag, {}).get("Value") or [None])[0] for each in datasets]
