"""News of the reading list."""

from dataclasses import dataclass

from vesalius.kit.outbox import Event


@dataclass(frozen=True)
class ReadingItemChanged(Event):
    """A row of the reading list is new, or shows something else than before."""

    study_instance_uid: str
    patient_reference: str | None
