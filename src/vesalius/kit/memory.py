"""Memory that bulk work left behind goes back to the system.

The C library keeps what was freed for the next time, in each of its arenas, for ever. A process
that packed the metadata of thousands of instances, or received a large request, needs it no more.
"""

import contextlib
import ctypes
import threading
import time

TIDY_SECONDS = 10.0
# Less work than this leaves nothing worth a look.
WORKED_SECONDS = 0.05


def private_bytes() -> int:
    """What this process holds that it shares with no other; 0 where that is not told."""
    with contextlib.suppress(OSError), open("/proc/self/smaps_rollup") as file:
        told = (line.split() for line in file if line.startswith("Private_"))
        return sum(int(words[1]) for words in told) * 1024
    return 0


def keep_tidy() -> threading.Thread:
    """Give back what is free every now and then, as long as this process lives.

    In a thread of its own, which holds neither Python's lock nor the event loop meanwhile.
    """
    thread = threading.Thread(target=_tidy_for_ever, name="tidy", daemon=True)
    thread.start()
    return thread


def _tidy_for_ever() -> None:
    with contextlib.suppress(AttributeError):
        # Only glibc has it, and only glibc needs it.
        trim = ctypes.CDLL(None).malloc_trim
        looked = time.process_time()
        while True:
            time.sleep(TIDY_SECONDS)
            if time.process_time() - looked >= WORKED_SECONDS:
                trim(0)
                looked = time.process_time()
