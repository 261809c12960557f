"""PDUs: what is written is read again, and what is wrong is refused (PS3.8 section 9.3)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom import pdu as oracle

from vesalius.interfaces.dimse import pdu
from vesalius.interfaces.dimse.octets import Malformed
from vesalius.interfaces.dimse.pdu import (
    Abort,
    AcceptedContext,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    ProposedContext,
    ReleaseReply,
    ReleaseRequest,
)
from vesalius.interfaces.dimse.user_information import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    OperationsWindow,
    RoleSelection,
    UserIdentity,
    UserInformation,
)

uids = st.from_regex(r"[1-9][0-9]{0,8}(\.(0|[1-9][0-9]{0,8})){1,5}", fullmatch=True)
titles = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", min_size=1, max_size=16)
octets = st.binary(max_size=40)
words = st.integers(0, 0xFFFF)
ids = st.lists(st.integers(0, 127).map(lambda n: 2 * n + 1), max_size=8, unique=True)

user_informations = st.builds(
    UserInformation,
    maximum_length=st.integers(0, 0xFFFFFFFF),
    implementation_class_uid=uids,
    implementation_version_name=st.text("ABCDEFG_123", max_size=16),
    operations_window=st.none() | st.builds(OperationsWindow, words, words),
    roles=st.lists(st.builds(RoleSelection, uids, st.booleans(), st.booleans())).map(tuple),
    extended=st.lists(st.builds(ExtendedNegotiation, uids, octets)).map(tuple),
    common_extended=st.lists(
        st.builds(CommonExtendedNegotiation, uids, uids, st.lists(uids).map(tuple)), max_size=3
    ).map(tuple),
    user_identity=st.none()
    | st.builds(UserIdentity, st.integers(1, 5), st.booleans(), octets, octets),
    user_identity_response=st.none() | octets,
)


@st.composite
def requests(draw: st.DrawFn) -> AssociateRequest:
    contexts = tuple(
        ProposedContext(
            number, draw(uids), tuple(draw(st.lists(uids, min_size=1, max_size=4, unique=True)))
        )
        for number in draw(ids)
    )
    return AssociateRequest(draw(titles), draw(titles), contexts, draw(user_informations))


@st.composite
def accepts(draw: st.DrawFn) -> AssociateAccept:
    contexts = tuple(AcceptedContext(number, 0, draw(uids)) for number in draw(ids))
    return AssociateAccept(draw(titles), draw(titles), contexts, draw(user_informations))


def reread(written: pdu.Pdu) -> pdu.Pdu:
    encoded = written.encode()
    kind, length = pdu.PDU_HEADER.unpack_from(encoded)
    assert length == len(encoded) - 6
    return pdu.decode(kind, encoded[6:])


class TestRoundTrip:
    @given(requests())
    def test_request(self, request_pdu: AssociateRequest) -> None:
        assert reread(request_pdu) == request_pdu

    @given(accepts())
    def test_accept(self, accept: AssociateAccept) -> None:
        assert reread(accept) == accept

    @pytest.mark.parametrize(
        "small",
        [AssociateReject(1, 1, 3), ReleaseRequest(), ReleaseReply(), Abort(2, 6)],
        ids=lambda small: type(small).__name__,
    )
    def test_small(self, small: pdu.Pdu) -> None:
        assert reread(small) == small

    @given(requests())
    def test_other_implementation_reads_the_same(self, request_pdu: AssociateRequest) -> None:
        read = oracle.A_ASSOCIATE_RQ()
        read.decode(request_pdu.encode())
        assert read.called_ae_title.strip() == request_pdu.called_ae_title
        assert [
            (item.context_id, item.abstract_syntax, tuple(item.transfer_syntax))
            for item in read.presentation_context
        ] == [
            (each.context_id, each.abstract_syntax_uid, each.transfer_syntax_uids)
            for each in request_pdu.contexts
        ]


class TestRefusal:
    @given(requests(), st.data())
    def test_truncated_anywhere(self, request_pdu: AssociateRequest, data: st.DataObject) -> None:
        """Cutting the body is noticed, or leaves a shorter body that is well formed itself."""
        body = request_pdu.encode()[6:]
        cut = body[: data.draw(st.integers(0, len(body) - 1))]
        try:
            read = pdu.decode(pdu.A_ASSOCIATE_RQ, cut)
        except Malformed:
            return
        assert isinstance(read, AssociateRequest)
        assert len(cut) >= 68

    @given(st.sampled_from(sorted(pdu.LENGTHS)), st.binary(max_size=400))
    def test_any_octets(self, kind: int, body: bytes) -> None:
        with suppress(Malformed):
            pdu.decode(kind, body)

    def test_item_longer_than_its_pdu(self) -> None:
        body = bytearray(AssociateRequest("A", "B", ()).encode()[6:])
        body[70:72] = b"\xff\xff"
        with pytest.raises(Malformed):
            pdu.decode(pdu.A_ASSOCIATE_RQ, body)

    @pytest.mark.parametrize("numbers", [(2,), (1, 1), (0,)])
    def test_context_ids(self, numbers: tuple[int, ...]) -> None:
        contexts = tuple(ProposedContext(number, "1.2", ("1.2.3",)) for number in numbers)
        with pytest.raises(Malformed):
            reread(AssociateRequest("A", "B", contexts))

    @pytest.mark.parametrize("uid", ["1.2/../3", "1.2\x003", "1." + "2" * 64, "a.b"])
    def test_uid_that_is_none(self, uid: str) -> None:
        with pytest.raises(Malformed):
            reread(AssociateRequest("A", "B", (ProposedContext(1, uid, ("1.2",)),)))

    def test_unknown_items_are_passed_over(self) -> None:
        encoded = AssociateRequest("A", "B", ()).encode()[6:]
        read = pdu.decode(pdu.A_ASSOCIATE_RQ, encoded + b"\x99\x00\x00\x03abc")
        assert isinstance(read, AssociateRequest)
        assert read.called_ae_title == "A"
