"""The bounded header walker: reads a data set as it arrives, up to its pixel data.

It writes the DICOM JSON model (PS3.18 Annex F) as it goes and remembers a few top-level elements
for the index. It never recurses, never holds more than one small value, and every length is
checked against what encloses it (PS3.5 chapter 7). Values over a threshold stay in the file:
their place is noted and their bytes are passed by.

Plain Python that Cython compiles as it stands (types are in `walker.pxd`): 720 µs a CT header
by pydicom, 74 µs by such code uncompiled, 4 µs compiled.
"""

from typing import Any

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.charset import Charset
from vesalius.standards.dicom.dictionary import implicit_vr
from vesalius.standards.dicom.kinds import (
    BINARY,
    KINDS,
    LONG_TEXT,
    LONG_VRS,
    SEQUENCE,
    TEXT,
    US,
)
from vesalius.standards.dicom.values import turn_words, write_value

UNDEFINED = 0xFFFFFFFF
ITEM = 0xFFFEE000
ITEM_DELIMITATION = 0xFFFEE00D
SEQUENCE_DELIMITATION = 0xFFFEE0DD
SPECIFIC_CHARACTER_SET = 0x00080005
PIXEL_REPRESENTATION = 0x00280103
PIXEL_DATA = 0x7FE00010

# What a level of nesting is.
DATASET, SEQUENCE_LEVEL, ITEM_LEVEL, FRAGMENTS_LEVEL = 0, 1, 2, 3

# Stands in the JSON where the URI of this instance's bulk data goes; a NUL never appears there.
BULK_ROOT = b"\0bulk\0"

PREFIXES: dict[int, bytes] = {}
PREFIX_LIMIT = 20_000
VR_NAMES: dict[int, tuple[str, int, bool]] = {
    ord(vr[0]) << 8 | ord(vr[1]): (vr, kind, vr in LONG_VRS) for vr, kind in KINDS.items()
}
IMPLICIT: dict[int, tuple[str, int]] = {}
UN_CODE = 0x554E
WARNING_LIMIT = 20
# What an element costs in JSON beside its value.
CAPTURE_OVERHEAD = 24


def prefix_of(number: int, vr: str) -> bytes:
    """`"00100010":{"vr":"PN"`, kept for the next time."""
    key = number
    key = key << 16 | ord(vr[0]) << 8 | ord(vr[1])
    prefix = PREFIXES.get(key)
    if prefix is None:
        prefix = b'"%08X":{"vr":"%s"' % (number, vr.encode())
        # Hostile files invent tags without end.
        if len(PREFIXES) < PREFIX_LIMIT:
            PREFIXES[key] = prefix
    return prefix


def implicit_kind(number: int) -> tuple[str, int]:
    """VR and kind of an element of an implicit VR data set."""
    found = IMPLICIT.get(number)
    if found is None:
        vr = implicit_vr(number)
        found = (vr, US if vr == "XS" else KINDS[vr])
        if len(IMPLICIT) < PREFIX_LIMIT:
            IMPLICIT[number] = found
    return found


class Walker:
    """Walks one data set: `feed` it until it is `done` or the bytes end, then `finish`.

    `wanted` are the tags (numbers) of top-level elements to keep as JSON members in `found`.
    """

    def __init__(
        self,
        wanted: frozenset[int] = frozenset(),
        *,
        explicit: bool = True,
        big_endian: bool = False,
        strict: bool = True,
        depth_limit: int = 64,
        header_limit: int = 64 * 1024 * 1024,
        bulk_threshold: int = 4096,
        text_threshold: int = 65536,
        found_limit: int = 65536,
    ) -> None:
        self.wanted = wanted
        self.explicit = explicit
        self.big_endian = big_endian
        self.strict = strict
        self.depth_limit = depth_limit
        self.header_limit = header_limit
        self.bulk_threshold = bulk_threshold
        self.text_threshold = text_threshold
        self.found_limit = found_limit
        self.found: dict[int, bytes] = {}
        self.bulk: list[tuple[str, str, int, int]] = []
        self.warnings: list[str] = []
        self.parts: list[bytes] = [b"{"]
        self.position = 0
        self.done = False
        self.pixel_tag = 0
        self.pixel_vr = ""
        self.pixel_offset = 0
        self.pixel_length = 0
        self.charset = Charset()
        self._pending = bytearray()
        self._need = 8
        self._skip = 0
        self._skipped = 0
        self._kind = DATASET
        self._end = -1
        self._limit = -1
        self._comma = False
        self._last = -1
        self._seen: set[int] | None = None
        self._tag = 0
        self._items = 0
        self._bulk_start = -1
        self._fragments_end = -1
        self._signed = False
        self._capture = -1
        self._capture_tag = 0
        self._captured = 0
        self._levels: list[tuple[Any, ...]] = []

    def feed(self, chunk: bytes) -> bytes:
        """Walk on; the bytes behind the pixel data element's header are given back.

        Raises Invalid for bytes that no data set can have.
        """
        if self.done:
            return chunk
        if self._skip:
            size = len(chunk)
            if size <= self._skip:
                self._skip -= size
                self.position += size
                return b""
            skipped = self._skip
            self.position += skipped
            self._skip = 0
            chunk = chunk[skipped:]
        if self._pending or len(chunk) < self._need:
            self._pending += chunk
            if len(self._pending) < self._need:
                return b""
            chunk = bytes(self._pending)
            self._pending.clear()
        consumed = self._walk(chunk)
        self.position += consumed
        if self.position - self._skipped > self.header_limit:
            raise Invalid("the data set's header is longer than we take")
        if self.pixel_tag:
            return chunk[consumed:]
        rest = len(chunk) - consumed
        if rest:
            self._pending += chunk[consumed:]
        return b""

    def finish(self) -> None:
        """The bytes have ended. Raises Invalid when an element or sequence was cut off."""
        if not self.done:
            self._close_ended(self.position)
            if self._pending or self._skip or self._kind != DATASET:
                raise Invalid("the data set is truncated")
        self.parts.append(b"}")

    def take_json(self) -> bytes:
        """The JSON written since the last call; nothing while an element is being kept."""
        if self._capture >= 0:
            return b""
        out = b"".join(self.parts)
        self.parts = []
        return out

    def warn(self, warning: str) -> None:
        """Leave a warning, once each."""
        if warning not in self.warnings and len(self.warnings) < WARNING_LIMIT:
            self.warnings.append(warning)

    def _walk(self, data: bytes) -> int:
        """Consume whole elements of `data`; how many bytes those were."""
        p = data
        size = len(data)
        pos = 0
        base = self.position
        while True:
            if self._end >= 0 and base + pos >= self._end:
                self._close_ended(base + pos)
            if size - pos < 8:
                self._need = 8
                return pos
            if self.big_endian:
                number = p[pos] << 24 | p[pos + 1] << 16 | p[pos + 2] << 8 | p[pos + 3]
            else:
                number = p[pos + 1] << 24 | p[pos] << 16 | p[pos + 3] << 8 | p[pos + 2]
            if (
                number >> 16 == 0xFFFE
                or self._kind == SEQUENCE_LEVEL
                or self._kind == FRAGMENTS_LEVEL
            ):
                pos = self._delimiter(data, pos, number)
                if self._skip:
                    pos = self._pass_by(pos, size)
                    if self._skip:
                        return pos
                continue
            header = 8
            kind = 0
            code = 0
            if not self.explicit:
                length = self._long(data, pos + 4)
                meant = implicit_kind(number)
                vr, kind = meant
                if vr == "XS":
                    vr = "SS" if self._signed else "US"
                    kind = KINDS[vr]
            else:
                code = p[pos + 4] << 8 | p[pos + 5]
                known = VR_NAMES.get(code)
                if known is None:
                    known = self._unknown_vr(code)
                vr, kind, wide = known
                if wide:
                    header = 12
                    if size - pos < 12:
                        self._need = 12
                        return pos
                    length = self._long(data, pos + 8)
                    if code == UN_CODE and length != UNDEFINED and not self.big_endian:
                        meant = self._meant_by_unknown(number, length)
                        vr, kind = meant
                elif self.big_endian:
                    length = p[pos + 6] << 8 | p[pos + 7]
                else:
                    length = p[pos + 6] | p[pos + 7] << 8
            if self._kind == DATASET and 0x7FE00008 <= number <= PIXEL_DATA:
                self._pixel_data(number, vr, length, base + pos + header)
                return pos + header
            if (
                length != UNDEFINED
                and self._limit >= 0
                and base + pos + header + length > self._limit
            ):
                raise Invalid("an element is longer than the sequence that holds it")
            if kind == SEQUENCE or length == UNDEFINED:
                self._begin_element(number)
                self._open_sequence(number, vr, length, base + pos + header)
                if kind == SEQUENCE and header == 12 and code == UN_CODE:
                    self.explicit = False
                pos += header
                continue
            if length > self.bulk_threshold and (kind == BINARY or length > self.text_threshold):
                self._begin_element(number)
                self._leave_in_file(number, vr, kind, base + pos + header, length)
                self._skip = length
                pos = self._pass_by(pos + header, size)
                if self._skip:
                    return pos
                continue
            if size - pos < header + length:
                self._need = header + length
                return pos
            start = pos + header
            pos = start + length
            if number & 0xFFFF == 0:
                # Group lengths say nothing (PS3.5 7.2) and are no part of the JSON model.
                continue
            self._begin_element(number)
            self.parts.append(prefix_of(number, vr))
            if self.big_endian and kind == BINARY:
                turned = turn_words(data[start:pos], vr)
                write_value(self.parts, kind, turned, 0, length, self.charset, False)
            else:
                write_value(self.parts, kind, data, start, pos, self.charset, self.big_endian)
            self.parts.append(b"}")
            if number == SPECIFIC_CHARACTER_SET:
                self._change_charset(data[start:pos])
            elif number == PIXEL_REPRESENTATION and length >= 2:
                self._signed = p[start + (1 if self.big_endian else 0)] == 1
            if self._capture >= 0:
                self._count_captured(length + CAPTURE_OVERHEAD)
                if self._kind == DATASET and self._capture >= 0:
                    self._end_capture()

    def _long(self, data: bytes, pos: int) -> int:
        p = data
        if self.big_endian:
            value = p[pos] << 24 | p[pos + 1] << 16 | p[pos + 2] << 8 | p[pos + 3]
        else:
            value = p[pos + 3] << 24 | p[pos + 2] << 16 | p[pos + 1] << 8 | p[pos]
        return value

    def _pass_by(self, pos: int, size: int) -> int:
        """Go past bytes left in the file as far as they are here."""
        here = size - pos
        passed = self._skip if self._skip < here else here
        self._skip -= passed
        self._skipped += passed
        if self._skip:
            self._skipped += self._skip
            self._need = 8
        return pos + passed

    def _meant_by_unknown(self, number: int, length: int) -> tuple[str, int]:
        """A standard element sent as UN, when the dictionary knows better (PS3.5 6.2.2)."""
        meant = implicit_kind(number)
        if length > self.text_threshold or meant[1] == BINARY or meant[0] == "XS":
            return ("UN", BINARY)
        return meant

    def _unknown_vr(self, code: int) -> tuple[str, int, bool]:
        first, second = code >> 8, code & 0xFF
        if not (0x41 <= first <= 0x5A and 0x41 <= second <= 0x5A):
            raise Invalid("an element has no valid value representation")
        # PS3.5 6.2.2: value representations of the future have 32-bit lengths; read as UN.
        self.warn("an element has an unknown value representation")
        return ("UN", BINARY, True)

    def _begin_element(self, number: int) -> None:
        """Order and commas; and, at the top, whether this element is to be kept."""
        if self._comma:
            self.parts.append(b",")
        self._comma = True
        if number <= self._last or (self._seen is not None and self._kind == DATASET):
            self._out_of_order(number)
        self._last = number
        if self._kind == DATASET:
            if number < 0x00080000 and self.strict:
                self._low_group(number >> 16)
            if number in self.wanted:
                self._capture = len(self.parts)
                self._capture_tag = number
                self._captured = 0

    def _low_group(self, group: int) -> None:
        # PS3.5 7.1 and PS3.10 7.1: commands and file meta information are not in data sets.
        if group == 0 or group == 2:
            raise Invalid("the data set has elements of a group that data sets may not have")
        self.warn("the data set has elements of a group that data sets may not have")

    def _out_of_order(self, number: int) -> None:
        # PS3.5 7.1: ascending, each tag once. Old writers break the order, which harms nobody;
        # the same tag twice means two truths, and readers choose differently.
        if number == self._last or (self._kind == DATASET and number in self.found):
            raise Invalid("the data set has the same element twice")
        self.warn("the elements are out of order")
        if self._kind == DATASET:
            if self._seen is None:
                self._seen = {self._last}
            elif number in self._seen:
                raise Invalid("the data set has the same element twice")
            if len(self._seen) > PREFIX_LIMIT:
                raise Invalid("the data set's elements are in disorder")
            self._seen.add(number)

    def _count_captured(self, size: int) -> None:
        self._captured += size
        if self._captured > self.found_limit:
            self.warn("an element was too long to be indexed")
            self._capture = -1

    def _end_capture(self) -> None:
        self.found[self._capture_tag] = b"".join(self.parts[self._capture :])
        self._capture = -1

    def _change_charset(self, value: bytes) -> None:
        terms = value.decode("ascii", "replace").split("\\")
        self.charset = Charset(terms)
        if not self.charset.known:
            self.warn("the specific character set is unknown; text was read as UTF-8")

    def _leave_in_file(self, number: int, vr: str, kind: int, offset: int, length: int) -> None:
        if kind != BINARY and kind != LONG_TEXT and kind < US and not (kind == TEXT and vr == "UC"):
            raise Invalid("an element's value is longer than its representation allows")
        path = self._path(number)
        if len(self.bulk) >= PREFIX_LIMIT:
            raise Invalid("the data set has too many long values")
        self.bulk.append((path, vr, offset, length))
        self.parts.append(prefix_of(number, vr))
        self.parts.append(b',"BulkDataURI":"' + BULK_ROOT + path.encode() + b'"}')
        if self._capture >= 0:
            self._count_captured(self.found_limit + 1)

    def _path(self, number: int) -> str:
        """Where an element stands: `54000100/0/54001010`."""
        out = []
        for level in self._levels[1:]:
            if level[0] == ITEM_LEVEL:
                out.append(f"{level[5]:08X}/{level[6]}")
        if self._kind == ITEM_LEVEL:
            out.append(f"{self._tag:08X}/{self._items}")
        out.append(f"{number:08X}")
        return "/".join(out)

    def _push(self, kind: int, length: int, start: int) -> None:
        if len(self._levels) >= 2 * self.depth_limit:
            raise Invalid("the sequences are nested deeper than we take")
        self._levels.append(
            (
                self._kind,
                self._end,
                self._limit,
                self._comma,
                self._last,
                self._tag,
                self._items,
                self.charset,
                self.explicit,
                self.big_endian,
            )
        )
        if self._capture >= 0:
            self._count_captured(CAPTURE_OVERHEAD)
        self._kind = kind
        self._comma = False
        self._last = -1
        if length == UNDEFINED:
            self._end = -1
        else:
            self._end = start + length
            if self._limit >= 0 and self._end > self._limit:
                raise Invalid("a sequence is longer than what holds it")
            self._limit = self._end

    def _close_ended(self, position: int) -> None:
        """Close the levels of defined length that end here."""
        while self._end >= 0 and position >= self._end:
            if position > self._end:
                raise Invalid("an element is longer than the sequence that holds it")
            self._close()

    def _close(self) -> None:
        kind = self._kind
        if kind == ITEM_LEVEL:
            self.parts.append(b"}")
        elif kind == SEQUENCE_LEVEL:
            self.parts.append(b"]}")
        bulk_tag = self._tag
        (
            self._kind,
            self._end,
            self._limit,
            self._comma,
            self._last,
            self._tag,
            self._items,
            self.charset,
            self.explicit,
            self.big_endian,
        ) = self._levels.pop()
        if kind == ITEM_LEVEL:
            self._items += 1
        elif kind == FRAGMENTS_LEVEL:
            self._end_fragments(bulk_tag)
        if self._kind == DATASET and self._capture >= 0:
            self._end_capture()

    def _open_sequence(self, number: int, vr: str, length: int, start: int) -> None:
        if vr == "OB" or vr == "OW":
            # Encapsulated pixel data inside an item, an icon for instance (PS3.5 A.4).
            self._bulk_start = start
            self.parts.append(prefix_of(number, vr))
            self._push(FRAGMENTS_LEVEL, length, start)
            self._tag = number
            return
        if vr != "SQ" and vr != "UN":
            raise Invalid("an element has an undefined length that may not have one")
        self.parts.append(prefix_of(number, "SQ"))
        self.parts.append(b',"Value":[')
        self._push(SEQUENCE_LEVEL, length, start)
        self._tag = number
        self._items = 0
        if vr == "UN":
            # PS3.5 6.2.2 note 2: inside UN of undefined length all is implicit little endian.
            self.explicit = False
            self.big_endian = False

    def _end_fragments(self, number: int) -> None:
        path = self._path(number)
        length = self._fragments_end - self._bulk_start
        vr = "OB"
        self.bulk.append((path, vr, self._bulk_start, length))
        self.parts.append(b',"BulkDataURI":"' + BULK_ROOT + path.encode() + b'"}')
        if self._capture >= 0:
            self._count_captured(self.found_limit + 1)

    def _delimiter(self, data: bytes, pos: int, number: int) -> int:
        """Items and delimitation items (PS3.5 7.5)."""
        here = self.position + pos
        length = self._long(data, pos + 4)
        pos += 8
        if number == ITEM and self._kind == SEQUENCE_LEVEL:
            if self._comma:
                self.parts.append(b",")
            self._comma = True
            self.parts.append(b"{")
            tag, items = self._tag, self._items
            self._push(ITEM_LEVEL, length, here + 8)
            self._tag, self._items = tag, items
            return pos
        if number == ITEM and self._kind == FRAGMENTS_LEVEL and length != UNDEFINED:
            if self._limit >= 0 and here + 8 + length > self._limit:
                raise Invalid("an element is longer than the sequence that holds it")
            self._skip = length
            return pos
        if number == SEQUENCE_DELIMITATION and self._end < 0 and self._kind == FRAGMENTS_LEVEL:
            self._fragments_end = here
            self._close()
            return pos
        if number == SEQUENCE_DELIMITATION and self._end < 0 and self._kind == SEQUENCE_LEVEL:
            self._close()
            return pos
        if number == ITEM_DELIMITATION and self._end < 0 and self._kind == ITEM_LEVEL:
            self._close()
            return pos
        if number >> 16 == 0xFFFE:
            raise Invalid("an item or delimiter stands where none may stand")
        raise Invalid("a sequence holds something other than items")

    def _pixel_data(self, number: int, vr: str, length: int, offset: int) -> None:
        if self._comma:
            self.parts.append(b",")
        vr = {0x7FE00008: "OF", 0x7FE00009: "OD"}.get(number, vr)
        if vr not in ("OB", "OW", "OF", "OD", "UN"):
            raise Invalid("the pixel data has a wrong value representation")
        self.done = True
        self.pixel_tag = number
        self.pixel_vr = vr
        self.pixel_offset = offset
        self.pixel_length = -1 if length == UNDEFINED else length
        self.parts.append(prefix_of(number, vr))
        self.parts.append(b',"BulkDataURI":"' + BULK_ROOT + b'%08X"}' % number)
