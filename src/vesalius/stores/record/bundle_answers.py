"""Entries carried out alone, and what is answered for each."""

import base64
import binascii
from typing import Any, Literal
from urllib.parse import parse_qsl

from vesalius.kit.errors import Invalid, Unsupported
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.standards.fhir import Issue, operation_outcome
from vesalius.stores.access import Principal
from vesalius.stores.record.bundle_entries import Entry
from vesalius.stores.record.conditional import delete_if
from vesalius.stores.record.history import history
from vesalius.stores.record.model import SearchResult, Version
from vesalius.stores.record.patching import patch
from vesalius.stores.record.reading import read, vread
from vesalius.stores.record.searching import search
from vesalius.stores.record.stamping import base_address
from vesalius.stores.record.writing import Deed, Done, perform

Json = dict[str, Any]
Prefer = Literal["minimal", "representation", "OperationOutcome"]

STATUS_TEXT = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


async def delete_entry(tx: Transaction, principal: Principal, entry: Entry) -> None:
    """DELETE by id, or of the one a search finds."""
    if entry.id is None:
        await delete_if(tx, principal, entry.resource_type, entry.query)
    else:
        deed = Deed("delete", entry.resource_type, entry.id, if_match=entry.if_match)
        await perform(tx, principal, [deed])
    entry.answer = {"response": {"status": STATUS_TEXT[204]}}


async def patch_entry(tx: Transaction, principal: Principal, entry: Entry, prefer: Prefer) -> None:
    """PATCH by id."""
    if entry.id is None:
        raise Unsupported("a conditional PATCH is not supported")
    operations = _patch_operations(entry.resource or {}, tx.settings.json_depth)
    version = await patch(
        tx, principal, entry.resource_type, entry.id, operations, if_match=entry.if_match
    )
    entry.answer = written_entry(Done(version), prefer)


def _patch_operations(resource: Json, depth: int) -> Any:
    """A JSON Patch comes in a Binary (R4 §3.1.0.7)."""
    if resource.get("resourceType") != "Binary":
        raise Unsupported("PATCH in a Bundle takes a Binary with a JSON Patch")
    try:
        data = base64.b64decode(resource.get("data", ""))
    except (binascii.Error, TypeError, ValueError):
        raise Invalid("the Binary holds no base64 data") from None
    return fhir.parse(data, depth=depth)


async def get_entry(tx: Transaction, principal: Principal, entry: Entry) -> Json:
    """The answer to a GET: a read, a version, a history or a search."""
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


def written_entry(done: Done, prefer: Prefer) -> Json:
    """The answer to a change."""
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
