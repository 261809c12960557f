"""Principals remembered for a moment, so that a viewer's thousand requests ask once.

Only while this process hears PostgreSQL's channel `access`, on which triggers (migration 0003)
tell of every change to users, roles, tokens, sessions and grants: then everything is forgotten.
Nothing is remembered for more than a few seconds, and nothing across a request that may change
anything.
"""

import asyncio
import time

from vesalius.kit.database import Database
from vesalius.kit.http.authentication import Credentials
from vesalius.stores.access.principal import Principal

CHANNEL = "access"
SECONDS = 5.0
MOST = 10_000
READING = frozenset({"GET", "HEAD"})

_known: dict[tuple[str | None, str | None, str | None], tuple[Principal, float]] = {}
_listening = False


def recall(credentials: Credentials) -> Principal | None:
    """Who had these credentials a moment ago; None when that must be asked."""
    if credentials.method not in READING:
        _known.clear()
        return None
    known = _known.get(_key(credentials))
    return known[0] if known is not None and time.monotonic() < known[1] else None


def remember(credentials: Credentials, principal: Principal) -> None:
    """Keep the answer for a moment."""
    if _listening and credentials.method in READING:
        if len(_known) >= MOST:
            _known.clear()
        _known[_key(credentials)] = (principal, time.monotonic() + SECONDS)


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
            _known.clear()
    finally:
        _listening = False
        _known.clear()


def _key(credentials: Credentials) -> tuple[str | None, str | None, str | None]:
    return (credentials.bearer, credentials.cookie, credentials.address)
