"""Which operation is done by what, and in which SOP Classes: the table of our service provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vesalius.kit.errors import VesaliusError
from vesalius.kit.log import logger

from . import c_echo, c_find, c_get, c_move, c_store, n_create, n_set, sop_classes, status
from .association import AssociationEnded, Message
from .caller import Caller
from .command import CommandField
from .octets import Malformed
from .status import Outcome

log = logger(__name__)

Handler = Callable[[Caller, Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Operation:
    """What answers a request, and the SOP Classes it is for; None means storage."""

    answer: Handler
    sop_class_uids: frozenset[str] | None


OPERATIONS: dict[int, Operation] = {
    CommandField.C_ECHO_RQ: Operation(c_echo.answer, frozenset({sop_classes.VERIFICATION})),
    CommandField.C_STORE_RQ: Operation(c_store.answer, None),
    CommandField.C_FIND_RQ: Operation(
        c_find.answer,
        frozenset(
            {
                sop_classes.PATIENT_ROOT_FIND,
                sop_classes.STUDY_ROOT_FIND,
                sop_classes.MODALITY_WORKLIST_FIND,
            }
        ),
    ),
    CommandField.C_MOVE_RQ: Operation(
        c_move.answer, frozenset({sop_classes.PATIENT_ROOT_MOVE, sop_classes.STUDY_ROOT_MOVE})
    ),
    CommandField.C_GET_RQ: Operation(
        c_get.answer, frozenset({sop_classes.PATIENT_ROOT_GET, sop_classes.STUDY_ROOT_GET})
    ),
    CommandField.N_CREATE_RQ: Operation(
        n_create.answer, frozenset({sop_classes.MODALITY_PERFORMED_PROCEDURE_STEP})
    ),
    CommandField.N_SET_RQ: Operation(
        n_set.answer, frozenset({sop_classes.MODALITY_PERFORMED_PROCEDURE_STEP})
    ),
}


async def answer(caller: Caller, message: Message) -> None:
    """Do what a request asks; whatever goes wrong becomes its response's status."""
    asked = message.command
    try:
        operation = _operation(message, frozenset(caller.house.settings.private_sop_classes))
        if isinstance(operation, Outcome):
            refusal = operation
        else:
            await operation.answer(caller, message)
            return
    except (AssociationEnded, Malformed):
        raise
    except VesaliusError as error:
        refusal = status.of_error(error, asked.command_field)
    except Exception as error:
        log.exception("operation failed", command_field=asked.command_field)
        refusal = status.of_error(error, asked.command_field)
    await caller.association.discard(message)
    await caller.respond(message, refusal)


def _operation(message: Message, private: frozenset[str]) -> Operation | Outcome:
    asked, context = message.command, message.context
    if asked.message_id is None or asked.is_response:
        raise Malformed("a request without a message ID, or a response to nothing")
    operation = OPERATIONS.get(asked.command_field or 0)
    if operation is None:
        return Outcome(status.UNRECOGNIZED_OPERATION)
    sop_class_uid = asked.affected_sop_class_uid or asked.requested_sop_class_uid
    fits = (
        sop_classes.is_storage(context.abstract_syntax_uid, private)
        if operation.sop_class_uids is None
        else context.abstract_syntax_uid in operation.sop_class_uids
    )
    if not fits or sop_class_uid != context.abstract_syntax_uid:
        comment = "the SOP Class is not that of the presentation context"
        return Outcome(status.SOP_CLASS_NOT_SUPPORTED, comment)
    if not context.requestor_is_scu:
        return Outcome(status.SOP_CLASS_NOT_SUPPORTED, "the negotiated role does not allow it")
    return operation
