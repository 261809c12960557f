"""News of reports."""

from dataclasses import dataclass

from vesalius.kit.outbox import Event


@dataclass(frozen=True)
class ReportSigned(Event):
    """A report was signed: preliminary, final, amended or appended."""

    study_instance_uid: str
    report_reference: str
    patient_reference: str
    order_reference: str | None
    status: str


@dataclass(frozen=True)
class ReportWithdrawn(Event):
    """A signed report stood in the wrong chart and was taken out of it."""

    study_instance_uid: str
    report_reference: str
    patient_reference: str
