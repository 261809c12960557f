"""Who is at the door: one association as the operations see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vesalius.app import House
from vesalius.kit.ids import new_id
from vesalius.standards.dicom import decode_dataset, encode_dataset
from vesalius.stores import audit
from vesalius.stores.access import Principal, require

from . import status
from .association import Association, Message
from .command import RESPONSE_BIT, Command
from .limits import Limits
from .status import Outcome


@dataclass(slots=True)
class Caller:
    """An association we accepted, the house it came to, and the node it is."""

    house: House
    association: Association
    principal: Principal
    limits: Limits
    # Names the association in the audit trail.
    association_id: str = field(default_factory=new_id)
    stored: audit.Transfers = field(init=False)

    def __post_init__(self) -> None:
        self.stored = audit.Transfers(self.principal, self.association_id, action="C")

    def require_service(self, service: str) -> None:
        """Raises Forbidden when the node was not given this DICOM service."""
        require(self.principal, f"node.may:{service}")

    async def identifier(self, message: Message) -> dict[str, Any]:
        """The message's data set as DICOM JSON. Raises Invalid."""
        data = await self.association.read(message)
        return decode_dataset(data, message.context.transfer_syntax_uid)

    async def respond(
        self,
        message: Message,
        outcome: Outcome,
        data_set: Mapping[str, Any] | None = None,
        **elements: Any,
    ) -> None:
        """Send one response."""
        buffers = self.encode_response(message, outcome, data_set, **elements)
        await self.association.send_encoded(buffers)

    def encode_response(
        self,
        message: Message,
        outcome: Outcome,
        data_set: Mapping[str, Any] | None = None,
        **elements: Any,
    ) -> list[bytes | memoryview]:
        """The PDUs of one response, to be sent alone or with others."""
        context = message.context
        encoded = None
        if data_set is not None:
            encoded = encode_dataset(data_set, context.transfer_syntax_uid)
        response = self.response(message, outcome, **elements)
        return self.association.encode(context.context_id, response, encoded)

    def response(self, message: Message, outcome: Outcome, **elements: Any) -> Command:
        """The command set that answers a request."""
        asked = message.command
        assert asked.command_field is not None
        return Command(
            command_field=asked.command_field | RESPONSE_BIT,
            message_id_being_responded_to=asked.message_id,
            affected_sop_class_uid=asked.affected_sop_class_uid or asked.requested_sop_class_uid,
            affected_sop_instance_uid=(
                asked.affected_sop_instance_uid or asked.requested_sop_instance_uid
            ),
            status=outcome.status,
            error_comment=outcome.comment if outcome.status != status.SUCCESS else None,
            error_id=outcome.error_id,
            **elements,
        )
