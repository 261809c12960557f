"""Admission of DICOM peers: AE title and address together say which node it is."""

import asyncio
import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vesalius.kit.database import Database
from vesalius.kit.errors import Forbidden
from vesalius.kit.transaction import Transaction
from vesalius.stores.access.nodes import (
    _COLUMNS,
    PERMISSIONS_OF_SERVICE,
    Node,
    _node,
    networks,
)
from vesalius.stores.access.permissions import require
from vesalius.stores.access.principal import Principal
from vesalius.stores.access.roles import permissions_by_role, union

MAX_REFUSED = 1000
RESOLVE_SECONDS = 2.0

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NodeRefused(Forbidden):
    """The calling AE title is not known, or calls from where it may not."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody who tried, and was not known."""

    ae_title: str
    address: str
    first_seen: datetime
    last_seen: datetime
    attempts: int


async def admit_node(database: Database, *, calling_ae_title: str, address: str) -> Principal:
    """`node_principal` in a transaction of its own, which keeps the refusal when it raises."""
    async with database.transaction() as tx:
        try:
            return await node_principal(tx, calling_ae_title=calling_ae_title, address=address)
        except NodeRefused as error:
            refusal = error
    raise refusal


async def node_principal(tx: Transaction, *, calling_ae_title: str, address: str) -> Principal:
    """The node that calls with this AE title from this address.

    Raises NodeRefused (a Forbidden) after listing the refusal; commit it: catch it inside the
    transaction, or use `admit_node`.
    """
    ae_title = calling_ae_title.strip(" ")
    row = await tx.fetch_one(
        f"SELECT {_COLUMNS}, (SELECT revision FROM role_revision) AS role_revision,"
        " ARRAY(SELECT patient_reference FROM access_grant WHERE principal_kind = 'node'"
        " AND principal_name = ae_title AND (expires IS NULL OR expires > %s)) AS granted"
        " FROM node WHERE ae_title = %s",
        (tx.now, ae_title),
    )
    if row is None or not await _calls_from(_row_node(row), address):
        await _list_refusal(tx, ae_title, address)
        raise NodeRefused("this AE title is not admitted from this address")
    node = _row_node(row)
    permissions = union(node.roles, await permissions_by_role(tx, row["role_revision"]))
    permissions = permissions.union(
        {f"node.may:{service}" for service in node.may},
        *(PERMISSIONS_OF_SERVICE[service] for service in node.may),
    )
    return Principal(
        kind="node",
        name=node.ae_title,
        display=node.description or node.ae_title,
        roles=node.roles,
        permissions=permissions,
        sees_all_patients="patient.any" in permissions,
        sees_restricted="patient.restricted" in permissions,
        address=address,
        granted_patients=frozenset(row["granted"]),
    )


async def list_refused(tx: Transaction, principal: Principal) -> list[Refused]:
    """Who was refused, the latest first."""
    require(principal, "node.read")
    rows = await tx.fetch_all(
        "SELECT ae_title, address, first_seen, last_seen, attempts FROM refused_association"
        " ORDER BY last_seen DESC"
    )
    return [Refused(**row) for row in rows]


def _row_node(row: dict[str, Any]) -> Node:
    return _node({name: row[name] for name in Node.__dataclass_fields__})


async def _calls_from(node: Node, address: str) -> bool:
    try:
        caller = _plain(ipaddress.ip_address(address))
    except ValueError:
        return False
    if node.address_range is not None:
        return any(caller in network for network in networks(node.address_range))
    return caller in await _addresses_of(node.host)


async def _addresses_of(host: str) -> set[Address]:
    with suppress(ValueError):
        return {_plain(ipaddress.ip_address(host))}
    resolving = asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.wait_for(resolving, RESOLVE_SECONDS)
    except (OSError, TimeoutError, UnicodeError):
        return set()
    return {_plain(ipaddress.ip_address(entry[4][0])) for entry in found}


def _plain(address: Address) -> Address:
    """IPv4 as IPv4, also when a dual-stack socket shows it as ::ffff:a.b.c.d."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


async def _list_refusal(tx: Transaction, ae_title: str, address: str) -> None:
    """Count the refusal, and forget the oldest ones: strangers can invent AE titles for ever."""
    shown = "".join(c if " " <= c <= "~" else "?" for c in ae_title)[:16]
    await tx.execute(
        "INSERT INTO refused_association AS r VALUES (%s, %s, %s, %s, 1)"
        " ON CONFLICT (ae_title, address) DO UPDATE"
        " SET last_seen = excluded.last_seen, attempts = r.attempts + 1",
        (shown, address[:64], tx.now, tx.now),
    )
    await tx.execute(
        "DELETE FROM refused_association WHERE (ae_title, address) IN"
        " (SELECT ae_title, address FROM refused_association ORDER BY last_seen DESC OFFSET %s)",
        (MAX_REFUSED,),
    )
