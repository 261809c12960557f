"""C-FIND: Query (PS3.4 Annex C) and Modality Worklist (Annex K), both ways [RAD-5, RAD-14]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from vesalius.imaging import worklist
from vesalius.kit.errors import Invalid
from vesalius.standards.dicom import decode_dataset, encode_dataset
from vesalius.stores import archive

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
# Responses are gathered to this size before they are sent, and C-CANCEL is looked for in between.
BATCH_OCTETS = 64 * 1024


async def answer(caller: Caller, message: Message) -> None:
    """Answer with a pending response for each match, then with success."""
    is_worklist = message.context.abstract_syntax_uid == sop_classes.MODALITY_WORKLIST_FIND
    caller.require_service("worklist" if is_worklist else "find")
    if not message.command.has_data_set:
        raise Invalid("a C-FIND without an identifier")
    identifier = await caller.identifier(message)
    if is_worklist:
        matches = await _worklist(caller, identifier)
    else:
        matches = await _query(caller, message, identifier)
    await _respond(caller, message, matches)


async def _worklist(caller: Caller, identifier: DataSet) -> list[DataSet]:
    async with caller.house.database.transaction() as tx:
        return await worklist.find(tx, caller.principal, identifier)


async def _query(caller: Caller, message: Message, identifier: DataSet) -> list[DataSet]:
    level = level_of(identifier, message.context.abstract_syntax_uid)
    keys = {tag: element for tag, element in identifier.items() if tag not in CONTROLS}
    wants_title = keys.pop(RETRIEVE_AE_TITLE, None) is not None
    wants_availability = keys.pop(INSTANCE_AVAILABILITY, None) is not None
    query = archive.Query(identifier=keys, returning="requested")
    async with caller.house.database.transaction() as tx:
        found = await archive.find(tx, caller.principal, level, query)
    answers = []
    for match in found:
        data_set = dict(match)
        data_set[QUERY_RETRIEVE_LEVEL] = _text("CS", level)
        if wants_title:
            data_set[RETRIEVE_AE_TITLE] = _text("AE", caller.house.settings.ae_title)
        if wants_availability:
            data_set[INSTANCE_AVAILABILITY] = _text("CS", "ONLINE")
        answers.append(data_set)
    return answers


def level_of(identifier: Mapping[str, Any], sop_class_uid: str) -> archive.Level:
    """The Query/Retrieve Level, checked against the information model. Raises Invalid."""
    values = (identifier.get(QUERY_RETRIEVE_LEVEL) or {}).get("Value") or [None]
    level = values[0]
    if level not in LEVELS:
        raise Invalid("the Query/Retrieve Level is PATIENT, STUDY, SERIES or IMAGE")
    if level == PATIENT_LEVEL and sop_class_uid not in sop_classes.PATIENT_ROOT:
        raise Invalid("the Study Root has no PATIENT level")
    return cast(archive.Level, level)


async def _respond(caller: Caller, message: Message, matches: list[DataSet]) -> None:
    pending = Outcome(status.PENDING)
    buffers: list[bytes | memoryview] = []
    size = 0
    for match in matches:
        if caller.association.is_cancelled(message.command.message_id):
            await caller.respond(message, Outcome(status.CANCEL))
            return
        encoded = caller.encode_response(message, pending, match)
        buffers += encoded
        size += sum(map(len, encoded))
        if size >= BATCH_OCTETS:
            await caller.association.send_encoded(buffers)
            # A C-CANCEL is read by the event loop, which has to get its turn.
            await caller.association.let_receive()
            buffers, size = [], 0
    buffers += caller.encode_response(message, Outcome(status.SUCCESS))
    await caller.association.send_encoded(buffers)


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
