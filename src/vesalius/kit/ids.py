"""Identifiers made here."""

import os
import time
import uuid


def new_id() -> str:
    """A UUID version 7 (RFC 9562 §5.7) as text: unique, and near its neighbours in an index."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def new_uid() -> str:
    """A DICOM UID under 2.25, derived from a random UUID (PS3.5 Annex B.2)."""
    return f"2.25.{uuid.uuid4().int}"
