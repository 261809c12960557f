"""News of the record."""

from dataclasses import dataclass

from vesalius.kit.outbox import Event


@dataclass(frozen=True)
class ResourceChanged(Event):
    """A resource was created, updated or deleted; `version` is the one this made."""

    resource_type: str
    id: str
    version: int
    patient_reference: str | None
