"""Patient/$everything: the whole record of one patient, page by page (R4 §8.1.11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from vesalius.kit.database import Predicate
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.stores import access, audit
from vesalius.stores.access import Principal
from vesalius.stores.record.hashing import resource_key
from vesalius.stores.record.including import include
from vesalius.stores.record.model import SearchResult
from vesalius.stores.record.policy import visible
from vesalius.stores.record.projections import compose_all
from vesalius.stores.record.query import Include, Query, read_cursor, write_cursor
from vesalius.stores.record.reading import look
from vesalius.stores.record.rows import VERSION_COLUMNS, version_of

DEFAULT_COUNT = 100


async def everything(
    tx: Transaction,
    principal: Principal,
    patient_reference: str,
    *,
    types: Sequence[str] = (),
    since: datetime | None = None,
    count: int = DEFAULT_COUNT,
    cursor: str | None = None,
) -> SearchResult:
    """One page of what belongs to the patient, and of what that refers to beside patients."""
    access.require(principal, "record.read:Patient")
    await look(tx, principal, "Patient", patient_reference)
    count = max(1, min(count, tx.settings.page_count))
    condition = _belongs(patient_reference) & visible(principal, "r")
    if types:
        condition = condition & Predicate("r.resource_type = ANY(%s::text[])", (list(types),))
    if since is not None:
        condition = condition & Predicate("r.last_updated >= %s", (since,))
    if cursor is not None:
        condition = condition & Predicate("r.number > %s::bigint", (int(read_cursor(cursor)[-1]),))
    rows = await tx.fetch_all(
        f"SELECT {VERSION_COLUMNS} FROM record_resource r WHERE NOT r.deleted AND {condition.sql}"
        " ORDER BY r.number LIMIT %s",
        (*condition.params, count + 1),
    )
    more, rows = len(rows) > count, rows[:count]
    extra = [] if types else await _referred(tx, principal, rows)
    await _note(tx, principal, patient_reference, len(rows))
    return SearchResult(
        matches=await compose_all(tx, rows, [version_of(r) for r in rows]),
        included=await compose_all(tx, extra, [version_of(r) for r in extra]),
        next=write_cursor([rows[-1]["number"]]) if more else None,
    )


def _belongs(patient_reference: str) -> Predicate:
    """Of this patient's record; of several records where it refers to the patient itself."""
    return Predicate(
        "r.patient_reference = %s OR (%s = ANY(r.other_patients) AND r.number IN"
        " (SELECT resource FROM record_reference WHERE target = %s::bigint))",
        (patient_reference, patient_reference, resource_key(f"Patient/{patient_reference}")),
    )


async def _referred(
    tx: Transaction, principal: Principal, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Practitioners, organizations, medications: what the page refers to and is nobody's record."""
    query = Query("Patient", includes=[Include("*", "*", None, iterate=False)])
    found = await include(tx, principal, query, rows)
    return [row for row in found if not fhir.has_patients(row["resource_type"])]


async def _note(tx: Transaction, principal: Principal, patient: str, count: int) -> None:
    await audit.record(
        tx,
        principal,
        "E",
        audit.kinds.DATA_EXPORT,
        reference=f"Patient/{patient}/$everything",
        patient_reference=patient,
        detail={"resources": count},
    )
