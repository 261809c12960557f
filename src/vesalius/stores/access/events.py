"""News of access."""

from dataclasses import dataclass

from vesalius.kit.outbox import Event


@dataclass(frozen=True)
class PatientRestrictionChanged(Event):
    """A patient is hidden from those without a grant, or is not any more."""

    patient_reference: str
    restricted: bool


@dataclass(frozen=True)
class UserChanged(Event):
    """A user was added or changed."""

    username: str


@dataclass(frozen=True)
class NodeChanged(Event):
    """A node was admitted, changed or removed."""

    ae_title: str
