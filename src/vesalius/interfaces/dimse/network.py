"""The DICOM network as `exchange.routing` and the command line see it: our service class user."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from vesalius.exchange.routing import InstanceSent, Moved, Peer, Resources
from vesalius.kit.errors import Unavailable
from vesalius.standards.dicom.statuses import describe
from vesalius.stores import archive
from vesalius.stores.access import Node

from . import c_echo, c_find, c_move, n_create, n_set, requestor, sop_classes
from .association import Association
from .files import send_files
from .limits import Limits
from .negotiation import Proposal
from .requestor import Address

_STEP = sop_classes.MODALITY_PERFORMED_PROCEDURE_STEP


async def echo_node(resources: Resources, node: Node | Peer) -> float:
    """Verify that a node answers; milliseconds. Raises Unavailable with the reason."""
    began = time.perf_counter()
    async with _associate(resources, _peer(node), sop_classes.VERIFICATION) as association:
        status = await c_echo.ask(association, Limits.of(resources.settings))
    if status != 0:
        raise Unavailable(f"{node.ae_title} answers C-ECHO with {describe('C-ECHO', status)}")
    return (time.perf_counter() - began) * 1000


class DicomNetwork:
    """`exchange.routing.Network` over DIMSE."""

    async def echo(self, resources: Resources, peer: Peer) -> float:
        return await echo_node(resources, peer)

    async def send(
        self, resources: Resources, peer: Peer, instances: Sequence[archive.InstanceRow]
    ) -> AsyncIterator[InstanceSent]:
        limits = Limits.of(resources.settings)
        sending = c_move.send_to(resources, _address(resources, peer), limits, instances)
        try:
            async for row, outcome in sending:
                yield InstanceSent(row.sop_instance_uid, outcome.status, outcome.comment)
        finally:
            await sending.aclose()  # type: ignore[attr-defined]

    async def send_files(
        self, resources: Resources, peer: Peer, files: Sequence[Path]
    ) -> AsyncIterator[InstanceSent]:
        limits = Limits.of(resources.settings)
        sending = send_files(resources, _address(resources, peer), limits, files)
        try:
            async for sent in sending:
                yield sent
        finally:
            await sending.aclose()  # type: ignore[attr-defined]

    async def find(
        self,
        resources: Resources,
        peer: Peer,
        sop_class_uid: str,
        identifier: Mapping[str, Any],
        *,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        limits = Limits.of(resources.settings)
        async with _associate(resources, peer, sop_class_uid) as association:
            outcome, matches = await c_find.ask(
                association, limits, sop_class_uid, identifier, limit=limit
            )
        if outcome.status not in (0, 0xFE00):
            said = describe("C-FIND", outcome.status, outcome.comment)
            raise Unavailable(f"{peer.ae_title} answers C-FIND with {said}")
        return matches

    async def move(
        self,
        resources: Resources,
        peer: Peer,
        sop_class_uid: str,
        identifier: Mapping[str, Any],
        *,
        destination: str,
        progress: Callable[[Moved], None] = lambda moved: None,
    ) -> Moved:
        limits = Limits.of(resources.settings)
        async with _associate(resources, peer, sop_class_uid) as association:
            return await c_move.ask(
                association,
                limits,
                sop_class_uid,
                identifier,
                destination=destination,
                progress=progress,
            )

    async def create_step(
        self,
        resources: Resources,
        peer: Peer,
        sop_instance_uid: str,
        attributes: Mapping[str, Any],
    ) -> int:
        limits = Limits.of(resources.settings)
        async with _associate(resources, peer, _STEP) as association:
            return await n_create.ask(association, limits, sop_instance_uid, attributes)

    async def set_step(
        self,
        resources: Resources,
        peer: Peer,
        sop_instance_uid: str,
        attributes: Mapping[str, Any],
    ) -> int:
        limits = Limits.of(resources.settings)
        async with _associate(resources, peer, _STEP) as association:
            return await n_set.ask(association, limits, sop_instance_uid, attributes)


def _associate(
    resources: Resources, peer: Peer, sop_class_uid: str
) -> AbstractAsyncContextManager[Association]:
    limits = Limits.of(resources.settings)
    proposals = [Proposal(sop_class_uid)]
    return requestor.associate(_address(resources, peer), proposals, limits)


def _address(resources: Resources, peer: Peer) -> Address:
    calling = peer.calling_ae_title or resources.settings.ae_title
    return Address(peer.host, peer.port, peer.ae_title, calling)


def _peer(node: Node | Peer) -> Peer:
    return node if isinstance(node, Peer) else Peer(node.ae_title, node.host, node.port)
