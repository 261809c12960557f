"""Answers of one or many parts (PS3.18 §8.6)."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vesalius.kit.http.exchange import PIECES, Buffer
from vesalius.kit.http.multipart import MultipartWriter


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes with their media type and where they are found."""

    media_type: str
    body: Buffer
    location: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def part_headers(media_type: str, length: int, location: str | None) -> list[tuple[str, str]]:
    """The header lines of a part."""
    headers = [("Content-Type", media_type), ("Content-Length", str(length))]
    if location is not None:
        headers.append(("Content-Location", location))
    return headers


async def begun(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, the first already at hand: what fails before it is still an error with a
    status of its own, not an answer that breaks off."""
    first = await anext(chunks, b"")

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return all_of_them()


class PiecesResponse(Response):
    """A body in several pieces of known length.

    A connection that can takes the pieces as they are: joining them would copy every frame once
    more. To any other they are sent one by one.
    """

    def __init__(self, pieces: list[Buffer], status_code: int, content_type: str) -> None:
        self.status_code = status_code
        self.background = None
        self._pieces = pieces
        size = sum(map(len, pieces))
        self.raw_headers = [
            (b"content-type", content_type.encode("latin-1")),
            (b"content-length", b"%d" % size),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces in order."""
        status, headers = self.status_code, self.raw_headers
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if PIECES in scope.get("extensions", ()):
            await send({"type": PIECES, "pieces": self._pieces})
            return
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": bytes(piece), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def multipart_response(
    part_type: str, parts: Iterable[Part], *, status: int = 200, subtype: str = "related"
) -> Response:
    """All parts in one message; for bodies that are in memory anyway."""
    writer = MultipartWriter(part_type, subtype=subtype)
    pieces: list[Buffer] = []
    for part in parts:
        headers = part_headers(part.media_type, len(part.body), part.location)
        pieces += [writer.opening([*headers, *part.headers]), part.body]
    pieces.append(writer.closing)
    return PiecesResponse(pieces, status, writer.content_type)
