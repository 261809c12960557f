"""Admitting the tests' own application entities."""

from vesalius.app import House
from vesalius.stores import access

EVERYTHING = frozenset({"store", "find", "retrieve", "worklist", "mpps"})


async def admit(
    house: House, ae_title: str, port: int = 104, may: frozenset[str] = EVERYTHING
) -> None:
    """Let an application entity of this machine do everything."""
    async with house.database.transaction() as tx:
        node = access.Node(ae_title=ae_title, host="127.0.0.1", port=port, may=may)
        await access.add_node(tx, access.SYSTEM, node)
