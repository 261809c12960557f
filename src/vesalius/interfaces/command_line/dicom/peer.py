"""Whom to call: a node that is known by its AE title, or a host, a port and an AE title."""

from dataclasses import dataclass
from typing import Annotated

import typer

from vesalius.app import House
from vesalius.exchange import routing
from vesalius.exchange.routing import Peer
from vesalius.kit.errors import Invalid, NotFound
from vesalius.stores import access

AE_TITLE_CHARACTERS = 16
PORTS = range(1, 65536)

Node = Annotated[
    str,
    typer.Argument(
        metavar="NODE", help="AE title of a node, or with --ae-title a host followed by its port."
    ),
]
Called = Annotated[
    str | None,
    typer.Option("--ae-title", help="AE title of a peer that is no node: give HOST PORT for NODE."),
]
Calling = Annotated[
    str | None, typer.Option("--calling", help="The AE title to call as; ours when not given.")
]


@dataclass(frozen=True, slots=True)
class Target:
    """Whom the command line names, before the nodes were looked at."""

    node: str
    host: str | None = None
    port: int | None = None
    calling_ae_title: str | None = None


def read_target(
    node: str, rest: list[str], called: str | None, calling: str | None
) -> tuple[Target, list[str]]:
    """The target, and the arguments behind it. Raises Invalid."""
    for title in (called, calling):
        if title is not None:
            _check_title(title)
    if called is None:
        return Target(node, calling_ae_title=calling), rest
    port = rest[0] if rest else ""
    if not (port.isascii() and port.isdigit() and int(port) in PORTS):
        raise Invalid("with --ae-title, give HOST and PORT of the peer")
    return Target(called, node, int(port), calling), rest[1:]


async def find_peer(house: House, target: Target) -> Peer:
    """The peer to call. Raises NotFound when it is no node of ours."""
    if target.host is not None and target.port is not None:
        return Peer(target.node, target.host, target.port, target.calling_ae_title)
    async with house.database.transaction() as tx:
        node = await access.find_node(tx, target.node)
    if node is None:
        raise NotFound(
            f"there is no node called {target.node}: add it with `vesalius node add`,"
            " or give HOST PORT --ae-title TITLE"
        )
    return Peer(node.ae_title, node.host, node.port, target.calling_ae_title)


async def find_recipient(house: House, target: Target) -> Peer:
    """The peer to send to. Raises Conflict when it is a node that images may not be sent to."""
    peer = await find_peer(house, target)
    if target.host is None:
        async with house.database.transaction() as tx:
            await routing.recipient(tx, target.node)
    return peer


def _check_title(title: str) -> None:
    plain = title.isascii() and title.isprintable() and "\\" not in title
    if not plain or not 1 <= len(title.strip(" ")) <= AE_TITLE_CHARACTERS:
        raise Invalid("an AE title has 1 to 16 printable ASCII characters")
