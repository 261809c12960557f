"""News of procedure steps."""

from dataclasses import dataclass

from vesalius.kit.outbox import Event


@dataclass(frozen=True)
class StepScheduled(Event):
    """A step stands in the modality worklist, or stands there otherwise than before."""

    step_id: str
    order_reference: str
    patient_reference: str


@dataclass(frozen=True)
class StepBegun(Event):
    """A modality began a step (MPPS N-CREATE)."""

    step_id: str
    order_reference: str
    patient_reference: str


@dataclass(frozen=True)
class StepEnded(Event):
    """A modality completed or discontinued a step (MPPS N-SET)."""

    step_id: str
    order_reference: str
    patient_reference: str
    status: str
