"""The protocol data units of the DICOM upper layer (PS3.8 section 9.3), as values.

P-DATA-TF is absent from `decode`: its octets are never gathered, `upper_layer` walks them where
they arrive. Only its header is built here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from . import octets, user_information
from .octets import Malformed, Reader
from .user_information import UserInformation

A_ASSOCIATE_RQ = 0x01
A_ASSOCIATE_AC = 0x02
A_ASSOCIATE_RJ = 0x03
P_DATA_TF = 0x04
A_RELEASE_RQ = 0x05
A_RELEASE_RP = 0x06
A_ABORT = 0x07

# The length behind the header of each kind that is gathered whole (PS3.8 sections 9.3.4, 9.3.6 to
# 9.3.8); None where it varies.
LENGTHS: dict[int, int | None] = {
    A_ASSOCIATE_RQ: None,
    A_ASSOCIATE_AC: None,
    A_ASSOCIATE_RJ: 4,
    A_RELEASE_RQ: 4,
    A_RELEASE_RP: 4,
    A_ABORT: 4,
}

APPLICATION_CONTEXT_ITEM = 0x10
PROPOSED_CONTEXT_ITEM = 0x20
ACCEPTED_CONTEXT_ITEM = 0x21
ABSTRACT_SYNTAX_ITEM = 0x30
TRANSFER_SYNTAX_ITEM = 0x40
USER_INFORMATION_ITEM = 0x50

# DICOM Application Context Name (PS3.7 Annex A.2.1).
APPLICATION_CONTEXT_NAME = "1.2.840.10008.3.1.1.1"
PROTOCOL_VERSION = 1

PDU_HEADER = struct.Struct(">BxI")
# A P-DATA-TF header with that of its only presentation data value (PS3.8 section 9.3.5, E.2).
P_DATA_HEADER = struct.Struct(">BxIIBB")
# What a presentation data value costs of the peer's maximum length.
P_DATA_OVERHEAD = 6
VALUE_HEADER = struct.Struct(">IBB")
COMMAND_FRAGMENT = 0x01
LAST_FRAGMENT = 0x02

# Presentation context results (PS3.8 table 9-18).
ACCEPTANCE = 0
USER_REJECTION = 1
NO_REASON = 2
ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
TRANSFER_SYNTAXES_NOT_SUPPORTED = 4

# A-ASSOCIATE-RJ results, and the (source, reason) pairs we give (PS3.8 table 9-21).
REJECTED_PERMANENT = 1
REJECTED_TRANSIENT = 2
NO_REASON_GIVEN = (1, 1)
APPLICATION_CONTEXT_NOT_SUPPORTED = (1, 2)
CALLING_AE_TITLE_NOT_RECOGNIZED = (1, 3)
CALLED_AE_TITLE_NOT_RECOGNIZED = (1, 7)
PROTOCOL_VERSION_NOT_SUPPORTED = (2, 2)
TEMPORARY_CONGESTION = (3, 1)
LOCAL_LIMIT_EXCEEDED = (3, 2)

REJECTION_REASONS = {
    NO_REASON_GIVEN: "no reason given",
    APPLICATION_CONTEXT_NOT_SUPPORTED: "application context name not supported",
    CALLING_AE_TITLE_NOT_RECOGNIZED: "calling AE title not recognized",
    CALLED_AE_TITLE_NOT_RECOGNIZED: "called AE title not recognized",
    (2, 1): "no reason given",
    PROTOCOL_VERSION_NOT_SUPPORTED: "protocol version not supported",
    TEMPORARY_CONGESTION: "temporary congestion",
    LOCAL_LIMIT_EXCEEDED: "local limit exceeded",
}

# A-ABORT sources and the provider's reasons (PS3.8 table 9-26).
SERVICE_USER = 0
SERVICE_PROVIDER = 2
REASON_NOT_SPECIFIED = 0
UNRECOGNIZED_PDU = 1
UNEXPECTED_PDU = 2
UNRECOGNIZED_PDU_PARAMETER = 4
UNEXPECTED_PDU_PARAMETER = 5
INVALID_PDU_PARAMETER_VALUE = 6


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """One presentation context as the requestor proposes it (PS3.8 section 9.3.2.2)."""

    context_id: int
    abstract_syntax_uid: str
    transfer_syntax_uids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AcceptedContext:
    """What the acceptor says to one proposed context (PS3.8 section 9.3.3.2)."""

    context_id: int
    result: int
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    called_ae_title: str
    calling_ae_title: str
    contexts: tuple[ProposedContext, ...]
    user: UserInformation = field(default_factory=UserInformation)
    application_context_name: str = APPLICATION_CONTEXT_NAME
    protocol_version: int = PROTOCOL_VERSION

    def encode(self) -> bytes:
        contexts = b"".join(_encode_proposed(context) for context in self.contexts)
        return _encode_associate(A_ASSOCIATE_RQ, self, contexts)


@dataclass(frozen=True, slots=True)
class AssociateAccept:
    called_ae_title: str
    calling_ae_title: str
    contexts: tuple[AcceptedContext, ...]
    user: UserInformation = field(default_factory=UserInformation)
    application_context_name: str = APPLICATION_CONTEXT_NAME
    protocol_version: int = PROTOCOL_VERSION

    def encode(self) -> bytes:
        contexts = b"".join(_encode_accepted(context) for context in self.contexts)
        return _encode_associate(A_ASSOCIATE_AC, self, contexts)


@dataclass(frozen=True, slots=True)
class AssociateReject:
    result: int
    source: int
    reason: int

    def encode(self) -> bytes:
        return _frame(A_ASSOCIATE_RJ, bytes((0, self.result, self.source, self.reason)))

    def describe(self) -> str:
        """The reason in the standard's words."""
        return REJECTION_REASONS.get((self.source, self.reason), "a reason the standard reserves")


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    def encode(self) -> bytes:
        return _frame(A_RELEASE_RQ, bytes(4))


@dataclass(frozen=True, slots=True)
class ReleaseReply:
    def encode(self) -> bytes:
        return _frame(A_RELEASE_RP, bytes(4))


@dataclass(frozen=True, slots=True)
class Abort:
    source: int = SERVICE_USER
    reason: int = REASON_NOT_SPECIFIED

    def encode(self) -> bytes:
        return _frame(A_ABORT, bytes((0, 0, self.source, self.reason)))


Pdu = AssociateRequest | AssociateAccept | AssociateReject | ReleaseRequest | ReleaseReply | Abort


def decode(kind: int, body: bytes | bytearray | memoryview) -> Pdu:
    """The PDU of type `kind` from the octets behind its header; Malformed when they do not fit."""
    reader = Reader(body)
    if kind == A_ASSOCIATE_RQ:
        return _decode_request(reader)
    if kind == A_ASSOCIATE_AC:
        return _decode_accept(reader)
    if reader.remaining != 4:
        raise Malformed("a PDU of fixed length has another length")
    _, first, second, third = reader.take(4)
    if kind == A_ASSOCIATE_RJ:
        return AssociateReject(first, second, third)
    if kind == A_RELEASE_RQ:
        return ReleaseRequest()
    if kind == A_RELEASE_RP:
        return ReleaseReply()
    if kind == A_ABORT:
        return Abort(second, third)
    raise Malformed("an unknown type of PDU")


def p_data_header(context_id: int, flags: int, length: int) -> bytes:
    """The twelve octets before a fragment of `length` octets that fills a P-DATA-TF alone."""
    return P_DATA_HEADER.pack(P_DATA_TF, length + 6, length + 2, context_id, flags)


def _frame(kind: int, body: bytes) -> bytes:
    return PDU_HEADER.pack(kind, len(body)) + body


def _encode_associate(kind: int, pdu: AssociateRequest | AssociateAccept, contexts: bytes) -> bytes:
    name = pdu.application_context_name.encode("ascii")
    return _frame(
        kind,
        octets.UINT16.pack(pdu.protocol_version)
        + bytes(2)
        + octets.ae_title(pdu.called_ae_title)
        + octets.ae_title(pdu.calling_ae_title)
        + bytes(32)
        + octets.item(APPLICATION_CONTEXT_ITEM, name)
        + contexts
        + octets.item(USER_INFORMATION_ITEM, pdu.user.encode()),
    )


def _encode_proposed(context: ProposedContext) -> bytes:
    abstract = octets.item(ABSTRACT_SYNTAX_ITEM, context.abstract_syntax_uid.encode("ascii"))
    transfer = b"".join(
        octets.item(TRANSFER_SYNTAX_ITEM, syntax.encode("ascii"))
        for syntax in context.transfer_syntax_uids
    )
    head = bytes((context.context_id, 0, 0, 0))
    return octets.item(PROPOSED_CONTEXT_ITEM, head + abstract + transfer)


def _encode_accepted(context: AcceptedContext) -> bytes:
    syntax = octets.item(TRANSFER_SYNTAX_ITEM, context.transfer_syntax_uid.encode("ascii"))
    head = bytes((context.context_id, 0, context.result, 0))
    return octets.item(ACCEPTED_CONTEXT_ITEM, head + syntax)


def _decode_request(reader: Reader) -> AssociateRequest:
    version, called, calling = _decode_fixed_part(reader)
    name, user = "", UserInformation()
    contexts: list[ProposedContext] = []
    while reader.remaining:
        kind, payload = reader.item()
        if kind == APPLICATION_CONTEXT_ITEM:
            name = octets.uid(payload)
        elif kind == PROPOSED_CONTEXT_ITEM:
            contexts.append(_decode_proposed(Reader(payload)))
        elif kind == USER_INFORMATION_ITEM:
            user = user_information.decode(payload)
    _check_context_ids([context.context_id for context in contexts])
    return AssociateRequest(called, calling, tuple(contexts), user, name, version)


def _decode_accept(reader: Reader) -> AssociateAccept:
    version, called, calling = _decode_fixed_part(reader)
    name, user = "", UserInformation()
    contexts: list[AcceptedContext] = []
    while reader.remaining:
        kind, payload = reader.item()
        if kind == APPLICATION_CONTEXT_ITEM:
            name = octets.uid(payload)
        elif kind == ACCEPTED_CONTEXT_ITEM:
            contexts.append(_decode_accepted(Reader(payload)))
        elif kind == USER_INFORMATION_ITEM:
            user = user_information.decode(payload)
    _check_context_ids([context.context_id for context in contexts])
    return AssociateAccept(called, calling, tuple(contexts), user, name, version)


def _decode_fixed_part(reader: Reader) -> tuple[int, str, str]:
    version = reader.uint16()
    reader.skip(2)
    called = octets.text(reader.take(octets.AE_TITLE_LENGTH))
    calling = octets.text(reader.take(octets.AE_TITLE_LENGTH))
    reader.skip(32)
    return version, called, calling


def _decode_proposed(reader: Reader) -> ProposedContext:
    context_id = reader.uint8()
    reader.skip(3)
    abstract: str | None = None
    transfer: list[str] = []
    while reader.remaining:
        kind, payload = reader.item()
        if kind == ABSTRACT_SYNTAX_ITEM:
            abstract = octets.uid(payload)
        elif kind == TRANSFER_SYNTAX_ITEM:
            transfer.append(octets.uid(payload))
    if abstract is None or not transfer:
        raise Malformed("a presentation context without abstract or transfer syntax")
    return ProposedContext(context_id, abstract, tuple(transfer))


def _decode_accepted(reader: Reader) -> AcceptedContext:
    context_id = reader.uint8()
    reader.skip(1)
    result = reader.uint8()
    reader.skip(1)
    syntax = ""
    while reader.remaining:
        kind, payload = reader.item()
        if kind == TRANSFER_SYNTAX_ITEM:
            # Not significant, and often empty or wrong, unless the context is accepted.
            syntax = octets.uid(payload) if result == ACCEPTANCE else ""
    return AcceptedContext(context_id, result, syntax)


def _check_context_ids(context_ids: list[int]) -> None:
    """Odd, between 1 and 255, each once (PS3.8 section 9.3.2.2)."""
    if any(context_id % 2 == 0 for context_id in context_ids):
        raise Malformed("a presentation context ID is not odd")
    if len(set(context_ids)) != len(context_ids):
        raise Malformed("a presentation context ID stands twice")
