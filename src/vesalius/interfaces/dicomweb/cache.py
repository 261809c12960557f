"""A cache bounded in bytes, least recently used out first."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class ByteCache(Generic[Key]):
    """Remembers bytes by key, at most `capacity` bytes of them.

    Only for bytes that never change under their key, and only asked after the policy was: what
    is in here has no owner.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: OrderedDict[Key, bytes] = OrderedDict()
        self.size = 0

    def get(self, key: Key) -> bytes | None:
        """The bytes of a key, or None."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: Key, value: bytes) -> None:
        """Remember bytes; a value too large to be worth its room is not kept."""
        if len(value) > self._capacity // 8:
            return
        if (old := self._held.pop(key, None)) is not None:
            self.size -= len(old)
        self._held[key] = value
        self.size += len(value)
        while self.size > self._capacity:
            self.size -= len(self._held.popitem(last=False)[1])
