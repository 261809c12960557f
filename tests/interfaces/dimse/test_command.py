"""Command sets: round trip, agreement with pydicom, and lengths that lie (PS3.7 Annex E)."""

import io
import struct
from contextlib import suppress

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesalius.interfaces.dimse import command
from vesalius.interfaces.dimse.command import Command, CommandField
from vesalius.interfaces.dimse.octets import Malformed

uids = st.from_regex(r"[1-9][0-9]{0,5}(\.[1-9][0-9]{0,5}){1,4}", fullmatch=True)
words = st.integers(0, 0xFFFF)
maybe = st.none() | words

commands = st.builds(
    Command,
    affected_sop_class_uid=st.none() | uids,
    requested_sop_class_uid=st.none() | uids,
    command_field=st.sampled_from(sorted(CommandField)),
    message_id=maybe,
    message_id_being_responded_to=maybe,
    move_destination=st.none() | st.text("ABC_1", min_size=1, max_size=16),
    priority=maybe,
    command_data_set_type=words,
    status=maybe,
    offending_element=st.none() | st.lists(st.integers(0, 0xFFFFFFFF), max_size=4).map(tuple),
    error_comment=st.none() | st.text("abc de", max_size=64).map(str.strip),
    affected_sop_instance_uid=st.none() | uids,
    number_of_failed_suboperations=maybe,
    move_originator_message_id=maybe,
)

STORE = Command(
    command_field=CommandField.C_STORE_RQ,
    affected_sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    affected_sop_instance_uid="1.2.3",
    message_id=7,
    priority=0,
    command_data_set_type=1,
)


@given(commands)
def test_round_trip(given_command: Command) -> None:
    assert command.decode(command.encode(given_command)) == given_command


def test_pydicom_reads_the_same() -> None:
    read = pydicom.filereader.read_dataset(io.BytesIO(command.encode(STORE)), True, True)
    assert read.CommandField == 1
    assert read.MessageID == 7
    assert read.AffectedSOPInstanceUID == "1.2.3"
    assert read.CommandGroupLength == len(command.encode(STORE)) - 12


@given(st.binary(max_size=200))
def test_any_octets(octets: bytes) -> None:
    with suppress(Malformed):
        command.decode(octets)


@given(st.data())
def test_truncated(data: st.DataObject) -> None:
    encoded = command.encode(STORE)
    with pytest.raises(Malformed):
        command.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


def element(number: int, value: bytes, *, group: int = 0, length: int | None = None) -> bytes:
    return struct.pack("<HHI", group, number, len(value) if length is None else length) + value


def framed(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return element(0, struct.pack("<I", len(body))) + body


FIELD = element(0x0100, b"\x30\x00")


@pytest.mark.parametrize(
    "octets",
    [
        framed(FIELD, element(0x0110, b"\x01\x00", length=0x7FFFFFFF)),
        framed(FIELD, element(0x0110, b"\x01\x00\x00")),
        framed(element(0x0110, b"\x01\x00"), FIELD),
        framed(FIELD, FIELD),
        framed(FIELD, element(0x0010, b"AB", group=0x0010)),
        framed(element(0x0110, b"\x01\x00")),
        framed(FIELD, element(0x0901, b"\x01\x00\x02")),
        framed(FIELD) + b"\0\0",
        element(0, struct.pack("<I", 99)) + FIELD,
        FIELD,
    ],
    ids=[
        "element beyond the end",
        "number of three octets",
        "out of order",
        "twice",
        "another group",
        "no command field",
        "tag of three octets",
        "octets left over",
        "group length wrong",
        "no group length",
    ],
)
def test_lengths_that_lie(octets: bytes) -> None:
    with pytest.raises(Malformed):
        command.decode(octets)


def test_comment_is_cut_to_what_fits() -> None:
    long = Command(command_field=0x8001, error_comment="x" * 200)
    assert command.decode(command.encode(long)).error_comment == "x" * 64
