"""Inflating deflated data sets (PS3.5 A.5) in chunks, bounded in size and in ratio."""

import zlib
from collections.abc import Iterator

from vesalius.kit.errors import Invalid

CHUNK = 256 * 1024
# A ratio is only judged once there is enough to judge.
FREE_BYTES = 8 * 1024 * 1024


class Inflater:
    """Feeds of compressed bytes in, chunks of at most 256 KiB out."""

    def __init__(self, *, size_limit: int, ratio_limit: int) -> None:
        self._size_limit = size_limit
        self._ratio_limit = ratio_limit
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._taken = 0
        self._given = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Inflated chunks. Raises Invalid for a damaged stream or one that swells too much."""
        self._taken += len(chunk)
        while chunk and not self._inflate.eof:
            try:
                out = self._inflate.decompress(chunk, CHUNK)
            except zlib.error as error:
                raise Invalid("the deflated data set is damaged") from error
            self._given += len(out)
            if self._given > self._size_limit:
                raise Invalid("the inflated data set is larger than we take")
            if self._given > FREE_BYTES and self._given > self._taken * self._ratio_limit:
                raise Invalid("the deflated data set swells more than we take")
            chunk = self._inflate.unconsumed_tail
            if out:
                yield out

    def finish(self) -> Iterator[bytes]:
        """What is left. Raises Invalid when the stream is not complete."""
        while not self._inflate.eof:
            try:
                out = self._inflate.decompress(self._inflate.unconsumed_tail, CHUNK)
            except zlib.error as error:
                raise Invalid("the deflated data set is damaged") from error
            self._given += len(out)
            if self._given > self._size_limit:
                raise Invalid("the inflated data set is larger than we take")
            if not out:
                break
            yield out
        if not self._inflate.eof:
            raise Invalid("the deflated data set is truncated")
