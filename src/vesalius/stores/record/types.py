"""What holds for a resource type."""

from vesalius.kit.errors import NotFound
from vesalius.standards import fhir
from vesalius.stores import audit


def require_type(resource_type: str) -> None:
    """Raises NotFound when R4 has no such type."""
    if resource_type not in fhir.resource_types():
        raise NotFound("R4 has no such resource type")


def audit_kind(resource_type: str, patient_reference: str | None) -> str:
    """What reading or writing such a resource is called in the trail (PS3.15 A.5.3)."""
    if resource_type == "ServiceRequest":
        return audit.kinds.ORDER_RECORD
    if resource_type == "Procedure":
        return audit.kinds.PROCEDURE_RECORD
    if patient_reference is not None:
        return audit.kinds.PATIENT_RECORD
    return audit.kinds.APPLICATION_ACTIVITY
