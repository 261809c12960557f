"""Part 10 files sent to a peer: for our own commands and the simulated modality.

They go as they are, or uncompressed to a peer that does not take that.
"""

from __future__ import annotations

import asyncio
import mmap
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vesalius.exchange.routing import InstanceSent, Resources
from vesalius.kit.errors import Invalid, NotFound, Unsupported, VesaliusError
from vesalius.standards.dicom import checked_uid
from vesalius.standards.dicom.file_meta import (
    MEDIA_STORAGE_SOP_CLASS_UID,
    MEDIA_STORAGE_SOP_INSTANCE_UID,
    TRANSFER_SYNTAX_UID,
    FileMetaReader,
)

from . import c_store, requestor, status
from .association import Association
from .command import CommandField
from .limits import Limits
from .negotiation import Context
from .outgoing import TRANSCODE, Contexts, data_set_offset
from .proposals import parts
from .requestor import Address
from .status import Outcome

CHUNK_OCTETS = 8 * 1024


@dataclass(frozen=True, slots=True)
class _Described:
    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    offset: int


async def send_files(
    resources: Resources, address: Address, limits: Limits, files: Sequence[Path]
) -> AsyncIterator[InstanceSent]:
    """Store files at a peer, in order; what it says to each, or why it was not sent.

    Raises Unavailable when the peer cannot be reached or breaks off.
    """
    described, broken = await asyncio.to_thread(_describe_all, files)
    for sent in broken:
        yield sent
    for proposals, part in parts(described):
        async with requestor.associate(address, proposals, limits) as association:
            with tempfile.TemporaryDirectory(prefix="vesalius-") as folder:
                sender = _Sender(resources, association, limits, Path(folder))
                for number, each in enumerate(part, 1):
                    yield await sender.send(each, number % 0xFFFF + 1)


class _Sender:
    """Sends files over one association, one after the other."""

    def __init__(
        self, resources: Resources, association: Association, limits: Limits, folder: Path
    ) -> None:
        self._resources = resources
        self._association = association
        self._limits = limits
        self._folder = folder
        self._contexts = Contexts(association.contexts.values(), we_asked=True)

    async def send(self, each: _Described, message_id: int) -> InstanceSent:
        """Send one file; what the peer says to it, or why it was not sent."""
        try:
            outcome = await self._send(each, message_id)
        except VesaliusError as error:
            return _not_sent(each.path, error, each.sop_instance_uid)
        return InstanceSent(each.sop_instance_uid, outcome.status, outcome.comment, each.path)

    async def _send(self, each: _Described, message_id: int) -> Outcome:
        context = self._contexts.choose(each)
        if context is None:
            raise Unsupported("no accepted presentation context fits the instance")
        if context.transfer_syntax_uid == each.transfer_syntax_uid:
            return await self._store(context, each, each.path, each.offset, message_id)
        return await self._transcode_and_store(context, each, message_id)

    async def _transcode_and_store(
        self, context: Context, each: _Described, message_id: int
    ) -> Outcome:
        target = self._folder / "transcoded"
        await self._resources.workers.run(
            TRANSCODE, str(each.path), str(target), context.transfer_syntax_uid
        )
        try:
            offset = await asyncio.to_thread(data_set_offset, target)
            return await self._store(context, each, target, offset, message_id)
        finally:
            target.unlink(missing_ok=True)

    async def _store(
        self, context: Context, each: _Described, path: Path, offset: int, message_id: int
    ) -> Outcome:
        with _data_set(path, offset) as data_set:
            return await c_store.ask(
                self._association,
                context,
                self._limits,
                data_set,
                sop_instance_uid=each.sop_instance_uid,
                message_id=message_id,
            )


@contextmanager
def _data_set(path: Path, offset: int) -> Iterator[memoryview]:
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    except (OSError, ValueError) as error:
        raise NotFound("the file cannot be read any more") from error
    with content, memoryview(content) as view, view[offset:] as data_set:
        yield data_set


def _describe_all(files: Sequence[Path]) -> tuple[list[_Described], list[InstanceSent]]:
    described: list[_Described] = []
    broken: list[InstanceSent] = []
    for path in files:
        try:
            described.append(_describe(path))
        except Invalid as error:
            broken.append(_not_sent(path, error))
    return described, broken


def _not_sent(path: Path, error: VesaliusError, sop_instance_uid: str = "") -> InstanceSent:
    code = status.of_error(error, CommandField.C_STORE_RQ).status
    return InstanceSent(sop_instance_uid, code, error.message, path, is_answered=False)


def _describe(path: Path) -> _Described:
    """What the file says of itself; only its file meta information is read."""
    reader = FileMetaReader()
    try:
        with path.open("rb") as file:
            while reader.feed(chunk := file.read(CHUNK_OCTETS)) is None:
                if not chunk:
                    reader.close()
    except OSError as error:
        raise Invalid("the file cannot be read") from error
    uids = reader.uids
    return _Described(
        path,
        checked_uid(uids.get(MEDIA_STORAGE_SOP_CLASS_UID), "MediaStorageSOPClassUID"),
        checked_uid(uids.get(MEDIA_STORAGE_SOP_INSTANCE_UID), "MediaStorageSOPInstanceUID"),
        uids[TRANSFER_SYNTAX_UID],
        reader.size,
    )
