"""One entry of a transaction or batch: what it asks for."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from vesalius.standards import fhir
from vesalius.standards.fhir import Issue
from vesalius.stores.record.model import Rejected
from vesalius.stores.record.writing import Deed

Json = dict[str, Any]

ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
"""The order in which entries are carried out (R4 §3.1.0.11.2)."""

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


def take_entry(place: int, entry: Any) -> Entry:
    """Take the entry at this place apart. Raises Rejected, saying where in the bundle."""
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
