"""`vesalius node …`: DICOM peers, by whoever has the machine."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from vesalius.app import House
from vesalius.interfaces.command_line.opening import run_command
from vesalius.interfaces.command_line.user import operator
from vesalius.kit.errors import NotFound
from vesalius.stores import access

app = typer.Typer(help="DICOM peers: who may call, and whom we call.", no_args_is_help=True)
console = Console()

SERVICES = ("store", "find", "retrieve", "worklist", "mpps", "send")
Title = Annotated[str, typer.Argument(metavar="AE_TITLE", help="Its application entity title.")]
May = Annotated[
    list[str] | None,
    typer.Option(help=f"What it may do, of {', '.join(SERVICES)}; all when not given."),
]


@app.command("add")
def add(
    context: typer.Context,
    ae_title: Title,
    host: Annotated[str, typer.Argument(help="Its name or address.")],
    port: Annotated[int, typer.Argument(help="Its DICOM port.")],
    may: May = None,
    address_range: Annotated[
        str | None,
        typer.Option(help="Networks it may call from, or any; its host's address when not given."),
    ] = None,
    description: Annotated[str, typer.Option(help="What it is.")] = "",
) -> None:
    """Admit a node, or change the one of this AE title."""

    async def work(house: House) -> bool:
        return await admit(
            house,
            ae_title,
            host,
            port,
            may=may,
            address_range=address_range,
            description=description,
        )

    done = "admitted" if run_command(context.obj, work) else "changed"
    console.print(f"node [bold]{ae_title}[/bold] {done}")


async def admit(
    house: House,
    ae_title: str,
    host: str,
    port: int,
    *,
    may: list[str] | None = None,
    address_range: str | None = None,
    description: str = "",
) -> bool:
    """Add or change a node; true when it is new."""
    node = access.Node(ae_title, host, port, frozenset(may or SERVICES), address_range, description)
    async with house.database.transaction() as tx:
        if await access.find_node(tx, ae_title) is None:
            await access.add_node(tx, operator(), node)
            return True
        await access.change_node(
            tx,
            operator(),
            ae_title,
            host=node.host,
            port=node.port,
            may=node.may,
            address_range=node.address_range,
            description=node.description,
        )
        return False


@app.command("list")
def index(context: typer.Context) -> None:
    """Show every node."""

    async def work(house: House) -> list[access.Node]:
        async with house.database.transaction() as tx:
            return await access.list_nodes(tx, operator())

    table = Table("AE title", "host", "port", "may", "calls from", "description")
    for node in run_command(context.obj, work):
        may = " ".join(service for service in SERVICES if service in node.may)
        calls_from = node.address_range or "its host"
        table.add_row(node.ae_title, node.host, str(node.port), may, calls_from, node.description)
    console.print(table)


@app.command("remove")
def remove(context: typer.Context, ae_title: Title) -> None:
    """Refuse this node from now on."""

    async def work(house: House) -> None:
        async with house.database.transaction() as tx:
            await access.remove_node(tx, operator(), ae_title)

    run_command(context.obj, work)
    console.print(f"node [bold]{ae_title}[/bold] removed")


@app.command("echo")
def echo(context: typer.Context, ae_title: Title) -> None:
    """Ask a node whether it is there (C-ECHO)."""

    async def work(house: House) -> float:
        async with house.database.transaction() as tx:
            node = await access.find_node(tx, ae_title)
        if node is None:
            raise NotFound(f"there is no node called {ae_title}")
        return await house.echo_node(house, node)

    milliseconds = run_command(context.obj, work)
    console.print(f"[green]{ae_title} answers[/green] in {milliseconds:.0f} ms")


@app.command("refused")
def refused(context: typer.Context) -> None:
    """Show who called and was not admitted."""

    async def work(house: House) -> list[access.Refused]:
        async with house.database.transaction() as tx:
            return await access.list_refused(tx, operator())

    table = Table("AE title", "address", "attempts", "first", "last")
    for row in run_command(context.obj, work):
        first, last = f"{row.first_seen:%Y-%m-%d %H:%M}", f"{row.last_seen:%Y-%m-%d %H:%M}"
        table.add_row(row.ae_title, row.address, str(row.attempts), first, last)
    console.print(table)
