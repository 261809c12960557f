"""Connections that have not associated yet: they hold no slot and cannot crowd others out.

Of one address only so many may wait at once, and of all only so many. A newcomer is always let
in, at the cost of the one that has waited longest: whoever connects to say something says it at
once, so the eldest is the one least likely to.
"""

from __future__ import annotations

from collections import OrderedDict

from .upper_layer import UpperLayer


class Lobby:
    """Who waits, by address and in order of arrival."""

    def __init__(self, *, per_address: int, total: int) -> None:
        self._per_address = per_address
        self._total = total
        self._waiting: OrderedDict[UpperLayer, None] = OrderedDict()
        self._by_address: dict[str | None, OrderedDict[UpperLayer, None]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def enter(self, upper: UpperLayer) -> None:
        """Let a new connection in, if need be by dropping an older one."""
        of_address = self._by_address.setdefault(upper.peer_address, OrderedDict())
        if len(of_address) >= self._per_address:
            self._evict(next(iter(of_address)))
        elif len(self._waiting) >= self._total:
            self._evict(next(iter(self._waiting)))
        of_address = self._by_address.setdefault(upper.peer_address, OrderedDict())
        of_address[upper] = self._waiting[upper] = None

    def leave(self, upper: UpperLayer) -> None:
        """The connection associated, or closed; no matter when it is not here any more."""
        if upper not in self._waiting:
            return
        del self._waiting[upper]
        of_address = self._by_address[upper.peer_address]
        del of_address[upper]
        if not of_address:
            del self._by_address[upper.peer_address]

    def drop_eldest(self) -> None:
        """Make room when the process has none left."""
        if self._waiting:
            self._evict(next(iter(self._waiting)))

    def clear(self) -> None:
        """Drop everybody."""
        for upper in list(self._waiting):
            self._evict(upper)

    def _evict(self, upper: UpperLayer) -> None:
        self.leave(upper)
        upper.drop()
