"""N-SET of the Modality Performed Procedure Step (PS3.4 F.7.2.2, PS3.7 10.1.3) [RAD-7]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vesalius.imaging import worklist
from vesalius.kit.errors import Invalid
from vesalius.standards.dicom import checked_uid

from . import requestor, sop_classes, status
from .association import Association, Message
from .caller import Caller
from .command import Command, CommandField
from .limits import Limits
from .status import Outcome


async def answer(caller: Caller, message: Message) -> None:
    """Note what a modality did in a step, and whether it ended it."""
    caller.require_service("mpps")
    asked = message.command
    uid = checked_uid(asked.requested_sop_instance_uid, "Requested SOP Instance UID")
    if not asked.has_data_set:
        raise Invalid("an N-SET without a modification list")
    attributes = await caller.identifier(message)
    async with caller.house.database.transaction() as tx:
        await worklist.change_step(tx, caller.principal, uid, attributes)
    await caller.respond(message, Outcome(status.SUCCESS))


async def ask(
    association: Association, limits: Limits, sop_instance_uid: str, attributes: Mapping[str, Any]
) -> int:
    """Tell a peer what was done in a step; the status it answers."""
    sop_class_uid = sop_classes.MODALITY_PERFORMED_PROCEDURE_STEP
    context = requestor.context_for(association, sop_class_uid)
    request = Command(
        command_field=CommandField.N_SET_RQ,
        requested_sop_class_uid=sop_class_uid,
        requested_sop_instance_uid=sop_instance_uid,
        message_id=1,
    )
    return await requestor.ask_with(association, context, request, limits, attributes)
