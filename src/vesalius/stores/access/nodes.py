"""Nodes: peers in the DICOM network. Site data; whoever is not here is refused and listed."""

import ipaddress
import re
from dataclasses import dataclass, field, replace
from typing import Any

from vesalius.kit.errors import Conflict, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access.events import NodeChanged
from vesalius.stores.access.permissions import require
from vesalius.stores.access.principal import Principal
from vesalius.stores.access.roles import require_roles

PERMISSIONS_OF_SERVICE: dict[str, frozenset[str]] = {
    "store": frozenset({"study.store"}),
    "find": frozenset({"study.read"}),
    "retrieve": frozenset({"study.read"}),
    "worklist": frozenset({"worklist.read"}),
    "mpps": frozenset({"worklist.report"}),
    "send": frozenset(),
}
"""What a node may do, and what that permits in the rooms. `send`: we may send images to it."""

# PS3.5 Table 6.2-1, AE: at most 16 characters of the default repertoire, no backslash or control
# characters, not spaces only.
AE_TITLE = re.compile(r"(?=.*[^ ])[ -\[\]-~]{1,16}")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,252})")
CHANGEABLE = frozenset({"host", "port", "may", "address_range", "description", "roles"})
_COLUMNS = "ae_title, host, port, may, roles, address_range, description"


@dataclass(frozen=True, slots=True)
class Node:
    """A peer, and what it may do here."""

    ae_title: str
    host: str
    port: int
    may: frozenset[str]
    address_range: str | None = None
    """Addresses it may call from: networks with commas between, `any`, or None for its host's."""
    description: str = ""
    roles: frozenset[str] = field(default=frozenset({"node"}))


async def list_nodes(tx: Transaction, principal: Principal) -> list[Node]:
    """Every node, by AE title."""
    require(principal, "node.read")
    rows = await tx.fetch_all(f"SELECT {_COLUMNS} FROM node ORDER BY ae_title")
    return [_node(row) for row in rows]


async def find_node(tx: Transaction, ae_title: str) -> Node | None:
    """A node by AE title (leading and trailing spaces mean nothing); None when unknown."""
    row = await tx.fetch_one(
        f"SELECT {_COLUMNS} FROM node WHERE ae_title = %s", (ae_title.strip(" "),)
    )
    return None if row is None else _node(row)


async def add_node(tx: Transaction, principal: Principal, node: Node) -> Node:
    """Admit a node. Raises Conflict when its AE title is admitted already."""
    require(principal, "node.manage")
    node = replace(
        node,
        ae_title=node.ae_title.strip(" "),
        host=node.host.strip(" "),
        may=frozenset(node.may),
        address_range=node.address_range or None,
    )
    await _check(tx, node)
    cursor = await tx.execute(
        f"INSERT INTO node ({_COLUMNS}, changed)"
        " VALUES (%s, %s, %s, %s::text[], %s::text[], %s, %s, %s) ON CONFLICT DO NOTHING",
        (*_values(node), tx.now),
    )
    if cursor.rowcount == 0:
        raise Conflict("there is a node with this AE title already")
    await tx.execute("DELETE FROM refused_association WHERE ae_title = %s", (node.ae_title,))
    await _audit_node(tx, principal, "C", node.ae_title, node)
    return node


async def change_node(tx: Transaction, principal: Principal, ae_title: str, **changes: Any) -> Node:
    """Change what is given of host, port, may, address_range, description and roles."""
    require(principal, "node.manage")
    old = await find_node(tx, ae_title)
    if old is None:
        raise NotFound("there is no such node")
    if unknown := set(changes) - CHANGEABLE:
        raise Invalid(f"a node's {min(unknown)} cannot be changed")
    values = {name: getattr(old, name) for name in Node.__dataclass_fields__} | changes
    values |= {"may": frozenset(values["may"]), "roles": frozenset(values["roles"])}
    node = Node(**values)
    await _check(tx, node)
    await tx.execute(
        "UPDATE node SET host = %s, port = %s, may = %s::text[], roles = %s::text[],"
        " address_range = %s, description = %s, changed = %s WHERE ae_title = %s",
        (*_values(node)[1:], tx.now, node.ae_title),
    )
    await _audit_node(tx, principal, "U", node.ae_title, node)
    return node


async def remove_node(tx: Transaction, principal: Principal, ae_title: str) -> None:
    """Refuse this node from now on."""
    require(principal, "node.manage")
    cursor = await tx.execute("DELETE FROM node WHERE ae_title = %s", (ae_title.strip(" "),))
    if cursor.rowcount == 0:
        raise NotFound("there is no such node")
    await _audit_node(tx, principal, "D", ae_title.strip(" "), None)


def networks(
    address_range: str,
) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The networks of an address range. Raises Invalid."""
    if address_range.strip(" ").lower() == "any":
        return [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    try:
        return [
            ipaddress.ip_network(part.strip(" "), strict=False) for part in address_range.split(",")
        ]
    except ValueError as error:
        raise Invalid(
            "an address range is of networks such as 10.1.0.0/16, with commas between, or any"
        ) from error


async def _check(tx: Transaction, node: Node) -> None:
    if not AE_TITLE.fullmatch(node.ae_title):
        raise Invalid("an AE title has 1 to 16 characters, no backslash and no control characters")
    if not isinstance(node.host, str) or not HOST.fullmatch(node.host):
        raise Invalid("a host is a name or an address")
    if not isinstance(node.port, int) or not 1 <= node.port <= 65535:
        raise Invalid("a port is a number from 1 to 65535")
    if unknown := node.may - set(PERMISSIONS_OF_SERVICE):
        raise Invalid(f"a node may {', '.join(PERMISSIONS_OF_SERVICE)}, but not {min(unknown)}")
    if node.address_range is not None:
        networks(node.address_range)
    await require_roles(tx, node.roles)


def _values(node: Node) -> tuple[Any, ...]:
    return (
        node.ae_title,
        node.host,
        node.port,
        sorted(node.may),
        sorted(node.roles),
        node.address_range,
        node.description,
    )


def _node(row: dict[str, Any]) -> Node:
    return Node(**{**row, "may": frozenset(row["may"]), "roles": frozenset(row["roles"])})


async def _audit_node(
    tx: Transaction,
    principal: Principal,
    action: audit.Action,
    ae_title: str,
    node: Node | None,
) -> None:
    detail = None
    if node is not None:
        detail = {"host": node.host, "port": node.port, "may": sorted(node.may)}
        detail |= {"address_range": node.address_range, "roles": sorted(node.roles)}
    await audit.record(
        tx,
        principal,
        action,
        audit.kinds.SECURITY_ALERT,
        reference=f"node/{ae_title}",
        detail=detail,
    )
    tx.announce(NodeChanged(ae_title))
