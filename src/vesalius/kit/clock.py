"""The house's one clock, so that tests can turn it."""

from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Tells the time in UTC; `turn` lets a test say what time it is."""

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self._now = now or (lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._now()

    def turn(self, now: Callable[[], datetime]) -> None:
        """Tell another time from here on."""
        self._now = now
