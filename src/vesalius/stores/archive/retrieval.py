"""Retrieval: instances, frames and bulk values, found by policy and read with their digests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

from xxhash import xxh3_128_digest

from vesalius.kit.blobs import Blobs
from vesalius.kit.database import Predicate, every
from vesalius.kit.errors import Invalid, NotFound, Unavailable, Unsupported
from vesalius.kit.page_cache import read_cached
from vesalius.kit.transaction import Transaction
from vesalius.standards.dicom.pixel_data import SEGMENT, START
from vesalius.standards.dicom.uids import transfer_syntax
from vesalius.standards.dicom.values import turn_words
from vesalius.stores.access import Memory, Principal, patient_predicate, require
from vesalius.stores.archive.blobs import checked_range, damaged, inflated_range
from vesalius.stores.archive.model import BulkValue, FrameRange, InstanceRow

PIXEL_PATHS = ("7FE00008", "7FE00009", "7FE00010")

INSTANCES = """
SELECT study.study_instance_uid, series.series_instance_uid, sop_instance_uid, sop_class_uid,
    transfer_syntax_uid, instance_number, blob_key, size, checksum, dataset_offset, frame_count,
    study.patient_reference, instance.attributes AS elements{more}
FROM instance JOIN series USING (series_key) JOIN study USING (study_key)
WHERE {where}
ORDER BY study.study_key, series.series_number, series.series_key, instance_number, instance_key
"""
SEGMENTS = """
    , frame_bits, frame_starts, octet_length(segments) AS segment_bytes, pixel_vr,
    CASE WHEN frame_starts IS NULL THEN substring(segments FROM %s FOR %s) ELSE segments END
        AS segments
"""
COLUMNS = {
    "patient": "study.mrn",
    "study": "study.study_instance_uid",
    "series": "series.series_instance_uid",
    "instance": "instance.sop_instance_uid",
}
# From one instance of a series on, those whose segment tables are small.
FROM_ONE_ON = """ AND octet_length(segments) <= %s AND (instance_number, instance_key)
    >= (SELECT instance_number, instance_key FROM instance WHERE sop_instance_uid = %s)"""
AT_HAND, AT_HAND_BYTES = 100, 16 * 1024
MOST_AT_HAND = 2000
Keys = str | Sequence[str] | None
Octets = TypeVar("Octets", bytes, bytearray)


async def instances(
    tx: Transaction,
    principal: Principal,
    *,
    patient: Keys = None,
    study: Keys = None,
    series: Keys = None,
    instance: Keys = None,
) -> list[InstanceRow]:
    """The instances that all given unique keys name, each one UID or several; `patient` is a
    PatientID. In the order of series and instance numbers; empty when there are none that the
    principal may see. Raises Invalid when no key is given: never everything."""
    require(principal, "study.read")
    where = _named(principal, patient=patient, study=study, series=series, instance=instance)
    sql = INSTANCES.format(more="", where=where.sql)
    return [InstanceRow(**row) for row in await tx.fetch_all(sql, where.params)]


def _named(principal: Principal, **keys: Keys) -> Predicate:
    named = []
    for name, values in keys.items():
        if values is None or len(values) == 0:
            continue
        if isinstance(values, str):
            named.append(Predicate(f"{COLUMNS[name]} = %s", (values,)))
        else:
            named.append(Predicate(f"{COLUMNS[name]} = ANY(%s::text[])", (list(values),)))
    if not named:
        raise Invalid("say which instances")
    return every(named) & patient_predicate(principal, "study.patient_reference")


async def stream_instance(
    blobs: Blobs, row: InstanceRow, *, dataset_only: bool = False
) -> AsyncIterator[bytes]:
    """The Part 10 file as stored, or its data set alone.

    Up to 64 MiB it comes in one piece. Raises Unavailable, before the first byte, when the
    stored bytes are not what they were.
    """
    start = row.dataset_offset if dataset_only else 0
    async for chunk in checked_range(blobs, row, start, row.size - start):
        yield chunk


def frames_at_hand(
    principal: Principal, study: str, series: str, instance: str, numbers: Sequence[int]
) -> list[FrameRange] | None:
    """As `frames`, from what was found for this principal a moment ago; None when it was not.

    A viewer asks for a series frame by frame; what the policy allowed holds until something about
    access changes, for seconds at most (`access.Memory`).
    """
    require(principal, "study.read")
    known = _at_hand.recall((principal, study, series, instance))
    if known is None or not all(0 < number <= known.frame_count for number in numbers):
        return None
    return known.ranges(numbers)


async def frames(
    tx: Transaction,
    principal: Principal,
    study: str,
    series: str,
    instance: str,
    numbers: Sequence[int] | None = None,
) -> list[FrameRange]:
    """Where the frames of these numbers (from 1; None: all) stand.

    Raises NotFound for unknown instances and frames, Unsupported when the frames of the pixel
    data cannot be told apart (video, or fragments without any table).
    """
    require(principal, "study.read")
    lowest, highest = (min(numbers), max(numbers)) if numbers else (1, 2**31)
    if lowest < 1:
        raise NotFound("frames are counted from 1")
    found = await _find_frames(tx, principal, study, series, instance, lowest, highest)
    if numbers and highest > found.frame_count:
        raise NotFound("the instance has no such frame")
    return found.ranges(numbers or range(1, found.frame_count + 1))


async def _find_frames(
    tx: Transaction,
    principal: Principal,
    study: str,
    series: str,
    instance: str,
    lowest: int,
    highest: int,
) -> _Frames:
    """The frames of an instance; when its series was asked for just now, the next ones' too."""
    known = _at_hand.recall((principal, study, series, instance))
    if known is not None:
        return known
    goes_on = _asked_for.recall((principal, series)) is not None
    _asked_for.keep((principal, series), True)
    if goes_on:
        await _find_next(tx, principal, study, series, instance)
        known = _at_hand.recall((principal, study, series, instance))
        if known is not None:
            return known
    start = min((lowest - 1) * SEGMENT.size + 1, 2**31 - 1)
    length = min((highest - lowest + 1) * SEGMENT.size, 2**31 - 1 - start)
    where = _named(principal, study=study, series=series, instance=instance)
    sql = INSTANCES.format(more=SEGMENTS, where=where.sql)
    row = await tx.fetch_one(sql, (start, length, *where.params))
    if row is None:
        raise NotFound("there is no such instance")
    if row["frame_count"] == 0 or row["segment_bytes"] == 0:
        raise NotFound("the instance has no frames")
    return _Frames(row, lowest)


async def _find_next(
    tx: Transaction, principal: Principal, study: str, series: str, instance: str
) -> None:
    """Have the frames of an instance and of those behind it at hand."""
    where = _named(principal, study=study, series=series)
    sql = INSTANCES.format(more=SEGMENTS, where=where.sql + FROM_ONE_ON) + " LIMIT %s"
    params = (1, AT_HAND_BYTES, *where.params, AT_HAND_BYTES, instance, AT_HAND)
    for row in await tx.fetch_all(sql, params):
        if row["frame_count"] and row["segment_bytes"]:
            key = (principal, study, series, row["sop_instance_uid"])
            _at_hand.keep(key, _Frames(row, 1))


class _Frames:
    """The frames of one instance, from its segment table."""

    def __init__(self, row: dict[str, Any], lowest: int) -> None:
        self._row = row
        self._lowest = lowest
        self._syntax = transfer_syntax(row["transfer_syntax_uid"])
        self._shift = 0 if self._syntax.deflated else row["dataset_offset"]
        self._pieces = list(SEGMENT.iter_unpack(row["segments"]))
        self.frame_count: int = row["frame_count"]
        known = ("frame_bits", "frame_starts", "segment_bytes", "segments", "pixel_vr")
        self._instance = InstanceRow(**{k: v for k, v in row.items() if k not in known})

    def ranges(self, numbers: Sequence[int]) -> list[FrameRange]:
        """Where the frames of these numbers stand."""
        starts = self._row["frame_starts"]
        if starts is None:
            return [self._range(n, n - self._lowest, n - self._lowest + 1) for n in numbers]
        if not starts:
            return [self._packed(number) for number in numbers]
        begins = [begin for (begin,) in START.iter_unpack(starts)]
        begins.append(len(self._pieces))
        return [self._range(n, begins[n - 1], begins[n]) for n in numbers]

    def _range(self, number: int, first: int, last: int) -> FrameRange:
        return FrameRange(
            number=number,
            blob_key=self._instance.blob_key,
            transfer_syntax_uid=self._instance.transfer_syntax_uid,
            pieces=tuple(
                (offset + self._shift, length, digest)
                for offset, length, digest in self._pieces[first:last]
            ),
            deflated=self._syntax.deflated,
            row=self._instance,
        )

    def _packed(self, number: int) -> FrameRange:
        """A frame of single bits that begins inside a byte (PS3.5 8.1.1)."""
        bits = self._row["frame_bits"]
        begin = (number - 1) * bits
        if self._syntax.encapsulated or not bits or len(self._pieces) != 1:
            raise Unsupported("the frames of this instance cannot be told apart")
        if begin + bits > self._pieces[0][1] * 8:
            raise NotFound("the instance's pixel data ends before this frame")
        whole = self._range(number, 0, 1)
        return FrameRange(
            number=number,
            blob_key=whole.blob_key,
            transfer_syntax_uid=whole.transfer_syntax_uid,
            pieces=whole.pieces,
            bit_offset=begin,
            bit_length=bits,
            deflated=whole.deflated,
            row=whole.row,
        )


_asked_for: Memory[tuple[Principal, str], bool] = Memory(MOST_AT_HAND)
_at_hand: Memory[tuple[Principal, str, str, str], _Frames] = Memory(MOST_AT_HAND)


async def read_frame(blobs: Blobs, frame: FrameRange) -> bytes | bytearray:
    """The bytes of a frame as stored, each piece checked; with `bit_offset`, the bytes that
    hold it. Raises Unavailable when they are not what was stored."""
    if frame.deflated:
        return b"".join([await _inflated_piece(blobs, frame, piece) for piece in frame.pieces])
    if blobs.remote is None:
        if len(frame.pieces) == 1:
            offset, length, _ = piece = frame.pieces[0]
            # As text: making a `Path` takes longer than opening the file.
            path = os.path.join(blobs.root, frame.blob_key)
            if (cached := read_cached(path, offset, length)) is not None:
                return _checked(frame, piece, cached)
        # Read and hashed in one go beside the loop, which answers others meanwhile.
        return await asyncio.to_thread(_read_pieces, blobs, frame)
    pieces = []
    for piece in frame.pieces:
        data = await blobs.read_range(frame.blob_key, *piece[:2]) if piece[1] else b""
        pieces.append(_checked(frame, piece, data))
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _read_pieces(blobs: Blobs, frame: FrameRange) -> bytes:
    pieces = [
        _checked(frame, piece, blobs.read_file(frame.blob_key, piece[0], piece[1]))
        for piece in frame.pieces
    ]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _checked(frame: FrameRange, piece: tuple[int, int, bytes], data: Octets) -> Octets:
    if xxh3_128_digest(data) != piece[2]:
        raise damaged(frame.blob_key)
    return data


async def _inflated_piece(blobs: Blobs, frame: FrameRange, piece: tuple[int, int, bytes]) -> bytes:
    offset, length, digest = piece
    chunks = inflated_range(blobs, frame.row, offset, length)
    data = b"".join([chunk async for chunk in chunks])
    if xxh3_128_digest(data) != digest:
        raise damaged(frame.blob_key)
    return data


async def bulk(
    tx: Transaction,
    principal: Principal,
    study: str,
    series: str,
    instance: str,
    path: str,
) -> BulkValue:
    """A value that the metadata names by URI: `00420011`, `54000100/0/54001010`, `7FE00010`.

    Raises NotFound; Unsupported for encapsulated pixel data, which is read by frames.
    """
    require(principal, "study.read")
    where = _named(principal, study=study, series=series, instance=instance)
    more = ", bulk, pixel_vr, substring(segments FROM 1 FOR 16) AS first_segment"
    more += ", substring(segments FROM octet_length(segments) - 31 FOR 16) AS last_segment"
    sql = INSTANCES.format(more=more, where=where.sql)
    found = await tx.fetch_one(sql, where.params)
    if found is None:
        raise NotFound("there is no such instance")
    values = {name: found.pop(name) for name in ("bulk", "pixel_vr", "first_segment")}
    last = found.pop("last_segment")
    row = InstanceRow(**found)
    syntax = transfer_syntax(row.transfer_syntax_uid)
    place: tuple[str, int, int] | None = None
    if path in PIXEL_PATHS and values["pixel_vr"] and values["first_segment"]:
        if syntax.encapsulated:
            raise Unsupported("compressed pixel data is retrieved by frames")
        first = int.from_bytes(values["first_segment"][:8], "little")
        end = int.from_bytes(last[:8], "little") + int.from_bytes(last[8:], "little")
        place = (values["pixel_vr"], first, end - first)
    for name, vr, offset, length in values["bulk"] or ():
        if name == path:
            place = (vr, offset, length)
    if place is None:
        raise NotFound("there is no such value")
    return BulkValue(
        path=path,
        vr=place[0],
        offset=place[1],
        length=place[2],
        big_endian=syntax.big_endian,
        deflated=syntax.deflated,
        row=row,
    )


async def stream_bulk(
    blobs: Blobs, value: BulkValue, start: int = 0, length: int | None = None
) -> AsyncIterator[bytes]:
    """A range of a bulk value, little endian, from a file that was checked whole."""
    length = value.length - start if length is None else length
    if value.big_endian:
        # Words are turned round in whole values: such files are old and small.
        data = b"".join([c async for c in _stored(blobs, value, 0, value.length)])
        yield turn_words(data, value.vr)[start : start + length]
        return
    async for chunk in _stored(blobs, value, start, length):
        yield chunk


async def read_bulk(blobs: Blobs, value: BulkValue) -> bytes:
    """A bulk value whole, little endian, checked."""
    data = b"".join([chunk async for chunk in stream_bulk(blobs, value)])
    if len(data) != value.length:
        raise Unavailable("a stored object is shorter than it was")
    return data


def _stored(blobs: Blobs, value: BulkValue, start: int, length: int) -> AsyncIterator[bytes]:
    if value.deflated:
        return inflated_range(blobs, value.row, value.offset + start, length)
    begin = value.row.dataset_offset + value.offset + start
    return checked_range(blobs, value.row, begin, length)
