"""Associations we ask for: connecting, negotiating, and one exchange of request and responses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from vesalius.kit.errors import Unavailable, Unsupported
from vesalius.standards.dicom import encode_dataset

from . import negotiation, sop_classes
from .association import Association, AssociationEnded, Message
from .command import Command
from .limits import Limits
from .negotiation import Context, Proposal
from .octets import Malformed
from .pdu import AssociateAccept, AssociateReject, AssociateRequest
from .state_machine import State
from .upper_layer import UpperLayer


class AssociationRejected(Unavailable):
    """The peer does not want to talk to us, or not now."""


@dataclass(frozen=True, slots=True)
class Address:
    """Whom to call, and as whom."""

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str


@asynccontextmanager
async def associate(
    address: Address, proposals: Iterable[Proposal], limits: Limits
) -> AsyncIterator[Association]:
    """An association with a peer, released at the end and aborted when the body raises.

    Raises Unavailable when the peer cannot be reached or breaks off, AssociationRejected with the
    peer's reason.
    """
    asked = negotiation.request(
        proposals,
        called=address.called_ae_title,
        calling=address.calling_ae_title,
        pdu_bytes=limits.pdu_bytes,
    )
    association = await _open(address, asked, limits)
    try:
        yield association
    except AssociationEnded as error:
        association.abort()
        raise Unavailable(
            f"the association with {address.called_ae_title} ended: {error}"
        ) from error
    except GeneratorExit:
        # Who iterates over what comes of the association stops early: an orderly end.
        await association.release()
        raise
    except BaseException:
        association.abort()
        raise
    await association.release()


async def ask(
    association: Association,
    context: Context,
    request: Command,
    limits: Limits,
    data_set: bytes | memoryview | None = None,
) -> Message:
    """Send a request and wait for its next response."""
    await association.send(context.context_id, request, data_set)
    return await response(association, request, limits)


async def ask_with(
    association: Association,
    context: Context,
    request: Command,
    limits: Limits,
    attributes: Mapping[str, Any],
) -> int:
    """Send a request with a data set of its own; the status of its response."""
    data_set = encode_dataset(attributes, context.transfer_syntax_uid)
    answer = await ask(association, context, request, limits, data_set)
    await association.discard(answer)
    assert answer.command.status is not None
    return answer.command.status


async def response(association: Association, request: Command, limits: Limits) -> Message:
    """The next response to `request`. Raises AssociationEnded; a stray message ends it."""
    try:
        async with asyncio.timeout(limits.response_seconds):
            message = await association.receive()
    except TimeoutError as error:
        association.abort()
        raise AssociationEnded("the peer did not answer in time") from error
    if message is None:
        raise AssociationEnded("the peer released it")
    answered = message.command
    if (
        not answered.is_response
        or answered.message_id_being_responded_to != request.message_id
        or answered.status is None
    ):
        association.abort()
        raise AssociationEnded("the peer answered something that was not asked")
    return message


def context_for(
    association: Association, sop_class_uid: str, transfer_syntax_uid: str | None = None
) -> Context:
    """The accepted context of a SOP Class, in a transfer syntax or in any."""
    for context in association.contexts.values():
        if context.abstract_syntax_uid == sop_class_uid and transfer_syntax_uid in (
            None,
            context.transfer_syntax_uid,
        ):
            return context
    name = sop_classes.NAMES.get(sop_class_uid, sop_class_uid)
    raise Unsupported(f"the peer does not accept the SOP Class {name}")


class _Caller:
    """The upper layer's user until the association is established."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[AssociateAccept | AssociateReject] = (
            asyncio.get_running_loop().create_future()
        )

    def associate_confirmation(self, answer: AssociateAccept | AssociateReject) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def aborted(self, reason: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(AssociationEnded(reason))

    def connected(self, upper: UpperLayer) -> None:
        """The state table sends the request."""

    def disconnected(self, upper: UpperLayer) -> None:
        self.aborted("the connection was lost")

    def associate_indication(self, upper: UpperLayer, request: AssociateRequest) -> None:
        raise Malformed("a request where an answer was due")

    def fragment(self, context_id: int, flags: int, chunk: memoryview, ends: bool) -> None:
        raise Malformed("data before the answer")

    def release_indication(self) -> None:
        raise Malformed("a release before the answer")

    def release_confirmation(self) -> None:
        raise Malformed("a release before the answer")

    def is_working(self) -> bool:
        return True


async def _open(address: Address, asked: AssociateRequest, limits: Limits) -> Association:
    caller = _Caller()
    upper = UpperLayer(caller, limits, request=asked)
    name = address.called_ae_title
    try:
        async with asyncio.timeout(limits.connect_seconds):
            await asyncio.get_running_loop().create_connection(
                lambda: upper, address.host, address.port
            )
            answer = await caller.answer
    except TimeoutError as error:
        upper.abort()
        raise Unavailable(f"{name} does not answer") from error
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"{name} cannot be reached") from error
    except AssociationEnded as error:
        raise Unavailable(f"{name} did not associate: {error}") from error
    except BaseException:
        upper.abort()
        raise
    if isinstance(answer, AssociateReject):
        raise AssociationRejected(f"{name} rejected the association: {answer.describe()}")
    association = Association(
        upper,
        limits,
        negotiation.agreed(asked, answer),
        most_sent=negotiation.most_sent(answer.user.maximum_length, limits.pdu_bytes),
        calling_ae_title=address.calling_ae_title,
        called_ae_title=address.called_ae_title,
    )
    upper.user = association
    if upper.state is not State.ESTABLISHED:
        # Aborted or released between the answer and now, when the caller was still its user.
        association.aborted("the peer ended it at once")
    return association
