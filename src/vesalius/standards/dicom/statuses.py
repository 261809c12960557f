"""What a peer's DIMSE status means, in the words of the books.

PS3.7 Annex C for what every service may answer; PS3.4 B.2.3 (Storage), C.4.1.1.4 (FIND),
C.4.2.1.5 (MOVE), C.4.3.1.4 (GET) and K.4.1.1.4 (Modality Worklist) for the services' own codes.
"""

from typing import Literal

Operation = Literal["C-ECHO", "C-STORE", "C-FIND", "C-MOVE"]

GENERAL = {
    0x0000: "success",
    0x0001: "warning: a requested optional attribute is not supported",
    0x0105: "no such attribute",
    0x0106: "invalid attribute value",
    0x0107: "warning: attribute list error",
    0x0110: "processing failure",
    0x0111: "duplicate SOP Instance",
    0x0112: "no such SOP Instance",
    0x0115: "invalid argument value",
    0x0116: "warning: attribute value out of range",
    0x0117: "invalid SOP Instance",
    0x0118: "no such SOP Class",
    0x0119: "class-instance conflict",
    0x0120: "missing attribute",
    0x0121: "missing attribute value",
    0x0122: "refused: SOP Class not supported",
    0x0124: "refused: not authorized",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0212: "mistyped argument",
    0x0213: "resource limitation",
    0xFE00: "cancelled",
    0xFF00: "pending",
    0xFF01: "pending, without support of an optional key",
}

OWN: dict[Operation, dict[int, str]] = {
    "C-ECHO": {},
    "C-STORE": {
        0xB000: "warning: coercion of data elements",
        0xB006: "warning: elements discarded",
        0xB007: "warning: data set does not match SOP Class",
    },
    "C-FIND": {0xA700: "refused: out of resources", 0xA900: "identifier does not match SOP Class"},
    "C-MOVE": {
        0xA701: "refused: out of resources, unable to calculate the number of matches",
        0xA702: "refused: out of resources, unable to perform sub-operations",
        0xA801: "refused: move destination unknown",
        0xA900: "identifier does not match SOP Class",
        0xB000: "sub-operations complete, with failures or warnings",
    },
}

# Codes of which only the beginning is written in the book: (digits to shift away, rest, meaning).
RANGES: dict[Operation, tuple[tuple[int, int, str], ...]] = {
    "C-ECHO": (),
    "C-STORE": (
        (8, 0xA7, "refused: out of resources"),
        (8, 0xA9, "data set does not match SOP Class"),
        (12, 0xC, "cannot understand"),
    ),
    "C-FIND": ((12, 0xC, "unable to process"),),
    "C-MOVE": ((12, 0xC, "unable to process"),),
}

# PS3.7 C.1 to C.5: what the first digit says when the code is nobody's.
FIRST_DIGIT = {0x0: "failure", 0x1: "failure", 0xA: "failure", 0xB: "warning", 0xC: "failure"}


def meaning(operation: Operation, code: int) -> str:
    """What a status says after an operation."""
    for table in (OWN[operation], GENERAL):
        if code in table:
            return table[code]
    for shift, beginning, words in RANGES[operation]:
        if code >> shift == beginning:
            return words
    return FIRST_DIGIT.get(code >> 12, "a status the standard does not know")


def describe(operation: Operation, code: int, comment: str | None = None) -> str:
    """A status as one phrase: `status A700 (refused: out of resources): the peer's comment`."""
    said = f"status {code:04X} ({meaning(operation, code)})"
    return f"{said}: {comment}" if comment else said
