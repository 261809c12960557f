"""What the resources of a transaction are called, and references between them put right."""

from collections.abc import Sequence
from typing import Any

from vesalius.kit.errors import Invalid, NotFound
from vesalius.kit.ids import new_id
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.standards.fhir import Issue
from vesalius.stores.access import Principal
from vesalius.stores.record.bundle_answers import STATUS_TEXT, written_entry
from vesalius.stores.record.bundle_entries import Entry
from vesalius.stores.record.conditional import match_one, updating
from vesalius.stores.record.model import PreconditionFailed, Rejected
from vesalius.stores.record.reading import look
from vesalius.stores.record.writing import Deed, Done

# Elements that may hold a fullUrl of the bundle (R4 §3.1.0.11.2); identifiers' values do not.
LINKING = {"reference", "url", "valueUri", "valueUrl"}


async def name_all(
    tx: Transaction, principal: Principal, entries: Sequence[Entry]
) -> dict[str, str]:
    """Decide what every written resource is called; `Type/id` by fullUrl.

    Conditions are answered in their sorted order, so that two bundles with the same conditions
    wait for each other instead of standing in each other's way.
    """
    local: dict[str, str] = {}
    conditional = [e for e in entries if _condition(e)]
    answered: dict[tuple[str, str], str | None] = {}
    for entry in sorted(conditional, key=lambda e: (e.resource_type, _condition(e) or "")):
        key = (entry.resource_type, _condition(entry) or "")
        if key not in answered:
            answered[key] = await match_one(tx, principal, *key)
    made: dict[tuple[str, str], str] = {}
    for entry in entries:
        if entry.method not in ("POST", "PUT"):
            continue
        condition = _condition(entry)
        if condition is None:
            await _name_plain(entry)
        else:
            key = (entry.resource_type, condition)
            found = answered[key] or made.get(key)
            await _name_conditional(tx, principal, entry, found)
            if entry.deed is not None:
                made.setdefault(key, entry.deed.id)
        if entry.full_url:
            name = entry.deed.id if entry.deed else entry.id
            reference = f"{entry.resource_type}/{name}"
            local[entry.full_url] = reference
            target = fhir.parse_reference(entry.full_url)
            if target is not None and target.base and entry.method == "POST":
                local[f"{target.type}/{target.id}"] = reference
    return local


def _condition(entry: Entry) -> str | None:
    if entry.method == "POST":
        return entry.if_none_exist
    return entry.query if entry.method == "PUT" and entry.id is None else None


async def _name_plain(entry: Entry) -> None:
    resource = entry.resource or {}
    if entry.method == "POST":
        if entry.id is not None:
            raise Invalid("a POST names a type only; operations in bundles are not supported")
        entry.deed = Deed("create", entry.resource_type, new_id(), resource)
    else:
        entry.deed = Deed(
            "update", entry.resource_type, entry.id or "", resource, if_match=entry.if_match
        )


async def _name_conditional(
    tx: Transaction, principal: Principal, entry: Entry, found: str | None
) -> None:
    resource = entry.resource or {}
    if entry.method == "PUT":
        entry.deed = updating(entry.resource_type, resource, found, if_match=entry.if_match)
        return
    if found is None:
        entry.deed = Deed("create", entry.resource_type, new_id(), resource)
        return
    entry.id = found
    try:
        existing = await look(tx, principal, entry.resource_type, found)
    except NotFound:  # an equal condition earlier in this bundle is making it
        location = f"{entry.resource_type}/{found}"
        entry.answer = {"response": {"status": STATUS_TEXT[200], "location": location}}
    else:
        entry.answer = written_entry(Done(existing), "minimal")


async def link_all(
    tx: Transaction, principal: Principal, entries: Sequence[Entry], local: dict[str, str]
) -> None:
    """Put real references where entries refer to each other or to a search."""
    conditions: dict[str, str] = {}
    for entry in entries:
        if entry.deed is not None and entry.deed.body is not None:
            for condition in _conditional_references(entry.deed.body):
                conditions.setdefault(condition, "")
    for condition in sorted(conditions):
        kind, _, query = condition.partition("?")
        found = await match_one(tx, principal, kind, query, lock=False)
        if found is None:
            raise PreconditionFailed("a conditional reference finds no resource")
        conditions[condition] = f"{kind}/{found}"
    names = local | conditions
    for entry in entries:
        if entry.deed is not None and entry.deed.body is not None:
            body = _linked(dict(entry.deed.body), names, entry.place)
            deed = entry.deed
            entry.deed = Deed(deed.verb, deed.resource_type, deed.id, body, if_match=deed.if_match)


def _conditional_references(value: Any) -> Any:
    if type(value) is dict:
        reference = value.get("reference")
        if type(reference) is str and "?" in reference:
            kind = reference.partition("?")[0]
            if kind in fhir.resource_types():
                yield reference
        for item in value.values():
            if type(item) is dict or type(item) is list:
                yield from _conditional_references(item)
    elif type(value) is list:
        for item in value:
            yield from _conditional_references(item)


def _linked(value: Any, names: dict[str, str], place: int) -> Any:
    """A copy with references put right. Raises Rejected for a urn that names no entry."""
    if type(value) is list:
        return [_linked(v, names, place) if type(v) in (dict, list) else v for v in value]
    out = {}
    for key, item in value.items():
        if type(item) is dict or type(item) is list:
            item = _linked(item, names, place)
        elif key in LINKING and type(item) is str:
            item = names.get(item, item)
            if key == "reference" and item.startswith("urn:uuid:"):
                where = f"Bundle.entry[{place}].resource"
                text = f"no entry has the fullUrl {item}"
                raise Rejected([Issue("error", "not-found", text, where)])
        out[key] = item
    return out
