"""Who was examined and in which study, and the modules every object carries about them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

INSTITUTION = "Vesalius Sample Hospital"
UNICODE = "ISO_IR 192"
#: Escape sequences between ASCII and JIS X 0208 (PS3.3 C.12.1.1.2), as older Japanese systems send.
JAPANESE = ["", "ISO 2022 IR 87"]
_NAMES = uuid.UUID("5a3d1f7e-31c4-4c1e-9b0a-6d0f5b7e2c11")


def uid(*parts: object) -> UID:
    """A DICOM UID that is always the same for the same words (PS3.5 B.2)."""
    return UID(f"2.25.{uuid.uuid5(_NAMES, '/'.join(map(str, parts))).int}")


@dataclass(frozen=True)
class Subject:
    """A person as DICOM knows them; `name` holds the alphabetic=ideographic=phonetic groups."""

    mrn: str
    name: str
    birth_date: date
    sex: str


@dataclass(frozen=True)
class Exam:
    """One study: the order it answers, the place and time it was made."""

    key: str
    modality: str
    description: str
    body_part: str
    started: datetime
    station: str
    accession_number: str
    procedure_code: str = ""
    reason: str = ""
    referring: str = ""
    operator: str = ""
    character_set: str | list[str] = UNICODE
    issued_study_instance_uid: str = ""
    requested_procedure_id: str = ""
    step_id: str = ""
    scheduled: tuple[str, ...] = field(default=())

    @property
    def study_instance_uid(self) -> str:
        """The UID the worklist gave, or else one of our own."""
        return self.issued_study_instance_uid or str(uid("study", self.key))

    def series_instance_uid(self, number: int) -> str:
        """The UID of the study's series of that number."""
        return str(uid("series", self.key, number))

    def at(self, seconds: float) -> datetime:
        """A moment after the study began."""
        return self.started + timedelta(seconds=seconds)


def dicom_date(moment: date | datetime) -> str:
    """YYYYMMDD."""
    return moment.strftime("%Y%m%d")


def dicom_time(moment: datetime) -> str:
    """HHMMSS."""
    return moment.strftime("%H%M%S")


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    """One code sequence item."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def start(
    subject: Subject,
    exam: Exam,
    *,
    sop_class_uid: str,
    series_number: int,
    series_description: str,
    instance_number: int,
    modality: str | None = None,
    seconds: float = 0.0,
    transfer_syntax_uid: str = ExplicitVRLittleEndian,
) -> Dataset:
    """A data set with its patient, study, series, equipment and SOP common modules."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = exam.character_set
    moment = exam.at(seconds)
    _sop_common(dataset, exam, sop_class_uid, series_number, instance_number, moment)
    describe_patient(dataset, subject, exam)
    describe_study(dataset, exam)
    dataset.Modality = modality or exam.modality
    dataset.SeriesInstanceUID = exam.series_instance_uid(series_number)
    dataset.SeriesNumber = series_number
    dataset.SeriesDescription = series_description
    dataset.SeriesDate, dataset.SeriesTime = dicom_date(moment), dicom_time(moment)
    dataset.OperatorsName = exam.operator
    _request_attributes(dataset, exam)
    _equipment(dataset, exam, dataset.Modality)
    dataset.InstanceNumber = instance_number
    dataset.ContentDate, dataset.ContentTime = dicom_date(moment), dicom_time(moment)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta = meta
    return dataset


def _sop_common(
    dataset: Dataset,
    exam: Exam,
    sop_class_uid: str,
    series_number: int,
    instance_number: int,
    moment: datetime,
) -> None:
    dataset.SOPClassUID = UID(sop_class_uid)
    dataset.SOPInstanceUID = uid("instance", exam.key, series_number, instance_number)
    dataset.InstanceCreationDate = dicom_date(moment)
    dataset.InstanceCreationTime = dicom_time(moment)


def describe_patient(dataset: Dataset, subject: Subject, exam: Exam) -> None:
    """Patient and patient study modules (PS3.3 C.7.1.1, C.7.2.2)."""
    dataset.PatientName = subject.name
    dataset.PatientID = subject.mrn
    dataset.PatientBirthDate = dicom_date(subject.birth_date)
    dataset.PatientSex = subject.sex
    years = (exam.started.date() - subject.birth_date).days // 365.25
    dataset.PatientAge = f"{int(years):03d}Y"


def describe_study(dataset: Dataset, exam: Exam) -> None:
    """General study module (PS3.3 C.7.2.1)."""
    dataset.StudyInstanceUID = exam.study_instance_uid
    dataset.StudyDate, dataset.StudyTime = dicom_date(exam.started), dicom_time(exam.started)
    dataset.ReferringPhysicianName = exam.referring
    dataset.StudyID = exam.accession_number[-8:]
    dataset.AccessionNumber = exam.accession_number
    dataset.StudyDescription = exam.description


def _request_attributes(dataset: Dataset, exam: Exam) -> None:
    if not exam.step_id:
        return
    item = Dataset()
    item.RequestedProcedureID = exam.requested_procedure_id
    item.RequestedProcedureDescription = exam.description
    item.ScheduledProcedureStepID = exam.step_id
    item.ScheduledProcedureStepDescription = exam.description
    dataset.RequestAttributesSequence = Sequence([item])


def _equipment(dataset: Dataset, exam: Exam, modality: str) -> None:
    dataset.Manufacturer = "Vesalius"
    dataset.ManufacturerModelName = f"Phantom {modality}"
    dataset.DeviceSerialNumber = f"{exam.station}-1"
    dataset.SoftwareVersions = "1"
    dataset.StationName = exam.station
    dataset.InstitutionName = INSTITUTION


def add_pixels(
    dataset: Dataset, rows: int, columns: int, *, stored: int, allocated: int, signed: bool = False
) -> None:
    """The image pixel module of a grey image (PS3.3 C.7.6.3), all but the pixels."""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, stored, stored - 1
    dataset.PixelRepresentation = int(signed)
