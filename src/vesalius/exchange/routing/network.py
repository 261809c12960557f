"""What routing needs of the DICOM network, without knowing how it is spoken.

The DIMSE interface stands downstream of this room, so it is not called by name: `serving` connects
it when a process starts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from vesalius.kit.blobs import Blobs
from vesalius.kit.errors import Unavailable
from vesalius.kit.workers import Workers
from vesalius.settings import Settings
from vesalius.stores import archive

DataSet = Mapping[str, Any]


class Resources(Protocol):
    """What sending needs of the house; a House and a Transaction both have it."""

    @property
    def settings(self) -> Settings: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def workers(self) -> Workers: ...


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom to call, and as whom."""

    ae_title: str
    host: str
    port: int
    calling_ae_title: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceSent:
    """What the peer said to one instance: a DIMSE status, 0 for success.

    An instance that was not sent at all has the status we would answer for that reason, and the
    reason for its comment. `path` is the file it came from, when it came from one.
    """

    sop_instance_uid: str
    status: int
    comment: str | None = None
    path: Path | None = None
    is_answered: bool = True

    @property
    def is_stored(self) -> bool:
        # Warnings (PS3.7 Annex C.4) mean that it was stored.
        return self.status == 0 or self.status >> 12 == 0xB


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a C-MOVE stands, or how it ended: its status and the counts of its sub-operations."""

    status: int
    completed: int
    failed: int
    warnings: int
    comment: str | None = None
    remaining: int = 0
    # As far as the peer names them, in its final response.
    failed_sop_instance_uids: tuple[str, ...] = ()


class Network(Protocol):
    """The DICOM network as service class user. Every verb raises Unavailable when the peer cannot
    be reached, does not admit us or breaks off."""

    async def echo(self, resources: Resources, peer: Peer) -> float:
        """Verify that the peer answers; milliseconds."""

    def send(
        self, resources: Resources, peer: Peer, instances: Sequence[archive.InstanceRow]
    ) -> AsyncIterator[InstanceSent]:
        """Store instances of our archive at the peer."""

    def send_files(
        self, resources: Resources, peer: Peer, files: Sequence[Path]
    ) -> AsyncIterator[InstanceSent]:
        """Store Part 10 files at the peer; a file that is none is a failure among others."""

    async def find(
        self,
        resources: Resources,
        peer: Peer,
        sop_class_uid: str,
        identifier: DataSet,
        *,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Ask the peer; the matches, as DICOM JSON. Cancels when there are more than `limit`."""

    async def move(
        self,
        resources: Resources,
        peer: Peer,
        sop_class_uid: str,
        identifier: DataSet,
        *,
        destination: str,
        progress: Callable[[Moved], None] = lambda moved: None,
    ) -> Moved:
        """Ask the peer to send what matches to the destination AE title."""

    async def create_step(
        self, resources: Resources, peer: Peer, sop_instance_uid: str, attributes: DataSet
    ) -> int:
        """Modality Performed Procedure Step N-CREATE; the status."""

    async def set_step(
        self, resources: Resources, peer: Peer, sop_instance_uid: str, attributes: DataSet
    ) -> int:
        """Modality Performed Procedure Step N-SET; the status."""


_connected: Network | None = None


def connect(network: Network) -> None:
    """Say how the network is spoken; called once by the wiring of a process."""
    global _connected
    _connected = network


def network() -> Network:
    """The network. Raises Unavailable in a process that has none."""
    if _connected is None:
        raise Unavailable("this process cannot open DICOM associations")
    return _connected


__all__ = [
    "InstanceSent",
    "Moved",
    "Network",
    "Peer",
    "Resources",
    "connect",
    "network",
]
