"""Users: people who sign in, with roles and links to who they are in the record."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vesalius.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access.events import UserChanged
from vesalius.stores.access.passwords import check_quality, hash_password
from vesalius.stores.access.permissions import permits, require
from vesalius.stores.access.principal import Principal
from vesalius.stores.access.roles import require_roles

USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_COLUMNS = """username, display, roles, active, language, practitioner_reference,
    patient_reference, created, password_hash IS NOT NULL AS has_password"""


class Unset:
    """Says that an argument was not given, where None would clear the value."""


UNSET: Final = Unset()


@dataclass(frozen=True, slots=True)
class User:
    """A user as an administrator sees one."""

    username: str
    display: str
    roles: tuple[str, ...]
    active: bool
    language: str
    practitioner_reference: str | None
    patient_reference: str | None
    created: datetime
    has_password: bool


async def has_administrator(tx: Transaction) -> bool:
    """Whether anybody who can sign in may manage users; until then, only the set-up link works."""
    return bool(
        await tx.fetch_value(
            "SELECT EXISTS (SELECT FROM user_account JOIN role ON role.name = ANY(roles)"
            " WHERE active AND password_hash IS NOT NULL AND permissions ? 'user.manage')"
        )
    )


async def find_user(tx: Transaction, username: str) -> User | None:
    """A user by name, for rooms that show who did something; None when there is none."""
    row = await tx.fetch_one(
        f"SELECT {_COLUMNS} FROM user_account WHERE username = %s", (username.lower(),)
    )
    return None if row is None else _user(row)


async def list_users(tx: Transaction, principal: Principal) -> list[User]:
    """Every user, by name."""
    require(principal, "user.manage")
    rows = await tx.fetch_all(f"SELECT {_COLUMNS} FROM user_account ORDER BY username")
    return [_user(row) for row in rows]


async def add_user(
    tx: Transaction,
    principal: Principal,
    *,
    username: str,
    display: str,
    roles: Iterable[str],
    password: str | None = None,
    language: str = "en",
    practitioner_reference: str | None = None,
    patient_reference: str | None = None,
) -> User:
    """Add a user; without a password one signs in by token only.

    Raises Invalid for names and roles that are none, Conflict when the username is taken.
    """
    require(principal, "user.manage")
    return await create_user(
        tx,
        principal,
        username=username,
        display=display,
        roles=roles,
        password=password,
        language=language,
        practitioner_reference=practitioner_reference,
        patient_reference=patient_reference,
    )


async def create_user(
    tx: Transaction,
    principal: Principal | None,
    *,
    username: str,
    display: str,
    roles: Iterable[str],
    password: str | None,
    language: str = "en",
    practitioner_reference: str | None = None,
    patient_reference: str | None = None,
) -> User:
    """`add_user` for those who were asked already; the set-up, which nobody signed in for yet."""
    username = username.strip().lower()
    if not USERNAME.fullmatch(username):
        raise Invalid("a username is of letters, digits, and . _ @ -, at most 64 of them")
    _check_display(display)
    _check_language(language)
    wanted = sorted(set(roles))
    await require_roles(tx, wanted)
    hashed = None
    if password is not None:
        check_quality(password, username=username, characters=tx.settings.password_characters)
        hashed = await hash_password(password)
    row = await tx.fetch_one(
        "INSERT INTO user_account (username, display, roles, password_hash, language,"
        " practitioner_reference, patient_reference, created, changed, password_changed)"
        " VALUES (%(username)s, %(display)s, %(roles)s::text[], %(hash)s, %(language)s,"
        " %(practitioner)s, %(patient)s, %(now)s, %(now)s,"
        " CASE WHEN %(hash)s::text IS NOT NULL THEN %(now)s::timestamptz END)"
        f" ON CONFLICT DO NOTHING RETURNING {_COLUMNS}",
        {
            "username": username,
            "display": display.strip(),
            "roles": wanted,
            "hash": hashed,
            "language": language,
            "practitioner": practitioner_reference,
            "patient": patient_reference,
            "now": tx.now,
        },
    )
    if row is None:
        raise Conflict("there is a user of this name already")
    await _audit_user(tx, principal, "C", username, {"roles": wanted})
    return _user(row)


async def change_user(
    tx: Transaction,
    principal: Principal,
    username: str,
    *,
    display: str | None = None,
    roles: Iterable[str] | None = None,
    active: bool | None = None,
    password: str | None = None,
    practitioner_reference: str | Unset | None = UNSET,
    patient_reference: str | Unset | None = UNSET,
) -> User:
    """Change what is given. Raises Conflict when nobody would be left to manage users."""
    require(principal, "user.manage")
    username = username.lower()
    changes: dict[str, Any] = {}
    if display is not None:
        _check_display(display)
        changes["display"] = display.strip()
    if roles is not None:
        changes["roles"] = sorted(set(roles))
        await require_roles(tx, changes["roles"])
    if active is not None:
        changes["active"] = active
    if not isinstance(practitioner_reference, Unset):
        changes["practitioner_reference"] = practitioner_reference
    if not isinstance(patient_reference, Unset):
        changes["patient_reference"] = patient_reference
    # Two administrators who demote each other at once must not both succeed.
    await tx.execute("SELECT FROM role_revision FOR UPDATE")
    had_administrator = await has_administrator(tx)
    await _update(tx, username, changes)
    if password is not None:
        await _store_password(tx, username, password)
    if had_administrator and not await has_administrator(tx):
        raise Conflict("somebody who may manage users must remain")
    if active is False or password is not None:
        await tx.execute("DELETE FROM login_session WHERE username = %s", (username,))
    facts = {key: value for key, value in changes.items() if key in ("roles", "active")}
    await _audit_user(
        tx,
        principal,
        "U",
        username,
        {**facts, "changed": sorted(changes), "password": bool(password)},
    )
    user = await find_user(tx, username)
    if user is None:
        raise NotFound("there is no such user")
    return user


async def set_password(tx: Transaction, principal: Principal, username: str, password: str) -> None:
    """Set one's own password, or anybody's with `user.manage`; ends every session of the user."""
    username = username.lower()
    if not (principal.kind == "user" and principal.name == username):
        require(principal, "user.manage")
    await _store_password(tx, username, password)
    await tx.execute("DELETE FROM login_session WHERE username = %s", (username,))
    await _audit_user(tx, principal, "U", username, {"password": True})


async def set_language(tx: Transaction, principal: Principal | None, language: str) -> None:
    """Remember in which language this user reads."""
    if principal is None:
        raise Unauthenticated("sign in first")
    if principal.kind != "user":
        raise Forbidden("only users have a language")
    _check_language(language)
    await tx.execute(
        "UPDATE user_account SET language = %s WHERE username = %s", (language, principal.name)
    )


async def _update(tx: Transaction, username: str, changes: dict[str, Any]) -> None:
    columns = ", ".join(f"{column} = %s" for column in (*changes, "changed"))
    cursor = await tx.execute(
        f"UPDATE user_account SET {columns} WHERE username = %s",
        (*changes.values(), tx.now, username),
    )
    if cursor.rowcount == 0:
        raise NotFound("there is no such user")


async def _store_password(tx: Transaction, username: str, password: str) -> None:
    check_quality(password, username=username, characters=tx.settings.password_characters)
    cursor = await tx.execute(
        "UPDATE user_account SET password_hash = %s, password_changed = %s WHERE username = %s",
        (await hash_password(password), tx.now, username),
    )
    if cursor.rowcount == 0:
        raise NotFound("there is no such user")


async def _audit_user(
    tx: Transaction,
    principal: Principal | None,
    action: audit.Action,
    username: str,
    detail: dict[str, Any],
) -> None:
    await audit.record(
        tx,
        principal,
        action,
        audit.kinds.SECURITY_ALERT,
        reference=f"user/{username}",
        detail=detail,
    )
    tx.announce(UserChanged(username))


def may_manage(principal: Principal, username: str) -> bool:
    """Whether this principal may act on this user's tokens."""
    own = principal.kind == "user" and principal.name == username
    return own or permits(principal, "user.manage")


def _check_display(display: str) -> None:
    if not display.strip() or len(display) > 200 or not display.isprintable():
        raise Invalid("a display name is one line of 1 to 200 characters")


def _check_language(language: str) -> None:
    if not LANGUAGE.fullmatch(language):
        raise Invalid("a language is a BCP 47 code such as en or pt-BR")


def _user(row: dict[str, Any]) -> User:
    return User(**{**row, "roles": tuple(row["roles"])})
