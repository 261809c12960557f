"""DICOM as its books say it: data sets, dictionary, identifiers, matching. Pure functions."""

from vesalius.standards.dicom.dictionary import keyword_of, tag_of, vr_of
from vesalius.standards.dicom.encoding import decode_dataset, encode_dataset
from vesalius.standards.dicom.matching import matches
from vesalius.standards.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
    TransferSyntax,
    checked_uid,
    is_valid_uid,
    transfer_syntax,
)

__all__ = [
    "IMPLEMENTATION_CLASS_UID",
    "IMPLEMENTATION_VERSION_NAME",
    "STORAGE_SOP_CLASSES",
    "TRANSFER_SYNTAXES",
    "TransferSyntax",
    "checked_uid",
    "decode_dataset",
    "encode_dataset",
    "is_valid_uid",
    "keyword_of",
    "matches",
    "tag_of",
    "transfer_syntax",
    "vr_of",
]
