"""pynetdicom's requestor, without its race.

Before a request is sent its reactor thread is asked to pause, and takes itself for paused one
moment before it looks whether it should be: an answer that comes fast enough is then taken by the
reactor as an unexpected message, and the caller waits for it in vain. Here asking waits until the
reactor has truly stopped.
"""

import threading
from typing import Any

from pynetdicom.association import Association

# A reactor whose association has ended does not stop any more.
ENDED_SECONDS = 1.0


class Checkpoint(threading.Event):
    """The event the reactor waits at: `clear` returns when it does."""

    def __init__(self) -> None:
        super().__init__()
        self._stopped = threading.Event()
        self.set()

    def clear(self) -> None:
        """Ask the reactor to stop, and wait until it has."""
        self._stopped.clear()
        super().clear()
        self._stopped.wait(ENDED_SECONDS)

    def wait(self, timeout: float | None = None) -> bool:
        """Called by the reactor: stop here while asked to."""
        if not self.is_set():
            self._stopped.set()
        return super().wait(timeout)


def repair() -> None:
    """Give every association to come such a checkpoint; idempotent."""
    original = Association.__init__
    if getattr(original, "repaired", False):
        return

    def begin(self: Association, *arguments: Any, **more: Any) -> None:
        original(self, *arguments, **more)
        self._reactor_checkpoint = Checkpoint()

    begin.repaired = True  # type: ignore[attr-defined]
    Association.__init__ = begin  # type: ignore[method-assign]
