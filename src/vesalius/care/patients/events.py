"""News of patient identity."""

from dataclasses import dataclass

from vesalius.kit.outbox import Event


@dataclass(frozen=True)
class PatientIdentified(Event):
    """A patient is new, or has other names, identifiers, birth date or sex than before."""

    patient_reference: str
