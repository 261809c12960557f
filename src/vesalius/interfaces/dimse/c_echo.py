"""C-ECHO, the Verification service (PS3.4 Annex A, PS3.7 9.1.5), both ways."""

from __future__ import annotations

from . import requestor, sop_classes, status
from .association import Association, Message
from .caller import Caller
from .command import Command, CommandField
from .limits import Limits
from .status import Outcome


async def answer(caller: Caller, message: Message) -> None:
    """Say that we are here."""
    await caller.respond(message, Outcome(status.SUCCESS))


async def ask(association: Association, limits: Limits) -> int:
    """Ask whether the peer is there; the status it answers."""
    context = requestor.context_for(association, sop_classes.VERIFICATION)
    request = Command(
        command_field=CommandField.C_ECHO_RQ,
        affected_sop_class_uid=sop_classes.VERIFICATION,
        message_id=1,
    )
    response = await requestor.ask(association, context, request, limits)
    assert response.command.status is not None
    return response.command.status
