"""`vesalius audit …`: the audit trail, and the proof that nobody changed it."""

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from vesalius.app import House
from vesalius.interfaces.command_line.opening import run_command
from vesalius.interfaces.command_line.user import operator
from vesalius.stores import access, audit

app = typer.Typer(help="The audit trail.", no_args_is_help=True)
console = Console()


@app.command("verify")
def verify(context: typer.Context) -> None:
    """Verify the whole chain and its signed checkpoints; exit 1 when something is off."""

    async def work(house: House) -> audit.Verification:
        async with house.database.transaction() as tx:
            return await audit.verify(tx)

    result = run_command(context.obj, work)
    console.print(
        f"{result.checked} events in {result.blocks} blocks, {result.checkpoints} signed"
        f" checkpoints, {result.unsealed} events not sealed yet"
    )
    for problem in result.problems:
        console.print(f"[red]{problem}[/red]")
    if not result.intact:
        raise typer.Exit(1)
    console.print("[green]The audit trail is intact.[/green]")


@app.command("show")
def show(
    context: typer.Context,
    patient: Annotated[str | None, typer.Option(help="Id of a patient.")] = None,
    user: Annotated[str | None, typer.Option(help="Username or AE title.")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of act.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", help="Not before.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="Before.")] = None,
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1)] = 50,
) -> None:
    """Show acts, newest first."""

    async def work(house: House) -> list[audit.Entry]:
        async with house.database.transaction() as tx:
            return await access.read_audit(
                tx,
                operator(),
                patient_reference=patient,
                principal_name=user,
                kind=kind,
                since=since and since.astimezone(),
                until=until and until.astimezone(),
                limit=limit,
            )

    table = Table("when", "who", "act", "kind", "outcome", "reference", "patient")
    for entry in run_command(context.obj, work):
        table.add_row(
            entry.occurred.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            f"{entry.principal_name} ({entry.principal_kind})",
            entry.action,
            entry.kind,
            entry.outcome,
            entry.reference or "",
            entry.patient_reference or "",
        )
    console.print(table)
