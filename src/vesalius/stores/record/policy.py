"""The house's policy said over the record's rows. Nothing here decides; it asks `stores.access`.

A resource of several patients' records is seen by who may see all of those patients.
"""

from collections.abc import Iterable
from functools import cache

from vesalius.kit.database import TRUE, Predicate
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.stores import access
from vesalius.stores.access import Principal


def visible(principal: Principal, row: str, resource_type: str | None = None) -> Predicate:
    """Rows (of table alias `row`) this principal may see; of one type, or of any."""
    if resource_type is None:
        return _visible_of_any_type(principal, row)
    return _visible_patients(principal, row, definitional=not fhir.has_patients(resource_type))


def permitted_types(principal: Principal, types: Iterable[str] | None = None) -> list[str] | None:
    """Types (of these) the principal may read; None when that is every type there is."""
    if types is None:
        if access.permits(principal, "record.read:*"):
            return None
        types = fhir.resource_types()
    return [t for t in sorted(types) if access.permits(principal, f"record.read:{t}")]


async def require_patients(tx: Transaction, principal: Principal, patients: Iterable[str]) -> None:
    """Raises NotFound when one of these patients is hidden from the principal."""
    wanted = sorted(set(patients))
    if not wanted or (principal.sees_all_patients and principal.sees_restricted):
        return
    restricted: set[str] = set()
    if principal.sees_all_patients:
        rows = await tx.fetch_all(
            "SELECT patient_reference FROM restricted_patient WHERE patient_reference = ANY(%s)",
            (wanted,),
        )
        restricted = {row["patient_reference"] for row in rows}
    for patient in wanted:
        if not access.may_see(principal, patient, restricted=patient in restricted):
            raise NotFound("there is no such patient")


def _visible_patients(principal: Principal, row: str, *, definitional: bool) -> Predicate:
    first = access.patient_predicate(
        principal, f"{row}.patient_reference", unmatched_column_null_visible=definitional
    )
    if first.sql == TRUE.sql:
        return TRUE
    each = access.patient_predicate(principal, "other.id")
    hidden = Predicate(
        f"SELECT FROM unnest({row}.other_patients) AS other(id) WHERE NOT ({each.sql})",
        each.params,
    )
    return first & Predicate(
        f"{row}.other_patients IS NULL OR NOT EXISTS ({hidden.sql})", hidden.params
    )


def _visible_of_any_type(principal: Principal, row: str) -> Predicate:
    allowed = _visible_patients(principal, row, definitional=False)
    if not principal.sees_all_patients:
        definitional = Predicate(
            f"{row}.patient_reference IS NULL AND {row}.resource_type = ANY(%s::text[])",
            (_definitional_types(),),
        )
        allowed = allowed | definitional
    types = permitted_types(principal)
    if types is None:
        return allowed
    return allowed & Predicate(f"{row}.resource_type = ANY(%s::text[])", (types,))


@cache
def _definitional_types() -> list[str]:
    return sorted(t for t in fhir.resource_types() if not fhir.has_patients(t))
