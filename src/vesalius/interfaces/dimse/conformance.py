"""The DICOM conformance statement (PS3.2), made from the tables that the code itself obeys.

`make docs` writes it to docs/conformance/dicom.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vesalius.settings import Settings
from vesalius.standards.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
)

from . import pdu, sop_classes, status
from .command import CommandField
from .services import OPERATIONS
from .suboperations import PENDING_SECONDS

# What we ask of peers; the transfer syntaxes of storage are those the instances are stored in.
AS_USER = {
    "C-ECHO": (sop_classes.VERIFICATION,),
    "C-FIND": (
        sop_classes.PATIENT_ROOT_FIND,
        sop_classes.STUDY_ROOT_FIND,
        sop_classes.MODALITY_WORKLIST_FIND,
    ),
    "C-MOVE": (sop_classes.PATIENT_ROOT_MOVE, sop_classes.STUDY_ROOT_MOVE),
    "N-CREATE, N-SET": (sop_classes.MODALITY_PERFORMED_PROCEDURE_STEP,),
}

STATUS_MEANINGS = {
    status.SUCCESS: "Success",
    status.PENDING: "Pending: a match, or sub-operations go on",
    status.CANCEL: "Cancelled by C-CANCEL",
    status.SUBOPERATIONS_WITH_FAILURES: "Sub-operations complete, one or more failures or warnings",
    status.OUT_OF_RESOURCES: "Refused: out of resources (disk, queue or storage)",
    status.CANNOT_CALCULATE_MATCHES: "Refused: out of resources, unable to calculate matches",
    status.CANNOT_PERFORM_SUBOPERATIONS: "Refused: unable to perform sub-operations",
    status.MOVE_DESTINATION_UNKNOWN: "Refused: move destination unknown",
    status.DOES_NOT_MATCH_SOP_CLASS: "Error: data set or identifier does not match SOP Class",
    status.UNABLE_TO_PROCESS: "Error: cannot understand, unable to process",
    status.INVALID_ATTRIBUTE_VALUE: "Invalid attribute value",
    status.PROCESSING_FAILURE: "Processing failure",
    status.DUPLICATE_SOP_INSTANCE: "Duplicate SOP Instance with other bytes; quarantined",
    status.NO_SUCH_SOP_INSTANCE: "No such SOP Instance",
    status.MISSING_ATTRIBUTE: "Missing attribute",
    status.SOP_CLASS_NOT_SUPPORTED: "Refused: SOP Class not supported",
    status.NOT_AUTHORIZED: "Refused: not authorized",
    status.UNRECOGNIZED_OPERATION: "Unrecognized operation",
    status.RESOURCE_LIMITATION: "Resource limitation",
}

# Statuses an operation answers that come of no error.
PLAIN_STATUSES = {
    CommandField.C_STORE_RQ: (status.SUCCESS, status.DUPLICATE_SOP_INSTANCE),
    CommandField.C_FIND_RQ: (status.SUCCESS, status.PENDING, status.CANCEL),
    CommandField.C_MOVE_RQ: (
        status.SUCCESS,
        status.PENDING,
        status.CANCEL,
        status.SUBOPERATIONS_WITH_FAILURES,
        status.CANNOT_PERFORM_SUBOPERATIONS,
        status.MOVE_DESTINATION_UNKNOWN,
    ),
    CommandField.C_GET_RQ: (
        status.SUCCESS,
        status.PENDING,
        status.CANCEL,
        status.SUBOPERATIONS_WITH_FAILURES,
        status.CANNOT_PERFORM_SUBOPERATIONS,
    ),
}


def statement() -> str:
    """The whole statement, as Markdown."""
    sections = (
        _overview(),
        _associations(),
        _as_provider(),
        _as_user(),
        _statuses(),
        _storage_sop_classes(),
        _transfer_syntaxes(),
        _character_sets(),
        _security(),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def _overview() -> Iterator[str]:
    yield "# DICOM conformance statement"
    yield ""
    yield "One application entity, on TCP/IP, as service class provider and user. It keeps the"
    yield "instances it receives byte for byte and gives them back in the transfer syntax they"
    yield "came in, or uncompressed to a peer that does not take that."
    yield ""
    yield from _table(
        ("service", "as provider", "as user"),
        (
            ("Verification", "yes", "yes"),
            ("Storage", "yes", "yes"),
            ("Query/Retrieve: FIND", "yes", "yes"),
            ("Query/Retrieve: MOVE", "yes", "yes"),
            ("Query/Retrieve: GET", "yes", "no"),
            ("Modality Worklist", "yes", "yes"),
            ("Modality Performed Procedure Step", "yes", "yes (simulated modality)"),
            ("Storage Commitment", "no", "no"),
        ),
    )


def _associations() -> Iterator[str]:
    default = {name: field.default for name, field in Settings.model_fields.items()}
    reject = pdu.REJECTION_REASONS
    yield "## Associations"
    yield ""
    yield from _table(
        ("what", "value"),
        (
            ("application context", pdu.APPLICATION_CONTEXT_NAME),
            ("implementation class UID", IMPLEMENTATION_CLASS_UID),
            ("implementation version name", IMPLEMENTATION_VERSION_NAME),
            ("AE title", f"`ae_title`, by default {default['ae_title']}"),
            ("port", f"`dicom_port`, by default {default['dicom_port']}"),
            ("maximum PDU length", f"`pdu_bytes`, by default {default['pdu_bytes']}"),
            ("associations at once", f"`associations`, {default['associations']} of a process"),
            ("asynchronous operations", "not supported: one operation at a time"),
            ("role selection", "storage SOP Classes, for C-GET"),
            ("extended negotiation, user identity", "read and not answered"),
            ("idle association", f"aborted after {default['association_idle_seconds']:g} s"),
            ("PDU not complete", f"aborted after {default['pdu_seconds']:g} s"),
            ("ARTIM timer", f"{default['artim_seconds']:g} s"),
        ),
    )
    yield "The first proposed transfer syntax that is acceptable is accepted. Associations are"
    yield "rejected, permanently unless noted, with these reasons:"
    yield ""
    yield from _table(
        ("when", "reason"),
        (
            ("the calling AE title is not a node", reject[pdu.CALLING_AE_TITLE_NOT_RECOGNIZED]),
            ("another AE title is called", reject[pdu.CALLED_AE_TITLE_NOT_RECOGNIZED]),
            ("another application context", reject[pdu.APPLICATION_CONTEXT_NOT_SUPPORTED]),
            ("another protocol version", reject[pdu.PROTOCOL_VERSION_NOT_SUPPORTED]),
            ("no association is free", f"{reject[pdu.LOCAL_LIMIT_EXCEEDED]} (transient)"),
            ("the database is away", f"{reject[pdu.TEMPORARY_CONGESTION]} (transient)"),
        ),
    )


def _as_provider() -> Iterator[str]:
    yield "## As service class provider"
    yield ""
    rows = []
    for command_field, operation in OPERATIONS.items():
        name = _operation_name(command_field)
        if operation.sop_class_uids is None:
            rows.append((name, "storage SOP Classes (below)", "", "all (below)"))
            continue
        for uid in sorted(operation.sop_class_uids):
            rows.append((name, sop_classes.NAMES[uid], uid, _syntax_names(uid)))
    yield from _table(("operation", "SOP Class", "UID", "transfer syntaxes"), rows)
    yield "C-STORE is acknowledged when bytes and index are durable. Storing the same instance"
    yield "again with the same data set succeeds and changes nothing. C-FIND matches PATIENT"
    yield "(Patient Root), STUDY, SERIES and IMAGE levels by single value, list of UID, wild card,"
    yield "universal and range matching, names without regard to case and accents; relational"
    yield "queries are answered. C-MOVE and C-GET take lists of UIDs; pending responses are sent"
    yield f"at most every {PENDING_SECONDS:g} s. C-CANCEL is obeyed by C-FIND, C-MOVE and C-GET."
    yield "A C-MOVE destination is a node that images may be sent to."
    yield ""


def _as_user() -> Iterator[str]:
    yield "## As service class user"
    yield ""
    rows = [("C-STORE", "storage SOP Classes (below)", "", "as stored, else uncompressed")]
    for name, uids in AS_USER.items():
        rows += [(name, sop_classes.NAMES[uid], uid, _syntax_names(uid)) for uid in uids]
    yield from _table(("operation", "SOP Class", "UID", "transfer syntaxes"), rows)


def _statuses() -> Iterator[str]:
    yield "## Statuses"
    yield ""
    rows = []
    for command_field, errors in status.TABLE.items():
        codes = {*PLAIN_STATUSES.get(CommandField(command_field), (status.SUCCESS,))}
        codes |= {*errors.values(), status.SOP_CLASS_NOT_SUPPORTED}
        name = _operation_name(command_field)
        rows += [(name, f"{code:04X}", STATUS_MEANINGS[code]) for code in sorted(codes)]
    yield from _table(("operation", "status", "meaning"), rows)


def _storage_sop_classes() -> Iterator[str]:
    yield "## Storage SOP Classes"
    yield ""
    yield "Private ones are taken as well when `private_sop_classes` names them."
    yield ""
    rows = sorted((name, uid) for uid, name in STORAGE_SOP_CLASSES.items())
    yield from _table(("SOP Class", "UID"), rows)


def _transfer_syntaxes() -> Iterator[str]:
    yield "## Transfer syntaxes of storage"
    yield ""
    yield from _table(
        ("transfer syntax", "UID"),
        [(syntax.name, uid) for uid, syntax in TRANSFER_SYNTAXES.items()],
    )


def _character_sets() -> Iterator[str]:
    yield "## Character sets"
    yield ""
    yield "Received instances of every defined Specific Character Set are kept as they are and"
    yield "understood. Query answers and worklist items are in ISO_IR 192 wherever they hold more"
    yield "than ASCII."
    yield ""


def _security() -> Iterator[str]:
    yield "## Security"
    yield ""
    yield "Only nodes that an administrator admitted, calling from where they may, are accepted."
    yield "What a node may ask, and which patients it may see, is decided by the same policy as"
    yield "for users. Associations, queries and transfers are in the audit trail (PS3.15 A.5)."


def _operation_name(command_field: int) -> str:
    return CommandField(command_field).name.removesuffix("_RQ").replace("_", "-")


def _syntax_names(sop_class_uid: str) -> str:
    syntaxes = sop_classes.acceptable_transfer_syntaxes(sop_class_uid)
    return ", ".join(TRANSFER_SYNTAXES[uid].name for uid in sorted(syntaxes))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = tuple(head)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
