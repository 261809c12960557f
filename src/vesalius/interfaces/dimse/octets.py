"""Reading and writing the octets of upper layer PDUs, never past a bound (PS3.8 section 9.3.1)."""

from __future__ import annotations

import struct

UINT16 = struct.Struct(">H")
UINT32 = struct.Struct(">I")
AE_TITLE_LENGTH = 16
UID_MAX_LENGTH = 64


class Malformed(Exception):
    """The peer's octets are not what PS3.8 allows; answered with an A-ABORT."""


class Reader:
    """A cursor over the octets of one PDU or item that refuses to run past their end."""

    __slots__ = ("_data", "_end", "_position")

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = memoryview(data)
        self._position = 0
        self._end = len(self._data)

    @property
    def remaining(self) -> int:
        return self._end - self._position

    def take(self, length: int) -> memoryview:
        """The next `length` octets, or Malformed when there are fewer."""
        start = self._position
        if length > self._end - start:
            raise Malformed("an item is longer than what holds it")
        self._position = start + length
        return self._data[start : start + length]

    def skip(self, length: int) -> None:
        self.take(length)

    def uint8(self) -> int:
        return self.take(1)[0]

    def uint16(self) -> int:
        value: int = UINT16.unpack(self.take(2))[0]
        return value

    def uint32(self) -> int:
        value: int = UINT32.unpack(self.take(4))[0]
        return value

    def item(self) -> tuple[int, memoryview]:
        """One item: its type, and its octets behind the reserved octet and the length."""
        kind = self.uint8()
        self.skip(1)
        return kind, self.take(self.uint16())

    def counted(self) -> memoryview:
        """A field preceded by its own 16-bit length."""
        return self.take(self.uint16())

    def rest(self) -> memoryview:
        return self.take(self.remaining)


def text(data: memoryview) -> str:
    """ASCII text; other octets are kept visible rather than refused."""
    return bytes(data).decode("latin-1").strip(" \0")


def uid(data: memoryview) -> str:
    """A UID; trailing NULs are tolerated, as many peers pad to an even length (PS3.8 Annex F)."""
    value = bytes(data).rstrip(b"\0 ")
    if len(value) > UID_MAX_LENGTH:
        raise Malformed("a UID is longer than 64 characters")
    if value.translate(None, b"0123456789."):
        raise Malformed("a UID holds other characters than digits and dots")
    return value.decode("ascii")


def item(kind: int, payload: bytes) -> bytes:
    if len(payload) > 0xFFFF:
        raise ValueError("an item cannot be longer than 65535 octets")
    return bytes((kind, 0)) + UINT16.pack(len(payload)) + payload


def counted(payload: bytes) -> bytes:
    return UINT16.pack(len(payload)) + payload


def ae_title(title: str) -> bytes:
    encoded = title.encode("latin-1")
    if len(encoded) > AE_TITLE_LENGTH:
        raise ValueError("an AE title has at most 16 characters")
    return encoded.ljust(AE_TITLE_LENGTH)
