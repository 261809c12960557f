"""What every criterion of a search is said over, and how it looks into an index table."""

from dataclasses import dataclass

from vesalius.kit.database import Predicate
from vesalius.standards.fhir import SearchParameter
from vesalius.stores.access import Principal
from vesalius.stores.record.hashing import SEVERAL_PATIENTS, parameter_number


@dataclass(frozen=True, slots=True)
class Scope:
    """Who searches which type, over which alias, and what is known of the patient.

    `pin` is the key of the one patient whose compartment all answers are in; index rows carry
    it, so it narrows every index scan. `probing` criteria are looked up for each row that another
    criterion finds, instead of being joined.
    """

    principal: Principal
    resource_type: str
    row: str
    base: str
    pin: int | None = None
    depth: int = 0
    probing: bool = False


def number_of(scope: Scope, parameter: SearchParameter) -> int:
    """The number under which the values of this parameter are indexed."""
    return parameter_number(scope.resource_type, parameter.alias or parameter.code)


def pinned(scope: Scope) -> Predicate:
    """Index rows of the patient, where one is known; for tables that carry it."""
    if scope.pin is None:
        return Predicate("true")
    # `<> 0` lets the planner use the partial indexes without seeing the value.
    return Predicate(f"patient IN (%s::bigint, {SEVERAL_PATIENTS}) AND patient <> 0", (scope.pin,))


def found_in(scope: Scope, table: str, condition: Predicate) -> Predicate:
    """Resources that have such a row in this index table."""
    if scope.probing:
        # OFFSET 0 keeps the planner from making a join of it.
        return Predicate(
            f"EXISTS (SELECT FROM {table} WHERE resource = {scope.row}.number"
            f" AND ({condition.sql}) OFFSET 0)",
            condition.params,
        )
    return Predicate(
        f"{scope.row}.number IN (SELECT resource FROM {table} WHERE {condition.sql})",
        condition.params,
    )
