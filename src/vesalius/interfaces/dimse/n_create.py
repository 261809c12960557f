"""N-CREATE of the Modality Performed Procedure Step (PS3.4 F.7.2.1, PS3.7 10.1.5) [RAD-6]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vesalius.imaging import worklist
from vesalius.kit.ids import new_uid
from vesalius.standards.dicom import checked_uid

from . import requestor, sop_classes, status
from .association import Association, Message
from .caller import Caller
from .command import Command, CommandField
from .limits import Limits
from .status import Outcome


async def answer(caller: Caller, message: Message) -> None:
    """Note that a modality began a step."""
    caller.require_service("mpps")
    asked = message.command
    # PS3.7 10.1.5.1.4: who asks may leave the naming to us.
    asked.affected_sop_instance_uid = asked.affected_sop_instance_uid or new_uid()
    uid = checked_uid(asked.affected_sop_instance_uid, "Affected SOP Instance UID")
    attributes = await caller.identifier(message) if asked.has_data_set else {}
    async with caller.house.database.transaction() as tx:
        await worklist.begin_step(tx, caller.principal, uid, attributes)
    await caller.respond(message, Outcome(status.SUCCESS))


async def ask(
    association: Association, limits: Limits, sop_instance_uid: str, attributes: Mapping[str, Any]
) -> int:
    """Tell a peer that a step began; the status it answers."""
    sop_class_uid = sop_classes.MODALITY_PERFORMED_PROCEDURE_STEP
    context = requestor.context_for(association, sop_class_uid)
    request = Command(
        command_field=CommandField.N_CREATE_RQ,
        affected_sop_class_uid=sop_class_uid,
        affected_sop_instance_uid=sop_instance_uid,
        message_id=1,
    )
    return await requestor.ask_with(association, context, request, limits, attributes)
