"""A peer that says exactly the octets it is told to."""

import asyncio
import struct
from dataclasses import dataclass

from vesalius.interfaces.dimse import command, pdu
from vesalius.interfaces.dimse.command import Command, CommandField
from vesalius.interfaces.dimse.pdu import AssociateRequest, ProposedContext
from vesalius.interfaces.dimse.user_information import UserInformation
from vesalius.standards.dicom.uids import EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN

VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
ECHO_CONTEXT, STORE_CONTEXT = 1, 3


def request(**changes: object) -> AssociateRequest:
    """A-ASSOCIATE-RQ for verification and CT storage, unless told otherwise."""
    facts: dict[str, object] = {
        "called_ae_title": "VESALIUS",
        "calling_ae_title": "TESTER",
        "contexts": (
            ProposedContext(ECHO_CONTEXT, VERIFICATION, (IMPLICIT_LITTLE_ENDIAN,)),
            ProposedContext(STORE_CONTEXT, CT_IMAGE_STORAGE, (EXPLICIT_LITTLE_ENDIAN,)),
        ),
        "user": UserInformation(maximum_length=16384, implementation_class_uid="1.2.3"),
    }
    return AssociateRequest(**{**facts, **changes})  # type: ignore[arg-type]


def p_data(context_id: int, flags: int, value: bytes) -> bytes:
    return pdu.p_data_header(context_id, flags, len(value)) + value


def echo(message_id: int = 1) -> bytes:
    asked = Command(
        command_field=CommandField.C_ECHO_RQ,
        affected_sop_class_uid=VERIFICATION,
        message_id=message_id,
    )
    return p_data(ECHO_CONTEXT, 3, command.encode(asked))


def store(sop_instance_uid: str = "1.2.3.4", **changes: object) -> bytes:
    """The command of a C-STORE; its data set is the caller's to send."""
    facts: dict[str, object] = {
        "command_field": CommandField.C_STORE_RQ,
        "affected_sop_class_uid": CT_IMAGE_STORAGE,
        "affected_sop_instance_uid": sop_instance_uid,
        "message_id": 1,
        "priority": 0,
        "command_data_set_type": 1,
    }
    return p_data(STORE_CONTEXT, 3, command.encode(Command(**{**facts, **changes})))  # type: ignore[arg-type]


# Closed by a fixture, so that no test leaves a connection behind.
OPEN: list["Wire"] = []


@dataclass
class Wire:
    """An open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int) -> "Wire":
        wire = cls(*await asyncio.open_connection("127.0.0.1", port))
        OPEN.append(wire)
        return wire

    @classmethod
    async def associated(cls, port: int) -> "Wire":
        wire = await cls.open(port)
        wire.say(request().encode())
        kind, _ = await wire.hear()
        assert kind == pdu.A_ASSOCIATE_AC
        return wire

    def say(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def hear(self) -> tuple[int, bytes]:
        """The next PDU: its kind and body."""
        async with asyncio.timeout(10):
            kind, length = pdu.PDU_HEADER.unpack(await self.reader.readexactly(6))
            return kind, await self.reader.readexactly(length)

    async def hear_pdu(self) -> pdu.Pdu:
        kind, body = await self.hear()
        return pdu.decode(kind, body)

    async def hear_command(self) -> Command:
        """The next command, which fits one fragment."""
        kind, body = await self.hear()
        assert kind == pdu.P_DATA_TF, kind
        length, _, flags = struct.unpack_from(">IBB", body)
        assert flags == 3
        return command.decode(body[6 : 4 + length])

    async def hear_end(self) -> None:
        """Nothing more comes and the connection is closed."""
        async with asyncio.timeout(10):
            try:
                assert await self.reader.read() == b""
            except ConnectionError:
                return

    def close(self) -> None:
        self.writer.transport.abort()
