"""Received octets cut into PDUs and fragments (PS3.8 section 9.3); no socket and no clock here.

P-DATA is the hot path: its octets are never gathered, each piece of a fragment is handed on as
a view of what was read. Everything else is small, capped and gathered whole.
"""

from __future__ import annotations

from typing import Protocol

from . import pdu
from .limits import Limits
from .octets import Malformed

HEADER_LENGTH = 6


class Target(Protocol):
    """Who is told what was received."""

    def takes_p_data(self) -> bool:
        """Whether P-DATA-TF has its place now; when it has not, its octets are passed over."""

    def fragment(self, context_id: int, flags: int, chunk: memoryview, ends: bool) -> None:
        """A piece of a presentation data value; the view is only valid during the call."""

    def received(self, kind: int, body: bytearray) -> None:
        """A whole PDU of another kind."""

    def invalid(self, reason: int) -> None:
        """The octets make no PDU; nothing more is read."""


class Receiver:
    """Where the parser stands in the octets of one connection."""

    __slots__ = (
        "_body",
        "_body_kind",
        "_body_left",
        "_context_id",
        "_flags",
        "_fragment_left",
        "_limits",
        "_partial",
        "_pdu_left",
        "_skip_left",
        "_stopped",
        "_target",
        "held",
        "is_within_pdu",
        "stash",
    )

    def __init__(self, limits: Limits, target: Target) -> None:
        self._limits = limits
        self._target = target
        # Set by the user when it is not ready for what comes next; the rest waits in `stash`.
        self.held = False
        self.stash: bytearray | None = None
        self.is_within_pdu = False
        self._stopped = False
        # At most one of the counts is above zero, except that a fragment lies within its PDU.
        self._partial: bytearray | None = None
        self._pdu_left = 0
        self._fragment_left = 0
        self._skip_left = 0
        self._body_left = 0
        self._body_kind = 0
        self._body: bytearray | None = None
        self._context_id = 0
        self._flags = 0

    def stop(self) -> None:
        """Read nothing more: the association is over, or where a PDU begins is no longer known."""
        self._stopped = True
        self._partial = self._body = self.stash = None

    def consume(self, data: memoryview) -> None:
        """Walk received octets; every branch takes at least one of them or stops."""
        position, end = 0, len(data)
        try:
            while position < end and not self._stopped:
                if self.held:
                    self._keep(data[position:])
                    return
                if self._fragment_left:
                    length = min(self._fragment_left, end - position)
                    self._deliver(data[position : position + length])
                elif self._skip_left:
                    length = min(self._skip_left, end - position)
                    self._skip_left -= length
                    self.is_within_pdu = self._skip_left > 0
                elif self._body_left:
                    length = min(self._body_left, end - position)
                    self._gather(data[position : position + length])
                elif self._partial is None and end - position >= HEADER_LENGTH:
                    length = HEADER_LENGTH
                    self._header(data[position : position + length])
                else:
                    length = self._gather_header(data[position : position + HEADER_LENGTH])
                position += length
        except Malformed:
            self.stop()
            self._target.invalid(pdu.INVALID_PDU_PARAMETER_VALUE)

    def _keep(self, rest: memoryview) -> None:
        if self.stash is None:
            self.stash = bytearray()
        self.stash += rest

    def _gather_header(self, chunk: memoryview) -> int:
        """Part of a header that came in pieces; gives back how much of `chunk` belongs to it."""
        partial = self._partial if self._partial is not None else bytearray()
        length = min(HEADER_LENGTH - len(partial), len(chunk))
        partial += chunk[:length]
        self._partial = partial
        self.is_within_pdu = True
        if len(partial) == HEADER_LENGTH:
            self._partial = None
            self._header(memoryview(partial))
        return length

    def _header(self, header: memoryview) -> None:
        """Six octets: the header of a PDU, or of a presentation data value within a P-DATA-TF."""
        if self._pdu_left:
            self._value_header(header)
            return
        kind, length = pdu.PDU_HEADER.unpack(header)
        self.is_within_pdu = True
        if kind == pdu.P_DATA_TF:
            self._p_data_header(length)
        elif kind in pdu.LENGTHS:
            most = pdu.LENGTHS[kind] or self._limits.associate_request_bytes
            if not 0 < length <= most:
                raise Malformed("a PDU is longer than its type allows")
            self._body_kind, self._body_left, self._body = kind, length, bytearray()
        else:
            self.stop()
            self._target.invalid(pdu.UNRECOGNIZED_PDU)

    def _p_data_header(self, length: int) -> None:
        if not HEADER_LENGTH <= length <= self._limits.pdu_bytes:
            raise Malformed("a P-DATA-TF is longer than negotiated, or empty")
        if self._target.takes_p_data():
            self._pdu_left = length
        else:
            self._skip_left = length

    def _value_header(self, header: memoryview) -> None:
        length, self._context_id, self._flags = pdu.VALUE_HEADER.unpack(header)
        self._pdu_left -= HEADER_LENGTH
        if not 2 <= length <= self._pdu_left + 2:
            raise Malformed("a presentation data value is longer than its PDU")
        self._fragment_left = length - 2
        if 0 < self._pdu_left - self._fragment_left < HEADER_LENGTH:
            raise Malformed("octets are left over behind a presentation data value")
        if not self._fragment_left:
            self._deliver(header[:0])

    def _deliver(self, chunk: memoryview) -> None:
        self._fragment_left -= len(chunk)
        self._pdu_left -= len(chunk)
        self.is_within_pdu = self._pdu_left > 0
        self._target.fragment(self._context_id, self._flags, chunk, not self._fragment_left)

    def _gather(self, chunk: memoryview) -> None:
        assert self._body is not None
        self._body += chunk
        self._body_left -= len(chunk)
        if not self._body_left:
            body, self._body = self._body, None
            self.is_within_pdu = False
            self._target.received(self._body_kind, body)
