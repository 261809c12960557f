"""Bearer tokens: how programs and scripts sign in, with the roles of a user."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vesalius.kit.errors import Forbidden, Invalid, NotFound, Unauthenticated
from vesalius.kit.ids import new_id
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access.identity import USER_SELECT, user_principal
from vesalius.stores.access.principal import Principal
from vesalius.stores.access.secrets import digest, new_secret
from vesalius.stores.access.users import may_manage

PREFIX = "vesalius_"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it: everything but the secret."""

    id: str
    name: str
    created: datetime
    expires: datetime


async def issue_token(
    tx: Transaction,
    principal: Principal,
    username: str,
    *,
    name: str = "",
    days: float | None = None,
) -> str:
    """A new bearer token of this user; shown now and never again.

    One may make tokens for oneself, with `user.manage` for anybody. Raises NotFound when there
    is no such active user.
    """
    username = username.lower()
    _require_owner(principal, username)
    lives = timedelta(days=tx.settings.token_days if days is None else days)
    if lives <= timedelta(0) or lives > timedelta(days=3650):
        raise Invalid("a token lives up to ten years")
    secret = new_secret(PREFIX)
    cursor = await tx.execute(
        "INSERT INTO bearer_token (token_hash, id, username, name, created, expires)"
        " SELECT %s, %s, username, %s, %s, %s FROM user_account WHERE username = %s AND active",
        (digest(secret), new_id(), name[:200], tx.now, tx.now + lives, username),
    )
    if cursor.rowcount == 0:
        raise NotFound("there is no such active user")
    await _audit_token(tx, principal, "C", username, {"name": name[:200]})
    return secret


async def list_tokens(tx: Transaction, principal: Principal, username: str) -> list[Token]:
    """The tokens of a user that have not expired."""
    username = username.lower()
    _require_owner(principal, username)
    rows = await tx.fetch_all(
        "SELECT id, name, created, expires FROM bearer_token"
        " WHERE username = %s AND expires > %s ORDER BY created",
        (username, tx.now),
    )
    return [Token(**row) for row in rows]


async def revoke_token(tx: Transaction, principal: Principal, username: str, token_id: str) -> None:
    """End a token now."""
    username = username.lower()
    _require_owner(principal, username)
    cursor = await tx.execute(
        "DELETE FROM bearer_token WHERE username = %s AND id = %s", (username, token_id)
    )
    if cursor.rowcount == 0:
        raise NotFound("there is no such token")
    await _audit_token(tx, principal, "D", username, {"id": token_id})


async def authenticate_bearer(
    tx: Transaction, token: str, *, address: str | None = None
) -> Principal:
    """Whose token this is. Raises Unauthenticated when it is nobody's, or expired."""
    row = await tx.fetch_one(
        f"SELECT {USER_SELECT} FROM bearer_token JOIN user_account USING (username)"
        " WHERE token_hash = %(hash)s AND active AND expires > %(now)s",
        {"hash": digest(token), "now": tx.now},
    )
    if row is None:
        raise Unauthenticated("the bearer token is not known or has expired")
    return await user_principal(tx, row, address)


def _require_owner(principal: Principal, username: str) -> None:
    if not may_manage(principal, username):
        raise Forbidden("this needs the permission user.manage")


async def _audit_token(
    tx: Transaction,
    principal: Principal,
    action: audit.Action,
    username: str,
    detail: dict[str, str],
) -> None:
    await audit.record(
        tx,
        principal,
        action,
        audit.kinds.SECURITY_ALERT,
        reference=f"user/{username}",
        detail={"token": detail},
    )
