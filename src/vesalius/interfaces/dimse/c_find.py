"""C-FIND: Query (PS3.4 Annex C) and Modality Worklist (Annex K), both ways [RAD-5, RAD-14]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from vesalius.imaging import worklist
from vesalius.kit.errors import Invalid
from vesalius.kit.transaction import Transaction
from vesalius.standards.dicom import decode_dataset, encode_dataset
from vesalius.stores import archive, audit

from . import requestor, sop_classes, status
from .association import Association, Message
from .caller import Caller
from .command import PRIORITY_MEDIUM, Command, CommandField
from .limits import Limits
from .status import Outcome

DataSet = dict[str, Any]

SPECIFIC_CHARACTER_SET = "00080005"
QUERY_RETRIEVE_LEVEL = "00080052"
RETRIEVE_AE_TITLE = "00080054"
INSTANCE_AVAILABILITY = "00080056"
TIMEZONE_OFFSET = "00080201"
PATIENT_LEVEL, STUDY_LEVEL = "PATIENT", "STUDY"
LEVELS = (PATIENT_LEVEL, STUDY_LEVEL, "SERIES", "IMAGE")
# The unique key of each level (PS3.4 C.6.1.1 and C.6.2.1).
UNIQUE_KEYS = {
    "PATIENT": "00100020",
    "STUDY": "0020000D",
    "SERIES": "0020000E",
    "IMAGE": "00080018",
}
# What an identifier says about itself rather than about what is looked for.
CONTROLS = frozenset({SPECIFIC_CHARACTER_SET, QUERY_RETRIEVE_LEVEL, TIMEZONE_OFFSET})
# So much is gathered before it is sent while the database still answers: what is not gathered
# keeps a connection busy for as long as the peer likes.
GATHERED_OCTETS = 1024 * 1024
# After so much, C-CANCEL is looked for.
BATCH_OCTETS = 64 * 1024


class _Cancelled(Exception):
    """The peer sent C-CANCEL."""


async def answer(caller: Caller, message: Message) -> None:
    """Answer with a pending response for each match, then with success."""
    is_worklist = message.context.abstract_syntax_uid == sop_classes.MODALITY_WORKLIST_FIND
    caller.require_service("worklist" if is_worklist else "find")
    if not message.command.has_data_set:
        raise Invalid("a C-FIND without an identifier")
    identifier = await caller.identifier(message)
    answers = _Answers(caller, message)
    try:
        async with caller.house.database.inquiry() as tx:
            if is_worklist:
                for item in await worklist.find(tx, caller.principal, identifier):
                    await answers.add(item)
            else:
                await _query(tx, caller, message, identifier, answers)
        await answers.finish()
    except _Cancelled:
        await caller.respond(message, Outcome(status.CANCEL))


async def _query(
    tx: Transaction, caller: Caller, message: Message, identifier: DataSet, answers: _Answers
) -> None:
    level = level_of(identifier, message.context.abstract_syntax_uid)
    keys = {tag: element for tag, element in identifier.items() if tag not in CONTROLS}
    added = {QUERY_RETRIEVE_LEVEL: _text("CS", level)}
    if keys.pop(RETRIEVE_AE_TITLE, None) is not None:
        added[RETRIEVE_AE_TITLE] = _text("AE", caller.house.settings.ae_title)
    if keys.pop(INSTANCE_AVAILABILITY, None) is not None:
        added[INSTANCE_AVAILABILITY] = _text("CS", "ONLINE")
    found = 0
    query = archive.Query(identifier=keys, returning="requested")
    async for match in archive.find_each(tx, caller.principal, level, query):
        found += 1
        await answers.add({**match, **added})
    await audit.record(
        tx,
        caller.principal,
        "E",
        audit.kinds.QUERY,
        detail={"of": level, "keys": sorted(keys), "found": found},
    )


class _Answers:
    """Pending responses on their way: gathered, so that few system calls carry many."""

    def __init__(self, caller: Caller, message: Message) -> None:
        self._caller = caller
        self._message = message
        self._context = message.context
        # The command of every pending response is the same.
        pending = caller.response(message, Outcome(status.PENDING))
        self._pending = caller.association.encode_command(
            self._context.context_id, pending, has_data_set=True
        )
        self._buffers: list[bytes | memoryview] = []
        self._octets = 0

    async def add(self, data_set: DataSet) -> None:
        """One more match. Raises _Cancelled."""
        encoded = encode_dataset(data_set, self._context.transfer_syntax_uid)
        self._buffers += self._pending
        self._buffers += self._caller.association.encode_data_set(self._context.context_id, encoded)
        self._octets += len(encoded)
        if self._octets >= GATHERED_OCTETS:
            await self._send()

    async def finish(self) -> None:
        """Send what is left, and success behind it. Raises _Cancelled."""
        self._buffers += self._caller.encode_response(self._message, Outcome(status.SUCCESS))
        await self._send()

    async def _send(self) -> None:
        """Send what was gathered, in batches, looking for C-CANCEL between them."""
        association = self._caller.association
        buffers, self._buffers, self._octets = self._buffers, [], 0
        start = 0
        while start < len(buffers):
            # A C-CANCEL is read by the event loop, which has to get its turn.
            await association.let_receive()
            if association.is_cancelled(self._message.command.message_id):
                raise _Cancelled
            stop = _batch_end(buffers, start)
            await association.send_encoded(buffers[start:stop])
            start = stop


def _batch_end(buffers: list[bytes | memoryview], start: int) -> int:
    """Where the batch that begins at `start` ends: behind a whole response."""
    octets = 0
    for index in range(start, len(buffers)):
        octets += len(buffers[index])
        if octets >= BATCH_OCTETS and (index + 1) % 4 == 0:
            return index + 1
    return len(buffers)


def level_of(identifier: Mapping[str, Any], sop_class_uid: str) -> archive.Level:
    """The Query/Retrieve Level, checked against the information model. Raises Invalid."""
    values = (identifier.get(QUERY_RETRIEVE_LEVEL) or {}).get("Value") or [None]
    level = values[0]
    if level not in LEVELS:
        raise Invalid("the Query/Retrieve Level is PATIENT, STUDY, SERIES or IMAGE")
    if level == PATIENT_LEVEL and sop_class_uid not in sop_classes.PATIENT_ROOT:
        raise Invalid("the Study Root has no PATIENT level")
    return cast(archive.Level, level)


def _text(vr: str, value: str) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


async def ask(
    association: Association,
    limits: Limits,
    sop_class_uid: str,
    identifier: Mapping[str, Any],
    *,
    limit: int | None = None,
) -> tuple[Outcome, list[DataSet]]:
    """Ask a peer: the final status, and the matches; cancelled when there are more than `limit`."""
    context = requestor.context_for(association, sop_class_uid)
    request = Command(
        command_field=CommandField.C_FIND_RQ,
        affected_sop_class_uid=sop_class_uid,
        message_id=1,
        priority=PRIORITY_MEDIUM,
    )
    data_set = encode_dataset(identifier, context.transfer_syntax_uid)
    matches: list[DataSet] = []
    cancelled = False
    response = await requestor.ask(association, context, request, limits, data_set)
    while status.is_pending(response.command.status):
        if response.command.has_data_set:
            data = await association.read(response)
            if limit is None or len(matches) < limit:
                matches.append(decode_dataset(data, context.transfer_syntax_uid))
        if limit is not None and len(matches) >= limit and not cancelled:
            cancelled = True
            await cancel(association, context.context_id, request)
        response = await requestor.response(association, request, limits)
    assert response.command.status is not None
    return Outcome(response.command.status, response.command.error_comment), matches


async def cancel(association: Association, context_id: int, request: Command) -> None:
    """Ask the peer to stop answering (PS3.7 9.3.2.3)."""
    await association.send(
        context_id,
        Command(
            command_field=CommandField.C_CANCEL_RQ,
            message_id_being_responded_to=request.message_id,
        ),
    )
