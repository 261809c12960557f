"""A storage provider by other people (pynetdicom), keeping what it receives as octets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pynetdicom import AE, evt

from vesalius.standards.dicom.uids import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES


@dataclass
class Kept:
    """One instance as it came."""

    transfer_syntax_uid: str
    data_set: bytes
    move_originator: str | None


@dataclass
class Archive:
    """Where it listens, what it has, and what it answers."""

    port: int
    kept: dict[str, Kept] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)

    def store(self, event: Any) -> int:
        asked = event.request
        uid = str(asked.AffectedSOPInstanceUID)
        self.kept[uid] = Kept(
            str(event.context.transfer_syntax),
            asked.DataSet.getvalue(),
            asked.MoveOriginatorApplicationEntityTitle,
        )
        return self.statuses.get(uid, 0)


@contextmanager
def archive(
    ae_title: str,
    *,
    sop_class_uids: list[str] | None = None,
    transfer_syntax_uids: list[str] | None = None,
    maximum_pdu: int = 16382,
) -> Iterator[Archive]:
    """An archive on a free port, which takes everything unless told otherwise."""
    entity = AE(ae_title)
    entity.maximum_pdu_size = maximum_pdu
    entity.add_supported_context("1.2.840.10008.1.1")
    for uid in sop_class_uids or STORAGE_SOP_CLASSES:
        entity.add_supported_context(uid, transfer_syntax_uids or list(TRANSFER_SYNTAXES))
    keeping = Archive(0)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keeping.store)]
    )
    assert server is not None
    keeping.port = server.socket.getsockname()[1]
    try:
        yield keeping
    finally:
        server.shutdown()
