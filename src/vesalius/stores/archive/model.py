"""What the archive hands over its counter."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vesalius.kit.blobs import SealedBlob

Level = Literal["PATIENT", "STUDY", "SERIES", "IMAGE"]
Outcome = Literal["new", "same", "quarantined"]
Returning = Literal["requested", "default", "all"]


@dataclass(frozen=True, slots=True)
class BulkRange:
    """A value left in the file: where it stands in the data set (`00420011`, `54000100/0/…`)."""

    path: str
    vr: str
    offset: int
    length: int


@dataclass(slots=True)
class Sealed:
    """An instance whose bytes are complete and whose header was read; not yet in the index.

    `blob` is being made durable while the index is written; `receive` waits for it before it
    returns, so that no commit can be faster than the disk.
    """

    blob_key: str
    blob: asyncio.Future[SealedBlob]
    size: int
    sha256: bytes
    checksum: bytes
    # SHA-256 over the data set without preamble and file meta, taken segment by segment: the
    # same data set by DIMSE and by STOW has the same digest.
    dataset_digest: bytes
    dataset_offset: int
    transfer_syntax_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    source: str
    # Indexed top-level elements, DICOM JSON model.
    elements: Mapping[str, Any]
    patient_study_json: bytes
    series_json: bytes
    instance_json: bytes
    metadata: bytes
    metadata_crc32: int
    metadata_size: int
    bulk: tuple[BulkRange, ...]
    frame_count: int
    segments: bytes
    frame_starts: bytes | None
    frame_bits: int
    pixel_vr: str
    pixel_tag: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a received instance.

    `study_changed`: the study is new, got a series or a modality, or an attribute of it was
    filled in; whoever projects studies does it then.
    """

    outcome: Outcome
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    study_changed: bool
    study_new: bool
    series_new: bool
    patient_reference: str | None
    # The study's patient and study attributes, DICOM JSON model (PatientID, PatientName, …).
    elements: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A question for `find`, the same for C-FIND and QIDO-RS.

    `identifier` is a DICOM JSON data set: elements with a value are criteria (PS3.4 C.2.2.2),
    elements without one only ask to be returned. `returning`: `requested` gives the identifier's
    elements (C-FIND), `default` adds those of PS3.18 tables 10.6.3-3 to -5 (QIDO-RS), `all`
    everything that is indexed. `include` names further tags ("00081030").
    """

    identifier: Mapping[str, Any] = field(default_factory=dict)
    include: frozenset[str] = frozenset()
    returning: Returning = "requested"
    fuzzy: bool = False
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study as the index knows it, counted."""

    study_instance_uid: str
    patient_reference: str | None
    elements: Mapping[str, Any]
    modalities: tuple[str, ...]
    sop_classes: tuple[str, ...]
    series_count: int
    instance_count: int
    first_stored: Any
    last_stored: Any
    revision: str


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A series as the index knows it, counted."""

    study_instance_uid: str
    series_instance_uid: str
    modality: str
    series_number: int | None
    elements: Mapping[str, Any]
    sop_classes: tuple[str, ...]
    instance_count: int
    revision: str


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """An instance for retrieval: where its bytes are and what they are."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    instance_number: int | None
    blob_key: str
    size: int
    checksum: bytes
    dataset_offset: int
    frame_count: int
    patient_reference: str | None
    elements: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FrameRange:
    """One frame: verified pieces of the blob, joined in order, then `bit_offset` bits skipped.

    `pieces` are (offset in the blob, length, digest); `deflated` ranges lie in the inflated
    data set instead.
    """

    number: int
    blob_key: str
    transfer_syntax_uid: str
    pieces: tuple[tuple[int, int, bytes], ...]
    row: InstanceRow
    bit_offset: int = 0
    bit_length: int | None = None
    deflated: bool = False


@dataclass(frozen=True, slots=True)
class BulkValue:
    """A value that stands in the file, for reading: its place in the (inflated) data set."""

    path: str
    vr: str
    offset: int
    length: int
    big_endian: bool
    deflated: bool
    row: InstanceRow


@dataclass(frozen=True, slots=True)
class MetadataPack:
    """The metadata of many instances as one gzip stream, ready to send with
    `Content-Encoding: gzip`, or to be inflated for who does not take it."""

    chunks: tuple[bytes, ...]
    etag: str
    count: int
    size: int

    def gzip(self) -> bytes:
        """The JSON array, compressed (one gzip member)."""
        return b"".join(self.chunks)

    def json(self) -> bytes:
        """The JSON array, inflated."""
        import gzip

        return gzip.decompress(self.gzip())


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An instance kept aside for an operator."""

    id: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    reason: str
    source: str
    received: Any
    blob_key: str
    size: int
