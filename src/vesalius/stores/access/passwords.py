"""Passwords: argon2id (RFC 9106), in threads of their own, a bounded number at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vesalius.kit.errors import Exhausted, Invalid

# Each hash takes 64 MiB and tens of milliseconds: without a bound, sign-in would be the cheapest
# way to take the house down.
THREADS = 2
WAITING = 8
LONGEST = 1024

T = TypeVar("T")

_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
_running = 0


def check_quality(password: str, *, username: str, characters: int) -> None:
    """Raises Invalid for a password that is too short, too long, or the username."""
    if len(password) < characters:
        raise Invalid(f"a password has at least {characters} characters")
    if len(password) > LONGEST:
        raise Invalid(f"a password has at most {LONGEST} characters")
    if username in password.lower() and len(password) < len(username) + characters // 2:
        raise Invalid("a password is not the username with a few letters more")
    if len(set(password)) < 4:
        raise Invalid("a password has at least four different characters")


async def hash_password(password: str) -> str:
    """The argon2id hash, with its parameters and salt."""
    return await _in_thread(lambda: _hasher.hash(password))


async def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one hashed; takes as long when there is no hash at all."""
    return await _in_thread(lambda: _verify(password[:LONGEST], password_hash))


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        _hasher.verify(password_hash or _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("the password of nobody")


async def _in_thread(work: Callable[[], T]) -> T:
    global _running
    if _running >= THREADS + WAITING:
        raise Exhausted("too many people sign in at once; try again in a moment")
    _running += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _running -= 1
