"""A ZIP archive written as a stream, files stored uncompressed (APPNOTE 6.3, with ZIP64)."""

import struct
from dataclasses import dataclass

VERSION, STREAMED, STORED = 45, 0x0808, 0
# 1980-01-01, the first day ZIP knows: when a file was packed says nothing about it.
TIME, DATE = 0, 0x21
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF


@dataclass(slots=True)
class _Entry:
    name: bytes
    offset: int
    checksum: int = 0
    size: int = 0


class ZipStream:
    """`opening(name)`, the file's bytes, `ending(crc, size)`, again, then `closing()`."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._offset = 0

    def opening(self, name: str) -> bytes:
        """The local header of the next file."""
        encoded = name.encode()
        self._entries.append(_Entry(encoded, self._offset))
        # Sizes come after the data; a ZIP64 extra of zeros says that they come in 8 bytes.
        extra = struct.pack("<HHQQ", 1, 16, 0, 0)
        header = struct.pack(
            "<4s5H3I2H",
            b"PK\x03\x04",
            *(VERSION, STREAMED, STORED, TIME, DATE),
            *(0, FULL32, FULL32),
            *(len(encoded), len(extra)),
        )
        return self._count(header + encoded + extra)

    def ending(self, checksum: int, size: int) -> bytes:
        """What follows a file's bytes."""
        entry = self._entries[-1]
        entry.checksum, entry.size = checksum, size
        self._offset += size
        return self._count(struct.pack("<4sIQQ", b"PK\x07\x08", checksum, size, size))

    def closing(self) -> bytes:
        """The directory of the archive."""
        directory = b"".join(self._directory_entry(entry) for entry in self._entries)
        count, start = len(self._entries), self._offset
        end64 = struct.pack(
            "<4sQ2H2I4Q",
            *(b"PK\x06\x06", 44, VERSION, VERSION, 0, 0),
            *(count, count, len(directory), start),
        )
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start + len(directory), 1)
        end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, FULL16, FULL16, FULL32, FULL32, 0)
        return directory + end64 + locator + end

    def _directory_entry(self, entry: _Entry) -> bytes:
        extra = struct.pack("<HHQQQ", 1, 24, entry.size, entry.size, entry.offset)
        header = struct.pack(
            "<4s6H3I5H2I",
            b"PK\x01\x02",
            *(VERSION, VERSION, STREAMED, STORED, TIME, DATE),
            *(entry.checksum, FULL32, FULL32),
            *(len(entry.name), len(extra), 0, 0, 0),
            *(0, FULL32),
        )
        return header + entry.name + extra

    def _count(self, written: bytes) -> bytes:
        self._offset += len(written)
        return written
