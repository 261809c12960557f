"""Roles: names for sets of permissions; rows, so that a site can say what its roles may.

Every authentication needs them, so each process remembers them by the name of their state
(`role_revision`), which the query that authenticates reads along.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from vesalius.kit.errors import Invalid
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access.permissions import is_permission, require
from vesalius.stores.access.principal import Principal

Permissions = Mapping[str, frozenset[str]]

_remembered: tuple[UUID, Permissions] | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """A role as a site has it."""

    name: str
    display: str
    permissions: tuple[str, ...]


async def permissions_by_role(tx: Transaction, revision: UUID) -> Permissions:
    """What each role may, from memory when the state of the roles still has this name."""
    global _remembered
    if _remembered is None or _remembered[0] != revision:
        # Read with its revision: the caller's may be a moment older.
        rows = await tx.fetch_all(
            "SELECT name, permissions, (SELECT revision FROM role_revision) FROM role"
        )
        table = {row["name"]: frozenset(row["permissions"]) for row in rows}
        _remembered = (rows[0]["revision"], table) if rows else (revision, {})
    return _remembered[1]


def union(roles: Iterable[str], permissions: Permissions) -> frozenset[str]:
    """All that these roles permit; a role that is not there permits nothing."""
    return frozenset().union(*(permissions.get(role, frozenset()) for role in roles))


async def list_roles(tx: Transaction, principal: Principal) -> list[Role]:
    """Every role, by name."""
    require(principal, "user.manage")
    rows = await tx.fetch_all("SELECT name, display, permissions FROM role ORDER BY name")
    return [Role(row["name"], row["display"], tuple(row["permissions"])) for row in rows]


async def set_role(
    tx: Transaction, principal: Principal, name: str, *, display: str, permissions: Iterable[str]
) -> Role:
    """Make a role, or say anew what it may. Raises Invalid for what is no permission."""
    require(principal, "user.manage")
    wanted = tuple(sorted(set(permissions)))
    if unknown := [p for p in wanted if not is_permission(p)]:
        raise Invalid(f"there is no permission {unknown[0]}")
    if not name.replace("_", "").isalnum() or not name.isascii() or len(name) > 64:
        raise Invalid("a role's name is of letters, digits and underscores")
    if name == "administrator" and "user.manage" not in wanted:
        raise Invalid("the role administrator keeps user.manage, or nobody could give it back")
    await tx.execute(
        "INSERT INTO role (name, display, permissions) VALUES (%s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET display = excluded.display,"
        " permissions = excluded.permissions",
        (name, display, Jsonb(wanted)),
    )
    await audit.record(
        tx,
        principal,
        "U",
        audit.kinds.SECURITY_ALERT,
        reference=f"role/{name}",
        detail={"permissions": wanted},
    )
    return Role(name, display, wanted)


async def require_roles(tx: Transaction, roles: Iterable[str]) -> None:
    """Raises Invalid when one of these is no role."""
    wanted = sorted(set(roles))
    known = await tx.fetch_all("SELECT name FROM role WHERE name = ANY(%s::text[])", (wanted,))
    if missing := set(wanted) - {row["name"] for row in known}:
        raise Invalid(f"there is no role {min(missing)}")
