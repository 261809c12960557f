"""Answers: resources and bundles as bytes. A stored body is sent as it lies, never parsed."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlencode

from starlette.responses import Response

from vesalius.interfaces.fhir.asking import Preferences
from vesalius.interfaces.fhir.outcomes import outcome
from vesalius.standards import fhir
from vesalius.standards.fhir import Issue, operation_outcome
from vesalius.stores.record import HistoryResult, SearchResult, Version

Parameters = Sequence[tuple[str, str]]
Shape = Callable[[Version], bytes]
"""From a version to the bytes sent: all of it, or a subset (_summary, _elements)."""


def whole(version: Version) -> bytes:
    """The body as stored."""
    return version.body


def resource(
    version: Version, media_type: str, *, status: int = 200, shape: Shape = whole
) -> Response:
    """An answer that is one resource."""
    return Response(shape(version), status, _headers(version), f"{media_type}; charset=utf-8")


def written(
    version: Version, media_type: str, preferences: Preferences, base: str, *, created: bool
) -> Response:
    """The answer to a create, update or patch: as much as the client prefers."""
    status = 201 if created else 200
    headers = _headers(version)
    address = f"{base}/{version.reference}/_history/{version.version}"
    headers["Location" if created else "Content-Location"] = address
    if preferences.returning == "minimal":
        return Response(None, status, headers)
    if preferences.returning == "OperationOutcome":
        return outcome(status, [Issue("information", "informational", "stored")], headers)
    return Response(version.body, status, headers, f"{media_type}; charset=utf-8")


def deleted(version: Version | None) -> Response:
    """The answer to a delete."""
    return Response(None, 204, {} if version is None else {"ETag": f'W/"{version.version}"'})


def searchset(
    result: SearchResult,
    media_type: str,
    *,
    base: str,
    address: str,
    parameters: Parameters,
    shape: Shape = whole,
) -> Response:
    """The Bundle of one page of a search."""
    left_out = set(result.ignored)
    used = [(n, v) for n, v in parameters if n not in left_out and n != "_cursor"]
    entries = [_entry(v, base, shape, b"match") for v in result.matches]
    entries += [_entry(v, base, shape, b"include") for v in result.included]
    if result.ignored:
        entries.append(_warning(result.ignored))
    links = _links(address, parameters, used, result.next)
    body = _bundle(b"searchset", result.total, links, entries)
    return Response(body, 200, None, f"{media_type}; charset=utf-8")


def history(
    result: HistoryResult, media_type: str, *, base: str, address: str, parameters: Parameters
) -> Response:
    """The Bundle of one page of a history."""
    used = [(n, v) for n, v in parameters if n != "_cursor"]
    entries = [_historic(v, base) for v in result.versions]
    links = _links(address, parameters, used, result.next)
    body = _bundle(b"history", result.total, links, entries)
    return Response(body, 200, None, f"{media_type}; charset=utf-8")


def _headers(version: Version) -> dict[str, str]:
    return {
        "ETag": f'W/"{version.version}"',
        "Last-Modified": _http_date(version.last_updated),
    }


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _links(
    address: str, asked: Parameters, used: Parameters, cursor: str | None
) -> list[dict[str, str]]:
    """`self` says what was understood; `next` goes on where this page ends."""
    own = [*used, *((n, v) for n, v in asked if n == "_cursor")]
    links = [{"relation": "self", "url": _url(address, own)}]
    if cursor is not None:
        links.append({"relation": "next", "url": _url(address, [*used, ("_cursor", cursor)])})
    return links


def _url(address: str, parameters: Parameters) -> str:
    return f"{address}?{urlencode(parameters, safe=':,|/')}" if parameters else address


def _bundle(
    kind: bytes, total: int | None, links: list[dict[str, str]], entries: Iterable[bytes]
) -> bytes:
    head = b'{"resourceType":"Bundle","type":"' + kind + b'"'
    if total is not None:
        head += b',"total":%d' % total
    head += b',"link":' + fhir.write(links)
    joined = b",".join(entries)
    # An empty array may not stand in FHIR JSON (R4 §2.6.2).
    return head + (b',"entry":[' + joined + b"]}" if joined else b"}")


def _entry(version: Version, base: str, shape: Shape, mode: bytes) -> bytes:
    url = f"{base}/{version.reference}".encode()
    return (
        b'{"fullUrl":"'
        + url
        + b'","resource":'
        + shape(version)
        + b',"search":{"mode":"'
        + mode
        + b'"}}'
    )


def _warning(ignored: Sequence[str]) -> bytes:
    names = ", ".join(sorted(set(ignored)))
    issue = Issue("warning", "not-supported", f"not understood and left out: {names}")
    body = {"resource": operation_outcome([issue]), "search": {"mode": "outcome"}}
    return fhir.write(body)


def _historic(version: Version, base: str) -> bytes:
    method = "DELETE" if version.deleted else "POST" if version.version == 1 else "PUT"
    status = {"DELETE": "204 No Content", "POST": "201 Created", "PUT": "200 OK"}[method]
    head = {
        "fullUrl": f"{base}/{version.reference}",
        "request": {
            "method": method,
            "url": version.resource_type if method == "POST" else version.reference,
        },
        "response": {
            "status": status,
            "etag": f'W/"{version.version}"',
            "lastModified": fhir.instant_text(version.last_updated),
        },
    }
    text = fhir.write(head)
    return text if version.deleted else text[:-1] + b',"resource":' + version.body + b"}"
