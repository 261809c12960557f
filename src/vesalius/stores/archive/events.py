"""News of the archive."""

from dataclasses import dataclass

from vesalius.kit.outbox import Event


@dataclass(frozen=True)
class InstancesStored(Event):
    """New instances of a series were stored in this commit."""

    study_instance_uid: str
    series_instance_uid: str
    patient_reference: str | None


@dataclass(frozen=True)
class InstanceQuarantined(Event):
    """An instance contradicted what is stored and was kept aside for an operator."""

    quarantine_id: str
    study_instance_uid: str


@dataclass(frozen=True)
class StudyAttached(Event):
    """A study was attached to a patient, or detached (`patient_reference` is None)."""

    study_instance_uid: str
    patient_reference: str | None


@dataclass(frozen=True)
class BlobDamaged(Event):
    """A stored object is missing or its digest is wrong."""

    sop_instance_uid: str
    reason: str
