"""Bytes of files that are in memory already, read without waiting and without a thread.

Handing a read to a thread costs more than copying half a megabyte out of the page cache. Linux
can say that a read would wait for the disk (`RWF_NOWAIT`), and that opening would
(`RESOLVE_CACHED`, 5.12 and later). Wherever it cannot, or would wait, the answer here is None, and
the caller reads as one reads from disks.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

MOST_BYTES = 4 * 1024 * 1024
"""Copying more keeps the event loop from its other clients for too long."""

_OPENAT2 = 437  # the same number on every architecture
_AT_FDCWD = -100
_RESOLVE_CACHED = 0x20


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def _system_call() -> Callable[..., int] | None:
    if sys.platform != "linux" or not hasattr(os, "RWF_NOWAIT"):
        return None
    call = ctypes.CDLL(None).syscall
    call.restype = ctypes.c_long
    call.argtypes = (
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.POINTER(_OpenHow),
        ctypes.c_size_t,
    )
    return call


_call = _system_call()
_how = _OpenHow(os.O_RDONLY | os.O_CLOEXEC, 0, _RESOLVE_CACHED)
_how_pointer = ctypes.pointer(_how)


def read_cached(path: Path | str, start: int, length: int) -> bytearray | None:
    """`length` bytes from offset `start`, if all of them are at hand; None when not."""
    if _call is None or length > MOST_BYTES:
        return None
    file = _call(_OPENAT2, _AT_FDCWD, os.fsencode(path), _how_pointer, ctypes.sizeof(_OpenHow))
    if file < 0:
        return None
    try:
        data = bytearray(length)
        if os.preadv(file, [data], start, os.RWF_NOWAIT) == length:
            return data
    except OSError:
        # It would have to wait, or this file system cannot say.
        pass
    finally:
        os.close(file)
    return None
