"""Answers of one or many parts (PS3.18 §8.6)."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vesalius.kit.http.multipart import MultipartWriter

JOINED_BYTES = 2 * 1024 * 1024


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
    """A body in several pieces of known length, sent without being joined first."""

    def __init__(self, pieces: list[bytes], status_code: int, content_type: str) -> None:
        super().__init__(None, status_code)
        self._pieces = pieces
        self.headers["Content-Type"] = content_type
        self.headers["Content-Length"] = str(sum(map(len, pieces)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces in order."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        for piece in self._joined():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _joined(self) -> list[bytes]:
        # Copying a frame costs less than waking the client for each of its part's lines.
        if sum(map(len, self._pieces)) <= JOINED_BYTES:
            return [b"".join(self._pieces)]
        return self._pieces


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
    return PiecesResponse(pieces, status, writer.content_type)
