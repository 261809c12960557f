"""The socket below the upper layer: few copies, acknowledged at once, closed in time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence
from typing import Any

# The kernel's UIO_MAXIOV: more buffers than this are refused by one sendmsg.
MOST_BUFFERS = 1024
WRITE_HIGH_WATER = 1024 * 1024

# Linux sends a delayed acknowledgement after up to 40 ms; a peer with Nagle's algorithm on (DCMTK
# as shipped) waits for it with every instance. The flag is not sticky, hence after every receive.
QUICK_ACKNOWLEDGE: int | None = getattr(socket, "TCP_QUICKACK", None)

Buffers = Sequence[bytes | memoryview]


class Connection:
    """One TCP connection, with what asyncio's transport leaves to be wished for."""

    __slots__ = (
        "_closing",
        "_loop",
        "_reading_paused",
        "_socket",
        "_transport",
        "_writable",
        "peer_address",
    )

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._writable: asyncio.Future[None] | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._reading_paused = False
        raw = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = transport.get_extra_info("peername")
        self.peer_address: str | None = peer[0] if peer else None
        transport.set_write_buffer_limits(high=WRITE_HIGH_WATER)

    def own_descriptor(self) -> None:
        """Take a descriptor of our own to send by; only associations are worth one."""
        raw = self._transport.get_extra_info("socket")
        self._socket = socket.socket(fileno=os.dup(raw.fileno()))

    def quick_acknowledge(self) -> None:
        """Acknowledge what was received now."""
        if self._socket is not None and QUICK_ACKNOWLEDGE is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, QUICK_ACKNOWLEDGE, 1)

    def write(self, buffers: Buffers) -> None:
        """Send without copying what the kernel takes at once; the transport keeps the rest."""
        if self._transport.is_closing():
            return
        if self._socket is None or self._transport.get_write_buffer_size():
            self._transport.write(b"".join(buffers))
            return
        for start in range(0, len(buffers), MOST_BUFFERS):
            part = buffers[start : start + MOST_BUFFERS]
            try:
                sent = self._socket.sendmsg(part)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                # The transport meets the same error when it reads, and tells of it there.
                return
            rest = _behind(part, sent)
            if rest:
                self._transport.write(b"".join([*rest, *buffers[start + MOST_BUFFERS :]]))
                return

    async def drain(self, seconds: float) -> None:
        """Wait while the peer does not take what was written. Raises TimeoutError."""
        if self._writable is not None:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._writable)

    def pause_writing(self) -> None:
        if self._writable is None:
            self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None:
            if not self._writable.done():
                self._writable.set_result(None)
            self._writable = None

    def pause_reading(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._reading_paused and not self._transport.is_closing():
            self._reading_paused = False
            self._transport.resume_reading()

    def close(self, seconds: float) -> None:
        """Close once what is written has left, or when that takes too long."""
        self._transport.close()
        if self._closing is None:
            self._closing = self._loop.call_later(seconds, self._transport.abort)

    def drop(self) -> None:
        """Close now, without another word."""
        self._transport.abort()

    def lost(self) -> None:
        """The transport is closed: let go of everything."""
        if self._closing is not None:
            self._closing.cancel()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.resume_writing()


def _behind(buffers: Buffers, sent: int) -> list[bytes | memoryview]:
    """What of `buffers` lies behind the first `sent` octets."""
    for index, buffer in enumerate(buffers):
        if sent < len(buffer):
            return [memoryview(buffer)[sent:], *buffers[index + 1 :]]
        sent -= len(buffer)
    return []
