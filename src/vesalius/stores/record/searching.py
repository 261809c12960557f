"""Searching one type: criteria, policy, order and page in one query over the index."""

from typing import Any

from vesalius.kit.database import Predicate
from vesalius.kit.transaction import Transaction
from vesalius.stores import access, audit
from vesalius.stores.access import Principal
from vesalius.stores.record.criteria import where
from vesalius.stores.record.hashing import resource_key
from vesalius.stores.record.including import include
from vesalius.stores.record.model import Parameters, SearchResult
from vesalius.stores.record.patients import named_patient
from vesalius.stores.record.policy import visible
from vesalius.stores.record.projections import compose_all
from vesalius.stores.record.query import Query, take_apart, write_cursor
from vesalius.stores.record.rows import VERSION_COLUMNS, version_of
from vesalius.stores.record.scope import Scope
from vesalius.stores.record.sorting import Key, after, position, sort_keys
from vesalius.stores.record.stamping import base_address
from vesalius.stores.record.types import require_type

Row = dict[str, Any]


async def search(
    tx: Transaction,
    principal: Principal,
    resource_type: str,
    parameters: Parameters,
    *,
    lenient: bool = False,
) -> SearchResult:
    """One page of the resources of a type that meet the parameters and may be seen.

    Newest first unless sorted. Raises UnknownParameter or UnsupportedParameter for what cannot
    be answered; when lenient, unknown criteria are left out and named in `ignored`.
    """
    access.require(principal, f"record.read:{resource_type}")
    require_type(resource_type)
    query = take_apart(resource_type, parameters, most=tx.settings.page_count, lenient=lenient)
    patient = named_patient(resource_type, query.criteria, base_address(tx))
    condition, pinned = _condition(tx, principal, query, patient)
    keys = sort_keys(resource_type, query.sort)
    rows: list[Row] = []
    if query.count and not query.only_count:
        rows = await _fetch_page(tx, query, keys, condition, pinned=pinned)
    more, rows = len(rows) > query.count, rows[: query.count]
    total = await _total(tx, query, condition, rows, more=more)
    extra = await include(tx, principal, query, rows) if rows else []
    result = SearchResult(
        matches=await compose_all(tx, rows, [version_of(r) for r in rows]),
        included=await compose_all(tx, extra, [version_of(r) for r in extra]),
        total=total,
        next=write_cursor(position(keys, rows[-1])) if more else None,
        ignored=tuple(query.ignored),
    )
    await _note(tx, principal, query, patient, result)
    return result


async def find_keys(
    tx: Transaction, principal: Principal, resource_type: str, parameters: Parameters, most: int
) -> list[Row]:
    """At most `most` visible rows that match, without a word in the trail: for conditions."""
    query = take_apart(resource_type, parameters, most=most)
    query.count = most - 1
    condition, pinned = _condition(tx, principal, query, None)
    return await _fetch_page(tx, query, [], condition, pinned=pinned)


def _condition(
    tx: Transaction, principal: Principal, query: Query, patient: str | None
) -> tuple[Predicate, bool]:
    """What rows must meet, and whether one patient's index rows answer it."""
    base = base_address(tx)
    pinned = patient is not None and query.resource_type != "Patient"
    pin = resource_key(f"Patient/{patient}") if pinned else None
    scope = Scope(principal, query.resource_type, "r", base, pin)
    current = Predicate("r.resource_type = %s AND NOT r.deleted", (query.resource_type,))
    policy = visible(principal, "r", query.resource_type)
    return current & policy & where(scope, query.criteria), pinned


async def _fetch_page(
    tx: Transaction, query: Query, keys: list[Key], condition: Predicate, *, pinned: bool
) -> list[Row]:
    """One row more than the page holds, so that it is known whether there is a next."""
    selected = "".join(f", {key.expression} AS sort{i}" for i, key in enumerate(keys))
    joins = "".join(key.join for key in keys)
    behind = after(keys, query.cursor)
    order = ", ".join([*(key.order for key in keys), "r.number DESC"])
    sql = (
        f"SELECT {VERSION_COLUMNS}{selected} FROM record_resource r{joins}"
        f" WHERE {condition.sql} AND ({behind.sql}) ORDER BY {order} LIMIT %s"
    )
    joined = tuple(value for key in keys for value in key.params)
    params = (*joined, *condition.params, *behind.params, query.count + 1)
    if pinned:
        # The criteria are laid out so that the plan made without the values is right (see
        # `criteria.where`), and planning anew would cost twice what running does.
        return await tx.fetch_by_generic_plan(sql, params)
    # The plan must see the values: a status that half of all have, or a code that ten have.
    return await tx.fetch_all(sql, params, prepare=False)


async def _total(
    tx: Transaction, query: Query, condition: Predicate, rows: list[Row], *, more: bool
) -> int | None:
    """Counted when asked for; otherwise told when it is known anyway."""
    if query.total == "accurate" or query.only_count:
        sql = f"SELECT count(*) FROM record_resource r WHERE {condition.sql}"
        return int(await tx.fetch_value(sql, condition.params, prepare=False))
    complete = query.cursor is None and query.count > 0 and not more
    return len(rows) if complete else None


async def _note(
    tx: Transaction,
    principal: Principal,
    query: Query,
    patient: str | None,
    result: SearchResult,
) -> None:
    await audit.record(
        tx,
        principal,
        "E",
        audit.kinds.QUERY,
        reference=query.resource_type,
        patient_reference=patient,
        detail={
            "parameters": sorted({name for name, _ in query.criteria}),
            "matches": len(result.matches),
            "included": len(result.included),
        },
    )
