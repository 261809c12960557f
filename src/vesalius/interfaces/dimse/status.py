"""Our errors in DIMSE's words: one table from `kit.errors` to status codes.

A row is read most special class first. The codes are those of PS3.7 Annex C and of the services
in PS3.4: Storage B.2.3, Query/Retrieve C.4.1.1.4, C.4.2.1.5 and C.4.3.1.4, Modality Worklist
K.4.1.1.4, Modality Performed Procedure Step F.7.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from vesalius.imaging.worklist import DuplicateStep, MissingAttribute, StepIsFinal, UnknownStep
from vesalius.kit import errors

from .command import CommandField

SUCCESS = 0x0000
# PS3.7 Annex C.5: what any service may answer.
ATTRIBUTE_LIST_ERROR = 0x0107
PROCESSING_FAILURE = 0x0110
DUPLICATE_SOP_INSTANCE = 0x0111
NO_SUCH_SOP_INSTANCE = 0x0112
INVALID_ATTRIBUTE_VALUE = 0x0106
INVALID_SOP_INSTANCE = 0x0117
MISSING_ATTRIBUTE = 0x0120
SOP_CLASS_NOT_SUPPORTED = 0x0122
NOT_AUTHORIZED = 0x0124
UNRECOGNIZED_OPERATION = 0x0211
MISTYPED_ARGUMENT = 0x0212
RESOURCE_LIMITATION = 0x0213

# PS3.4 B.2.3, C.4: what storage and retrieval answer.
OUT_OF_RESOURCES = 0xA700
CANNOT_CALCULATE_MATCHES = 0xA701
CANNOT_PERFORM_SUBOPERATIONS = 0xA702
MOVE_DESTINATION_UNKNOWN = 0xA801
DOES_NOT_MATCH_SOP_CLASS = 0xA900
UNABLE_TO_PROCESS = 0xC000
SUBOPERATIONS_WITH_FAILURES = 0xB000
CANCEL = 0xFE00
PENDING = 0xFF00
# PS3.4 C.4.1.1.4: pending, but an optional key was not supported.
PENDING_WITHOUT_OPTIONAL_KEYS = 0xFF01
# PS3.4 F.7.2.2.2: Performed Procedure Step Object may no longer be updated.
MAY_NO_LONGER_BE_UPDATED = 0xA710


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a response says: status, and the one sentence of (0000,0902)."""

    status: int
    comment: str | None = None
    error_id: int | None = None


class DoesNotMatchSopClass(errors.Invalid):
    """The command names another SOP Class or Instance than the data set."""


_STORE: dict[type[Exception], int] = {
    DoesNotMatchSopClass: DOES_NOT_MATCH_SOP_CLASS,
    errors.Invalid: UNABLE_TO_PROCESS,
    errors.Unsupported: SOP_CLASS_NOT_SUPPORTED,
    errors.Forbidden: NOT_AUTHORIZED,
    errors.Unauthenticated: NOT_AUTHORIZED,
    errors.Exhausted: OUT_OF_RESOURCES,
    errors.Unavailable: OUT_OF_RESOURCES,
    errors.VesaliusError: UNABLE_TO_PROCESS,
}

_QUERY: dict[type[Exception], int] = {
    errors.Invalid: DOES_NOT_MATCH_SOP_CLASS,
    errors.Unsupported: SOP_CLASS_NOT_SUPPORTED,
    errors.Forbidden: NOT_AUTHORIZED,
    errors.Unauthenticated: NOT_AUTHORIZED,
    errors.Exhausted: OUT_OF_RESOURCES,
    errors.Unavailable: OUT_OF_RESOURCES,
    errors.VesaliusError: UNABLE_TO_PROCESS,
}

_RETRIEVE: dict[type[Exception], int] = {
    errors.Invalid: DOES_NOT_MATCH_SOP_CLASS,
    errors.Unsupported: SOP_CLASS_NOT_SUPPORTED,
    errors.Forbidden: NOT_AUTHORIZED,
    errors.Unauthenticated: NOT_AUTHORIZED,
    errors.Exhausted: CANNOT_CALCULATE_MATCHES,
    errors.Unavailable: CANNOT_PERFORM_SUBOPERATIONS,
    errors.VesaliusError: UNABLE_TO_PROCESS,
}

_NORMALIZED: dict[type[Exception], int] = {
    MissingAttribute: MISSING_ATTRIBUTE,
    DuplicateStep: DUPLICATE_SOP_INSTANCE,
    UnknownStep: NO_SUCH_SOP_INSTANCE,
    errors.NotFound: NO_SUCH_SOP_INSTANCE,
    errors.Invalid: INVALID_ATTRIBUTE_VALUE,
    errors.Unsupported: SOP_CLASS_NOT_SUPPORTED,
    errors.Forbidden: NOT_AUTHORIZED,
    errors.Unauthenticated: NOT_AUTHORIZED,
    errors.Exhausted: RESOURCE_LIMITATION,
    errors.VesaliusError: PROCESSING_FAILURE,
}

_ANY: dict[type[Exception], int] = {
    errors.Unsupported: SOP_CLASS_NOT_SUPPORTED,
    errors.Forbidden: NOT_AUTHORIZED,
    errors.Unauthenticated: NOT_AUTHORIZED,
    errors.VesaliusError: PROCESSING_FAILURE,
}

TABLE: dict[int, dict[type[Exception], int]] = {
    CommandField.C_STORE_RQ: _STORE,
    CommandField.C_FIND_RQ: _QUERY,
    CommandField.C_MOVE_RQ: _RETRIEVE,
    CommandField.C_GET_RQ: _RETRIEVE,
    CommandField.N_CREATE_RQ: _NORMALIZED,
    CommandField.N_SET_RQ: _NORMALIZED,
}


def of_error(error: Exception, command_field: int | None) -> Outcome:
    """What to answer when an operation raised `error`."""
    table = TABLE.get(command_field or 0, _ANY)
    error_id = MAY_NO_LONGER_BE_UPDATED if isinstance(error, StepIsFinal) else None
    for kind, code in table.items():
        if isinstance(error, kind):
            return Outcome(code, str(error), error_id)
    # Not one of ours: a mistake in the house. Its words may hold anything, so they stay here.
    unknown = PROCESSING_FAILURE if table is _NORMALIZED or table is _ANY else UNABLE_TO_PROCESS
    return Outcome(unknown, "an internal error; the operator's log says more")


def is_warning(code: int) -> bool:
    """Whether a C-STORE response means stored, but not without remarks (PS3.7 C.4)."""
    return code >> 12 == 0xB or code in (0x0001, ATTRIBUTE_LIST_ERROR, 0x0116)


def is_pending(code: int | None) -> bool:
    return code in (PENDING, PENDING_WITHOUT_OPTIONAL_KEYS)
