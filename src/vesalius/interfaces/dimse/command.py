"""Command sets: group 0000, always implicit VR little endian (PS3.7 section 6.3.1, Annex E).

Read and written here rather than by the data set walker, because each instance costs two of
them and because the peer's lengths must be doubted before anything else is.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from enum import IntEnum

from .octets import Malformed

NO_DATA_SET = 0x0101
DATA_SET_FOLLOWS = 0x0001
PRIORITY_MEDIUM = 0x0000
RESPONSE_BIT = 0x8000


class CommandField(IntEnum):
    """Which operation or notification (PS3.7 table E.1-1)."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_GET_RQ = 0x0010
    C_GET_RSP = 0x8010
    C_FIND_RQ = 0x0020
    C_FIND_RSP = 0x8020
    C_MOVE_RQ = 0x0021
    C_MOVE_RSP = 0x8021
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    N_EVENT_REPORT_RQ = 0x0100
    N_EVENT_REPORT_RSP = 0x8100
    N_GET_RQ = 0x0110
    N_GET_RSP = 0x8110
    N_SET_RQ = 0x0120
    N_SET_RSP = 0x8120
    N_ACTION_RQ = 0x0130
    N_ACTION_RSP = 0x8130
    N_CREATE_RQ = 0x0140
    N_CREATE_RSP = 0x8140
    N_DELETE_RQ = 0x0150
    N_DELETE_RSP = 0x8150
    C_CANCEL_RQ = 0x0FFF


@dataclass(slots=True, kw_only=True)
class Command:
    """One command set; an absent element is None. Field names are the DICOM keywords."""

    affected_sop_class_uid: str | None = None
    requested_sop_class_uid: str | None = None
    command_field: int | None = None
    message_id: int | None = None
    message_id_being_responded_to: int | None = None
    move_destination: str | None = None
    priority: int | None = None
    command_data_set_type: int = NO_DATA_SET
    status: int | None = None
    offending_element: tuple[int, ...] | None = None
    error_comment: str | None = None
    error_id: int | None = None
    affected_sop_instance_uid: str | None = None
    requested_sop_instance_uid: str | None = None
    event_type_id: int | None = None
    attribute_identifier_list: tuple[int, ...] | None = None
    action_type_id: int | None = None
    number_of_remaining_suboperations: int | None = None
    number_of_completed_suboperations: int | None = None
    number_of_failed_suboperations: int | None = None
    number_of_warning_suboperations: int | None = None
    move_originator_application_entity_title: str | None = None
    move_originator_message_id: int | None = None

    @property
    def has_data_set(self) -> bool:
        return self.command_data_set_type != NO_DATA_SET

    @property
    def is_response(self) -> bool:
        return self.command_field is not None and bool(self.command_field & RESPONSE_BIT)


# Element number in group 0000 -> (field of Command, VR), PS3.7 table E.1-1.
ELEMENTS: dict[int, tuple[str, str]] = {
    0x0002: ("affected_sop_class_uid", "UI"),
    0x0003: ("requested_sop_class_uid", "UI"),
    0x0100: ("command_field", "US"),
    0x0110: ("message_id", "US"),
    0x0120: ("message_id_being_responded_to", "US"),
    0x0600: ("move_destination", "AE"),
    0x0700: ("priority", "US"),
    0x0800: ("command_data_set_type", "US"),
    0x0900: ("status", "US"),
    0x0901: ("offending_element", "AT"),
    0x0902: ("error_comment", "LO"),
    0x0903: ("error_id", "US"),
    0x1000: ("affected_sop_instance_uid", "UI"),
    0x1001: ("requested_sop_instance_uid", "UI"),
    0x1002: ("event_type_id", "US"),
    0x1005: ("attribute_identifier_list", "AT"),
    0x1008: ("action_type_id", "US"),
    0x1020: ("number_of_remaining_suboperations", "US"),
    0x1021: ("number_of_completed_suboperations", "US"),
    0x1022: ("number_of_failed_suboperations", "US"),
    0x1023: ("number_of_warning_suboperations", "US"),
    0x1030: ("move_originator_application_entity_title", "AE"),
    0x1031: ("move_originator_message_id", "US"),
}

_ELEMENT_HEADER = struct.Struct("<HHI")
_GROUP_LENGTH = struct.Struct("<HHII")
_UINT16 = struct.Struct("<H")
_TAG = struct.Struct("<HH")
_ERROR_COMMENT_LENGTH = 64


def encode(command: Command) -> bytes:
    """The octets of a command set, its elements in ascending order behind the group length."""
    parts: list[bytes] = []
    for element, (name, vr) in ELEMENTS.items():
        value = getattr(command, name)
        if value is None:
            continue
        payload = _encode_value(vr, value)
        parts.append(_ELEMENT_HEADER.pack(0, element, len(payload)) + payload)
    body = b"".join(parts)
    return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body


def decode(data: bytes | bytearray | memoryview) -> Command:
    """Read a command set; Malformed when a length, an order or a value is not as PS3.7 has it."""
    end = len(data)
    if end < _GROUP_LENGTH.size:
        raise Malformed("a command set without its group length")
    group, element, length, group_length = _GROUP_LENGTH.unpack_from(data)
    if (group, element, length) != (0, 0, 4):
        raise Malformed("a command set does not begin with its group length")
    position = _GROUP_LENGTH.size
    if group_length != end - position:
        raise Malformed("the command group length is not the length of the command set")
    command = Command()
    last = 0
    while position < end:
        if end - position < _ELEMENT_HEADER.size:
            raise Malformed("a command set ends within an element")
        group, element, length = _ELEMENT_HEADER.unpack_from(data, position)
        position += _ELEMENT_HEADER.size
        if group != 0 or element <= last:
            raise Malformed("a command set holds another group, or its elements are out of order")
        if length > end - position:
            raise Malformed("a command element is longer than the command set")
        known = ELEMENTS.get(element)
        if known is not None:
            name, vr = known
            setattr(command, name, _decode_value(vr, bytes(data[position : position + length])))
        position += length
        last = element
    if command.command_field is None:
        raise Malformed("a command set without a command field")
    return command


def describe(command: Command) -> dict[str, object]:
    """The elements that are present, for logs; a command set holds no patient data."""
    return {
        field.name: getattr(command, field.name)
        for field in fields(command)
        if getattr(command, field.name) is not None
    }


def _encode_value(vr: str, value: object) -> bytes:
    if vr == "US":
        return _UINT16.pack(value)
    if vr == "AT":
        tags = value if isinstance(value, tuple) else (value,)
        return b"".join(_TAG.pack(tag >> 16, tag & 0xFFFF) for tag in tags)
    encoded = str(value).encode("ascii", "replace")
    if vr == "LO":
        encoded = encoded[:_ERROR_COMMENT_LENGTH]
    if len(encoded) % 2:
        encoded += b"\0" if vr == "UI" else b" "
    return encoded


def _decode_value(vr: str, raw: bytes) -> object:
    if vr == "US":
        if len(raw) != 2:
            raise Malformed("a number in a command set is not two octets long")
        return _UINT16.unpack(raw)[0]
    if vr == "AT":
        if len(raw) % 4:
            raise Malformed("a tag in a command set is not four octets long")
        return tuple(group << 16 | element for group, element in _TAG.iter_unpack(raw))
    return raw.decode("latin-1").strip(" \0")
