"""Bulk data of an instance, and its whole pixel data (PS3.18 §10.4.1.1.5 and §10.4.1.1.7).

A value goes out as it stands in the data set. Alone when the client leaves it to us, so that a
browser can show a PDF; as a part when it asks for parts. One byte range may be asked for.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from vesalius.interfaces.dicomweb.asking import house_of, named_instance, principal_of
from vesalius.interfaces.dicomweb.frames import send_frames
from vesalius.interfaces.dicomweb.looking import looking_at
from vesalius.interfaces.dicomweb.media_types import OCTETS, wanted
from vesalius.interfaces.dicomweb.parts import begun, part_headers
from vesalius.kit.errors import Invalid, Unsupported
from vesalius.kit.http.multipart import MultipartWriter
from vesalius.standards.dicom.attributes import text
from vesalius.stores import archive

ENCAPSULATED_DOCUMENT, ITS_MIME_TYPE = "00420011", "00420012"
PIXEL_DATA = "7FE00010"
# What a browser may be shown from our own origin; anything else could be a script.
HARMLESS = frozenset({"application/pdf", "image/jpeg", "image/png", "text/plain"})
_PATH = re.compile(r"[0-9A-Fa-f]{8}(?:/\d{1,6}/[0-9A-Fa-f]{8}){0,64}")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes of a value that are sent: from `start`, `length` of them, of `whole`."""

    start: int
    length: int
    whole: int
    partial: bool

    @property
    def content_range(self) -> str:
        """As Content-Range says it."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.whole}"


async def retrieve_bulkdata(request: Request) -> Response:
    """`GET …/instances/{instance}/bulkdata/{path}`."""
    path = request.path_params["path"]
    if not _PATH.fullmatch(path):
        raise Invalid("The address names no attribute.")
    return await _respond(request, path.upper())


async def retrieve_pixel_data(request: Request) -> Response:
    """`GET …/instances/{instance}/pixeldata`."""
    return await _respond(request, PIXEL_DATA)


async def _respond(request: Request, path: str) -> Response:
    principal = principal_of(request)
    house = house_of(request)
    target = named_instance(request)
    async with looking_at(house, principal, target.study) as tx:
        try:
            value = await archive.bulk(tx, principal, *target.uids, path)
        except Unsupported:
            # Compressed pixel data has no meaning as one value: it comes frame by frame.
            return await send_frames(request, None)
    multipart, media_type = _choose(request, _own_type(value))
    span = read_range(request.headers.get("range"), value.length)
    if span is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{value.length}"})
    headers = {"Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"}
    if span.partial:
        headers["Content-Range"] = span.content_range
    status = 206 if span.partial else 200
    chunks = await begun(archive.stream_bulk(house.blobs, value, span.start, span.length))
    if not multipart:
        headers |= {"Content-Type": media_type, "Content-Length": str(span.length)}
        return StreamingResponse(chunks, status, headers)
    writer = MultipartWriter(media_type)
    opening = writer.opening([*part_headers(media_type, span.length, None), *headers.items()])
    size = len(opening) + span.length + len(writer.closing)
    headers |= {"Content-Type": writer.content_type, "Content-Length": str(size)}
    return StreamingResponse(_framed(opening, chunks, writer.closing), status, headers)


async def _framed(
    opening: bytes, chunks: AsyncIterator[bytes], closing: bytes
) -> AsyncIterator[bytes]:
    yield opening
    async for chunk in chunks:
        yield chunk
    yield closing


def _own_type(value: archive.BulkValue) -> str:
    """What a value is, when it is something a browser may be shown."""
    if value.path != ENCAPSULATED_DOCUMENT:
        return OCTETS
    named = text(value.row.elements, ITS_MIME_TYPE).lower()
    return named if named in HARMLESS else OCTETS


def _choose(request: Request, own_type: str) -> tuple[bool, str]:
    """(in parts, media type); alone where the client leaves it to us."""
    for each in wanted(request):
        for name in (own_type, OCTETS):
            if each.media_type.covers(name):
                return not each.single, name
    raise Unsupported(f"This value comes as {own_type} or {OCTETS}.")


def read_range(header: str | None, whole: int) -> Span | None:
    """The one range asked for; all of it for a header we need not understand (RFC 9110 §14.2);
    None when the range lies outside."""
    everything = Span(0, whole, whole, partial=False)
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or not (match[1] or match[2]):
        return everything
    if not match[1]:
        length = min(int(match[2]), whole)
        return Span(whole - length, length, whole, partial=True) if length else None
    start = int(match[1])
    end = min(int(match[2]), whole - 1) if match[2] else whole - 1
    if match[2] and int(match[2]) < start:
        return everything
    return Span(start, end - start + 1, whole, partial=True) if start < whole else None
