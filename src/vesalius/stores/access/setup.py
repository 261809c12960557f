"""The first administrator: no default password, but a link that works once."""

from collections.abc import Iterable
from datetime import timedelta

from vesalius.kit.errors import Conflict, Forbidden
from vesalius.kit.transaction import Transaction
from vesalius.stores.access.secrets import digest, new_secret
from vesalius.stores.access.users import User, create_user, has_administrator


async def offer_setup(tx: Transaction) -> str | None:
    """A fresh set-up token for the server to print; None when there is an administrator.

    The tokens of earlier starts stop working.
    """
    if await has_administrator(tx):
        return None
    token = new_secret()
    await tx.execute("DELETE FROM setup_token")
    await tx.execute(
        "INSERT INTO setup_token (token_hash, created, expires) VALUES (%s, %s, %s)",
        (digest(token), tx.now, tx.now + timedelta(hours=tx.settings.setup_hours)),
    )
    return token


async def complete_setup(
    tx: Transaction,
    token: str,
    *,
    username: str,
    display: str,
    password: str,
    roles: Iterable[str] = (),
    language: str = "en",
) -> User:
    """Make the first administrator, with further roles in a practice of one.

    Raises Forbidden for a token that is not the printed one or was used, Conflict when there is
    an administrator already.
    """
    # The row's lock makes a second try with the same token wait, and then find nothing.
    taken = await tx.fetch_value(
        "DELETE FROM setup_token WHERE token_hash = %s AND expires > %s RETURNING true",
        (digest(token), tx.now),
    )
    if await has_administrator(tx):
        raise Conflict("there is an administrator already")
    if not taken:
        raise Forbidden("the set-up link is not valid; the server prints a new one when it starts")
    return await create_user(
        tx,
        None,
        username=username,
        display=display,
        roles={"administrator", *roles},
        password=password,
        language=language,
    )
