"""News of studies."""

from dataclasses import dataclass

from vesalius.kit.outbox import Event


@dataclass(frozen=True)
class StudyArrived(Event):
    """The first instance of a study is stored."""

    study_instance_uid: str
    patient_reference: str | None


@dataclass(frozen=True)
class StudyComplete(Event):
    """Nothing has arrived for a while: the study is as complete as it will be, for now."""

    study_instance_uid: str
    patient_reference: str | None


@dataclass(frozen=True)
class StudyMoved(Event):
    """A study got a patient, lost them, or got another one."""

    study_instance_uid: str
    patient_reference: str | None
    before: str | None
