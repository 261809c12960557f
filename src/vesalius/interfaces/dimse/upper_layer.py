"""One side of the DICOM upper layer over TCP (PS3.8 section 9): events in, actions out.

What the octets mean is `receiver`'s, which state follows is `state_machine`'s; here are the socket,
the timers and what each action of Tables 9-6 to 9-9 does.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from . import pdu
from .connection import Buffers, Connection
from .limits import Limits
from .pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest
from .receiver import Receiver
from .service_user import ServiceUser
from .state_machine import Action, Event, State, transition

RECEIVE_BUFFER_SIZE = 256 * 1024

_of_thread = threading.local()


def _receive_buffer() -> memoryview:
    """The buffer all connections of this thread read into; consumed whole before the next read."""
    view: memoryview | None = getattr(_of_thread, "view", None)
    if view is None:
        view = _of_thread.view = memoryview(bytearray(RECEIVE_BUFFER_SIZE))
    return view


class UpperLayer(asyncio.BufferedProtocol):
    """The protocol machine of one connection."""

    __slots__ = (
        "_artim",
        "_connection",
        "_last_received",
        "_limits",
        "_loop",
        "_pdu_began",
        "_receiver",
        "_request",
        "_view",
        "_watchdog",
        "is_requestor",
        "peer_address",
        "state",
        "user",
    )

    def __init__(
        self, user: ServiceUser, limits: Limits, *, request: AssociateRequest | None = None
    ) -> None:
        self.user = user
        self.state = State.IDLE
        self.is_requestor = request is not None
        self.peer_address: str | None = None
        self._request = request
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._view = _receive_buffer()
        self._receiver = Receiver(limits, self)
        self._connection: Connection | None = None
        self._artim: asyncio.TimerHandle | None = None
        self._watchdog: asyncio.TimerHandle | None = None
        self._last_received = 0.0
        self._pdu_began = 0.0
        if request is not None:
            self._do(Event.ASSOCIATE_REQUEST_LOCAL)

    # The transport's side

    def connection_made(self, transport: Any) -> None:
        self._connection = Connection(transport)
        self.peer_address = self._connection.peer_address
        self.user.connected(self)
        if self.state is State.AWAITING_TRANSPORT_OPEN:
            self._do(Event.TRANSPORT_CONFIRMED)
        else:
            self._do(Event.TRANSPORT_INDICATED)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        assert self._connection is not None
        self._connection.quick_acknowledge()
        self._feed(self._view[:nbytes])

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._connection is not None
        self._stop_artim()
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._receiver.stop()
        if self.state is not State.IDLE:
            self._do(Event.TRANSPORT_CLOSED)
        self._connection.lost()
        self.user.disconnected(self)

    def pause_writing(self) -> None:
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        if self._connection is not None:
            self._connection.resume_writing()

    # The service user's side

    def accept(self, answer: AssociateAccept) -> None:
        self._do(Event.ACCEPT_LOCAL, answer)

    def reject(self, answer: AssociateReject) -> None:
        self._do(Event.REJECT_LOCAL, answer)

    def release(self) -> None:
        self._do(Event.RELEASE_REQUEST_LOCAL)

    def respond_release(self) -> None:
        self._do(Event.RELEASE_RESPONSE_LOCAL)

    def abort(self) -> None:
        """End the association, or the attempt at one, whatever it is doing."""
        if self.state is State.TRANSPORT_OPEN_AWAITING_REQUEST:
            # Table 9-10 has no local abort before a request: there is nobody to tell.
            self.drop()
        elif self.state not in (State.IDLE, State.AWAITING_TRANSPORT_CLOSE):
            self._do(Event.ABORT_LOCAL)

    def drop(self) -> None:
        """Close the connection now, without another word."""
        self._receiver.stop()
        if self._connection is not None:
            self._connection.drop()

    async def send(self, buffers: Buffers) -> None:
        """Put whole P-DATA-TF PDUs on the wire, waiting while the peer does not take them.

        The buffers may be reused when this returns. A peer that takes nothing for as long as an
        association may idle is given up.
        """
        self._do(Event.P_DATA_LOCAL)
        assert self._connection is not None
        self._connection.write(buffers)
        try:
            await self._connection.drain(self._limits.association_idle_seconds)
        except TimeoutError:
            self.drop()

    def hold(self) -> None:
        """Take no more fragments until `resume`: the user is not ready for what comes next."""
        self._receiver.held = True

    def resume(self) -> None:
        """Go on where `hold` stopped."""
        receiver = self._receiver
        receiver.held = False
        stash, receiver.stash = receiver.stash, None
        self._pdu_began = 0.0
        self._feed(memoryview(stash) if stash else self._view[:0])
        if self._connection is not None and not receiver.held:
            self._connection.resume_reading()

    def silence(self) -> float:
        """Seconds since the peer last sent something."""
        return self._loop.time() - self._last_received

    # The receiver's side

    def _feed(self, data: memoryview) -> None:
        self._last_received = self._loop.time()
        receiver = self._receiver
        receiver.consume(data)
        if not receiver.is_within_pdu:
            self._pdu_began = 0.0
        elif not self._pdu_began:
            self._pdu_began = self._last_received
        if receiver.stash is not None and self._connection is not None:
            self._connection.pause_reading()

    def takes_p_data(self) -> bool:
        if self.state is State.ESTABLISHED or self.state is State.AWAITING_RELEASE_REPLY:
            return True
        self._unexpected(Event.P_DATA_RECEIVED)
        return False

    def fragment(self, context_id: int, flags: int, chunk: memoryview, ends: bool) -> None:
        self.user.fragment(context_id, flags, chunk, ends)

    def received(self, kind: int, body: bytearray) -> None:
        subject = pdu.decode(kind, body)
        event = EVENT_OF_KIND[kind]
        if transition(self.state, event)[0] in (Action.AA_1, Action.AA_7, Action.AA_8):
            self._unexpected(event)
        else:
            self._do(event, subject)

    def invalid(self, reason: int) -> None:
        if self.state is not State.IDLE:
            self._do(Event.INVALID_PDU_RECEIVED, Abort(pdu.SERVICE_PROVIDER, reason))

    def _unexpected(self, event: Event) -> None:
        self._do(event, Abort(pdu.SERVICE_PROVIDER, pdu.UNEXPECTED_PDU))

    # Events into actions

    def _do(self, event: Event, subject: pdu.Pdu | None = None) -> None:
        """Look the event up in Table 9-10, go to the next state, act."""
        action, self.state = transition(self.state, event)
        act = _ACTS.get(action)
        if act is not None:
            act(self, subject)

    def _send_request(self, subject: pdu.Pdu | None) -> None:
        assert self._request is not None
        self._write(self._request.encode())

    def _send_and_await_close(self, subject: pdu.Pdu | None) -> None:
        assert subject is not None
        self._write(subject.encode())
        self._start_artim()

    def _confirm(self, subject: pdu.Pdu | None) -> None:
        if isinstance(subject, AssociateAccept):
            self._establish()
        else:
            self._close()
        assert isinstance(subject, AssociateAccept | AssociateReject)
        self.user.associate_confirmation(subject)

    def _indicate(self, subject: pdu.Pdu | None) -> None:
        """AE-6: ask the user, unless the protocol version already decides."""
        self._stop_artim()
        assert isinstance(subject, AssociateRequest)
        if subject.protocol_version & pdu.PROTOCOL_VERSION:
            self.user.associate_indication(self, subject)
        else:
            reason = pdu.PROTOCOL_VERSION_NOT_SUPPORTED
            self.reject(AssociateReject(pdu.REJECTED_PERMANENT, *reason))

    def _send_accept(self, subject: pdu.Pdu | None) -> None:
        assert isinstance(subject, AssociateAccept)
        self._establish()
        self._write(subject.encode())

    def _request_release(self, subject: pdu.Pdu | None) -> None:
        self._write(pdu.ReleaseRequest().encode())

    def _indicate_release(self, subject: pdu.Pdu | None) -> None:
        self.user.release_indication()

    def _confirm_release(self, subject: pdu.Pdu | None) -> None:
        self._close()
        self.user.release_confirmation()

    def _respond_release(self, subject: pdu.Pdu | None) -> None:
        self._send_and_await_close(pdu.ReleaseReply())

    def _collide(self, subject: pdu.Pdu | None) -> None:
        """AR-8: both asked for release; the requestor answers first (PS3.8 section 7.2.2)."""
        if self.is_requestor:
            self.respond_release()
        else:
            self.state = State.COLLISION_ACCEPTOR_AWAITING_REPLY

    def _respond_collision(self, subject: pdu.Pdu | None) -> None:
        self._write(pdu.ReleaseReply().encode())

    def _confirm_collision(self, subject: pdu.Pdu | None) -> None:
        self.respond_release()
        self.user.release_confirmation()

    def _abort_as_user(self, subject: pdu.Pdu | None) -> None:
        self._send_and_await_close(Abort(pdu.SERVICE_USER, pdu.REASON_NOT_SPECIFIED))
        self.user.aborted("we ended it")

    def _close_now(self, subject: pdu.Pdu | None) -> None:
        self._stop_artim()
        self._close()

    def _indicate_abort(self, subject: pdu.Pdu | None) -> None:
        assert isinstance(subject, Abort)
        self._close()
        who = "the peer" if subject.source == pdu.SERVICE_USER else "the peer's upper layer"
        self.user.aborted(f"{who} aborted it with reason {subject.reason}")

    def _indicate_lost(self, subject: pdu.Pdu | None) -> None:
        self.user.aborted("the connection was lost")

    def _stop_artim_for(self, subject: pdu.Pdu | None) -> None:
        self._stop_artim()

    def _abort_again(self, subject: pdu.Pdu | None) -> None:
        assert isinstance(subject, Abort)
        self._write(subject.encode())

    def _abort_as_provider(self, subject: pdu.Pdu | None) -> None:
        self._send_and_await_close(subject)
        self.user.aborted("the peer broke the protocol")

    def _write(self, octets: bytes) -> None:
        if self._connection is not None:
            self._connection.write((octets,))

    def _close(self) -> None:
        self._receiver.stop()
        if self._connection is not None:
            self._connection.close(self._limits.artim_seconds)

    # Time

    def _establish(self) -> None:
        """An association begins: a descriptor of our own to send by, and a watch on the peer."""
        assert self._connection is not None
        self._connection.own_descriptor()
        self._last_received = self._loop.time()
        self._watch()

    def _watch(self) -> None:
        """Abort when a PDU takes too long or the peer is silent; looks only when it may be so."""
        self._watchdog = None
        if self.state in (State.AWAITING_TRANSPORT_CLOSE, State.IDLE):
            return
        now = self._loop.time()
        idle = self._limits.association_idle_seconds
        if self._receiver.held:
            expires = now + idle
        elif self._pdu_began:
            expires = self._pdu_began + self._limits.pdu_seconds
        elif self.user.is_working():
            self._last_received = now
            expires = now + idle
        else:
            expires = self._last_received + idle
        if expires <= now:
            self.abort()
            return
        # A PDU that begins in between must not wait for the idle time to be noticed.
        again = min(expires, now + self._limits.pdu_seconds)
        self._watchdog = self._loop.call_at(again, self._watch)

    def _start_artim(self, subject: pdu.Pdu | None = None) -> None:
        self._stop_artim()
        self._artim = self._loop.call_later(self._limits.artim_seconds, self._artim_expired)

    def _stop_artim(self) -> None:
        if self._artim is not None:
            self._artim.cancel()
            self._artim = None

    def _artim_expired(self) -> None:
        self._artim = None
        if self.state in (State.TRANSPORT_OPEN_AWAITING_REQUEST, State.AWAITING_TRANSPORT_CLOSE):
            self._do(Event.ARTIM_EXPIRED)


EVENT_OF_KIND = {
    pdu.A_ASSOCIATE_RQ: Event.ASSOCIATE_REQUEST_RECEIVED,
    pdu.A_ASSOCIATE_AC: Event.ASSOCIATE_ACCEPT_RECEIVED,
    pdu.A_ASSOCIATE_RJ: Event.ASSOCIATE_REJECT_RECEIVED,
    pdu.A_RELEASE_RQ: Event.RELEASE_REQUEST_RECEIVED,
    pdu.A_RELEASE_RP: Event.RELEASE_REPLY_RECEIVED,
    pdu.A_ABORT: Event.ABORT_RECEIVED,
}

# AE-1 is done by who opens the transport, DT-1 and AR-7 by `send`, DT-2 and AR-6 by `fragment`;
# AA-6 ignores.
_ACTS = {
    Action.AE_2: UpperLayer._send_request,
    Action.AE_3: UpperLayer._confirm,
    Action.AE_4: UpperLayer._confirm,
    Action.AE_5: UpperLayer._start_artim,
    Action.AE_6: UpperLayer._indicate,
    Action.AE_7: UpperLayer._send_accept,
    Action.AE_8: UpperLayer._send_and_await_close,
    Action.AR_1: UpperLayer._request_release,
    Action.AR_2: UpperLayer._indicate_release,
    Action.AR_3: UpperLayer._confirm_release,
    Action.AR_4: UpperLayer._respond_release,
    Action.AR_5: UpperLayer._stop_artim_for,
    Action.AR_8: UpperLayer._collide,
    Action.AR_9: UpperLayer._respond_collision,
    Action.AR_10: UpperLayer._confirm_collision,
    Action.AA_1: UpperLayer._abort_as_user,
    Action.AA_2: UpperLayer._close_now,
    Action.AA_3: UpperLayer._indicate_abort,
    Action.AA_4: UpperLayer._indicate_lost,
    Action.AA_5: UpperLayer._stop_artim_for,
    Action.AA_7: UpperLayer._abort_again,
    Action.AA_8: UpperLayer._abort_as_provider,
}
