"""`vesalius check`: is everything there, and is it what was stored?"""

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from vesalius.app import House
from vesalius.interfaces.command_line.opening import run_command
from vesalius.stores import archive, audit

console = Console()


def check(context: typer.Context) -> None:
    """Verify every stored instance's digest and the audit chain; exit 1 when something is off."""
    problems = run_command(context.obj, _check)
    raise typer.Exit(1 if problems else 0)


async def _check(house: House) -> int:
    table = Table("what", "looked at", "problems")
    with Progress(console=console) as progress:
        bar = progress.add_task("verifying stored instances", total=None)
        report = await archive.scrub(
            house.database,
            progress=lambda done, total: progress.update(bar, completed=done, total=total),
        )
    table.add_row("stored instances", str(report.checked), str(len(report.problems)))
    async with house.database.transaction() as tx:
        chain = await audit.verify(tx)
    table.add_row("audit events", str(chain.checked), str(len(chain.problems)))
    console.print(table)
    for problem in [*report.problems, *chain.problems]:
        console.print(f"[red]{problem}[/red]")
    return len(report.problems) + len(chain.problems)
