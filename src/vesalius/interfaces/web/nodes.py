"""Nodes: who may connect over DICOM, who was refused, and whether a node answers."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.interfaces.web.body import Body, read
from vesalius.interfaces.web.problems import answer
from vesalius.kit.errors import Invalid, NotFound, VesaliusError
from vesalius.stores import access, audit
from vesalius.stores.access import Node


class NewNode(Body):
    """A node to be admitted."""

    ae_title: str
    host: str
    port: int
    may: list[str]
    description: str = ""
    address_range: str | None = None

    def node(self) -> Node:
        """As the house knows it."""
        return Node(**{**self.model_dump(), "may": frozenset(self.may)})


class NodeChange(Body):
    """What may be changed about a node; what is left out stays."""

    host: str | None = None
    port: int | None = None
    may: list[str] | None = None
    description: str | None = None
    address_range: str | None = None


async def index(request: Request) -> Response:
    """GET /api/nodes."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        nodes = await access.list_nodes(tx, request.scope["principal"])
    return answer([_describe(node) for node in nodes])


async def add(request: Request) -> Response:
    """POST /api/nodes."""
    given = await read(request, NewNode)
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        node = await access.add_node(tx, request.scope["principal"], given.node())
    return answer(_describe(node), 201)


async def change(request: Request) -> Response:
    """PATCH /api/nodes/{ae_title}."""
    changes = (await read(request, NodeChange)).model_dump(exclude_unset=True)
    for name, value in changes.items():
        if value is None and name != "address_range":
            raise Invalid(f"{name} cannot be null")
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        node = await access.change_node(
            tx, request.scope["principal"], request.path_params["ae_title"], **changes
        )
    return answer(_describe(node))


async def remove(request: Request) -> Response:
    """DELETE /api/nodes/{ae_title}."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        await access.remove_node(tx, request.scope["principal"], request.path_params["ae_title"])
    return Response(status_code=204)


async def refused(request: Request) -> Response:
    """GET /api/nodes/refused: who tried and is not admitted."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        found = await access.list_refused(tx, request.scope["principal"])
    return answer(
        [
            {
                "ae_title": entry.ae_title,
                "address": entry.address,
                "first_seen": entry.first_seen,
                "last_seen": entry.last_seen,
                "attempts": entry.attempts,
            }
            for entry in found
        ]
    )


async def echo(request: Request) -> Response:
    """POST /api/nodes/{ae_title}/echo: C-ECHO to the node, timed. No answer is an answer too."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        node = await access.find_node(tx, request.path_params["ae_title"])
        if node is None:
            raise NotFound("there is no such node")
        await audit.record(
            tx,
            request.scope["principal"],
            "E",
            audit.kinds.NETWORK_ENTRY,
            reference=f"node/{node.ae_title}",
            detail={"act": "echo"},
        )
    try:
        milliseconds = await house.echo_node(house, node)
    except VesaliusError as error:
        return answer({"ok": False, "milliseconds": None, "message": error.message})
    return answer(
        {"ok": True, "milliseconds": round(milliseconds, 1), "message": "the node answers"}
    )


def _describe(node: Node) -> dict[str, Any]:
    return {
        "ae_title": node.ae_title,
        "host": node.host,
        "port": node.port,
        "may": sorted(node.may),
        "description": node.description,
        "address_range": node.address_range,
    }
