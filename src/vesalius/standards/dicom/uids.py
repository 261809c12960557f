"""Unique identifiers (PS3.5 chapter 9) and the tables of those we know."""

import re
from dataclasses import dataclass

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.dictionary import TABLES

IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"

# PS3.7 D.3.3.2: who we are, in every file and association.
IMPLEMENTATION_CLASS_UID = "2.25.249302930219871943018374560129384756102"
IMPLEMENTATION_VERSION_NAME = "VESALIUS_01"

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """How a data set is written (PS3.5 chapter 10)."""

    uid: str
    name: str
    explicit: bool
    big_endian: bool
    deflated: bool
    encapsulated: bool


def _syntax(uid: str, name: str) -> TransferSyntax:
    native = (
        IMPLICIT_LITTLE_ENDIAN,
        EXPLICIT_LITTLE_ENDIAN,
        DEFLATED_LITTLE_ENDIAN,
        EXPLICIT_BIG_ENDIAN,
    )
    return TransferSyntax(
        uid=uid,
        name=name,
        explicit=uid != IMPLICIT_LITTLE_ENDIAN,
        big_endian=uid == EXPLICIT_BIG_ENDIAN,
        # PS3.5 A.5, A.7, and JPIP HTJ2K Referenced Deflate.
        deflated=uid
        in (DEFLATED_LITTLE_ENDIAN, "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"),
        encapsulated=uid not in native and "JPIP" not in name,
    )


# Not for files: MIME and XML encodings, real-time video (PS3.22) and Papyrus.
_NOT_STORED = ("1.2.840.10008.1.2.6.", "1.2.840.10008.1.2.7.", "1.2.840.10008.1.20")

TRANSFER_SYNTAXES: dict[str, TransferSyntax] = {
    uid: _syntax(uid, name)
    for uid, name in TABLES["transfer_syntaxes"].items()
    if not uid.startswith(_NOT_STORED)
}

STORAGE_SOP_CLASSES: dict[str, str] = TABLES["storage"]


def is_valid_uid(text: str) -> bool:
    """Whether `text` is a UID: at most 64 characters, digits and single dots (PS3.5 9.1).

    Components with leading zeros are let through: old archives are full of them, and they
    harm nobody.
    """
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def checked_uid(text: object, keyword: str) -> str:
    """`text` if it is a UID, else Invalid naming the element, never its value."""
    if not isinstance(text, str) or not text:
        raise Invalid(f"{keyword} is missing")
    if not is_valid_uid(text):
        raise Invalid(f"{keyword} is not a valid UID")
    return text


def transfer_syntax(uid: str) -> TransferSyntax:
    """The transfer syntax of a UID.

    Private ones are taken as explicit little endian with encapsulated pixel data, as all but
    the four native ones are (PS3.5 10.1).
    """
    known = TRANSFER_SYNTAXES.get(uid)
    if known is not None:
        return known
    if not is_valid_uid(uid) or uid.startswith("1.2.840.10008."):
        raise Invalid("the transfer syntax is unknown")
    return TransferSyntax(uid, "private", True, False, False, True)
