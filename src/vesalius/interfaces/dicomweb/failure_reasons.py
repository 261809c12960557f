"""Why an instance was not stored, in the words of PS3.18 table I.2-2 (and PS3.7 Annex C)."""

from vesalius.kit.errors import (
    Conflict,
    Exhausted,
    Forbidden,
    Invalid,
    Unavailable,
    Unsupported,
    VesaliusError,
)

PROCESSING_FAILURE = 0x0110
DUPLICATE = 0x0111
SOP_CLASS_NOT_SUPPORTED = 0x0122
NOT_AUTHORIZED = 0x0124
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
# Stored, with a remark: PS3.18 table I.2-1.
STORED_AS_IS = 0xB007

REASONS: dict[type[VesaliusError], int] = {
    Invalid: CANNOT_UNDERSTAND,
    Unsupported: SOP_CLASS_NOT_SUPPORTED,
    Forbidden: NOT_AUTHORIZED,
    Conflict: DUPLICATE,
    Exhausted: OUT_OF_RESOURCES,
    Unavailable: OUT_OF_RESOURCES,
}


def reason_of(error: VesaliusError) -> int:
    """The FailureReason (0008,1197) of an error."""
    return next((REASONS[k] for k in type(error).__mro__ if k in REASONS), PROCESSING_FAILURE)
