"""What the policy allowed, remembered for a moment, so that a viewer's thousand requests ask once.

Only while this process hears PostgreSQL's channel `access`, on which triggers (migrations 0003
and 0005) tell of every change to users, roles, tokens, sessions, grants, restricted patients and
the patients of studies: then everything is forgotten. Nothing is remembered for more than a few
seconds, and nothing across a request that may change anything.
"""

import asyncio
import time
from collections.abc import Hashable
from typing import Any, ClassVar, Generic, TypeVar

from vesalius.kit.database import Database
from vesalius.kit.http.authentication import Credentials
from vesalius.stores.access.principal import Principal

CHANNEL = "access"
SECONDS = 5.0
MOST = 10_000
READING = frozenset({"GET", "HEAD"})

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")
_listening = False


class Memory(Generic[_Key, _Value]):
    """Answers that hold as long as nothing about access changes, and for a moment at most."""

    all: ClassVar[list["Memory[Any, Any]"]] = []

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[_Key, tuple[_Value, float]] = {}
        Memory.all.append(self)

    def recall(self, key: _Key) -> _Value | None:
        """The answer of a moment ago; None when it must be asked."""
        known = self._known.get(key)
        return known[0] if known is not None and time.monotonic() < known[1] else None

    def keep(self, key: _Key, value: _Value) -> None:
        """Keep an answer for a moment, if this process would hear of a change."""
        if not _listening:
            return
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[key] = (value, time.monotonic() + SECONDS)

    def forget(self) -> None:
        """Keep nothing of it any longer."""
        self._known.clear()


def forget_all() -> None:
    """Something about access may have changed."""
    for memory in Memory.all:
        memory.forget()


_principals: Memory[tuple[str | None, str | None, str | None], Principal] = Memory(MOST)


def recall(credentials: Credentials) -> Principal | None:
    """Who had these credentials a moment ago; None when that must be asked."""
    if credentials.method not in READING:
        forget_all()
        return None
    return _principals.recall(_key(credentials))


def remember(credentials: Credentials, principal: Principal) -> None:
    """Keep the answer for a moment."""
    if credentials.method in READING:
        _principals.keep(_key(credentials), principal)


async def keep_fresh(database: Database, stop: asyncio.Event) -> None:
    """Forget whenever anything changes, until told to stop; remembering begins with this."""
    listening = asyncio.create_task(_listen(database))
    try:
        await stop.wait()
    finally:
        listening.cancel()


async def _listen(database: Database) -> None:
    global _listening
    try:
        async for _ in database.listen(CHANNEL):
            _listening = True
            forget_all()
    finally:
        _listening = False
        forget_all()


def _key(credentials: Credentials) -> tuple[str | None, str | None, str | None]:
    return (credentials.bearer, credentials.cookie, credentials.address)
