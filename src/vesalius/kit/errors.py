"""Errors, by what the caller can do about them.

Rooms may subclass these; interfaces never invent their own. Each interface has one table from
these classes to its protocol's words. A message is one sentence fit for the peer, without
patient data.

    VesaliusError
    ├── Invalid          mend the message and send it again
    ├── Unsupported      ask for something else
    ├── Unauthenticated  say who you are
    ├── Forbidden        ask somebody for the right
    ├── NotFound         there is no such thing (or not for you)
    ├── Gone             there was such a thing
    ├── Conflict         read again, then decide
    ├── Exhausted        wait for room, then send again
    └── Unavailable      try again later
"""

from typing import Any


class VesaliusError(Exception):
    """The root: `message` for the peer, `detail` for the interface's structured answer."""

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Invalid(VesaliusError):
    """The message breaks the standard or a limit."""


class Unsupported(VesaliusError):
    """Well formed, but not something we do."""


class Unauthenticated(VesaliusError):
    """Nobody is known to ask."""


class Forbidden(VesaliusError):
    """The asker is known and may not."""


class NotFound(VesaliusError):
    """No such thing, or none that the asker may know of."""


class Gone(VesaliusError):
    """It was deleted."""


class Conflict(VesaliusError):
    """The state is not what the message supposes."""


class Exhausted(VesaliusError):
    """No room: disk, queue or quota."""


class Unavailable(VesaliusError):
    """Something we need does not answer."""
