"""C-STORE, the Storage service (PS3.4 Annex B, PS3.7 9.1.1) [RAD-8], both ways.

As provider: the data set flows from the socket into the archive's intake, one instance is one
transaction, and success is said after its commit.
"""

from __future__ import annotations

from typing import Any

from vesalius.imaging import studies
from vesalius.kit.errors import Invalid
from vesalius.standards.dicom import checked_uid
from vesalius.stores import archive
from vesalius.stores.access import require

from . import requestor, status
from .association import Association, Message
from .caller import Caller
from .command import PRIORITY_MEDIUM, Command, CommandField
from .limits import Limits
from .negotiation import Context
from .status import DoesNotMatchSopClass, Outcome


async def answer(caller: Caller, message: Message) -> None:
    """Store one instance and say so."""
    asked = message.command
    require(caller.principal, "study.store")
    checked_uid(asked.affected_sop_instance_uid, "Affected SOP Instance UID")
    if not asked.has_data_set:
        raise Invalid("a C-STORE without a data set")
    stored = await _store(caller, message)
    # A quarantined instance was kept, but is not what a retrieve will give back; the standard has
    # no warning for it, so it is refused as the duplicate it is.
    if stored.outcome == "quarantined":
        comment = "another instance with this SOP Instance UID is stored"
        await caller.respond(message, Outcome(status.DUPLICATE_SOP_INSTANCE, comment))
    else:
        await caller.respond(message, Outcome(status.SUCCESS))


async def _store(caller: Caller, message: Message) -> archive.Stored:
    intake = await archive.begin(
        caller.house.blobs,
        caller.principal,
        settings=caller.house.settings,
        transfer_syntax_uid=message.context.transfer_syntax_uid,
        sop_class_uid=message.command.affected_sop_class_uid,
        sop_instance_uid=message.command.affected_sop_instance_uid,
        source=caller.principal.name,
    )
    try:
        await caller.association.stream(message, intake.feed)
        sealed = await intake.finish()
        _check_agreement(message.command, sealed)
        async with caller.house.database.transaction(pipelined=True) as tx:
            stored = await studies.receive(tx, caller.principal, sealed)
            await caller.stored.note(
                tx,
                study_instance_uid=stored.study_instance_uid,
                sop_class_uid=stored.sop_class_uid,
                patient_reference=stored.patient_reference,
            )
    except BaseException:
        await intake.abort()
        raise
    return stored


def _check_agreement(asked: Command, sealed: archive.Sealed) -> None:
    """PS3.4 B.2.3, status A900: the command speaks of the data set that follows it."""
    if asked.affected_sop_class_uid != sealed.sop_class_uid:
        raise DoesNotMatchSopClass("the SOP Class of command and data set differ")
    if asked.affected_sop_instance_uid != sealed.sop_instance_uid:
        raise DoesNotMatchSopClass("the SOP Instance UID of command and data set differ")


async def ask(
    association: Association,
    context: Context,
    limits: Limits,
    data_set: memoryview,
    *,
    sop_instance_uid: str,
    message_id: int,
    **originator: Any,
) -> Outcome:
    """Send one instance whose data set is at hand; what the peer says to it."""
    request = request_for(context, sop_instance_uid, message_id, **originator)
    response = await requestor.ask(association, context, request, limits, data_set)
    assert response.command.status is not None
    return Outcome(response.command.status, response.command.error_comment)


def request_for(
    context: Context, sop_instance_uid: str, message_id: int, **originator: Any
) -> Command:
    """The C-STORE-RQ of one instance."""
    return Command(
        command_field=CommandField.C_STORE_RQ,
        affected_sop_class_uid=context.abstract_syntax_uid,
        affected_sop_instance_uid=sop_instance_uid,
        message_id=message_id,
        priority=PRIORITY_MEDIUM,
        **originator,
    )
