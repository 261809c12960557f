"""Octets into PDUs and fragments, however they are cut, and whatever they are."""

import struct
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vesalius.interfaces.dimse import pdu
from vesalius.interfaces.dimse.limits import Limits
from vesalius.interfaces.dimse.pdu import Abort, AssociateRequest, ReleaseRequest
from vesalius.interfaces.dimse.receiver import Receiver

LIMITS = Limits(pdu_bytes=4096, associate_request_bytes=2048)


@dataclass
class Heard:
    """A target that writes down what it is told."""

    pdus: list[tuple[int, bytes]] = field(default_factory=list)
    fragments: list[tuple[int, int, bytes]] = field(default_factory=list)
    reasons: list[int] = field(default_factory=list)
    takes: bool = True
    current: bytearray = field(default_factory=bytearray)

    def takes_p_data(self) -> bool:
        return self.takes

    def fragment(self, context_id: int, flags: int, chunk: memoryview, ends: bool) -> None:
        self.current += chunk
        if ends:
            self.fragments.append((context_id, flags, bytes(self.current)))
            self.current.clear()

    def received(self, kind: int, body: bytearray) -> None:
        self.pdus.append((kind, bytes(body)))

    def invalid(self, reason: int) -> None:
        self.reasons.append(reason)


def p_data(*values: tuple[int, int, bytes]) -> bytes:
    body = b"".join(struct.pack(">IBB", len(v) + 2, c, f) + v for c, f, v in values)
    return pdu.PDU_HEADER.pack(pdu.P_DATA_TF, len(body)) + body


def hear(octets: bytes, cuts: list[int] | None = None, *, takes: bool = True) -> Heard:
    heard = Heard(takes=takes)
    receiver = Receiver(LIMITS, heard)
    edges = [0, *sorted(cuts or []), len(octets)]
    for start, stop in pairwise(edges):
        receiver.consume(memoryview(octets)[start:stop])
    return heard


values = st.tuples(st.integers(1, 255), st.integers(0, 3), st.binary(max_size=300))


@given(st.lists(st.lists(values, min_size=1, max_size=4), max_size=5), st.data())
def test_fragments_however_cut(
    groups: list[list[tuple[int, int, bytes]]], data: st.DataObject
) -> None:
    octets = b"".join(p_data(*group) for group in groups) + ReleaseRequest().encode()
    cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=30))
    heard = hear(octets, cuts)
    assert heard.fragments == [value for group in groups for value in group]
    assert heard.pdus == [(pdu.A_RELEASE_RQ, bytes(4))]
    assert heard.reasons == []


@given(st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=10))
def test_any_octets(octets: bytes, cuts: list[int]) -> None:
    heard = hear(octets, [cut for cut in cuts if cut <= len(octets)])
    assert len(heard.reasons) <= 1


def test_held_octets_wait_and_are_taken_up_again() -> None:
    heard = Heard()
    receiver = Receiver(LIMITS, heard)
    octets = p_data((1, 3, b"command")) + p_data((1, 2, b"data set"))
    receiver.held = True
    receiver.consume(memoryview(octets))
    assert heard.fragments == []
    receiver.held = False
    stash, receiver.stash = receiver.stash, None
    assert stash is not None
    receiver.consume(memoryview(stash))
    assert heard.fragments == [(1, 3, b"command"), (1, 2, b"data set")]


class TestRefusal:
    def test_p_data_longer_than_negotiated(self) -> None:
        heard = hear(pdu.PDU_HEADER.pack(pdu.P_DATA_TF, 4097))
        assert heard.reasons == [pdu.INVALID_PDU_PARAMETER_VALUE]

    def test_request_longer_than_the_limit(self) -> None:
        heard = hear(pdu.PDU_HEADER.pack(pdu.A_ASSOCIATE_RQ, 2049))
        assert heard.reasons == [pdu.INVALID_PDU_PARAMETER_VALUE]

    def test_giant_small_pdu(self) -> None:
        heard = hear(pdu.PDU_HEADER.pack(pdu.A_ABORT, 0xFFFFFFFF))
        assert heard.reasons == [pdu.INVALID_PDU_PARAMETER_VALUE]

    def test_unknown_kind(self) -> None:
        assert hear(pdu.PDU_HEADER.pack(0x42, 4)).reasons == [pdu.UNRECOGNIZED_PDU]

    def test_value_longer_than_its_pdu(self) -> None:
        body = struct.pack(">IBB", 100, 1, 3) + bytes(10)
        octets = pdu.PDU_HEADER.pack(pdu.P_DATA_TF, len(body)) + body
        assert hear(octets).reasons == [pdu.INVALID_PDU_PARAMETER_VALUE]

    def test_value_without_its_header(self) -> None:
        body = struct.pack(">IBB", 1, 1, 3)
        octets = pdu.PDU_HEADER.pack(pdu.P_DATA_TF, len(body)) + body
        assert hear(octets).reasons == [pdu.INVALID_PDU_PARAMETER_VALUE]

    def test_octets_left_over(self) -> None:
        body = struct.pack(">IBB", 4, 1, 3) + b"ab" + b"\0\0"
        octets = pdu.PDU_HEADER.pack(pdu.P_DATA_TF, len(body)) + body
        assert hear(octets).reasons == [pdu.INVALID_PDU_PARAMETER_VALUE]

    def test_nothing_is_read_after_it(self) -> None:
        octets = pdu.PDU_HEADER.pack(0x42, 4) + Abort().encode()
        assert hear(octets).pdus == []

    def test_data_out_of_place_is_passed_over(self) -> None:
        request = AssociateRequest("A", "B", ()).encode()
        heard = hear(p_data((1, 3, b"x")) + request, takes=False)
        assert heard.fragments == []
        assert heard.pdus == [(pdu.A_ASSOCIATE_RQ, request[6:])]
