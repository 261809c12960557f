"""multipart/* messages (RFC 2046 §5.1), read and written as streams.

The reader takes chunks as they come from the socket and gives back events, so that a part of
gigabytes is never whole in memory; it holds at most one delimiter's length back. The writer
knows its length beforehand, so that answers carry Content-Length.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from vesalius.kit.errors import Invalid
from vesalius.kit.http.negotiation import MediaType, parse_media_type

BOUNDARY_CHARACTERS = 70  # RFC 2046 §5.1.1
PART_HEADER_BYTES = 16 * 1024
PREAMBLE_BYTES = 64 * 1024
_PADDING = b" \t"


@dataclass(frozen=True, slots=True)
class PartBegun:
    """A part begins; header names are in lower case."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """Some of the current part's bytes."""

    chunk: bytes | memoryview


@dataclass(frozen=True, slots=True)
class PartEnded:
    """The current part is complete."""


Event = PartBegun | PartData | PartEnded


def boundary_of(content_type: MediaType) -> bytes:
    """The boundary a Content-Type names; `Invalid` when it is missing or not allowed."""
    boundary = content_type.parameters.get("boundary", "")
    if not boundary or len(boundary) > BOUNDARY_CHARACTERS or boundary.endswith(" "):
        raise Invalid("The multipart message names no usable boundary.")
    try:
        return boundary.encode("ascii")
    except UnicodeEncodeError:
        raise Invalid("The multipart boundary is not ASCII.") from None


class MultipartReader:
    """Cuts a stream at its boundaries: feed it chunks, take the events, then `close` it."""

    def __init__(self, boundary: bytes, *, most_parts: int = 100_000) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._most_parts = most_parts
        self._parts = 0
        # The first delimiter may stand at the very beginning, where no line precedes it.
        self._buffer = b"\r\n"
        self._step = self._read_preamble
        self._skipped = 0
        self.complete = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events in the next chunk; take them all before feeding again."""
        self._buffer = self._buffer + chunk if self._buffer else chunk
        while event := self._step():
            if not isinstance(event, _Again):
                yield event

    def close(self) -> None:
        """The stream has ended; `Invalid` when the closing boundary has not come."""
        if not self.complete:
            raise Invalid("The multipart message ends before its closing boundary.")

    def _read_preamble(self) -> "Event | _Again | None":
        at = self._buffer.find(self._delimiter)
        keep = len(self._delimiter) - 1
        self._skipped += at if at >= 0 else max(0, len(self._buffer) - keep)
        if self._skipped > PREAMBLE_BYTES:
            raise Invalid("The multipart message does not begin with its boundary.")
        if at < 0:
            self._buffer = self._buffer[-keep:]
            return None
        self._buffer = self._buffer[at + len(self._delimiter) :]
        self._step = self._read_delimiter_end
        return _AGAIN

    def _read_delimiter_end(self) -> "Event | _Again | None":
        """After a delimiter: `--` closes the message, a line end opens the next part."""
        if self._buffer.startswith(b"--"):
            self._buffer = b""
            self.complete = True
            self._step = self._read_epilogue
            return None
        line_end = self._buffer.find(b"\r\n")
        if line_end < 0:
            if len(self._buffer) > PART_HEADER_BYTES or self._buffer.strip(_PADDING + b"\r-"):
                raise Invalid("A multipart boundary is followed by something else.")
            return None
        if self._buffer[:line_end].strip(_PADDING):
            raise Invalid("A multipart boundary is followed by something else.")
        # The line end stays: an empty header is then two line ends like any other.
        self._buffer = self._buffer[line_end:]
        self._step = self._read_headers
        return _AGAIN

    def _read_headers(self) -> "Event | _Again | None":
        end = self._buffer.find(b"\r\n\r\n")
        if max(end, 0) > PART_HEADER_BYTES or (end < 0 and len(self._buffer) > PART_HEADER_BYTES):
            raise Invalid("The header of a part is too long.")
        if end < 0:
            return None
        self._parts += 1
        if self._parts > self._most_parts:
            raise Invalid("The multipart message has too many parts.")
        headers = _parse_headers(self._buffer[2:end])
        # Two bytes of line end stay, since the delimiter of an empty part begins with them.
        self._buffer = self._buffer[end + 2 :]
        self._step = self._read_first_data
        return PartBegun(headers)

    def _read_first_data(self) -> "Event | _Again | None":
        if len(self._buffer) < len(self._delimiter):
            return None
        self._step = self._read_data
        if not self._buffer.startswith(self._delimiter):
            self._buffer = self._buffer[2:]
        return _AGAIN

    def _read_data(self) -> "Event | _Again | None":
        at = self._buffer.find(self._delimiter)
        if at < 0:
            keep = len(self._delimiter) - 1
            if len(self._buffer) <= keep:
                return None
            view = memoryview(self._buffer)
            self._buffer = self._buffer[-keep:]
            return PartData(view[:-keep])
        if at > 0:
            view = memoryview(self._buffer)
            self._buffer = self._buffer[at:]
            return PartData(view[:at])
        self._buffer = self._buffer[len(self._delimiter) :]
        self._step = self._read_delimiter_end
        return PartEnded()

    def _read_epilogue(self) -> "Event | _Again | None":
        self._buffer = b""
        return None


class _Again:
    """The step moved on without an event; there may be more in the buffer."""


_AGAIN = _Again()


def _parse_headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in block.split(b"\r\n"):
        if not line:
            continue
        name, colon, value = line.partition(b":")
        if not colon or not name.strip():
            raise Invalid("The header of a part cannot be read.")
        headers[name.strip().decode("latin-1").lower()] = value.strip().decode("latin-1")
    return headers


class MultipartWriter:
    """Frames parts for an answer: `opening(part)`, the part's bytes, …, `closing`."""

    def __init__(self, part_type: str, *, subtype: str = "related") -> None:
        self.boundary = secrets.token_hex(16)
        self.content_type = f'multipart/{subtype}; type="{part_type}"; boundary={self.boundary}'
        self.closing = f"\r\n--{self.boundary}--\r\n".encode()

    def opening(self, headers: Iterable[tuple[str, str]]) -> bytes:
        """What stands before a part's bytes."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"\r\n--{self.boundary}\r\n{lines}\r\n".encode("latin-1")


__all__ = [
    "Event",
    "MultipartReader",
    "MultipartWriter",
    "PartBegun",
    "PartData",
    "PartEnded",
    "boundary_of",
    "parse_media_type",
]
