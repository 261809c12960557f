"""The acceptor on a real socket: negotiation, refusals, bad input, time limits, draining."""

import asyncio
import socket
import struct

import pytest

from tests.interfaces.dimse import wire
from tests.interfaces.dimse.conftest import Door
from tests.interfaces.dimse.wire import Wire
from vesalius.interfaces.dimse import c_echo, negotiation, pdu, requestor, status
from vesalius.interfaces.dimse.command import Command, CommandField
from vesalius.interfaces.dimse.limits import Limits
from vesalius.interfaces.dimse.negotiation import Proposal
from vesalius.interfaces.dimse.pdu import Abort, AssociateAccept, AssociateReject, ProposedContext
from vesalius.interfaces.dimse.requestor import Address, AssociationRejected
from vesalius.interfaces.dimse.user_information import (
    OperationsWindow,
    RoleSelection,
    UserInformation,
)
from vesalius.kit.errors import Unavailable
from vesalius.stores import access

ECHO = [Proposal(wire.VERIFICATION)]


async def echo(door: Door) -> int:
    async with requestor.associate(door.address, ECHO, door.limits) as association:
        return await c_echo.ask(association, door.limits)


class TestAssociation:
    async def test_echo(self, door: Door) -> None:
        assert await echo(door) == status.SUCCESS

    async def test_two_echoes_and_release(self, door: Door) -> None:
        peer = await Wire.associated(door.port)
        for message_id in (1, 2):
            peer.say(wire.echo(message_id))
            answer = await peer.hear_command()
            assert answer.command_field == CommandField.C_ECHO_RSP
            assert answer.message_id_being_responded_to == message_id
            assert answer.status == 0
        peer.say(pdu.ReleaseRequest().encode())
        assert await peer.hear_pdu() == pdu.ReleaseReply()

    async def test_octet_by_octet(self, door: Door) -> None:
        peer = await Wire.open(door.port)
        for octet in wire.request().encode():
            peer.say(bytes((octet,)))
            await peer.writer.drain()
        assert isinstance(await peer.hear_pdu(), AssociateAccept)
        for octet in wire.echo():
            peer.say(bytes((octet,)))
            await peer.writer.drain()
        assert (await peer.hear_command()).status == 0

    async def test_everything_in_one_segment(self, door: Door) -> None:
        peer = await Wire.associated(door.port)
        peer.say(wire.echo(1) + wire.echo(2) + wire.echo(3) + pdu.ReleaseRequest().encode())
        answers = [await peer.hear_command() for _ in range(3)]
        assert [answer.message_id_being_responded_to for answer in answers] == [1, 2, 3]
        assert await peer.hear_pdu() == pdu.ReleaseReply()


class TestNegotiation:
    async def test_each_context_is_judged(self, door: Door) -> None:
        deflated = "1.2.840.10008.1.2.1.99"
        contexts = (
            ProposedContext(1, wire.CT_IMAGE_STORAGE, ("1.2.840.10008.1.2.4.90", deflated)),
            ProposedContext(3, wire.CT_IMAGE_STORAGE, ("1.2.3.4",)),
            ProposedContext(5, "1.2.840.10008.1.20.1", ("1.2.840.10008.1.2",)),
            ProposedContext(7, wire.VERIFICATION, ("1.2.840.10008.1.2.1",)),
        )
        peer = await Wire.open(door.port)
        peer.say(wire.request(contexts=contexts).encode())
        accept = await peer.hear_pdu()
        assert isinstance(accept, AssociateAccept)
        assert [context.result for context in accept.contexts] == [
            pdu.ACCEPTANCE,
            pdu.TRANSFER_SYNTAXES_NOT_SUPPORTED,
            pdu.ABSTRACT_SYNTAX_NOT_SUPPORTED,
            pdu.ACCEPTANCE,
        ]
        assert accept.contexts[0].transfer_syntax_uid == "1.2.840.10008.1.2.4.90"
        assert accept.user.maximum_length == door.limits.pdu_bytes

    async def test_roles_and_window(self, door: Door) -> None:
        user = UserInformation(
            16384,
            "1.2",
            operations_window=OperationsWindow(8, 8),
            roles=(
                RoleSelection(wire.CT_IMAGE_STORAGE, False, True),
                RoleSelection(wire.VERIFICATION, True, True),
            ),
        )
        peer = await Wire.open(door.port)
        peer.say(wire.request(user=user).encode())
        accept = await peer.hear_pdu()
        assert isinstance(accept, AssociateAccept)
        assert accept.user.roles == (RoleSelection(wire.CT_IMAGE_STORAGE, False, True),)
        assert accept.user.operations_window == OperationsWindow(1, 1)

    def test_more_proposals_than_an_association_holds(self) -> None:
        from vesalius.kit.errors import Invalid

        with pytest.raises(Invalid):
            negotiation.request(
                [Proposal(f"1.2.{n}") for n in range(129)], called="A", calling="B", pdu_bytes=1
            )


class TestRejection:
    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"calling_ae_title": "STRANGER"}, pdu.CALLING_AE_TITLE_NOT_RECOGNIZED),
            ({"called_ae_title": "OTHER"}, pdu.CALLED_AE_TITLE_NOT_RECOGNIZED),
            ({"application_context_name": "1.2.3"}, pdu.APPLICATION_CONTEXT_NOT_SUPPORTED),
            ({"protocol_version": 2}, pdu.PROTOCOL_VERSION_NOT_SUPPORTED),
            ({"user": UserInformation(maximum_length=16)}, pdu.NO_REASON_GIVEN),
        ],
        ids=["calling", "called", "application context", "version", "dust"],
    )
    async def test_reason(
        self, door: Door, changes: dict[str, object], why: tuple[int, int]
    ) -> None:
        peer = await Wire.open(door.port)
        peer.say(wire.request(**changes).encode())
        assert await peer.hear_pdu() == AssociateReject(pdu.REJECTED_PERMANENT, *why)

    async def test_stranger_is_listed(self, door: Door) -> None:
        stranger = Address("127.0.0.1", door.port, "VESALIUS", "STRANGER 2")
        with pytest.raises(AssociationRejected, match="calling AE title not recognized"):
            async with requestor.associate(stranger, ECHO, door.limits):
                pass
        async with door.house.database.transaction() as tx:
            refused = await access.list_refused(tx, access.SYSTEM)
        assert ("STRANGER 2", "127.0.0.1") in [(row.ae_title, row.address) for row in refused]

    async def test_no_slot_left(self, door: Door) -> None:
        door.acceptor._slots = 1
        await Wire.associated(door.port)
        with pytest.raises(AssociationRejected, match="local limit exceeded"):
            await echo(door)

    async def test_nobody_listens(self, door: Door) -> None:
        nowhere = Address("127.0.0.1", 1, "NOWHERE", "TESTER")
        with pytest.raises(Unavailable):
            async with requestor.associate(nowhere, ECHO, door.limits):
                pass


class TestBrokenProtocol:
    """Out-of-order, oversized and senseless PDUs: A-ABORT with who and why (PS3.8 table 9-26)."""

    @pytest.mark.parametrize(
        ("octets", "reason"),
        [
            (wire.request().encode(), pdu.UNEXPECTED_PDU),
            (pdu.ReleaseReply().encode(), pdu.UNEXPECTED_PDU),
            (AssociateReject(1, 1, 1).encode(), pdu.UNEXPECTED_PDU),
            (pdu.PDU_HEADER.pack(0x42, 4) + bytes(4), pdu.UNRECOGNIZED_PDU),
            (pdu.PDU_HEADER.pack(pdu.P_DATA_TF, 1 << 31), pdu.INVALID_PDU_PARAMETER_VALUE),
            (pdu.PDU_HEADER.pack(pdu.P_DATA_TF, 2), pdu.INVALID_PDU_PARAMETER_VALUE),
            (
                pdu.PDU_HEADER.pack(pdu.P_DATA_TF, 10) + struct.pack(">IBB", 999, 1, 3) + bytes(4),
                pdu.INVALID_PDU_PARAMETER_VALUE,
            ),
            (pdu.PDU_HEADER.pack(pdu.A_RELEASE_RQ, 400), pdu.INVALID_PDU_PARAMETER_VALUE),
            (wire.p_data(99, 3, wire.echo()[12:]), pdu.INVALID_PDU_PARAMETER_VALUE),
            (wire.p_data(1, 2, b"data without command"), pdu.INVALID_PDU_PARAMETER_VALUE),
            (wire.p_data(1, 3, b"no command set"), pdu.INVALID_PDU_PARAMETER_VALUE),
            (wire.p_data(1, 1, bytes(17 * 1024)), pdu.INVALID_PDU_PARAMETER_VALUE),
            (
                wire.p_data(1, 1, wire.echo()[12:20]) + wire.p_data(3, 3, wire.echo()[20:]),
                pdu.INVALID_PDU_PARAMETER_VALUE,
            ),
        ],
        ids=[
            "request again",
            "release reply",
            "reject",
            "unknown kind",
            "giant",
            "empty data",
            "value beyond its PDU",
            "long release",
            "context not accepted",
            "data without command",
            "senseless command",
            "giant command",
            "command in two contexts",
        ],
    )
    async def test_abort(self, door: Door, octets: bytes, reason: int) -> None:
        peer = await Wire.associated(door.port)
        peer.say(octets)
        assert await peer.hear_pdu() == Abort(pdu.SERVICE_PROVIDER, reason)
        assert await echo(door) == status.SUCCESS

    @pytest.mark.parametrize(
        "octets",
        [
            wire.echo(),
            pdu.ReleaseRequest().encode(),
            AssociateAccept("A", "B", ()).encode(),
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
            pdu.PDU_HEADER.pack(pdu.A_ASSOCIATE_RQ, 256 * 1024 + 1),
            pdu.PDU_HEADER.pack(pdu.A_ASSOCIATE_RQ, 0),
            pdu.PDU_HEADER.pack(pdu.A_ASSOCIATE_RQ, 80) + b"\xff" * 80,
        ],
        ids=["data", "release", "accept", "HTTP", "TLS", "giant", "empty", "senseless"],
    )
    async def test_before_association(self, door: Door, octets: bytes) -> None:
        """Table 9-10 has AA-1 here: abort as service user."""
        peer = await Wire.open(door.port)
        peer.say(octets)
        assert await peer.hear_pdu() == Abort(pdu.SERVICE_USER, 0)
        assert await echo(door) == status.SUCCESS

    async def test_abort_is_silent(self, door: Door) -> None:
        peer = await Wire.associated(door.port)
        peer.say(Abort().encode())
        await peer.hear_end()

    @pytest.mark.parametrize(
        "changes",
        [
            {"command_field": CommandField.C_ECHO_RSP, "status": 0},
            {"message_id": None},
        ],
        ids=["response to nothing", "no message ID"],
    )
    async def test_senseless_request(self, door: Door, changes: dict[str, int | None]) -> None:
        peer = await Wire.associated(door.port)
        facts = {"command_field": CommandField.C_ECHO_RQ, "message_id": 1, **changes}
        peer.say(wire.p_data(1, 3, wire.command.encode(Command(**facts))))  # type: ignore[arg-type]
        assert isinstance(await peer.hear_pdu(), Abort)

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"command_field": 0x0077}, status.UNRECOGNIZED_OPERATION),
            ({"command_field": CommandField.C_FIND_RQ}, status.SOP_CLASS_NOT_SUPPORTED),
            ({"affected_sop_class_uid": "1.2.3"}, status.SOP_CLASS_NOT_SUPPORTED),
        ],
        ids=["unknown operation", "find in verification", "another SOP Class"],
    )
    async def test_refused_request(
        self, door: Door, changes: dict[str, object], expected: int
    ) -> None:
        peer = await Wire.associated(door.port)
        facts: dict[str, object] = {
            "command_field": CommandField.C_ECHO_RQ,
            "affected_sop_class_uid": wire.VERIFICATION,
            "message_id": 5,
        }
        asked = Command(**{**facts, **changes})  # type: ignore[arg-type]
        peer.say(wire.p_data(1, 3, wire.command.encode(asked)))
        answer = await peer.hear_command()
        assert answer.status == expected
        peer.say(wire.echo(6))
        assert (await peer.hear_command()).status == status.SUCCESS


class TestTime:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(artim_seconds=0.3, pdu_seconds=0.3, association_idle_seconds=0.6)

    async def test_silent_socket(self, door: Door) -> None:
        peer = await Wire.open(door.port)
        await peer.hear_end()

    async def test_slow_request(self, door: Door) -> None:
        peer = await Wire.open(door.port)
        encoded = wire.request().encode()
        began = asyncio.get_running_loop().time()
        ending = asyncio.create_task(peer.hear_end())
        for octet in encoded:
            if ending.done():
                break
            peer.say(bytes((octet,)))
            await asyncio.wait({ending}, timeout=0.02)
        await ending
        assert asyncio.get_running_loop().time() - began < 2

    async def test_idle_association(self, door: Door) -> None:
        peer = await Wire.associated(door.port)
        assert await peer.hear_pdu() == Abort(pdu.SERVICE_USER, 0)

    async def test_pdu_not_complete(self, door: Door) -> None:
        peer = await Wire.associated(door.port)
        peer.say(wire.echo()[:-3])
        assert await peer.hear_pdu() == Abort(pdu.SERVICE_USER, 0)

    async def test_peer_that_stays_after_abort(self, door: Door) -> None:
        peer = await Wire.associated(door.port)
        peer.say(pdu.ReleaseReply().encode())
        assert isinstance(await peer.hear_pdu(), Abort)
        await peer.hear_end()

    async def test_requestor_gives_up(self, door: Door) -> None:
        # Listens, and never accepts.
        mute = socket.create_server(("127.0.0.1", 0))
        port = mute.getsockname()[1]
        address = Address("127.0.0.1", port, "MUTE", "TESTER")
        with pytest.raises(Unavailable, match="does not answer"):
            async with requestor.associate(address, ECHO, Limits(connect_seconds=0.2)):
                pass
        mute.close()


class TestLobby:
    async def test_eldest_of_an_address_makes_room(self, door: Door) -> None:
        idle = [await Wire.open(door.port) for _ in range(20)]
        assert await echo(door) == status.SUCCESS
        for peer in idle[:4]:
            await peer.hear_end()
        assert len(door.acceptor._lobby) <= 16
        idle[-1].say(wire.request().encode())
        assert isinstance(await idle[-1].hear_pdu(), AssociateAccept)

    async def test_request_already_sent_is_read(self, door: Door) -> None:
        """A burst of connections does not drop one that has said what it wants."""
        await asyncio.gather(*(Wire.open(door.port) for _ in range(100)))
        peers = []
        for _ in range(50):
            peer = await Wire.open(door.port)
            peer.say(wire.request().encode())
            peers.append(peer)
        for peer in peers:
            assert isinstance(await peer.hear_pdu(), AssociateAccept)


class TestDraining:
    async def test_idle_association_is_ended_and_nothing_accepted(self, door: Door) -> None:
        peer = await Wire.associated(door.port)
        closing = asyncio.create_task(door.acceptor.close())
        assert await peer.hear_pdu() == Abort(pdu.SERVICE_USER, 0)
        await closing
        with pytest.raises(Unavailable):
            await echo(door)
