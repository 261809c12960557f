"""A modality over the real wire (pynetdicom): asks its worklist, reports its step, stores."""

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
)

from tests.running import RunningVesalius

SUCCESS, PENDING = 0x0000, {0xFF00, 0xFF01}


class Modality:
    """One scanner, associated with a running house; a context manager."""

    def __init__(self, served: RunningVesalius, ae_title: str) -> None:
        self.ae_title = ae_title
        ae = AE(ae_title)
        for syntax in (
            CTImageStorage,
            ModalityPerformedProcedureStep,
            ModalityWorklistInformationFind,
        ):
            ae.add_requested_context(syntax, ExplicitVRLittleEndian)
        self.association = ae.associate("127.0.0.1", served.dicom_port, ae_title=served.ae_title)

    def __enter__(self) -> "Modality":
        assert self.association.is_established
        return self

    def __exit__(self, *_: object) -> None:
        self.association.release()

    def worklist(self, **keys: str) -> list[Dataset]:
        """The worklist items for these keys, asking for what a modality needs."""
        step = Dataset()
        step.Modality = "CT"
        step.ScheduledStationAETitle = self.ae_title
        step.ScheduledProcedureStepStartDate = ""
        step.ScheduledProcedureStepID = ""
        query = Dataset()
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
            setattr(query, keyword, "")
        for keyword in ("IssuerOfPatientID", "AccessionNumber", "StudyInstanceUID"):
            setattr(query, keyword, "")
        query.RequestedProcedureDescription = ""
        query.ScheduledProcedureStepSequence = [step]
        for keyword, value in keys.items():
            setattr(query, keyword, value)
        found = []
        for status, item in self.association.send_c_find(query, ModalityWorklistInformationFind):
            if status.Status in PENDING:
                found.append(item)
            else:
                assert status.Status == SUCCESS
        return found

    def begin(self, item: Dataset) -> str:
        """Report the item's step begun; the performed step's UID."""
        uid = str(generate_uid())
        scheduled = Dataset()
        scheduled.StudyInstanceUID = item.StudyInstanceUID
        scheduled.AccessionNumber = item.AccessionNumber
        scheduled.ScheduledProcedureStepID = item.ScheduledProcedureStepSequence[
            0
        ].ScheduledProcedureStepID
        step = Dataset()
        step.SpecificCharacterSet = "ISO_IR 192"
        step.ScheduledStepAttributesSequence = [scheduled]
        step.PatientName, step.PatientID = item.PatientName, item.PatientID
        step.PerformedProcedureStepID = "P1"
        step.PerformedStationAETitle = self.ae_title
        step.PerformedProcedureStepStartDate = "20261124"
        step.PerformedProcedureStepStartTime = "101500"
        step.PerformedProcedureStepStatus = "IN PROGRESS"
        step.Modality = "CT"
        step.PerformedSeriesSequence = []
        status, _ = self.association.send_n_create(step, ModalityPerformedProcedureStep, uid)
        assert status.Status == SUCCESS, status
        return uid

    def end(self, performed: str, status: str = "COMPLETED") -> int:
        """Report a step ended; the status that came back."""
        change = Dataset()
        change.PerformedProcedureStepStatus = status
        change.PerformedProcedureStepEndDate = "20261124"
        change.PerformedProcedureStepEndTime = "102000"
        answer, _ = self.association.send_n_set(change, ModalityPerformedProcedureStep, performed)
        return int(answer.Status)

    def store(self, *datasets: Dataset) -> None:
        """C-STORE each."""
        for dataset in datasets:
            assert self.association.send_c_store(dataset).Status == SUCCESS
