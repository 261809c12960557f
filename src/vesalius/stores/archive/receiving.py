"""From a sealed instance to rows of the index: the second half of the image's way."""

from typing import Any

import orjson

from vesalius.kit.errors import Invalid
from vesalius.kit.log import logger
from vesalius.kit.transaction import Transaction
from vesalius.standards.dicom.times import date_text, time_text
from vesalius.stores import audit
from vesalius.stores.access import Principal, require
from vesalius.stores.archive.blobs import forget_blob
from vesalius.stores.archive.events import InstanceQuarantined, InstancesStored
from vesalius.stores.archive.model import Sealed, Stored
from vesalius.stores.archive.names import searchable_name

log = logger(__name__)

INDEXED_CHARACTERS = 128
INDEXED_NAME_CHARACTERS = 1024

# Types of `receive_instance`'s parameters (migration 0005), said so that nothing is guessed.
_TYPES = """
text text text text text jsonb jsonb jsonb
text text text text text text text text text text bigint bigint
text bigint bytea bytea bytea int text int bigint bytea bytea jsonb bytea bigint bigint text
"""
RECEIVE = "SELECT * FROM receive_instance(" + ", ".join(f"%s::{t}" for t in _TYPES.split()) + ")"


def storing_order(sealed: Sealed) -> tuple[str, str, str]:
    """The order in which one transaction should receive several instances.

    Two transactions that take the same new studies, series and instances in different orders
    would wait for each other.
    """
    return (sealed.study_instance_uid, sealed.series_instance_uid, sealed.sop_instance_uid)


async def receive(tx: Transaction, principal: Principal, sealed: Sealed) -> Stored:
    """Take a sealed instance into the index.

    The same data set again is `same`, nothing new. Another data set under the same SOP Instance
    UID, a series of another study, or another patient in a study is `quarantined`: durable, kept
    aside, told to the operator; what was there first stays. When this returns the bytes are
    durable, so the transaction may be committed. Raises Exhausted or Unavailable when they
    could not be made so.
    """
    require(principal, "study.store")
    row = await tx.fetch_one(RECEIVE, _parameters(sealed))
    assert row is not None
    # The index was written while the disk was busy; no commit before the bytes are there.
    await sealed.blob
    stored = Stored(
        outcome=row["outcome"],
        sop_class_uid=sealed.sop_class_uid,
        sop_instance_uid=sealed.sop_instance_uid,
        study_instance_uid=sealed.study_instance_uid,
        series_instance_uid=sealed.series_instance_uid,
        study_changed=row["study_changed"],
        study_new=row["study_new"],
        series_new=row["series_new"],
        patient_reference=row["patient_reference"],
        elements=row["attributes"],
        warnings=sealed.warnings if row["reason"] is None else (*sealed.warnings, row["reason"]),
    )
    if stored.outcome == "new":
        tx.announce(
            InstancesStored(
                sealed.study_instance_uid, sealed.series_instance_uid, row["patient_reference"]
            )
        )
    elif row["quarantine_key"] is not None:
        await _tell_quarantined(tx, principal, sealed, row)
    else:
        # These bytes are already kept, under another key.
        forget_blob(tx, sealed.blob_key)
    return stored


async def _tell_quarantined(
    tx: Transaction, principal: Principal, sealed: Sealed, row: dict[str, Any]
) -> None:
    await audit.record(
        tx,
        principal,
        "C",
        "Instance Quarantined",
        reference=sealed.study_instance_uid,
        patient_reference=row["patient_reference"],
        outcome="minor",
        detail={"sop_instance_uid": sealed.sop_instance_uid, "reason": row["reason"]},
    )
    tx.announce(InstanceQuarantined(str(row["quarantine_key"]), sealed.study_instance_uid))
    log.warning("instance quarantined", sop_instance_uid=sealed.sop_instance_uid)


def _parameters(sealed: Sealed) -> tuple[Any, ...]:
    elements = sealed.elements
    bulk = [[b.path, b.vr, b.offset, b.length] for b in sealed.bulk]
    return (
        sealed.study_instance_uid,
        sealed.series_instance_uid,
        sealed.sop_instance_uid,
        sealed.sop_class_uid,
        sealed.transfer_syntax_uid,
        _json_text(sealed.patient_study_json),
        _json_text(sealed.series_json),
        _json_text(sealed.instance_json),
        _text(elements, "00100020"),
        _text(elements, "00100021"),
        _name(elements, "00100010"),
        _date(elements, "00100030"),
        _text(elements, "00100040"),
        _date(elements, "00080020"),
        _time(elements, "00080030"),
        _text(elements, "00080050"),
        _name(elements, "00080090"),
        _text(elements, "00080060"),
        _integer(elements, "00200011"),
        _integer(elements, "00200013"),
        sealed.blob_key,
        sealed.size,
        sealed.sha256,
        sealed.checksum,
        sealed.dataset_digest,
        sealed.dataset_offset,
        sealed.pixel_vr or None,
        sealed.frame_count,
        # Rows, columns, samples and bits multiply beyond 64 bits in hostile headers.
        min(sealed.frame_bits, 2**63 - 1),
        sealed.segments,
        sealed.frame_starts,
        orjson.dumps(bulk).decode() if bulk else None,
        sealed.metadata,
        sealed.metadata_crc32,
        sealed.metadata_size,
        sealed.source,
    )


def _json_text(json: bytes) -> str:
    return json.decode()


def _text(elements: Any, tag: str) -> str | None:
    values = (elements.get(tag) or {}).get("Value") or [None]
    # Index entries have a limit; a value longer than its VR allows is cut, in the index only.
    return None if values[0] is None else str(values[0])[:INDEXED_CHARACTERS]


def _name(elements: Any, tag: str) -> str | None:
    name = searchable_name(elements.get(tag))
    return name[:INDEXED_NAME_CHARACTERS] if name else None


def _integer(elements: Any, tag: str) -> int | None:
    values = (elements.get(tag) or {}).get("Value") or [None]
    value = values[0]
    return value if isinstance(value, int) and abs(value) < 2**63 else None


def _date(elements: Any, tag: str) -> str | None:
    """A date that sorts; one that is malformed cannot be searched and stays in the attributes."""
    try:
        text = _text(elements, tag)
        return date_text(text) if text else None
    except Invalid:
        return None


def _time(elements: Any, tag: str) -> str | None:
    try:
        text = _text(elements, tag)
        return time_text(text) if text else None
    except Invalid:
        return None
