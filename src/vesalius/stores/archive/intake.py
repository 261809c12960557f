"""Intake: one instance on its way from a socket to a durable blob, never whole in memory.

The received bytes of the data set are written as they are; for network data sets a preamble and
file meta information are written before them (PS3.10 7.1). While the bytes pass they are hashed,
the header is walked and frames are noted.
"""

import asyncio
import contextlib
import hashlib
from typing import Any

import orjson

from vesalius.kit.blobs import Blobs, BlobWriter, SealedBlob
from vesalius.kit.errors import Invalid, VesaliusError
from vesalius.settings import Settings
from vesalius.standards.dicom.file_meta import (
    MEDIA_STORAGE_SOP_INSTANCE_UID,
    TRANSFER_SYNTAX_UID,
    FileMetaReader,
    write_file_meta,
)
from vesalius.standards.dicom.inflating import Inflater
from vesalius.standards.dicom.pixel_data import PixelPlan, PixelReader
from vesalius.standards.dicom.uids import TransferSyntax, checked_uid, transfer_syntax
from vesalius.standards.dicom.walker import Walker
from vesalius.stores.access import SYSTEM, Principal, require
from vesalius.stores.archive.attributes import INSTANCE, PATIENT, SERIES, STUDY, WANTED
from vesalius.stores.archive.metadata_stream import MetadataStream
from vesalius.stores.archive.model import BulkRange, Sealed

FEED_BYTES = 256 * 1024
# The walker copies what it is given; a header is seldom longer.
HEADER_FEED_BYTES = 16 * 1024
SOP_CLASS, SOP_INSTANCE = 0x00080016, 0x00080018
STUDY_UID, SERIES_UID = 0x0020000D, 0x0020000E
EMPTY_DIGEST = hashlib.sha256().digest()


async def begin(
    blobs: Blobs,
    principal: Principal,
    *,
    settings: Settings,
    transfer_syntax_uid: str | None = None,
    sop_class_uid: str | None = None,
    sop_instance_uid: str | None = None,
    source: str,
) -> "Intake":
    """Begin to take one instance in.

    With a transfer syntax the bytes are a bare data set (C-STORE) of the named SOP class and
    instance; without one they are a Part 10 file, kept as it is. `source` is the calling AE
    title, or which door and user. Raises Forbidden, Exhausted, Unavailable, Invalid.
    """
    require(principal, "study.store")
    if transfer_syntax_uid is None:
        return Intake(await blobs.open_writer("instances"), settings, source)
    syntax = transfer_syntax(transfer_syntax_uid)
    meta = write_file_meta(
        sop_class_uid=checked_uid(sop_class_uid, "AffectedSOPClassUID"),
        sop_instance_uid=checked_uid(sop_instance_uid, "AffectedSOPInstanceUID"),
        transfer_syntax_uid=transfer_syntax_uid,
        source_ae_title=source,
    )
    intake = Intake(await blobs.open_writer("instances"), settings, source)
    intake.begin_dataset(syntax, meta)
    return intake


async def begin_file(blobs: Blobs, settings: Settings, *, source: str) -> "Intake":
    """Begin to take in a Part 10 file that the house itself brings."""
    return await begin(blobs, SYSTEM, settings=settings, source=source)


class Intake:
    """One instance being received: `feed` its bytes, then `finish`, or `abort`."""

    def __init__(self, writer: BlobWriter, settings: Settings, source: str) -> None:
        self._writer = writer
        self._settings = settings
        self._source = source
        self._meta: FileMetaReader | None = FileMetaReader()
        self._syntax: TransferSyntax | None = None
        self._dataset_offset = 0
        self._inflater: Inflater | None = None
        self._walker: Walker | None = None
        self._metadata = MetadataStream()
        self._taken_at = 0
        self._named = False
        self._header_digest = hashlib.sha256()
        self._pixels: PixelReader | None = None
        self._frame_bits = 0
        self._frame_count = 0
        self._uids: dict[int, str] = {}
        self._sealing: asyncio.Task[SealedBlob] | None = None

    @property
    def sop_class_uid(self) -> str | None:
        """The SOP class, once it was read."""
        return self._uids.get(SOP_CLASS)

    @property
    def sop_instance_uid(self) -> str | None:
        """The SOP instance, once it was read; from the file meta information until then."""
        meta = self._meta.uids.get(MEDIA_STORAGE_SOP_INSTANCE_UID) if self._meta else None
        return self._uids.get(SOP_INSTANCE) or meta

    @property
    def study_instance_uid(self) -> str | None:
        """The study, once it was read."""
        return self._uids.get(STUDY_UID)

    def begin_dataset(self, syntax: TransferSyntax, meta: bytes) -> None:
        """From here on bytes are a data set of this transfer syntax, behind this file meta."""
        self._meta = None
        if meta:
            self._writer.write(meta)
        self._begin_walking(syntax, len(meta))

    def feed(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take the next bytes.

        Raises Invalid as soon as they cannot be a data set we take, Exhausted when the disk is
        full; then `abort`.
        """
        if self._writer.size + len(chunk) > self._settings.instance_bytes:
            raise Invalid("the instance is larger than we take")
        self._writer.write(chunk)
        view = memoryview(chunk)
        while view:
            length = HEADER_FEED_BYTES if self._pixels is None else FEED_BYTES
            self._take(view[:length])
            view = view[length:]

    async def finish(self) -> Sealed:
        """The bytes are complete: begin to make them durable, and check them meanwhile.

        Raises Invalid for a truncated data set, missing or malformed UIDs.
        """
        sealing = self._sealing = self._writer.begin_sealing()
        # Whoever gives the instance up need not look at how sealing went.
        sealing.add_done_callback(lambda f: f.cancelled() or f.exception())
        try:
            return self._complete(sealing)
        except BaseException:
            # No row can name it yet.
            with contextlib.suppress(VesaliusError):
                await sealing
            self._sealing = None
            raise

    def _complete(self, sealing: asyncio.Future[SealedBlob]) -> Sealed:
        if self._walker is None or self._syntax is None:
            assert self._meta is not None
            self._meta.close()
        for piece in self._inflater.finish() if self._inflater else ():
            self._walk(piece)
        return self._describe(sealing)

    async def abort(self) -> None:
        """Forget what was written.

        A blob that is being sealed stays for the sweeper: whether a commit names it may be
        unknown to a caller whose connection broke.
        """
        if self._sealing is None:
            await self._writer.discard()
        else:
            with contextlib.suppress(Exception):
                await self._sealing

    def _begin_walking(self, syntax: TransferSyntax, dataset_offset: int) -> None:
        settings = self._settings
        self._syntax = syntax
        self._dataset_offset = dataset_offset
        if syntax.deflated:
            self._inflater = Inflater(
                size_limit=settings.inflate_bytes, ratio_limit=settings.inflate_ratio
            )
        self._walker = Walker(
            WANTED,
            explicit=syntax.explicit,
            big_endian=syntax.big_endian,
            depth_limit=settings.sequence_depth,
            header_limit=settings.header_bytes,
        )

    def _take(self, chunk: memoryview) -> None:
        data: bytes | memoryview = chunk
        if self._meta is not None:
            rest = self._meta.feed(bytes(chunk))
            if rest is None:
                return
            syntax = transfer_syntax(self._meta.uids[TRANSFER_SYNTAX_UID])
            size = self._meta.size
            self._meta = None
            self._begin_walking(syntax, size)
            data = rest
        if self._inflater is None:
            self._walk(data)
            return
        for piece in self._inflater.feed(bytes(data)):
            self._walk(piece)

    def _walk(self, data: bytes | memoryview) -> None:
        if self._pixels is not None:
            self._pixels.feed(data)
            return
        walker = self._walker
        assert walker is not None
        data = bytes(data)
        rest = walker.feed(data)
        self._header_digest.update(memoryview(data)[: len(data) - len(rest)])
        if walker.done:
            self._begin_pixels(walker).feed(rest)
        elif walker.position - self._taken_at > FEED_BYTES:
            self._taken_at = walker.position
            self._metadata.write(walker.take_json())
            self._name_bulk_root(walker)

    def _name_bulk_root(self, walker: Walker) -> None:
        """Read the four UIDs as soon as all are there."""
        tags = (SOP_CLASS, SOP_INSTANCE, STUDY_UID, SERIES_UID)
        if self._named or not all(tag in walker.found for tag in tags):
            return
        elements = _loads([walker.found[tag] for tag in tags])
        for tag, keyword in (
            (SOP_CLASS, "SOPClassUID"),
            (SOP_INSTANCE, "SOPInstanceUID"),
            (STUDY_UID, "StudyInstanceUID"),
            (SERIES_UID, "SeriesInstanceUID"),
        ):
            self._uids[tag] = checked_uid(_first(elements, f"{tag:08X}"), keyword)
        study, series, instance = (self._uids[t] for t in (STUDY_UID, SERIES_UID, SOP_INSTANCE))
        self._named = True
        self._metadata.name_root(
            f"/dicomweb/studies/{study}/series/{series}/instances/{instance}/bulkdata/"
        )

    def _begin_pixels(self, walker: Walker) -> PixelReader:
        if walker.pixel_length >= 0 and self._syntax is not None and self._syntax.encapsulated:
            raise Invalid("the pixel data should be encapsulated and is not")
        if walker.pixel_length < 0 and self._syntax is not None and not self._syntax.encapsulated:
            raise Invalid("the pixel data should not be encapsulated")
        elements = _loads([walker.found[tag] for tag in _PIXEL_TAGS if tag in walker.found])
        frames = _integer(elements, "00280008", 1)
        rows, columns = _integer(elements, "00280010", 0), _integer(elements, "00280011", 0)
        samples, bits = _integer(elements, "00280002", 1), _integer(elements, "00280100", 0)
        self._frame_count = max(1, min(frames, 2**31 - 1))
        self._frame_bits = rows * columns * samples * bits
        if _first(elements, "00280004") == "YBR_FULL_422" and walker.pixel_length >= 0:
            # PS3.3 C.7.6.3.1.2: two chrominance samples for every two luminance ones.
            self._frame_bits = rows * columns * 2 * bits
        self._pixels = PixelReader(
            PixelPlan(
                offset=walker.pixel_offset,
                length=walker.pixel_length,
                frame_count=self._frame_count,
                frame_bits=self._frame_bits,
            )
        )
        return self._pixels

    def _describe(self, sealing: asyncio.Future[SealedBlob]) -> Sealed:
        walker, syntax = self._walker, self._syntax
        assert walker is not None
        assert syntax is not None
        walker.finish()
        self._metadata.write(walker.take_json())
        if self._pixels is not None:
            self._pixels.finish()
        self._name_bulk_root(walker)
        if not self._named:
            _refuse_without_uids(walker)
        starts = self._pixels.frame_starts() if self._pixels else None
        pixel_warnings = self._pixels.warnings if self._pixels else []
        metadata = self._metadata.finish()
        return Sealed(
            blob_key=self._writer.key,
            blob=sealing,
            size=self._writer.size,
            sha256=self._writer.digest(),
            checksum=self._writer.checksum(),
            dataset_digest=self._dataset_digest(syntax),
            dataset_offset=self._dataset_offset,
            transfer_syntax_uid=syntax.uid,
            sop_class_uid=self._uids[SOP_CLASS],
            sop_instance_uid=self._uids[SOP_INSTANCE],
            study_instance_uid=self._uids[STUDY_UID],
            series_instance_uid=self._uids[SERIES_UID],
            source=self._source,
            elements=_loads(list(walker.found.values())),
            patient_study_json=_members(walker, _PATIENT_STUDY),
            series_json=_members(walker, _SERIES),
            instance_json=_members(walker, _INSTANCE),
            metadata=metadata,
            metadata_crc32=self._metadata.crc32,
            metadata_size=self._metadata.size,
            bulk=tuple(BulkRange(*bulk) for bulk in walker.bulk),
            frame_count=self._frame_count,
            segments=bytes(self._pixels.segments) if self._pixels else b"",
            frame_starts=starts,
            frame_bits=self._frame_bits,
            pixel_vr=walker.pixel_vr,
            pixel_tag=walker.pixel_tag,
            warnings=(*walker.warnings, *pixel_warnings),
        )

    def _dataset_digest(self, syntax: TransferSyntax) -> bytes:
        """All digests of the data set's bytes in one, and how the bytes are to be read."""
        digest = hashlib.sha256(syntax.uid.encode())
        digest.update(self._header_digest.digest())
        if self._pixels is not None:
            digest.update(self._pixels.rest.digest())
            digest.update(self._pixels.segments)
        return digest.digest()


_PIXEL_TAGS = (0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011, 0x00280100)
_PATIENT_STUDY = frozenset(int(tag, 16) for tag in (*PATIENT, *STUDY))
_SERIES = frozenset(int(tag, 16) for tag in SERIES)
_INSTANCE = frozenset(int(tag, 16) for tag in INSTANCE)


def _loads(members: list[bytes]) -> dict[str, Any]:
    elements: dict[str, Any] = orjson.loads(b"{" + b",".join(members) + b"}")
    return elements


def _members(walker: Walker, tags: frozenset[int]) -> bytes:
    """The elements of one level that have a value, as JSON."""
    found = walker.found
    members = [found[tag] for tag in found if tag in tags and b'"Value"' in found[tag]]
    return b"{" + b",".join(members) + b"}"


def _first(elements: dict[str, Any], tag: str) -> Any:
    values = elements.get(tag, {}).get("Value") or [None]
    return values[0]


def _integer(elements: dict[str, Any], tag: str, default: int) -> int:
    value = _first(elements, tag)
    return value if isinstance(value, int) and value >= 0 else default


def _refuse_without_uids(walker: Walker) -> None:
    for tag, keyword in (
        (SOP_CLASS, "SOPClassUID"),
        (SOP_INSTANCE, "SOPInstanceUID"),
        (STUDY_UID, "StudyInstanceUID"),
        (SERIES_UID, "SeriesInstanceUID"),
    ):
        if tag not in walker.found:
            raise Invalid(f"{keyword} is missing")
