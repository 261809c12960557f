"""Transactions and batches: many interactions in one Bundle (R4 §3.1.0.11).

A transaction is done or not done; its entries may refer to each other by `fullUrl`, and to
stored resources by a search (conditional references). A batch's entries each stand alone, in a
savepoint. Either is carried out in the standard's order: DELETE, POST, PUT and PATCH, GET; the
answer is in the order of the entries.
"""

from collections.abc import Callable, Sequence
from typing import Any

from vesalius.kit.errors import Invalid, VesaliusError
from vesalius.kit.transaction import Transaction
from vesalius.standards.fhir import Issue, operation_outcome
from vesalius.stores.access import Principal
from vesalius.stores.record.bundle_answers import (
    Prefer,
    delete_entry,
    get_entry,
    patch_entry,
    written_entry,
)
from vesalius.stores.record.bundle_entries import ORDER, Entry, take_entry
from vesalius.stores.record.bundle_names import link_all, name_all
from vesalius.stores.record.model import Rejected, TooCostly
from vesalius.stores.record.writing import Done, perform

Json = dict[str, Any]
Explain = Callable[[VesaliusError], tuple[str, Json]]
"""From an error to an HTTP status line and an OperationOutcome."""


async def process_bundle(
    tx: Transaction,
    principal: Principal,
    bundle: Json,
    *,
    prefer: Prefer = "minimal",
    explain: Explain | None = None,
) -> Json:
    """Carry out a transaction or batch; the Bundle that answers it.

    Raises for a transaction that fails (the caller's transaction is to be rolled back), and for
    what is no bundle. `explain` puts a failed batch entry into the caller's words.
    """
    kind = bundle.get("type")
    if bundle.get("resourceType") != "Bundle" or kind not in ("transaction", "batch"):
        raise Invalid("the body must be a Bundle of the type transaction or batch")
    entries = bundle.get("entry", [])
    if type(entries) is not list:
        raise Invalid("Bundle.entry must be an array")
    if len(entries) > tx.settings.bundle_entries:
        raise TooCostly(f"a Bundle holds at most {tx.settings.bundle_entries} entries")
    if kind == "transaction":
        taken = [take_entry(place, entry) for place, entry in enumerate(entries)]
        answers = await _transaction(tx, principal, taken, prefer)
    else:
        answers = await _batch(tx, principal, entries, prefer, explain or _explain_plainly)
    return {"resourceType": "Bundle", "type": f"{kind}-response", "entry": answers}


# ---------------------------------------------------------------- transactions


async def _transaction(
    tx: Transaction, principal: Principal, entries: Sequence[Entry], prefer: Prefer
) -> list[Json]:
    """All entries or, by raising, none."""
    local = await name_all(tx, principal, entries)
    await link_all(tx, principal, entries, local)
    _require_distinct(entries)
    for entry in entries:
        if entry.method == "DELETE":
            await delete_entry(tx, principal, entry)
    writing = [e for e in entries if e.deed is not None]
    if writing:
        done = await _perform(tx, principal, writing)
        for entry, one in zip(writing, done, strict=True):
            entry.answer = written_entry(one, prefer)
    for entry in entries:
        if entry.method == "PATCH":
            await patch_entry(tx, principal, entry, prefer)
        elif entry.method in ("GET", "HEAD"):
            entry.answer = await get_entry(tx, principal, entry)
    return [entry.answer or {} for entry in entries]


async def _perform(tx: Transaction, principal: Principal, entries: list[Entry]) -> list[Done]:
    try:
        return await perform(tx, principal, [e.deed for e in entries if e.deed], act="transaction")
    except Rejected as error:
        raise _in_bundle(error, entries) from error


def _in_bundle(error: Rejected, entries: list[Entry]) -> Rejected:
    """The same issues, told where they stand in the bundle."""
    place = next((e.place for e in entries if e.deed and error.about is e.deed.body), None)
    if place is None:
        return error
    where = f"Bundle.entry[{place}].resource"
    return Rejected(
        [Issue(i.severity, i.code, i.text, _moved(i.expression or "", where)) for i in error.issues]
    )


def _moved(expression: str, where: str) -> str:
    _, dot, rest = expression.partition(".")
    return f"{where}{dot}{rest}"


def _require_distinct(entries: Sequence[Entry]) -> None:
    """A transaction may not change one resource twice (R4 §3.1.0.11.2)."""
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.deed is not None:
            name = (entry.deed.resource_type, entry.deed.id)
        elif entry.method in ("DELETE", "PATCH") and entry.id:
            name = (entry.resource_type, entry.id)
        else:
            continue
        if name in seen:
            raise Invalid("a transaction may not change the same resource twice")
        seen.add(name)


# ---------------------------------------------------------------- batches


async def _batch(
    tx: Transaction,
    principal: Principal,
    entries: Sequence[Any],
    prefer: Prefer,
    explain: Explain,
) -> list[Json]:
    """Each entry alone, failures told in its place."""
    answers: list[Json] = [{} for _ in entries]
    order = sorted(range(len(entries)), key=lambda i: _rank(entries[i]))
    for place in order:
        try:
            async with tx.savepoint():
                [answers[place]] = await _transaction(
                    tx, principal, [take_entry(place, entries[place])], prefer
                )
        except VesaliusError as error:
            status, outcome = explain(error)
            answers[place] = {"response": {"status": status, "outcome": outcome}}
    return answers


def _rank(entry: Any) -> int:
    request = entry.get("request") if type(entry) is dict else None
    method = request.get("method") if type(request) is dict else None
    return ORDER.get(method, 3) if type(method) is str else 3


def _explain_plainly(error: VesaliusError) -> tuple[str, Json]:
    return "400 Bad Request", operation_outcome([Issue("error", "processing", error.message)])
