"""C-MOVE, retrieval to a third AE (PS3.4 C.4.2, PS3.7 9.1.4) [RAD-16], both ways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from vesalius.exchange.routing import Moved, Resources
from vesalius.kit.errors import Invalid, VesaliusError
from vesalius.standards.dicom import decode_dataset, encode_dataset
from vesalius.stores import access, archive

from . import requestor, status, suboperations
from .association import Association, AssociationEnded, Message
from .caller import Caller
from .command import PRIORITY_MEDIUM, Command, CommandField
from .limits import Limits
from .negotiation import Context
from .proposals import parts
from .requestor import Address
from .status import Outcome
from .suboperations import Progress, Tally


async def answer(caller: Caller, message: Message) -> None:
    """Send what the identifier names to the move destination, a node we know."""
    rows = await suboperations.find_instances(caller, message)
    node = await _destination(caller, message)
    tally = Tally(remaining=len(rows))
    progress = Progress(caller, message, tally)
    if node is None:
        tally.fail(rows)
        comment = "the move destination is not a node that images may be sent to"
        await progress.finish(Outcome(status.MOVE_DESTINATION_UNKNOWN, comment))
        return
    if not rows:
        await progress.finish()
        return
    await suboperations.open_transfers(caller, rows)
    try:
        outcome = await _send(caller, message, node, rows, progress, tally)
    finally:
        await suboperations.close_transfers(caller, rows, tally)
    await progress.finish(outcome)


async def _destination(caller: Caller, message: Message) -> access.Node | None:
    title = message.command.move_destination
    if not title:
        raise Invalid("a C-MOVE without a move destination")
    async with caller.house.database.transaction() as tx:
        node = await access.find_node(tx, title)
    return node if node is not None and "send" in node.may else None


async def _send(
    caller: Caller,
    message: Message,
    node: access.Node,
    rows: Sequence[archive.InstanceRow],
    progress: Progress,
    tally: Tally,
) -> Outcome | None:
    """Send and count; the status to end with, when it is not the one the counts say."""
    originator = {
        "move_originator_application_entity_title": caller.association.calling_ae_title,
        "move_originator_message_id": message.command.message_id,
    }
    address = Address(node.host, node.port, node.ae_title, caller.association.called_ae_title)
    sending = send_to(caller.house, address, caller.limits, rows, **originator)
    try:
        async for row, outcome in sending:
            tally.count(row, outcome)
            if caller.association.has_ended:
                raise AssociationEnded("the requestor of the C-MOVE is gone")
            if caller.association.is_cancelled(message.command.message_id):
                return Outcome(status.CANCEL)
            await progress.tell()
    except VesaliusError as error:
        done = len(rows) - tally.remaining
        tally.fail(rows[done:])
        some = tally.completed or tally.warnings
        code = status.SUBOPERATIONS_WITH_FAILURES if some else status.CANNOT_PERFORM_SUBOPERATIONS
        return Outcome(code, error.message)
    finally:
        await sending.aclose()  # type: ignore[attr-defined]
    return None


async def send_to(
    resources: Resources,
    address: Address,
    limits: Limits,
    rows: Sequence[archive.InstanceRow],
    **originator: Any,
) -> AsyncIterator[tuple[archive.InstanceRow, Outcome]]:
    """Send instances to a peer over as many associations as their SOP Classes need.

    Raises Unavailable when the peer cannot be reached or breaks off.
    """
    for proposals, part in parts(rows):
        async with requestor.associate(address, proposals, limits) as association:
            sending = suboperations.send_all(resources, association, limits, part, **originator)
            try:
                async for sent in sending:
                    yield sent
            finally:
                await sending.aclose()  # type: ignore[attr-defined]


async def ask(
    association: Association,
    limits: Limits,
    sop_class_uid: str,
    identifier: Mapping[str, Any],
    *,
    destination: str,
    progress: Callable[[Moved], None],
) -> Moved:
    """Ask a peer to send what matches to `destination`; its final counts."""
    context = requestor.context_for(association, sop_class_uid)
    request = Command(
        command_field=CommandField.C_MOVE_RQ,
        affected_sop_class_uid=sop_class_uid,
        message_id=1,
        priority=PRIORITY_MEDIUM,
        move_destination=destination,
    )
    data_set = encode_dataset(identifier, context.transfer_syntax_uid)
    response = await requestor.ask(association, context, request, limits, data_set)
    while status.is_pending(response.command.status):
        await association.discard(response)
        progress(_moved(response.command))
        response = await requestor.response(association, request, limits)
    return _moved(response.command, await _failed(association, context, response))


async def _failed(association: Association, context: Context, response: Message) -> tuple[str, ...]:
    """The instances that a final response says were not moved (PS3.4 C.4.2.1.4.2)."""
    if not response.command.has_data_set:
        return ()
    identifier = decode_dataset(await association.read(response), context.transfer_syntax_uid)
    values = (identifier.get(suboperations.FAILED_SOP_INSTANCE_UID_LIST) or {}).get("Value") or []
    return tuple(str(value) for value in values if value)


def _moved(response: Command, failed_sop_instance_uids: tuple[str, ...] = ()) -> Moved:
    return Moved(
        status=response.status or 0,
        completed=response.number_of_completed_suboperations or 0,
        failed=response.number_of_failed_suboperations or 0,
        warnings=response.number_of_warning_suboperations or 0,
        remaining=response.number_of_remaining_suboperations or 0,
        comment=response.error_comment,
        failed_sop_instance_uids=failed_sop_instance_uids,
    )
