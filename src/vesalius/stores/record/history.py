"""Versions of one resource, of a type, or of all, newest first (R4 §3.1.0.9)."""

from datetime import datetime
from typing import Any

from vesalius.kit.database import Predicate
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.stores import access, audit
from vesalius.stores.access import Principal
from vesalius.stores.record.hashing import resource_key
from vesalius.stores.record.model import HistoryResult, UnknownParameter, Version
from vesalius.stores.record.policy import permitted_types, visible
from vesalius.stores.record.projections import composed
from vesalius.stores.record.query import DEFAULT_COUNT, read_cursor, write_cursor
from vesalius.stores.record.rows import version_of
from vesalius.stores.record.types import audit_kind, require_type

_COLUMNS = """r.key, r.resource_type, r.id, r.version, r.last_updated, r.deleted,
    r.patient_reference, r.body"""


async def history(
    tx: Transaction,
    principal: Principal,
    resource_type: str | None = None,
    id: str | None = None,
    *,
    count: int = DEFAULT_COUNT,
    since: datetime | None = None,
    cursor: str | None = None,
) -> HistoryResult:
    """One page of the versions the principal may see. Raises NotFound where there are none."""
    if resource_type is None:
        types = permitted_types(principal)
        types = sorted(fhir.resource_types()) if types is None else types
        if not types:
            access.require(principal, "record.read:*")
    else:
        access.require(principal, f"record.read:{resource_type}")
        require_type(resource_type)
        types = [resource_type]
    condition = visible(principal, "r") & _behind(cursor)
    if since is not None:
        condition = condition & Predicate("r.last_updated >= %s", (since,))
    count = max(1, min(count, tx.settings.page_count))
    if id is None:
        rows = await _of_types(tx, types, condition, count + 1)
    else:
        key = resource_key(f"{resource_type}/{id}")
        rows = await _of_one(tx, condition & Predicate("r.key = %s", (key,)), count + 1)
        if not rows and cursor is None and since is None:
            raise NotFound(f"there is no {resource_type}/{id}")
    more, rows = len(rows) > count, rows[:count]
    versions = [await _version(tx, row) for row in rows]
    await _note(tx, principal, resource_type, id, versions)
    return HistoryResult(
        versions,
        total=len(versions) if cursor is None and not more else None,
        next=write_cursor(_place(rows[-1])) if more else None,
    )


def _place(row: dict[str, Any]) -> list[Any]:
    return [row["last_updated"].isoformat(), row["key"], row["version"]]


def _behind(cursor: str | None) -> Predicate:
    if cursor is None:
        return Predicate("true")
    values = read_cursor(cursor)
    if len(values) != 3 or not isinstance(values[0], str):
        raise UnknownParameter("_cursor belongs to another history")
    try:
        moment = datetime.fromisoformat(values[0])
        key, version = int(values[1]), int(values[2])
    except (ValueError, TypeError):
        raise UnknownParameter("_cursor is not of one of our links") from None
    return Predicate(
        "(r.last_updated, r.key, r.version) < (%s, %s::bigint, %s::integer)",
        (moment, key, version),
    )


async def _of_one(tx: Transaction, condition: Predicate, limit: int) -> list[dict[str, Any]]:
    return await tx.fetch_all(
        f"SELECT * FROM ({_both(condition)}) AS both_tables"
        " ORDER BY last_updated DESC, key DESC, version DESC LIMIT %s",
        (*condition.params, *condition.params, limit),
    )


async def _of_types(
    tx: Transaction, types: list[str], condition: Predicate, limit: int
) -> list[dict[str, Any]]:
    """The newest of each type by its index, then the newest of those."""
    newest = (
        "SELECT * FROM ({}) AS newest ORDER BY last_updated DESC, key DESC, version DESC LIMIT %s"
    )
    typed = condition & Predicate("r.resource_type = kind.name")
    parts = " UNION ALL ".join(f"({newest.format(part)})" for part in _parts(typed))
    return await tx.fetch_all(
        "SELECT found.* FROM unnest(%s::text[]) AS kind(name) CROSS JOIN LATERAL"
        f" ({parts}) AS found ORDER BY last_updated DESC, key DESC, version DESC LIMIT %s",
        (types, *typed.params, limit, *typed.params, limit, limit),
    )


def _parts(condition: Predicate) -> tuple[str, str]:
    return (
        f"SELECT {_COLUMNS}, r.projected FROM record_resource r WHERE {condition.sql}",
        # The kept body of a projection's current version is left to the current row.
        f"SELECT {_COLUMNS}, false AS projected FROM record_history r WHERE ({condition.sql})"
        " AND NOT EXISTS (SELECT FROM record_resource c WHERE c.key = r.key"
        " AND c.version = r.version)",
    )


def _both(condition: Predicate) -> str:
    return " UNION ALL ".join(_parts(condition))


async def _version(tx: Transaction, row: dict[str, Any]) -> Version:
    version = version_of(row)
    return await composed(tx, version) if row["projected"] and not version.deleted else version


async def _note(
    tx: Transaction,
    principal: Principal,
    resource_type: str | None,
    id: str | None,
    versions: list[Version],
) -> None:
    patient = versions[0].patient_reference if id is not None and versions else None
    await audit.record(
        tx,
        principal,
        "R" if id is not None else "E",
        audit.kinds.QUERY if id is None else audit_kind(resource_type or "", patient),
        reference=f"{resource_type}/{id}" if id is not None else resource_type or "history",
        patient_reference=patient,
        detail={"history": len(versions)},
    )
