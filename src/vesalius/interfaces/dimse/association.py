"""An established association: DIMSE messages in and out (PS3.7 chapters 6 and 8).

One task drives an association: it receives a message, takes its data set, and sends what it has
to. Between a command and its data set the upper layer is held, so that the data set flows from
the socket into its sink without being kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vesalius.kit.errors import Invalid

from . import command, pdu
from .command import Command, CommandField
from .limits import Limits
from .negotiation import Context
from .octets import Malformed
from .pdu import AssociateAccept, AssociateReject, AssociateRequest
from .state_machine import NotInThisState
from .upper_layer import UpperLayer

Sink = Callable[[memoryview], Any]

# Requests may come one after the other without waiting (PS3.7 D.3.3.3 allows us one at a time): so
# many wait before we stop reading.
MOST_WAITING = 16


class AssociationEnded(Exception):
    """The association is over: released, aborted or lost."""


@dataclass(frozen=True, slots=True)
class Message:
    """A received command and the context it came in."""

    context: Context
    command: Command


class Association:
    """One association after its negotiation, whichever side asked for it."""

    def __init__(
        self,
        upper: UpperLayer,
        limits: Limits,
        contexts: Mapping[int, Context],
        *,
        most_sent: int,
        calling_ae_title: str,
        called_ae_title: str,
    ) -> None:
        self.upper = upper
        self.contexts = contexts
        self.calling_ae_title = calling_ae_title
        self.called_ae_title = called_ae_title
        self._working = True
        self._limits = limits
        self._most_sent = most_sent - pdu.P_DATA_OVERHEAD
        self._messages: deque[Message] = deque()
        self._arrival: asyncio.Future[None] | None = None
        self._command = bytearray()
        self._command_context: int | None = None
        self._incoming: Message | None = None
        self._sink: Sink | None = None
        self._sink_error: Exception | None = None
        self._data_set_done: asyncio.Future[None] | None = None
        self._ended: str | None = None
        self._release_asked = False
        self._cancelled: set[int] = set()

    @property
    def peer_address(self) -> str | None:
        return self.upper.peer_address

    @property
    def has_ended(self) -> bool:
        return self._ended is not None

    @property
    def is_receiving(self) -> bool:
        """Whether the peer owes us the rest of a message."""
        return self._incoming is not None or bool(self._command)

    def is_working(self) -> bool:
        """Whether the silence on the line is ours: we have a message to answer, or asked for the
        association and decide what comes next."""
        return (self._working or self.upper.is_requestor) and not self.is_receiving

    def is_silent_for(self, seconds: float) -> bool:
        """Whether nothing was asked, and nothing came, for so long."""
        return not self._working and not self.is_receiving and self.upper.silence() >= seconds

    def is_cancelled(self, message_id: int | None) -> bool:
        """Whether the peer sent a C-CANCEL for this request."""
        return message_id in self._cancelled

    async def let_receive(self) -> None:
        """Give the event loop its turn, so that a C-CANCEL that has arrived is known."""
        # One turn polls the socket, the next one runs what the poll found.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    # Receiving

    async def receive(self) -> Message | None:
        """The next message, or None when the peer asks for release.

        Raises AssociationEnded when the association was aborted or lost.
        """
        if self._incoming is not None and not self._messages:
            await self.stream(self._incoming, _discard)
        self._working = False
        while not self._messages:
            if self._ended is not None:
                raise AssociationEnded(self._ended)
            if self._release_asked:
                return None
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        self._working = True
        message = self._messages.popleft()
        if not message.command.is_response:
            self._cancelled.intersection_update({message.command.message_id})
        return message

    async def stream(self, message: Message, sink: Sink) -> None:
        """Let the message's data set flow into `sink`, whole or not at all.

        The views given to `sink` are only valid during the call. What `sink` raises is raised here,
        but only after the rest of the data set has passed by, because the peer sends it anyway.
        """
        if self._incoming is not message:
            raise AssociationEnded(self._ended or "the data set was taken already")
        if self._ended is not None:
            raise AssociationEnded(self._ended)
        self._sink, self._sink_error = sink, None
        done = self._data_set_done = asyncio.get_running_loop().create_future()
        self.upper.resume()
        await done
        if self._sink_error is not None:
            raise self._sink_error

    async def read(self, message: Message) -> bytes:
        """The message's data set, when it is one that may be held in memory."""
        gathered = bytearray()

        def gather(chunk: memoryview) -> None:
            if len(gathered) + len(chunk) > self._limits.identifier_bytes:
                raise Invalid("the identifier is longer than we take")
            gathered.extend(chunk)

        await self.stream(message, gather)
        return bytes(gathered)

    async def discard(self, message: Message) -> None:
        """Let the message's data set pass by, if it has one that nobody took."""
        if self._incoming is message:
            await self.stream(message, _discard)

    # Sending

    async def send(
        self, context_id: int, sent: Command, data_set: bytes | memoryview | None = None
    ) -> None:
        """Send a command with the data set in memory that belongs to it, if any."""
        await self.send_encoded(self.encode(context_id, sent, data_set))

    def encode(
        self, context_id: int, sent: Command, data_set: bytes | memoryview | None = None
    ) -> list[bytes | memoryview]:
        """The P-DATA-TF PDUs of a message, to be sent with others by `send_encoded`."""
        buffers = self.encode_command(context_id, sent, has_data_set=data_set is not None)
        if data_set is not None:
            buffers += self.encode_data_set(context_id, data_set)
        return buffers

    def encode_command(
        self, context_id: int, sent: Command, *, has_data_set: bool
    ) -> list[bytes | memoryview]:
        """The PDUs of a command alone."""
        sent.command_data_set_type = (
            command.DATA_SET_FOLLOWS if has_data_set else command.NO_DATA_SET
        )
        encoded = memoryview(command.encode(sent))
        return self._fragments(context_id, pdu.COMMAND_FRAGMENT, encoded, last=True)

    def encode_data_set(
        self, context_id: int, data_set: bytes | memoryview
    ) -> list[bytes | memoryview]:
        """The PDUs of a data set alone."""
        return self._fragments(context_id, 0, memoryview(data_set), last=True)

    async def send_encoded(self, buffers: list[bytes | memoryview]) -> None:
        """Send what `encode` made. Raises AssociationEnded."""
        if self._ended is not None:
            raise AssociationEnded(self._ended)
        try:
            await self.upper.send(buffers)
        except NotInThisState as error:
            raise AssociationEnded("the association is being released") from error
        if self._ended is not None:
            raise AssociationEnded(self._ended)

    async def send_streamed(
        self, context_id: int, sent: Command, chunks: AsyncIterable[memoryview], size: int
    ) -> None:
        """Send a command and a data set of `size` octets that comes in chunks.

        A chunk may be overwritten when the next one is asked for.
        """
        buffers = self.encode_command(context_id, sent, has_data_set=True)
        left = size
        async for chunk in chunks:
            left -= len(chunk)
            buffers += self._fragments(context_id, 0, chunk, last=left == 0)
            await self.send_encoded(buffers)
            buffers.clear()
        if left:
            # The peer was promised more than there is; the message can only be broken off.
            self.abort()
            raise AssociationEnded("a stored object is shorter than it was")

    def _fragments(
        self, context_id: int, flags: int, data: memoryview, *, last: bool
    ) -> list[bytes | memoryview]:
        """P-DATA-TF PDUs as long as the peer takes them: a header and a view each."""
        buffers: list[bytes | memoryview] = []
        most = self._most_sent
        size = len(data)
        full = pdu.p_data_header(context_id, flags, most) if size > most else b""
        start = 0
        while size - start > most:
            buffers.append(full)
            buffers.append(data[start : start + most])
            start += most
        flags |= pdu.LAST_FRAGMENT if last else 0
        buffers.append(pdu.p_data_header(context_id, flags, size - start))
        buffers.append(data[start:])
        return buffers

    # Ending

    def abort(self) -> None:
        self.upper.abort()
        self._end("we ended it")

    async def release(self) -> None:
        """Ask for release and wait until it is confirmed; ends the association in any case."""
        if self._ended is not None:
            return
        try:
            self.upper.release()
            async with asyncio.timeout(self._limits.artim_seconds):
                while self._ended is None:
                    self._arrival = asyncio.get_running_loop().create_future()
                    await self._arrival
                    self._messages.clear()
        except (TimeoutError, NotInThisState):
            self.abort()

    def respond_release(self) -> None:
        """Grant the release the peer asked for."""
        if self._ended is None:
            self._end("it was released")
            self.upper.respond_release()

    # Told by the upper layer

    def fragment(self, context_id: int, flags: int, chunk: memoryview, ends: bool) -> None:
        """Gather a command, or hand a piece of a data set to its sink."""
        if self._ended is not None:
            return
        if flags & pdu.COMMAND_FRAGMENT:
            self._command_fragment(context_id, flags, chunk, ends)
            return
        message = self._incoming
        if message is None or message.context.context_id != context_id:
            raise Malformed("a data set fragment without its command")
        if self._sink_error is None and len(chunk):
            try:
                assert self._sink is not None
                self._sink(chunk)
            except Exception as error:
                self._sink_error = error
        if ends and flags & pdu.LAST_FRAGMENT:
            self._incoming = self._sink = None
            done, self._data_set_done = self._data_set_done, None
            if done is not None and not done.done():
                done.set_result(None)

    def _command_fragment(self, context_id: int, flags: int, chunk: memoryview, ends: bool) -> None:
        if self._incoming is not None:
            raise Malformed("a command within a data set")
        if self._command_context is None:
            self._command_context = context_id
        elif self._command_context != context_id:
            raise Malformed("a command changes its presentation context")
        if len(self._command) + len(chunk) > self._limits.command_set_bytes:
            raise Malformed("a command set is longer than we take")
        self._command += chunk
        if ends and flags & pdu.LAST_FRAGMENT:
            received = command.decode(self._command)
            self._command = bytearray()
            self._command_context = None
            self._command_received(context_id, received)

    def _command_received(self, context_id: int, received: Command) -> None:
        context = self.contexts.get(context_id)
        if context is None:
            raise Malformed("a command in a presentation context that was not accepted")
        if received.command_field == CommandField.C_CANCEL_RQ:
            if received.message_id_being_responded_to is not None:
                self._cancelled.add(received.message_id_being_responded_to)
            return
        if len(self._messages) >= MOST_WAITING:
            raise Malformed("more operations than negotiated")
        message = Message(context, received)
        self._messages.append(message)
        if received.has_data_set:
            self._incoming = message
            self.upper.hold()
        self._wake()

    def release_indication(self) -> None:
        if self.is_receiving:
            # Release within a message: the message cannot be completed any more.
            self.abort()
            return
        self._release_asked = True
        self._wake()

    def release_confirmation(self) -> None:
        self._end("it was released")

    def aborted(self, reason: str) -> None:
        self._end(reason)

    def _end(self, reason: str) -> None:
        if self._ended is not None:
            return
        self._ended = reason
        done, self._data_set_done = self._data_set_done, None
        if done is not None and not done.done():
            done.set_exception(AssociationEnded(self._ended))
        self._incoming = self._sink = None
        self._wake()

    def _wake(self) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None and not arrival.done():
            arrival.set_result(None)

    # The upper layer's user before and after: nothing to do here

    def connected(self, upper: UpperLayer) -> None:
        """The acceptor and the requestor see to the connection."""

    def disconnected(self, upper: UpperLayer) -> None:
        self._end("the connection was lost")

    def associate_indication(self, upper: UpperLayer, request: AssociateRequest) -> None:
        raise Malformed("a second request for an association")

    def associate_confirmation(self, answer: AssociateAccept | AssociateReject) -> None:
        raise Malformed("a second answer to a request for an association")


def _discard(chunk: memoryview) -> None:
    """Where octets go that nobody wants."""
