"""Pixel data as it arrives: where each frame stands, with a digest of its bytes.

Native pixel data is cut by arithmetic, encapsulated pixel data by its items (PS3.5 A.4). Nothing
is decoded and nothing but one item header is held. Each piece becomes a record of the segment
table: offset and length in the data set and its XXH3 (128 bits). What is no
piece (header, item headers, trailing elements) goes into `rest`; all digests together are the
digest of the data set.
"""

import hashlib
import struct
from dataclasses import dataclass

from xxhash import xxh3_128

from vesalius.kit.errors import Invalid

SEGMENT = struct.Struct("<QQ16s")
START = struct.Struct("<I")
SEGMENT_LIMIT = 500_000
OFFSET_TABLE_LIMIT = 16 * 1024 * 1024
ITEM = 0xE000FFFE  # as read in little endian
DELIMITER = 0xE0DDFFFE

# First bytes of a codestream: JPEG and JPEG-LS SOI, JPEG 2000 SOC, JP2 signature box.
BEGINNING_BYTES = 8
CODESTREAMS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")


@dataclass(frozen=True, slots=True)
class PixelPlan:
    """What the header says of the pixel data that follows."""

    offset: int
    length: int  # -1: undefined, encapsulated
    frame_count: int
    frame_bits: int  # 0: unknown; bits of one native frame


class PixelReader:
    """Takes the bytes behind the pixel data element's header, to the end of the data set."""

    def __init__(self, plan: PixelPlan) -> None:
        self.plan = plan
        self.rest = hashlib.sha256()
        self.segments = bytearray()
        self.warnings: list[str] = []
        self._position = plan.offset
        self._digest = xxh3_128()
        self._left = 0
        self._start = plan.offset
        self._header = bytearray()
        self._in_piece = False
        self._ended = False
        self._offsets: bytearray | None = None
        self._offsets_left = 0
        self._base = 0
        self._beginning = bytearray()
        self._codestreams = bytearray()
        if plan.length >= 0:
            self._native_left = plan.length
            self._frame_bytes = self._native_frame_bytes()
            self._next_native()

    @property
    def segment_count(self) -> int:
        """Pieces found so far."""
        return len(self.segments) // SEGMENT.size

    def feed(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes. Raises Invalid when they are not what the header promised."""
        view = memoryview(chunk)
        while view:
            if self._left:
                view = self._piece(view)
            elif self._ended:
                self.rest.update(view)
                self._position += len(view)
                return
            elif self.plan.length >= 0:
                self._next_native()
            elif self._offsets_left:
                view = self._offset_table(view)
            else:
                view = self._item_header(view)

    def finish(self) -> None:
        """The bytes have ended. Raises Invalid when pixel data was cut off."""
        if self.plan.length >= 0 and not self._left and not self._ended:
            self._next_native()
        if self._left or not self._ended:
            raise Invalid("the pixel data is truncated")

    def frame_starts(self) -> bytes | None:
        """Which piece each frame begins with: None when piece i is frame i, empty when unknown."""
        frames, pieces = self.plan.frame_count, self.segment_count
        if self.plan.length >= 0:
            return None if pieces == frames else b""
        if pieces == frames:
            return None
        if frames == 1 and pieces:
            return START.pack(0)
        starts = self._starts_by_offsets(frames)
        if starts is None and self._codestreams.count(1) == frames:
            starts = [i for i, begins in enumerate(self._codestreams) if begins]
        if not starts or starts[0] != 0:
            if frames:
                self.warnings.append("the frames of the pixel data cannot be told apart")
            return b""
        return b"".join(START.pack(start) for start in starts)

    def _native_frame_bytes(self) -> int:
        """Bytes of a native frame, 0 when frames do not begin at whole bytes or do not add up."""
        bits, count = self.plan.frame_bits, self.plan.frame_count
        if not bits or bits % 8 or count < 1 or count > SEGMENT_LIMIT:
            return 0
        frame = bits // 8
        # PS3.5 8.1.1: a byte of padding makes the length even.
        return frame if 0 <= self.plan.length - frame * count <= 1 else 0

    def _next_native(self) -> None:
        if self._native_left == 0:
            self._ended = True
            return
        whole = self._frame_bytes == 0
        done = not whole and self.segment_count == self.plan.frame_count
        if done:
            # The padding byte.
            self._left, self._in_piece = self._native_left, False
        else:
            self._left = self._native_left if whole else self._frame_bytes
            self._in_piece = True
            self._start = self._position
        self._native_left -= self._left

    def _piece(self, view: memoryview) -> memoryview:
        taken = view[: self._left]
        (self._digest if self._in_piece else self.rest).update(taken)
        if self._in_piece and len(self._beginning) < BEGINNING_BYTES:
            self._beginning += taken[: BEGINNING_BYTES - len(self._beginning)]
        self._left -= len(taken)
        self._position += len(taken)
        if not self._left and self._in_piece:
            self._end_piece()
        return view[len(taken) :]

    def _end_piece(self) -> None:
        if self.segment_count >= SEGMENT_LIMIT:
            raise Invalid("the pixel data has more pieces than we take")
        length = self._position - self._start
        self.segments += SEGMENT.pack(self._start, length, self._digest.digest())
        self._codestreams.append(bytes(self._beginning).startswith(CODESTREAMS))
        self._beginning.clear()
        self._digest = xxh3_128()
        self._in_piece = False

    def _item_header(self, view: memoryview) -> memoryview:
        taken = view[: 8 - len(self._header)]
        self._header += taken
        self._position += len(taken)
        self.rest.update(taken)
        if len(self._header) == 8:
            tag, length = struct.unpack("<II", self._header)
            self._header.clear()
            self._open_item(tag, length)
        return view[len(taken) :]

    def _open_item(self, tag: int, length: int) -> None:
        if tag == DELIMITER:
            self._ended = True
        elif tag != ITEM or length == 0xFFFFFFFF:
            raise Invalid("the encapsulated pixel data has something other than items")
        elif self._offsets is None:
            # PS3.5 A.4: the first item is the Basic Offset Table, and may be empty.
            if length > OFFSET_TABLE_LIMIT or length % 4:
                raise Invalid("the basic offset table is malformed")
            self._offsets = bytearray()
            self._offsets_left = length
            self._base = self._position + length
        else:
            self._start = self._position
            self._left, self._in_piece = length, True
            if length == 0:
                self._end_piece()

    def _offset_table(self, view: memoryview) -> memoryview:
        assert self._offsets is not None
        taken = view[: self._offsets_left]
        self._offsets += taken
        self.rest.update(taken)
        self._offsets_left -= len(taken)
        self._position += len(taken)
        return view[len(taken) :]

    def _starts_by_offsets(self, frames: int) -> list[int] | None:
        """Frames by the Basic Offset Table, when it has one true entry for each."""
        table = bytes(self._offsets or b"")
        if frames == 0 or len(table) != 4 * frames:
            return None
        # Entries count from the first byte of the item tag of the first fragment.
        piece_at = {
            offset - 8 - self._base: number
            for number, (offset, _, _) in enumerate(SEGMENT.iter_unpack(bytes(self.segments)))
        }
        starts = [piece_at.get(entry) for (entry,) in START.iter_unpack(table)]
        known = [start for start in starts if start is not None]
        if len(known) != frames or known != sorted(set(known)):
            self.warnings.append("the basic offset table is wrong")
            return None
        return known
