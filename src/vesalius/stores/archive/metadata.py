"""Metadata of many instances as one gzip stream, put together from what intake compressed.

Each series has a pack: its instances' members with commas between, kept in memory as long as
the series is what it was. Serving is joining packs and sending bytes.
"""

import hashlib
import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from vesalius.kit.blobs import Blobs
from vesalius.kit.database import Predicate
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores.access import Principal, patient_predicate, require
from vesalius.stores.archive.checksums import combine
from vesalius.stores.archive.model import MetadataPack

CACHE_BYTES = 32 * 1024 * 1024
# RFC 1952: deflate, no name, no time, made on no particular system.
GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
# RFC 1951 3.2.4: an empty final block of stored bytes.
FINAL_BLOCK = b"\x01\0\0\xff\xff"

SERIES = """
SELECT series.series_key, series.revision, study.revision AS study_revision,
    series.instance_count + (
        SELECT count(*) FROM series_increment AS i
        WHERE i.study_key = series.study_key AND i.series_key = series.series_key
    ) AS instance_count
FROM study JOIN series USING (study_key)
WHERE {where}
ORDER BY series.series_number, series.series_key
"""
MEMBERS = """
SELECT series_key, metadata, metadata_crc32, metadata_size
FROM instance WHERE series_key = ANY(%s::bigint[])
ORDER BY series_key, instance_number, instance_key
"""
MEMBER = """
SELECT metadata, metadata_crc32, metadata_size, instance_key, dataset_digest
FROM instance JOIN series USING (series_key) JOIN study USING (study_key)
WHERE {where}
"""


@dataclass(frozen=True, slots=True)
class _Pack:
    """Members joined by commas: raw deflate without a final block, CRC and size inflated."""

    deflate: bytes
    crc32: int
    size: int
    count: int


_caches: WeakKeyDictionary[Blobs, OrderedDict[tuple[int, int, int], _Pack]] = WeakKeyDictionary()


async def metadata(
    tx: Transaction,
    principal: Principal,
    study: str,
    series: str | None = None,
    instance: str | None = None,
) -> MetadataPack:
    """The DICOM JSON array of a study, a series or one instance. Raises NotFound."""
    require(principal, "study.read")
    where = Predicate("study.study_instance_uid = %s", (study,))
    if series is not None:
        where = where & Predicate("series.series_instance_uid = %s", (series,))
    if instance is not None:
        where = where & Predicate("instance.sop_instance_uid = %s", (instance,))
    where = where & patient_predicate(principal, "study.patient_reference")
    if instance is not None:
        return await _one(tx, where)
    rows = await tx.fetch_all(SERIES.format(where=where.sql), where.params)
    if not rows:
        raise NotFound("there is no such study or series")
    packs = await _packs(tx, rows)
    return _finish(packs, _etag((row["series_key"], _revision(row)) for row in rows))


async def _one(tx: Transaction, where: Predicate) -> MetadataPack:
    row = await tx.fetch_one(MEMBER.format(where=where.sql), where.params)
    if row is None:
        raise NotFound("there is no such instance")
    etag = _etag([(row["instance_key"], row["dataset_digest"])])
    return _finish([_join([row])], etag)


def _revision(row: dict[str, Any]) -> tuple[int, int, int]:
    # Instances are only ever added, so their count tells one state from another; everything
    # else that changes counts up a revision.
    return (row["study_revision"], row["revision"], row["instance_count"])


def _etag(parts: Iterable[tuple[Any, ...]]) -> str:
    return hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:32]


async def _packs(tx: Transaction, rows: list[dict[str, Any]]) -> list[_Pack]:
    cache = _caches.setdefault(tx.blobs, OrderedDict())
    keys = [(row["series_key"], row["revision"], row["instance_count"]) for row in rows]
    missing = [key for key in keys if key not in cache]
    made = await _build(tx, [key[0] for key in missing]) if missing else {}
    packs = []
    for key in keys:
        pack = made.get(key[0]) or cache[key]
        # A series that grew between the two statements is not kept under the old count.
        if pack.count == key[2]:
            cache[key] = pack
            cache.move_to_end(key)
        packs.append(pack)
    _shrink(cache)
    return [pack for pack in packs if pack.count]


def _shrink(cache: OrderedDict[tuple[int, int, int], _Pack]) -> None:
    held = sum(len(pack.deflate) for pack in cache.values())
    while held > CACHE_BYTES and len(cache) > 1:
        _, dropped = cache.popitem(last=False)
        held -= len(dropped.deflate)


async def _build(tx: Transaction, series_keys: list[int]) -> dict[int, _Pack]:
    """Packs of whole series, from their instances' rows, fetched in PostgreSQL's binary form."""
    rows = await tx.fetch_all(MEMBERS, (series_keys,), binary=True)
    by_series: dict[int, list[dict[str, Any]]] = {key: [] for key in series_keys}
    for row in rows:
        by_series[row["series_key"]].append(row)
    return {key: _join(members) for key, members in by_series.items()}


def _join(members: list[dict[str, Any]]) -> _Pack:
    pieces: list[bytes] = []
    crc, size = 0, 0
    for member in members:
        if pieces:
            pieces.append(COMMA)
            crc, size = zlib.crc32(b",", crc), size + 1
        pieces.append(member["metadata"])
        crc = combine(crc, member["metadata_crc32"], member["metadata_size"])
        size += member["metadata_size"]
    return _Pack(b"".join(pieces), crc, size, len(members))


def _stored(text: bytes) -> bytes:
    """A few bytes as a stored deflate block that is not the last."""
    return b"\0" + struct.pack("<HH", len(text), len(text) ^ 0xFFFF) + text


OPENING, COMMA, CLOSING = _stored(b"["), _stored(b","), _stored(b"]")


def _finish(packs: list[_Pack], etag: str) -> MetadataPack:
    chunks: list[bytes] = [GZIP_HEADER, OPENING]
    crc, size = zlib.crc32(b"["), 1
    for number, pack in enumerate(packs):
        if number:
            chunks.append(COMMA)
            crc, size = zlib.crc32(b",", crc), size + 1
        chunks.append(pack.deflate)
        crc = combine(crc, pack.crc32, pack.size)
        size += pack.size
    crc, size = zlib.crc32(b"]", crc), size + 1
    chunks += [CLOSING, FINAL_BLOCK, struct.pack("<II", crc, size & 0xFFFFFFFF)]
    count = sum(pack.count for pack in packs)
    return MetadataPack(chunks=tuple(chunks), etag=etag, count=count, size=size)
