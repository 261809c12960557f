"""The SOP Classes we speak of, by service (PS3.4), and the transfer syntaxes of each."""

from __future__ import annotations

from vesalius.standards.dicom.uids import (
    EXPLICIT_LITTLE_ENDIAN,
    IMPLICIT_LITTLE_ENDIAN,
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
)

VERIFICATION = "1.2.840.10008.1.1"

PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"

MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
MODALITY_PERFORMED_PROCEDURE_STEP = "1.2.840.10008.3.1.2.3.3"

NAMES = {
    VERIFICATION: "Verification",
    PATIENT_ROOT_FIND: "Patient Root Query/Retrieve - FIND",
    PATIENT_ROOT_MOVE: "Patient Root Query/Retrieve - MOVE",
    PATIENT_ROOT_GET: "Patient Root Query/Retrieve - GET",
    STUDY_ROOT_FIND: "Study Root Query/Retrieve - FIND",
    STUDY_ROOT_MOVE: "Study Root Query/Retrieve - MOVE",
    STUDY_ROOT_GET: "Study Root Query/Retrieve - GET",
    MODALITY_WORKLIST_FIND: "Modality Worklist - FIND",
    MODALITY_PERFORMED_PROCEDURE_STEP: "Modality Performed Procedure Step",
    **STORAGE_SOP_CLASSES,
}

# What carries a data set of ours rather than a stored instance is spoken uncompressed.
UNCOMPRESSED = (EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN)

PATIENT_ROOT = frozenset({PATIENT_ROOT_FIND, PATIENT_ROOT_MOVE, PATIENT_ROOT_GET})


def is_storage(sop_class_uid: str, private: frozenset[str] = frozenset()) -> bool:
    """A storage SOP Class of the standard, or a private one the settings name."""
    return sop_class_uid in STORAGE_SOP_CLASSES or sop_class_uid in private


def acceptable_transfer_syntaxes(
    sop_class_uid: str, private: frozenset[str] = frozenset()
) -> frozenset[str]:
    """The transfer syntaxes we take for a SOP Class as acceptor; none when we do not know it."""
    if is_storage(sop_class_uid, private):
        return _ALL
    if sop_class_uid in NAMES:
        return _UNCOMPRESSED
    return frozenset()


_ALL = frozenset(TRANSFER_SYNTAXES)
_UNCOMPRESSED = frozenset(UNCOMPRESSED)
