"""`_sort` and the place where a page ends (keyset paging: no page costs more than the first)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vesalius.kit.database import FALSE, TRUE, Predicate, some
from vesalius.standards import fhir
from vesalius.stores.record.hashing import parameter_number
from vesalius.stores.record.model import UnknownParameter, UnsupportedParameter

LARGEST = 2**63 - 1

# Table, column for ascending, column for descending, SQL type.
_SORTED = {
    "date": ("record_date", "lowest", "highest", "bigint"),
    "string": ("record_string", "value", "value", "text"),
    "number": ("record_quantity", "lowest", "highest", "numeric"),
    "quantity": ("record_quantity", "lowest", "highest", "numeric"),
}


@dataclass(frozen=True, slots=True)
class Key:
    """One sort key: the expression it orders by, and the join that brings it."""

    expression: str
    kind: str
    descending: bool
    join: str = ""
    params: tuple[Any, ...] = ()

    @property
    def order(self) -> str:
        return f"{self.expression} {'DESC' if self.descending else 'ASC'} NULLS LAST"


def sort_keys(resource_type: str, sort: list[tuple[str, bool]]) -> list[Key]:
    """The keys of a `_sort`. Raises UnknownParameter; UnsupportedParameter for hashed values."""
    return [_key(resource_type, code, down, f"s{i}") for i, (code, down) in enumerate(sort)]


def after(keys: list[Key], cursor: list[Any] | None) -> Predicate:
    """Rows behind the cursor: a later key, or equal keys and a smaller number."""
    if cursor is None:
        return TRUE
    if (
        len(cursor) != len(keys) + 1
        or not isinstance(cursor[-1], int)
        or not -LARGEST <= cursor[-1] <= LARGEST
    ):
        raise UnknownParameter("_cursor belongs to another search")
    alternatives = []
    equal = TRUE
    for key, value in zip(keys, cursor, strict=False):
        alternatives.append(equal & _later(key, value))
        equal = equal & Predicate(
            f"{key.expression} IS NOT DISTINCT FROM %s::{key.kind}", (_plain(value),)
        )
    alternatives.append(equal & Predicate("r.number < %s::bigint", (cursor[-1],)))
    return some(alternatives)


def position(keys: list[Key], row: dict[str, Any]) -> list[Any]:
    """The cursor of a row."""
    values = [row[f"sort{i}"] for i in range(len(keys))]
    return [*(_text(v) for v in values), row["number"]]


def _key(resource_type: str, code: str, descending: bool, alias: str) -> Key:
    if code == "_lastUpdated":
        return Key("r.last_updated", "timestamptz", descending)
    if code == "_id":
        return Key("r.id", "text", descending)
    parameter = fhir.search_parameters(resource_type).get(code)
    if parameter is None:
        raise UnknownParameter(f"{resource_type} has no search parameter {code!r} to sort by")
    if parameter.type not in _SORTED:
        raise UnsupportedParameter(f"sorting by {code} is not supported: it is a {parameter.type}")
    table, low, high, kind = _SORTED[parameter.type]
    what = f"max({high})" if descending else f"min({low})"
    join = (
        f" LEFT JOIN LATERAL (SELECT {what} AS value FROM {table} WHERE resource = r.number"
        f" AND parameter = %s::integer) {alias} ON true"
    )
    number = parameter_number(resource_type, parameter.alias or code)
    return Key(f"{alias}.value", kind, descending, join, (number,))


def _later(key: Key, value: Any) -> Predicate:
    if value is None:
        return FALSE  # rows without a value come last, in the order of their numbers
    sign = "<" if key.descending else ">"
    return Predicate(
        f"{key.expression} {sign} %s::{key.kind} OR {key.expression} IS NULL", (_plain(value),)
    )


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    raise UnknownParameter("_cursor is not of one of our links")


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int) else str(value)
