"""Walking and composing data sets byte by byte, for tests."""

import struct
from typing import Any

import orjson

from vesalius.standards.dicom.walker import BULK_ROOT, Walker

UNDEFINED = 0xFFFFFFFF
LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")


def element(tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """An explicit little endian element, with a length that may lie."""
    size = len(value) if length is None else length
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    if vr in LONG:
        return head + b"\0\0" + struct.pack("<I", size) + value
    return head + struct.pack("<H", size) + value


def item(content: bytes, length: int | None = None) -> bytes:
    """An item; of undefined length it ends with its delimiter."""
    size = len(content) if length is None else length
    end = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) if size == UNDEFINED else b""
    return struct.pack("<HHI", 0xFFFE, 0xE000, size) + content + end


SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def walk(data: bytes, *, pieces: list[int] | None = None, **options: Any) -> Walker:
    """A finished walker, fed in pieces of these sizes, then the rest."""
    walker = Walker(**options)
    position = 0
    for size in pieces or ():
        walker.feed(data[position : position + size])
        position += size
    walker.feed(data[position:])
    walker.finish()
    return walker


def dataset_of(walker: Walker) -> dict[str, Any]:
    """What the walker wrote."""
    out: dict[str, Any] = orjson.loads(walker.take_json().replace(BULK_ROOT, b"bulk/"))
    return out
