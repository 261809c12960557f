"""Pixels for answers: decoded frames and rendered pictures, made in worker processes.

What was made is remembered within bounds, by the blob it came from: a blob never changes. The
policy is asked before, on every request, by whoever found the frame.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from vesalius.app import House
from vesalius.interfaces.dicomweb.asking import InstanceTarget
from vesalius.interfaces.dicomweb.cache import ByteCache
from vesalius.kit.errors import Invalid
from vesalius.stores import archive
from vesalius.stores.access import Principal

MIB = 1024 * 1024
RENDER = "vesalius.standards.dicom.rendering:render"
DECODE = "vesalius.standards.dicom.transcoding:frame_to_native"
# Values rendering needs that may be too long to stand in the metadata (PS3.3 C.7.9, C.11).
LUT_PATHS = (
    *(f"0028120{channel}" for channel in (1, 2, 3)),
    *(f"0028122{channel}" for channel in (1, 2, 3)),
    "00283000/0/00283006",
    "00283010/0/00283006",
)
LONGEST_VALUE = 64 * MIB
WAVEFORM_PATH = "54000100/0/54001010"

_documents: ByteCache[str] = ByteCache(32 * MIB)
_frames: ByteCache[tuple[str, int]] = ByteCache(128 * MIB)
_pictures: ByteCache[tuple[str, int, bytes]] = ByteCache(64 * MIB)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be shown: an instance, found for a principal, and one of its frames if any."""

    row: archive.InstanceRow
    frame: archive.FrameRange | None

    @property
    def target(self) -> InstanceTarget:
        """Where the instance is found."""
        return target_of_row(self.row)


def target_of_row(row: archive.InstanceRow) -> InstanceTarget:
    """The address of a row."""
    return InstanceTarget(row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid)


async def native_frame(house: House, principal: Principal, frame: archive.FrameRange) -> bytes:
    """A frame decoded to what explicit little endian pixel data would hold."""
    key = (frame.blob_key, frame.number)
    if (known := _frames.get(key)) is not None:
        return known
    document = await _document(house, principal, frame.row)
    data, first_bit = await _frame_bytes(house, frame)
    decoded: bytes = await house.workers.run(
        DECODE, document, frame.transfer_syntax_uid, data, first_bit
    )
    _frames.put(key, decoded)
    return decoded


def picture_key(subject: Subject, options: Mapping[str, Any]) -> tuple[str, int, bytes]:
    """What a picture depends on; its digest is the ETag."""
    wish = orjson.dumps(options, option=orjson.OPT_SORT_KEYS)
    number = subject.frame.number if subject.frame else 0
    return (subject.row.blob_key, number, hashlib.sha256(wish).digest()[:16])


async def picture(
    house: House, principal: Principal, subject: Subject, options: Mapping[str, Any]
) -> bytes:
    """A subject rendered with these options (see `rendering.render`)."""
    key = picture_key(subject, options)
    if (known := _pictures.get(key)) is not None:
        return known
    document = await _document(house, principal, subject.row)
    data, more = await _pixels(house, principal, subject, document)
    rendered: bytes = await house.workers.run(
        RENDER, document, subject.row.transfer_syntax_uid, data, {**options, **more}
    )
    _pictures.put(key, rendered)
    return rendered


async def _pixels(
    house: House, principal: Principal, subject: Subject, document: bytes
) -> tuple[bytes | None, dict[str, Any]]:
    """(bytes of the frame or waveform, further options that go with them)."""
    if subject.frame is not None:
        data, first_bit = await _frame_bytes(house, subject.frame)
        more = {
            "frame_number": subject.frame.number,
            "first_bit": first_bit,
            "values": await _values(house, principal, subject.target, document),
        }
        return data, more
    if b'"54000100"' in document:
        return await _waveform(house, principal, subject.target, document), {}
    return None, {}


async def _frame_bytes(house: House, frame: archive.FrameRange) -> tuple[bytes, int]:
    """(bytes that hold a frame, first bit of it in them)."""
    data = bytes(await archive.read_frame(house.blobs, frame))
    if frame.bit_length is None:
        return data, 0
    begin = frame.bit_offset // 8
    end = (frame.bit_offset + frame.bit_length + 7) // 8
    return data[begin:end], frame.bit_offset % 8


async def _document(house: House, principal: Principal, row: archive.InstanceRow) -> bytes:
    """The instance's metadata, one JSON object."""
    if (known := _documents.get(row.blob_key)) is not None:
        return known
    target = target_of_row(row)
    async with house.database.reading() as tx:
        pack = await archive.metadata(tx, principal, *target.uids)
    document = pack.json()[1:-1]
    _documents.put(row.blob_key, document)
    return document


async def _waveform(
    house: House, principal: Principal, target: InstanceTarget, document: bytes
) -> bytes | None:
    """The samples of the first multiplex group; short ones stand in the metadata."""
    groups = orjson.loads(document)["54000100"].get("Value") or [{}]
    samples = groups[0].get("54001010", {})
    if "InlineBinary" in samples:
        return base64.b64decode(samples["InlineBinary"])
    if "BulkDataURI" in samples:
        return await _bulk(house, principal, target, WAVEFORM_PATH)
    return None


async def _values(
    house: House, principal: Principal, target: InstanceTarget, document: bytes
) -> dict[str, bytes]:
    """Lookup tables the metadata only points at."""
    if b'"BulkDataURI"' not in document:
        return {}
    dataset = orjson.loads(document)
    return {
        path: await _bulk(house, principal, target, path)
        for path in LUT_PATHS
        if _is_left_out(dataset, path)
    }


def _is_left_out(dataset: Mapping[str, Any], path: str) -> bool:
    *above, tag = path.split("/")
    item: Any = dataset
    for sequence, number in zip(above[::2], above[1::2], strict=True):
        items = item.get(sequence, {}).get("Value") or []
        if len(items) <= int(number):
            return False
        item = items[int(number)]
    return "BulkDataURI" in item.get(tag, {})


async def _bulk(house: House, principal: Principal, target: InstanceTarget, path: str) -> bytes:
    async with house.database.reading() as tx:
        found = await archive.bulk(tx, principal, *target.uids, path)
    if found.length > LONGEST_VALUE:
        raise Invalid("A value needed for the picture is too long.")
    return await archive.read_bulk(house.blobs, found)
