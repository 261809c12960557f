"""Pixels for answers: decoded frames and rendered pictures, made in worker processes.

What was made is remembered within bounds, by the blob it came from: a blob never changes. The
policy is asked before, on every request, by whoever found the frame.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from vesalius.app import House
from vesalius.interfaces.dicomweb.asking import Target
from vesalius.interfaces.dicomweb.cache import ByteCache
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
WAVEFORM_PATH = "54000100/0/54001010"

_documents: ByteCache[str] = ByteCache(32 * MIB)
_frames: ByteCache[tuple[str, int]] = ByteCache(128 * MIB)
_pictures: ByteCache[tuple[str, int, bytes]] = ByteCache(64 * MIB)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be shown: an instance, found for a principal, and one of its frames if any."""

    target: Target
    row: archive.InstanceRow
    frame: archive.FrameRange | None


async def native_frame(
    house: House, principal: Principal, target: Target, frame: archive.FrameRange
) -> bytes:
    """A frame decoded to what explicit little endian pixel data would hold."""
    key = (frame.blob_key, frame.number)
    if (known := _frames.get(key)) is not None:
        return known
    document = await _document(house, principal, target, frame.blob_key)
    data = await archive.read_frame(house, frame)
    decoded: bytes = await house.workers.run(
        DECODE, document, frame.transfer_syntax_uid, data, frame.bit_offset
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
    document = await _document(house, principal, subject.target, subject.row.blob_key)
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
        data = await archive.read_frame(house, subject.frame)
        more = {
            "frame_number": subject.frame.number,
            "first_bit": subject.frame.bit_offset,
            "values": await _values(house, principal, subject.target, document),
        }
        return data, more
    if b'"54000100"' in document:
        found = await _bulk(house, principal, subject.target, WAVEFORM_PATH)
        return found, {}
    return None, {}


async def _document(house: House, principal: Principal, target: Target, blob_key: str) -> bytes:
    """The instance's metadata, one JSON object."""
    if (known := _documents.get(blob_key)) is not None:
        return known
    async with house.database.transaction() as tx:
        pack = await archive.metadata(tx, principal, target.study, target.series, target.instance)
    document = pack.json().strip()[1:-1]
    _documents.put(blob_key, document)
    return document


async def _values(
    house: House, principal: Principal, target: Target, document: bytes
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


async def _bulk(house: House, principal: Principal, target: Target, path: str) -> bytes:
    async with house.database.transaction() as tx:
        found = await archive.bulk(
            tx, principal, target.study, target.series, target.instance, path
        )
    return await archive.read_bulk(house, found)
