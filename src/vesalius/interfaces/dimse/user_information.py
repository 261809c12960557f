"""The User Information item and its sub-items (PS3.8 Annex D, PS3.7 Annex D.3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from . import octets
from .octets import UINT32, Malformed, Reader

MAXIMUM_LENGTH = 0x51
IMPLEMENTATION_CLASS_UID = 0x52
ASYNCHRONOUS_OPERATIONS_WINDOW = 0x53
ROLE_SELECTION = 0x54
IMPLEMENTATION_VERSION_NAME = 0x55
SOP_CLASS_EXTENDED_NEGOTIATION = 0x56
SOP_CLASS_COMMON_EXTENDED_NEGOTIATION = 0x57
USER_IDENTITY_REQUEST = 0x58
USER_IDENTITY_RESPONSE = 0x59


@dataclass(frozen=True, slots=True)
class OperationsWindow:
    """How many operations may be outstanding; 0 means any number (PS3.7 D.3.3.3)."""

    invoked: int
    performed: int


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """Which roles the association requestor takes for a SOP Class (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """Service-class application information of one SOP Class (PS3.7 D.3.3.5)."""

    sop_class_uid: str
    information: bytes


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """The service class and the related general SOP Classes of a SOP Class (PS3.7 D.3.3.6)."""

    sop_class_uid: str
    service_class_uid: str
    related_general_sop_class_uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """Who the requestor says its user is (PS3.7 D.3.3.7)."""

    kind: int
    response_requested: bool
    primary: bytes
    secondary: bytes = b""


@dataclass(frozen=True, slots=True)
class UserInformation:
    maximum_length: int = 0
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    operations_window: OperationsWindow | None = None
    roles: tuple[RoleSelection, ...] = ()
    extended: tuple[ExtendedNegotiation, ...] = ()
    common_extended: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentity | None = None
    user_identity_response: bytes | None = None

    def encode(self) -> bytes:
        """The sub-items, in the order of their types."""
        parts = [octets.item(MAXIMUM_LENGTH, UINT32.pack(self.maximum_length))]
        if self.implementation_class_uid:
            parts.append(
                octets.item(IMPLEMENTATION_CLASS_UID, self.implementation_class_uid.encode("ascii"))
            )
        if self.operations_window is not None:
            parts.append(_encode_window(self.operations_window))
        parts.extend(_encode_role(role) for role in self.roles)
        if self.implementation_version_name:
            name = self.implementation_version_name.encode("latin-1")
            parts.append(octets.item(IMPLEMENTATION_VERSION_NAME, name))
        parts.extend(_encode_extended(extended) for extended in self.extended)
        parts.extend(_encode_common_extended(common) for common in self.common_extended)
        if self.user_identity is not None:
            parts.append(_encode_identity(self.user_identity))
        if self.user_identity_response is not None:
            response = octets.counted(self.user_identity_response)
            parts.append(octets.item(USER_IDENTITY_RESPONSE, response))
        return b"".join(parts)


def decode(data: memoryview) -> UserInformation:
    """Read the sub-items; those of an unknown type are passed over (PS3.8 section 9.3.1)."""
    fields: dict[str, object] = {}
    roles: list[RoleSelection] = []
    extended: list[ExtendedNegotiation] = []
    common: list[CommonExtendedNegotiation] = []
    reader = Reader(data)
    while reader.remaining:
        kind, payload = reader.item()
        if kind == MAXIMUM_LENGTH:
            fields["maximum_length"] = Reader(payload).uint32()
        elif kind == IMPLEMENTATION_CLASS_UID:
            fields["implementation_class_uid"] = octets.uid(payload)
        elif kind == IMPLEMENTATION_VERSION_NAME:
            fields["implementation_version_name"] = octets.text(payload)
        elif kind == ASYNCHRONOUS_OPERATIONS_WINDOW:
            window = Reader(payload)
            fields["operations_window"] = OperationsWindow(window.uint16(), window.uint16())
        elif kind == ROLE_SELECTION:
            roles.append(_decode_role(Reader(payload)))
        elif kind == SOP_CLASS_EXTENDED_NEGOTIATION:
            inner = Reader(payload)
            extended.append(ExtendedNegotiation(octets.uid(inner.counted()), bytes(inner.rest())))
        elif kind == SOP_CLASS_COMMON_EXTENDED_NEGOTIATION:
            common.append(_decode_common_extended(Reader(payload)))
        elif kind == USER_IDENTITY_REQUEST:
            fields["user_identity"] = _decode_identity(Reader(payload))
        elif kind == USER_IDENTITY_RESPONSE:
            fields["user_identity_response"] = bytes(Reader(payload).counted())
    return UserInformation(
        roles=tuple(roles),
        extended=tuple(extended),
        common_extended=tuple(common),
        **fields,  # type: ignore[arg-type]
    )


def _encode_window(window: OperationsWindow) -> bytes:
    payload = octets.UINT16.pack(window.invoked) + octets.UINT16.pack(window.performed)
    return octets.item(ASYNCHRONOUS_OPERATIONS_WINDOW, payload)


def _encode_role(role: RoleSelection) -> bytes:
    payload = octets.counted(role.sop_class_uid.encode("ascii"))
    return octets.item(ROLE_SELECTION, payload + bytes((role.scu, role.scp)))


def _encode_extended(extended: ExtendedNegotiation) -> bytes:
    payload = octets.counted(extended.sop_class_uid.encode("ascii")) + extended.information
    return octets.item(SOP_CLASS_EXTENDED_NEGOTIATION, payload)


def _encode_common_extended(common: CommonExtendedNegotiation) -> bytes:
    related = b"".join(
        octets.counted(related_uid.encode("ascii"))
        for related_uid in common.related_general_sop_class_uids
    )
    payload = (
        octets.counted(common.sop_class_uid.encode("ascii"))
        + octets.counted(common.service_class_uid.encode("ascii"))
        + octets.counted(related)
    )
    return octets.item(SOP_CLASS_COMMON_EXTENDED_NEGOTIATION, payload)


def _encode_identity(identity: UserIdentity) -> bytes:
    head = bytes((identity.kind, identity.response_requested))
    payload = head + octets.counted(identity.primary) + octets.counted(identity.secondary)
    return octets.item(USER_IDENTITY_REQUEST, payload)


def _decode_role(reader: Reader) -> RoleSelection:
    sop_class_uid = octets.uid(reader.counted())
    return RoleSelection(sop_class_uid, bool(reader.uint8()), bool(reader.uint8()))


def _decode_common_extended(reader: Reader) -> CommonExtendedNegotiation:
    sop_class_uid = octets.uid(reader.counted())
    service_class_uid = octets.uid(reader.counted())
    related = Reader(reader.counted())
    uids: list[str] = []
    while related.remaining:
        uids.append(octets.uid(related.counted()))
    return CommonExtendedNegotiation(sop_class_uid, service_class_uid, tuple(uids))


def _decode_identity(reader: Reader) -> UserIdentity:
    kind = reader.uint8()
    if not 1 <= kind <= 5:
        raise Malformed("an unknown type of user identity")
    wanted = bool(reader.uint8())
    return UserIdentity(kind, wanted, bytes(reader.counted()), bytes(reader.counted()))
