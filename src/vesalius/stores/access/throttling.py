"""Counting failed sign-ins, so that guessing is slow and locking somebody out is hard.

Counted for a user from one address, for the user from everywhere and for the address with any
user; the last two are allowed ten times as many. Names of users that do not exist count alike,
so the counting tells nothing.
"""

import ipaddress
from datetime import timedelta

from vesalius.kit.errors import Exhausted
from vesalius.kit.transaction import Transaction

WINDOW = timedelta(minutes=15)


class TooManyAttempts(Exhausted):
    """Somebody guesses, or seems to."""


async def check_attempts(tx: Transaction, username: str, address: str | None) -> None:
    """Raises TooManyAttempts when too many sign-ins of these failed lately."""
    limits = _limits(tx.settings.sign_in_attempts, username, address)
    rows = await tx.fetch_all(
        "SELECT subject, failures FROM login_failure WHERE subject = ANY(%s::text[])"
        " AND since > %s",
        (list(limits), tx.now - WINDOW),
    )
    if any(row["failures"] >= limits[row["subject"]] for row in rows):
        raise TooManyAttempts("too many failed sign-ins; try again in 15 minutes")


async def count_failure(tx: Transaction, username: str, address: str | None) -> None:
    """Remember one failure, and forget those that are too old to matter."""
    await tx.execute("DELETE FROM login_failure WHERE since <= %s", (tx.now - WINDOW,))
    # In one order, so that two failures at once wait for each other instead of deadlocking.
    for subject in sorted(_limits(1, username, address)):
        await tx.execute(
            "INSERT INTO login_failure AS f (subject, failures, since) VALUES (%s, 1, %s)"
            " ON CONFLICT (subject) DO UPDATE SET failures = f.failures + 1",
            (subject, tx.now),
        )


async def forget_failures(tx: Transaction, username: str, address: str | None) -> None:
    """After a success, this user at this address starts afresh."""
    await tx.execute("DELETE FROM login_failure WHERE subject = %s", (_pair(username, address),))


def _limits(attempts: int, username: str, address: str | None) -> dict[str, int]:
    return {
        _pair(username, address): attempts,
        f"user {username}": attempts * 10,
        f"address {_network(address)}": attempts * 10,
    }


def _pair(username: str, address: str | None) -> str:
    return f"pair {username} {_network(address)}"


def _network(address: str | None) -> str:
    """The address, or for IPv6 its /64: one machine has as many addresses there as it likes."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
