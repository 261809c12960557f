"""Preamble and File Meta Information (PS3.10 7.1): written for data sets that come by network,
read, bounded, from files."""

import struct

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.kinds import LONG_VRS
from vesalius.standards.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    checked_uid,
)

PREAMBLE_BYTES = 128
PREFIX = b"DICM"
MEDIA_STORAGE_SOP_CLASS_UID = 0x00020002
MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003
TRANSFER_SYNTAX_UID = 0x00020010
META_LIMIT = 64 * 1024


def write_file_meta(
    *,
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    source_ae_title: str | None = None,
) -> bytes:
    """Preamble, prefix and meta group, ready to stand before a data set."""
    group = bytearray(_element(0x0001, "OB", b"\0\1"))
    group += _element(0x0002, "UI", sop_class_uid.encode())
    group += _element(0x0003, "UI", sop_instance_uid.encode())
    group += _element(0x0010, "UI", transfer_syntax_uid.encode())
    group += _element(0x0012, "UI", IMPLEMENTATION_CLASS_UID.encode())
    group += _element(0x0013, "SH", IMPLEMENTATION_VERSION_NAME.encode())
    if source_ae_title and len(source_ae_title) <= 16 and source_ae_title.isascii():
        group += _element(0x0016, "AE", source_ae_title.encode())
    length = _element(0x0000, "UL", struct.pack("<I", len(group)))
    return bytes(PREAMBLE_BYTES) + PREFIX + length + bytes(group)


def _element(element: int, vr: str, value: bytes) -> bytes:
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB") else b" "
    head = struct.pack("<HH", 2, element) + vr.encode()
    if vr in LONG_VRS:
        return head + b"\0\0" + struct.pack("<I", len(value)) + value
    return head + struct.pack("<H", len(value)) + value


class FileMetaReader:
    """Reads a file's beginning as it arrives: `feed` until it gives the data set's first bytes."""

    def __init__(self) -> None:
        self.uids: dict[int, str] = {}
        self.size = 0
        self._buffer = bytearray()
        self._position = PREAMBLE_BYTES + len(PREFIX)

    def feed(self, chunk: bytes) -> bytes | None:
        """None while the meta group goes on; then the bytes behind it. Raises Invalid."""
        self._buffer += chunk
        if len(self._buffer) < self._position:
            return None
        if self._buffer[PREAMBLE_BYTES : PREAMBLE_BYTES + len(PREFIX)] != PREFIX:
            raise Invalid("this is not a DICOM file: its prefix is missing")
        while len(self._buffer) >= self._position + 12:
            # The group ends where the next group begins: group lengths are often wrong.
            if self._buffer[self._position : self._position + 2] != b"\2\0":
                return self._finish()
            if not self._read_element():
                break
        if self._position > META_LIMIT or len(self._buffer) > META_LIMIT:
            raise Invalid("the file meta information is longer than we take")
        return None

    def close(self) -> None:
        """The file ended inside its meta group: always Invalid."""
        raise Invalid("the file ends before its data set begins")

    def _read_element(self) -> bool:
        """Step over one whole element; false when it is not all here yet."""
        at = self._position
        element = int.from_bytes(self._buffer[at + 2 : at + 4], "little")
        vr = bytes(self._buffer[at + 4 : at + 6]).decode("latin-1")
        if not (vr.isascii() and vr.isupper() and vr.isalpha()):
            raise Invalid("the file meta information has an element without a valid representation")
        if vr in LONG_VRS:
            head, length = 12, int.from_bytes(self._buffer[at + 8 : at + 12], "little")
        else:
            head, length = 8, int.from_bytes(self._buffer[at + 6 : at + 8], "little")
        if at + head + length > META_LIMIT:
            raise Invalid("the file meta information is longer than we take")
        if len(self._buffer) < at + head + length:
            return False
        if vr == "UI":
            value = bytes(self._buffer[at + head : at + head + length])
            self.uids[0x00020000 | element] = value.rstrip(b"\0 ").decode("ascii", "replace")
        self._position = at + head + length
        return True

    def _finish(self) -> bytes:
        checked_uid(self.uids.get(TRANSFER_SYNTAX_UID), "TransferSyntaxUID")
        self.size = self._position
        rest = bytes(self._buffer[self._position :])
        self._buffer.clear()
        return rest
