"""`_include` and `_revinclude`: what the matches refer to, and what refers to them."""

from collections.abc import Sequence
from typing import Any

from vesalius.kit.database import TRUE, Predicate
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.stores.access import Principal
from vesalius.stores.record.hashing import parameter_number
from vesalius.stores.record.model import TooCostly
from vesalius.stores.record.policy import visible
from vesalius.stores.record.query import Include, Query
from vesalius.stores.record.rows import VERSION_COLUMNS

DEEPEST_ITERATION = 5
Row = dict[str, Any]


async def include(
    tx: Transaction, principal: Principal, query: Query, matches: Sequence[Row]
) -> list[Row]:
    """Rows to send along with the matches, each once, none of the matches, all visible.

    Raises TooCostly when that is more than the limit: a part of them would pass for all.
    """
    found: dict[int, Row] = {}
    seen = {row["number"] for row in matches}
    last: list[Row] = list(matches)
    for depth in range(DEEPEST_ITERATION):
        forward = [i for i in query.includes if depth == 0 or i.iterate]
        backward = [i for i in query.revincludes if depth == 0 or i.iterate]
        new: dict[int, Row] = {}
        for one in forward:
            for row in await _forward(tx, principal, one, last):
                new[row["number"]] = row
        for one in backward:
            for row in await _backward(tx, principal, one, last):
                new[row["number"]] = row
        last = [row for number, row in new.items() if number not in seen]
        seen |= new.keys()
        found |= {row["number"]: row for row in last}
        if len(found) > tx.settings.include_count:
            raise TooCostly("the search includes more resources than one answer may hold")
        if not last:
            break
    return list(found.values())


async def _forward(
    tx: Transaction, principal: Principal, one: Include, rows: Sequence[Row]
) -> list[Row]:
    numbers = [row["number"] for row in rows if one.source in ("*", row["resource_type"])]
    if not numbers:
        return []
    condition = Predicate("f.resource = ANY(%s::bigint[])", (numbers,))
    if one.parameter != "*":
        condition = condition & _follows(one.source, one.parameter)
    target = _target(one)
    return await _fetch(tx, principal, "r.key = f.target", condition & target)


async def _backward(
    tx: Transaction, principal: Principal, one: Include, rows: Sequence[Row]
) -> list[Row]:
    keys = [row["key"] for row in rows if one.target in (None, row["resource_type"])]
    if not keys:
        return []
    condition = Predicate("f.target = ANY(%s::bigint[])", (keys,))
    if one.parameter != "*":
        condition = condition & _follows(one.source, one.parameter)
    if one.source != "*":
        condition = condition & Predicate("r.resource_type = %s", (one.source,))
    return await _fetch(tx, principal, "r.number = f.resource", condition)


def _follows(resource_type: str, code: str) -> Predicate:
    parameter = fhir.search_parameters(resource_type)[code]
    number = parameter_number(resource_type, parameter.alias or code)
    return Predicate("f.parameter = %s::integer", (number,))


def _target(one: Include) -> Predicate:
    """Types that may be followed: the one named, or those of an alias (`patient` of `subject`)."""
    if one.target is not None:
        return Predicate("r.resource_type = %s", (one.target,))
    if one.parameter == "*":
        return TRUE
    parameter = fhir.search_parameters(one.source)[one.parameter]
    if parameter.alias is None:
        return TRUE
    return Predicate("r.resource_type = ANY(%s::text[])", (list(parameter.targets),))


async def _fetch(
    tx: Transaction, principal: Principal, link: str, condition: Predicate
) -> list[Row]:
    everything = condition & visible(principal, "r")
    return await tx.fetch_all(
        f"SELECT DISTINCT ON (r.number) {VERSION_COLUMNS} FROM record_reference f"
        f" JOIN record_resource r ON {link} WHERE NOT r.deleted AND {everything.sql}"
        " ORDER BY r.number DESC LIMIT %s",
        (*everything.params, tx.settings.include_count + 1),
    )
