"""Answers of one or many parts (PS3.18 §8.6)."""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.responses import Response

from vesalius.kit.http.multipart import MultipartWriter


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes with their media type and where they are found."""

    media_type: str
    body: bytes
    location: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def part_headers(media_type: str, length: int, location: str | None) -> list[tuple[str, str]]:
    """The header lines of a part."""
    headers = [("Content-Type", media_type), ("Content-Length", str(length))]
    if location is not None:
        headers.append(("Content-Location", location))
    return headers


def multipart_response(
    part_type: str, parts: Iterable[Part], *, status: int = 200, subtype: str = "related"
) -> Response:
    """All parts in one message; for bodies that are in memory anyway."""
    writer = MultipartWriter(part_type, subtype=subtype)
    pieces: list[bytes] = []
    for part in parts:
        headers = part_headers(part.media_type, len(part.body), part.location)
        pieces += [writer.opening([*headers, *part.headers]), part.body]
    pieces.append(writer.closing)
    return Response(b"".join(pieces), status, headers={"Content-Type": writer.content_type})
