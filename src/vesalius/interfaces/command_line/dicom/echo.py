"""`vesalius dicom echo`: is a peer there? (C-ECHO, PS3.4 Annex A)"""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from vesalius.app import House
from vesalius.exchange import routing
from vesalius.interfaces.command_line.dicom.peer import (
    Called,
    Calling,
    Node,
    find_peer,
    read_target,
)
from vesalius.interfaces.command_line.opening import run_command
from vesalius.kit.errors import Invalid

console = Console()


def echo(
    context: typer.Context,
    node: Node,
    port: Annotated[str | None, typer.Argument(help="Its port, when NODE is a host.")] = None,
    ae_title: Called = None,
    calling: Calling = None,
) -> None:
    """Ask a peer whether it is there, and say how long it took."""
    target, rest = read_target(node, [port] if port else [], ae_title, calling)
    if rest:
        raise Invalid("a port is given together with --ae-title only")

    async def work(house: House) -> float:
        return await routing.network().echo(house, await find_peer(house, target))

    milliseconds = run_command(context.obj, work)
    console.print(f"[green]{escape(target.node)} answers[/green] in {milliseconds:.0f} ms")
