"""Transactions and batches: many interactions in one Bundle (R4 §3.1.0.11).

A transaction is done or not done; its entries may refer to each other by `fullUrl`, and to
stored resources by a search (conditional references). A batch's entries each stand alone, in a
savepoint. Either is carried out in the standard's order: DELETE, POST, PUT and PATCH, GET; the
answer is in the order of the entries.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from vesalius.kit.errors import Invalid, NotFound, Unsupported, VesaliusError
from vesalius.kit.ids import new_id
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.standards.fhir import Issue, operation_outcome
from vesalius.stores.access import Principal
from vesalius.stores.record.conditional import delete_if, match_one, updating
from vesalius.stores.record.history import history
from vesalius.stores.record.model import (
    PreconditionFailed,
    Rejected,
    SearchResult,
    TooCostly,
    Version,
)
from vesalius.stores.record.patching import patch
from vesalius.stores.record.reading import look, read, vread
from vesalius.stores.record.searching import search
from vesalius.stores.record.stamping import base_address
from vesalius.stores.record.writing import Deed, Done, perform

Json = dict[str, Any]
Prefer = Literal["minimal", "representation", "OperationOutcome"]
Explain = Callable[[VesaliusError], tuple[str, Json]]
"""From an error to an HTTP status line and an OperationOutcome."""

ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
STATUS_TEXT = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}

# Elements that may hold a fullUrl of the bundle (R4 §3.1.0.11.2); identifiers' values do not.
LINKING = {"reference", "url", "valueUri", "valueUrl"}

_version = re.compile(r'(?:W/)?"?(\d{1,9})"?').fullmatch


@dataclass(slots=True)
class Entry:
    """One entry: what it asks for, and what it became."""

    place: int
    method: str
    resource_type: str
    id: str | None
    query: str
    resource: Json | None
    full_url: str | None
    if_match: int | None
    if_none_exist: str | None
    path: list[str] = field(default_factory=list)
    deed: Deed | None = None
    answer: Json | None = None


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
        taken = [_entry(place, entry) for place, entry in enumerate(entries)]
        answers = await _transaction(tx, principal, taken, prefer)
    else:
        answers = await _batch(tx, principal, entries, prefer, explain or _explain_plainly)
    return {"resourceType": "Bundle", "type": f"{kind}-response", "entry": answers}


# ---------------------------------------------------------------- entries


def _entry(place: int, entry: Any) -> Entry:
    where = f"Bundle.entry[{place}]"
    request = entry.get("request") if type(entry) is dict else None
    if type(request) is not dict:
        raise Rejected([Issue("error", "required", "request is required", f"{where}.request")])
    method, url = request.get("method"), request.get("url")
    if method not in ORDER or type(url) is not str or not url:
        text = "method must be GET, POST, PUT, PATCH or DELETE, with a url"
        raise Rejected([Issue("error", "value", text, f"{where}.request")])
    parts = urlsplit(url)
    path = [unquote(p) for p in parts.path.strip("/").split("/") if p]
    resource = entry.get("resource")
    if method in ("POST", "PUT", "PATCH") and type(resource) is not dict:
        raise Rejected([Issue("error", "required", "resource is required", f"{where}.resource")])
    kind = path[0] if path else ""
    if kind not in fhir.resource_types():
        raise Rejected([Issue("error", "value", "url names no R4 type", f"{where}.request.url")])
    return Entry(
        place=place,
        method=method,
        resource_type=kind,
        id=path[1] if len(path) > 1 else None,
        query=parts.query,
        resource=resource,
        full_url=entry.get("fullUrl"),
        if_match=_if_match(request.get("ifMatch"), where),
        if_none_exist=request.get("ifNoneExist"),
        path=path,
    )


def _if_match(text: Any, where: str) -> int | None:
    if text is None:
        return None
    match = _version(text) if type(text) is str else None
    if match is None:
        text = 'ifMatch must be like W/"3"'
        raise Rejected([Issue("error", "value", text, f"{where}.request.ifMatch")])
    return int(match[1])


# ---------------------------------------------------------------- transactions


async def _transaction(
    tx: Transaction, principal: Principal, entries: Sequence[Entry], prefer: Prefer
) -> list[Json]:
    """All entries or, by raising, none."""
    local = await _name_all(tx, principal, entries)
    await _link_all(tx, principal, entries, local)
    _require_distinct(entries)
    for entry in entries:
        if entry.method == "DELETE":
            await _delete(tx, principal, entry)
    writing = [e for e in entries if e.deed is not None]
    if writing:
        done = await _perform(tx, principal, writing)
        for entry, one in zip(writing, done, strict=True):
            entry.answer = _written(one, prefer)
    for entry in entries:
        if entry.method == "PATCH":
            await _patch(tx, principal, entry, prefer)
        elif entry.method in ("GET", "HEAD"):
            entry.answer = await _get(tx, principal, entry)
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


async def _name_all(
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
        entry.answer = _written(Done(existing), "minimal")


async def _link_all(
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
            async with tx.connection.transaction():
                [answers[place]] = await _transaction(
                    tx, principal, [_entry(place, entries[place])], prefer
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


# ---------------------------------------------------------------- single entries


async def _delete(tx: Transaction, principal: Principal, entry: Entry) -> None:
    if entry.id is None:
        await delete_if(tx, principal, entry.resource_type, entry.query)
    else:
        deed = Deed("delete", entry.resource_type, entry.id, if_match=entry.if_match)
        await perform(tx, principal, [deed])
    entry.answer = {"response": {"status": STATUS_TEXT[204]}}


async def _patch(tx: Transaction, principal: Principal, entry: Entry, prefer: Prefer) -> None:
    if entry.id is None:
        raise Unsupported("a conditional PATCH is not supported")
    operations = _patch_operations(entry.resource or {}, tx.settings.json_depth)
    version = await patch(
        tx, principal, entry.resource_type, entry.id, operations, if_match=entry.if_match
    )
    entry.answer = _written(Done(version), prefer)


def _patch_operations(resource: Json, depth: int) -> Any:
    """A JSON Patch comes in a Binary (R4 §3.1.0.7)."""
    if resource.get("resourceType") != "Binary":
        raise Unsupported("PATCH in a Bundle takes a Binary with a JSON Patch")
    try:
        data = base64.b64decode(resource.get("data", ""))
    except (binascii.Error, TypeError, ValueError):
        raise Invalid("the Binary holds no base64 data") from None
    return fhir.parse(data, depth=depth)


async def _get(tx: Transaction, principal: Principal, entry: Entry) -> Json:
    path, kind = entry.path, entry.resource_type
    if len(path) == 1:
        found = await search(tx, principal, kind, parse_qsl(entry.query, keep_blank_values=True))
        return {"resource": _searchset(tx, found), "response": {"status": STATUS_TEXT[200]}}
    if len(path) == 2:
        version = await read(tx, principal, kind, path[1])
    elif len(path) == 4 and path[2] == "_history" and path[3].isdecimal():
        version = await vread(tx, principal, kind, path[1], int(path[3]))
    elif len(path) == 3 and path[2] == "_history":
        versions = (await history(tx, principal, kind, path[1])).versions
        bundle = {"resourceType": "Bundle", "type": "history", "total": len(versions)}
        bundle["entry"] = [_historic(v) for v in versions]
        return {"resource": bundle, "response": {"status": STATUS_TEXT[200]}}
    else:
        raise Unsupported("this GET is not supported in a Bundle")
    return {"resource": version.json(), "response": _response(version, 200)}


def _searchset(tx: Transaction, found: SearchResult) -> Json:
    base = base_address(tx)
    bundle: Json = {"resourceType": "Bundle", "type": "searchset"}
    if found.total is not None:
        bundle["total"] = found.total
    both = [(v, "match") for v in found.matches] + [(v, "include") for v in found.included]
    bundle["entry"] = [
        {"fullUrl": f"{base}/{v.reference}", "resource": v.json(), "search": {"mode": mode}}
        for v, mode in both
    ]
    return bundle


def _historic(version: Version) -> Json:
    method = "DELETE" if version.deleted else "POST" if version.version == 1 else "PUT"
    url = version.resource_type if method == "POST" else version.reference
    entry: Json = {"request": {"method": method, "url": url}}
    if not version.deleted:
        entry["resource"] = version.json()
    return entry | {"response": _response(version, 201 if version.version == 1 else 200)}


def _written(done: Done, prefer: Prefer) -> Json:
    version = done.version
    if version is None:
        return {"response": {"status": STATUS_TEXT[204]}}
    answer: Json = {"response": _response(version, 201 if done.created else 200)}
    if prefer == "representation":
        answer["resource"] = version.json()
    elif prefer == "OperationOutcome":
        issue = Issue("information", "informational", "stored")
        answer["response"]["outcome"] = operation_outcome([issue])
    return answer


def _response(version: Version, status: int) -> Json:
    return {
        "status": STATUS_TEXT[status],
        "location": f"{version.reference}/_history/{version.version}",
        "etag": f'W/"{version.version}"',
        "lastModified": fhir.instant_text(version.last_updated),
    }
