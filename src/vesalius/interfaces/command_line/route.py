"""`vesalius route …`: which studies go on to which node by themselves."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vesalius.app import House
from vesalius.exchange import routing
from vesalius.interfaces.command_line.opening import run_command
from vesalius.interfaces.command_line.user import operator

app = typer.Typer(help="Routing rules: complete studies are sent to nodes.", no_args_is_help=True)
console = Console()

Number = Annotated[int, typer.Argument(metavar="RULE", help="Its number in the list.")]


@app.command("add")
def add(
    context: typer.Context,
    ae_title: Annotated[str, typer.Argument(metavar="NODE", help="AE title to send to.")],
    modality: Annotated[str | None, typer.Option(help="Only with this modality.")] = None,
    calling: Annotated[
        str | None, typer.Option("--from", help="Only what this AE title stored.")
    ] = None,
    description: Annotated[
        str | None, typer.Option(help="Only with this in the study description.")
    ] = None,
    body_part: Annotated[str | None, typer.Option(help="Only of this body part.")] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Not yet.")] = False,
) -> None:
    """Send every study for which all of this holds to a node, once it is complete."""
    rule = routing.Rule(ae_title, modality, calling, description, body_part, not disabled)

    async def work(house: House) -> routing.Rule:
        async with house.database.transaction() as tx:
            return await routing.add_rule(tx, operator(), rule)

    added = run_command(context.obj, work)
    console.print(f"rule [bold]{added.id}[/bold] added: {escape(in_words(added))}")


def in_words(rule: routing.Rule) -> str:
    """A rule as a sentence."""
    conditions = {
        "modality": rule.modality,
        "from": rule.calling_ae_title,
        "description with": rule.description,
        "body part": rule.body_part,
    }
    asked = ", ".join(f"{name} {value}" for name, value in conditions.items() if value)
    return f"{asked or 'every study'} → {rule.ae_title}"


@app.command("list")
def index(context: typer.Context) -> None:
    """Show every rule."""

    async def work(house: House) -> list[routing.Rule]:
        async with house.database.transaction() as tx:
            return await routing.list_rules(tx, operator())

    table = Table("rule", "studies", "enabled")
    for rule in run_command(context.obj, work):
        table.add_row(str(rule.id), escape(in_words(rule)), "yes" if rule.enabled else "no")
    console.print(table)


@app.command("enable")
def enable(context: typer.Context, number: Number) -> None:
    """Have a rule hold."""
    _switch(context, number, True)


@app.command("disable")
def disable(context: typer.Context, number: Number) -> None:
    """Have a rule not hold for now."""
    _switch(context, number, False)


def _switch(context: typer.Context, number: int, enabled: bool) -> None:
    async def work(house: House) -> routing.Rule:
        async with house.database.transaction() as tx:
            return await routing.enable_rule(tx, operator(), number, enabled)

    rule = run_command(context.obj, work)
    done = "enabled" if rule.enabled else "disabled"
    console.print(f"rule [bold]{rule.id}[/bold] {done}: {escape(in_words(rule))}")


@app.command("remove")
def remove(context: typer.Context, number: Number) -> None:
    """Forget a rule."""

    async def work(house: House) -> routing.Rule:
        async with house.database.transaction() as tx:
            return await routing.remove_rule(tx, operator(), number)

    rule = run_command(context.obj, work)
    console.print(f"rule [bold]{rule.id}[/bold] removed: {escape(in_words(rule))}")
