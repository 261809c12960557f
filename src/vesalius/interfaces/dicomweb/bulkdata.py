"""Bulk data of an instance, and its whole pixel data (PS3.18 §10.4.1.1.5 and §10.4.1.1.7).

A value goes out as it stands in the data set. Alone when the client leaves it to us, so that a
browser can show a PDF; as a part when it asks for parts. One byte range may be asked for.
"""

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from vesalius.interfaces.dicomweb.asking import house_of, principal_of, target_of
from vesalius.interfaces.dicomweb.looking import note_look
from vesalius.interfaces.dicomweb.media_types import OCTETS, wanted
from vesalius.interfaces.dicomweb.parts import part_headers
from vesalius.kit.errors import Invalid, Unsupported
from vesalius.kit.http.multipart import MultipartWriter
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
    target = target_of(request)
    async with house.database.transaction() as tx:
        value = await archive.bulk(
            tx, principal, target.study, target.series, target.instance, path
        )
        own_type = await _media_type(tx, principal, target, path)
        await note_look(tx, principal, target.study)
    multipart, media_type = _choose(request, own_type)
    span = read_range(request.headers.get("range"), value.length)
    if span is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{value.length}"})
    partial = span.length != value.length
    chunks = archive.read_bulk(house.blobs, value, span.start, span.length)
    headers = {"Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"}
    if partial:
        headers["Content-Range"] = span.content_range
    if not multipart:
        headers |= {"Content-Type": media_type, "Content-Length": str(span.length)}
        return StreamingResponse(chunks, 206 if partial else 200, headers)
    writer = MultipartWriter(media_type)
    head = part_headers(media_type, span.length, None)
    opening = writer.opening([*head, *headers.items()])
    size = len(opening) + span.length + len(writer.closing)
    headers |= {"Content-Type": writer.content_type, "Content-Length": str(size)}
    return StreamingResponse(
        _framed(opening, chunks, writer.closing), 206 if partial else 200, headers
    )
