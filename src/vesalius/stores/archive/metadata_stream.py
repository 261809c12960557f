"""The DICOM JSON of one instance, compressed as it is written.

A member is raw deflate that ends at a byte border without being final, so that members put
one after another between a gzip header and a trailer are one gzip stream: browsers read only
the first of several concatenated gzip streams.
"""

import zlib

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.walker import BULK_ROOT

# How much JSON may wait for the UIDs that its URIs need.
WAITING_LIMIT = 4 * 1024 * 1024
# A window of 8 KB and small tables: headers are short, and larger ones cost more to get from the
# system, page by page, than the compressing itself.
LEVEL, WINDOW_BITS, MEMORY_LEVEL = 1, 13, 6


class MetadataStream:
    """Takes JSON, gives a member with its size and CRC."""

    def __init__(self) -> None:
        self.size = 0
        self.crc32 = 0
        self._root: bytes | None = None
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._compress = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW_BITS, MEMORY_LEVEL)
        self._out: list[bytes] = []

    def name_root(self, root: str) -> None:
        """Say under which URI the bulk data of this instance lives."""
        self._root = root.encode()
        waiting, self._waiting = self._waiting, []
        for piece in waiting:
            self.write(piece)

    def write(self, json: bytes) -> None:
        """Take the next piece; pieces never cut a URI."""
        if self._root is None:
            self._waiting.append(json)
            self._waiting_size += len(json)
            if self._waiting_size > WAITING_LIMIT:
                raise Invalid("the data set's identifiers come too late")
            return
        json = json.replace(BULK_ROOT, self._root)
        self.size += len(json)
        self.crc32 = zlib.crc32(json, self.crc32)
        self._out.append(self._compress.compress(json))

    def finish(self) -> bytes:
        """The member."""
        self._out.append(self._compress.flush(zlib.Z_SYNC_FLUSH))
        return b"".join(self._out)
