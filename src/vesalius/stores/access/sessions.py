"""Sessions: signing in, staying signed in for a while, signing out.

The cookie is 256 random bits, stored as a digest. A new one is made at each sign-in, so a cookie
that somebody planted before is worth nothing after.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from vesalius.kit.errors import Forbidden, Unauthenticated, VesaliusError
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access.identity import USER_SELECT, user_principal
from vesalius.stores.access.passwords import matches
from vesalius.stores.access.principal import Principal
from vesalius.stores.access.secrets import csrf_token, digest, equal, new_secret
from vesalius.stores.access.throttling import (
    TooManyAttempts,
    check_attempts,
    count_failure,
    forget_failures,
)
from vesalius.stores.access.users import USERNAME

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# `last_used` is written at most so often, or every request would be a write.
TOUCH = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was just made."""

    principal: Principal
    cookie: str
    csrf_token: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """Why not; a value and not an exception, so that the failure's count is committed."""

    error: VesaliusError


async def sign_in(
    tx: Transaction,
    username: str,
    password: str,
    *,
    address: str | None,
    previous_cookie: str | None = None,
) -> SignedIn | SignInRefused:
    """Make a session for whoever knows the password; commit whatever it returns.

    Takes as long for a user that does not exist as for a wrong password, and says the same.
    """
    username = username.strip().lower()
    if not USERNAME.fullmatch(username):
        username = ""
    try:
        await check_attempts(tx, username, address)
    except TooManyAttempts as error:
        return SignInRefused(error)
    row = await tx.fetch_one(
        "SELECT password_hash, active FROM user_account WHERE username = %s", (username,)
    )
    stored = row["password_hash"] if row is not None and row["active"] else None
    if not await matches(password, stored):
        await count_failure(tx, username, address)
        # Who typed the password into the wrong field does not want it in the trail.
        known = username if row is not None else None
        await _audit_sign_in(tx, None, known, address=address, outcome="minor")
        return SignInRefused(Unauthenticated("the username or the password is wrong"))
    await forget_failures(tx, username, address)
    if previous_cookie:
        await _end(tx, previous_cookie)
    return await open_session(tx, username, address=address)


async def open_session(tx: Transaction, username: str, *, address: str | None) -> SignedIn:
    """A session for a user who has proved to be the one."""
    cookie = new_secret()
    expires = tx.now + timedelta(seconds=tx.settings.session_seconds)
    await tx.execute("DELETE FROM login_session WHERE expires <= %s", (tx.now,))
    await tx.execute(
        "INSERT INTO login_session (token_hash, username, created, last_used, expires, address)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (digest(cookie), username, tx.now, tx.now, expires, address),
    )
    principal = await authenticate_session(tx, cookie, address=address)
    await _audit_sign_in(tx, principal, username, address=address, outcome="success")
    return SignedIn(principal, cookie, csrf_token(cookie), expires)


async def authenticate_session(
    tx: Transaction,
    session_cookie: str,
    csrf_header: str | None = None,
    method: str = "GET",
    *,
    address: str | None = None,
    counts_as_use: bool = True,
) -> Principal:
    """Whose cookie this is; `counts_as_use` puts off the end of an idle session.

    Raises Unauthenticated when the session is not there or over, Forbidden when an unsafe
    request does not carry the session's CSRF token.
    """
    row = await tx.fetch_one(
        f"SELECT {USER_SELECT}, last_used FROM login_session"
        " JOIN user_account USING (username)"
        " WHERE token_hash = %(hash)s AND active AND expires > %(now)s AND last_used > %(idle)s",
        {
            "hash": digest(session_cookie),
            "now": tx.now,
            "idle": tx.now - timedelta(seconds=tx.settings.session_idle_seconds),
        },
    )
    if row is None:
        raise Unauthenticated("the session is over; sign in again")
    if method not in SAFE_METHODS and not equal(csrf_header or "", csrf_token(session_cookie)):
        raise Forbidden("the request does not carry the session's CSRF token")
    if counts_as_use and tx.now - row["last_used"] > TOUCH:
        await tx.execute(
            "UPDATE login_session SET last_used = %s WHERE token_hash = %s",
            (tx.now, digest(session_cookie)),
        )
    return await user_principal(tx, row, address)


async def sign_out(tx: Transaction, principal: Principal | None, session_cookie: str) -> None:
    """End this session."""
    await _end(tx, session_cookie)
    await audit.record(
        tx, principal, "E", audit.kinds.USER_AUTHENTICATION, detail={"act": "logout"}
    )


_failed_again: OrderedDict[str, tuple[int, datetime]] = OrderedDict()


async def verify_password(tx: Transaction, principal: Principal | None, password: str) -> None:
    """Make sure it is still the same person, before signing. Raises Forbidden when it is not.

    Failures are counted in this process's memory: the caller's transaction will be rolled back.
    """
    if principal is None or principal.kind != "user":
        raise Forbidden("only a user can sign")
    failures, since = _failed_again.get(principal.name, (0, tx.now))
    if tx.now - since > timedelta(minutes=15):
        failures, since = 0, tx.now
    if failures >= tx.settings.sign_in_attempts:
        raise TooManyAttempts("too many wrong passwords; try again in 15 minutes")
    stored = await tx.fetch_value(
        "SELECT password_hash FROM user_account WHERE username = %s AND active", (principal.name,)
    )
    if await matches(password, stored):
        _failed_again.pop(principal.name, None)
        return
    _failed_again[principal.name] = (failures + 1, since)
    while len(_failed_again) > 10_000:
        _failed_again.popitem(last=False)
    raise Forbidden("the password is wrong")


async def _end(tx: Transaction, session_cookie: str) -> None:
    await tx.execute("DELETE FROM login_session WHERE token_hash = %s", (digest(session_cookie),))


async def _audit_sign_in(
    tx: Transaction,
    principal: Principal | None,
    username: str | None,
    *,
    address: str | None,
    outcome: audit.Outcome,
) -> None:
    await audit.record(
        tx,
        principal,
        "E",
        audit.kinds.USER_AUTHENTICATION,
        reference=f"user/{username}" if username else None,
        outcome=outcome,
        detail={"act": "login", "address": address},
    )
