"""Fsync without a thread, where Linux does it for us.

A thread that waits for the disk needs the interpreter before and after, and gets it when the event
loop lets go of it: a third of what the disk itself takes. Linux's asynchronous I/O (`io_submit`
with IOCB_CMD_FSYNC, since 4.18) takes the order in one system call and reports through an eventfd
that the event loop watches. Elsewhere, and where it is refused, a thread does it.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable

# io_setup, io_submit, io_getevents, io_destroy by machine.
Calls = tuple[int, int, int, int]
CALLS: dict[str, Calls] = {"x86_64": (206, 209, 208, 207), "aarch64": (0, 2, 4, 1)}
MOST_AT_ONCE = 256
IOCB_CMD_FSYNC = 2
IOCB_FLAG_RESFD = 1
# struct iocb and struct io_event of linux/aio_abi.h, little endian.
IOCB = struct.Struct("<QIIHhIQQqQII")
IO_EVENT = struct.Struct("<QQqq")


class Disk:
    """Makes files durable, for one event loop at a time."""

    def __init__(self) -> None:
        # What a thread calls; replaced where a test has the disk fail.
        self.fsync: Callable[[int], None] = os.fsync
        self._loop: asyncio.AbstractEventLoop | None = None
        self._orders: Orders | None = None

    def sync(self, file: int) -> asyncio.Future[None]:
        """Fsync a file; the future raises OSError when the disk could not."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self.close()
            self._loop, self._orders = loop, Orders.of(loop)
        if self._orders is not None and self.fsync is os.fsync:
            ordered = self._orders.order(file)
            if ordered is not None:
                return ordered
        return loop.run_in_executor(None, self.fsync, file)

    def close(self) -> None:
        """Stop watching."""
        if self._orders is not None:
            self._orders.close()
        self._loop = self._orders = None


class Orders:
    """Fsyncs ordered from the kernel, and who waits for them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, calls: Calls) -> None:
        self._loop = loop
        setup, self._submit, self._getevents, self._destroy = calls
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall
        self._context = ctypes.c_ulong(0)
        if self._syscall(setup, MOST_AT_ONCE, ctypes.byref(self._context)) != 0:
            raise OSError(ctypes.get_errno(), "io_setup")
        self._done = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._block = ctypes.create_string_buffer(IOCB.size)
        self._list = (ctypes.c_void_p * 1)(ctypes.addressof(self._block))
        self._events = ctypes.create_string_buffer(IO_EVENT.size * MOST_AT_ONCE)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._number = 0
        loop.add_reader(self._done, self._take)

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Orders | None:
        """Those of a loop; None where the kernel does not take orders."""
        calls = CALLS.get(platform.machine())
        if sys.platform != "linux" or sys.byteorder != "little" or calls is None:
            return None
        try:
            return cls(loop, calls)
        except OSError:
            return None

    def order(self, file: int) -> asyncio.Future[None] | None:
        """Have a file fsynced; None when the kernel does not take the order."""
        self._number += 1
        IOCB.pack_into(
            self._block, 0, self._number, 0, 0, IOCB_CMD_FSYNC, 0, file, 0, 0, 0, 0,
            IOCB_FLAG_RESFD, self._done,
        )  # fmt: skip
        if self._syscall(self._submit, self._context, 1, self._list) != 1:
            return None
        future = self._waiting[self._number] = self._loop.create_future()
        return future

    def _take(self) -> None:
        """Tell who waits how it went."""
        try:
            os.eventfd_read(self._done)
        except BlockingIOError:
            return
        # Several may be done for one signal, and more than are taken at once.
        while self._take_some() == MOST_AT_ONCE:
            pass

    def _take_some(self) -> int:
        arguments = (self._getevents, self._context, 0, MOST_AT_ONCE, self._events, None)
        while (count := self._syscall(*arguments)) < 0:
            if ctypes.get_errno() != errno.EINTR:
                raise OSError(ctypes.get_errno(), "io_getevents")
        for number in range(count):
            key, _, result, _ = IO_EVENT.unpack_from(self._events, number * IO_EVENT.size)
            future = self._waiting.pop(key)
            if future.done():
                continue
            if result < 0:
                future.set_exception(OSError(-result, os.strerror(-result)))
            else:
                future.set_result(None)
        return int(count)

    def close(self) -> None:
        """Stop watching, when the kernel has done what it was told."""
        if not self._loop.is_closed():
            self._loop.remove_reader(self._done)
        self._syscall(self._destroy, self._context)
        os.close(self._done)
