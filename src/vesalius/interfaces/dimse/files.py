"""Part 10 files sent to a peer as they are: for our own commands and the simulated modality."""

from __future__ import annotations

import asyncio
import mmap
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom

from vesalius.exchange.routing import InstanceSent
from vesalius.kit.errors import Invalid, Unsupported

from . import c_store, negotiation, requestor, status
from .association import Association
from .limits import Limits
from .negotiation import Proposal
from .requestor import Address


@dataclass(frozen=True, slots=True)
class _Described:
    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    offset: int


async def send_files(
    address: Address, limits: Limits, files: Sequence[Path]
) -> AsyncIterator[InstanceSent]:
    """Store files at a peer, in order; what it says to each.

    Raises Unavailable when the peer cannot be reached, Invalid when a file is no Part 10 file.
    """
    described = await asyncio.to_thread(lambda: [_describe(path) for path in files])
    kinds = dict.fromkeys((each.sop_class_uid, each.transfer_syntax_uid) for each in described)
    proposals = [Proposal(sop_class_uid, (syntax,)) for sop_class_uid, syntax in kinds]
    if len(proposals) > negotiation.MOST_CONTEXTS:
        raise Invalid("the files are of more kinds than one association has room for")
    async with requestor.associate(address, proposals, limits) as association:
        for number, each in enumerate(described, 1):
            outcome = await _send(association, limits, each, number % 0xFFFF + 1)
            yield InstanceSent(each.sop_instance_uid, outcome.status, outcome.comment)


async def _send(
    association: Association, limits: Limits, each: _Described, message_id: int
) -> status.Outcome:
    try:
        context = requestor.context_for(association, each.sop_class_uid, each.transfer_syntax_uid)
    except Unsupported as error:
        return status.Outcome(status.SOP_CLASS_NOT_SUPPORTED, error.message)
    with each.path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
        with memoryview(content) as view, view[each.offset :] as data_set:
            return await c_store.ask(
                association,
                context,
                limits,
                data_set,
                sop_instance_uid=each.sop_instance_uid,
                message_id=message_id,
            )


def _describe(path: Path) -> _Described:
    """What the file says of itself; only its file meta information is read."""
    try:
        meta = pydicom.filereader.read_file_meta_info(path)
        offset = 144 + int(meta.FileMetaInformationGroupLength)
        return _Described(
            path,
            str(meta.MediaStorageSOPClassUID),
            str(meta.MediaStorageSOPInstanceUID),
            str(meta.TransferSyntaxUID),
            offset,
        )
    except (pydicom.errors.InvalidDicomError, AttributeError, OSError) as error:
        raise Invalid(f"{path.name} is not a DICOM file with file meta information") from error
