"""`vesalius user …`: users, their roles, passwords and tokens, by whoever has the machine."""

import getpass
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from vesalius.app import House
from vesalius.interfaces.command_line.opening import run_command
from vesalius.stores import access

app = typer.Typer(help="Users, their roles, passwords and tokens.", no_args_is_help=True)
console = Console()
errors = Console(stderr=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The username.")]
Roles = Annotated[list[str], typer.Option("--role", help="A role; may be given several times.")]


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Roles,
    display: Annotated[str, typer.Option(help="The name people read.")] = "",
    language: Annotated[str, typer.Option(help="The language the user reads.")] = "en",
    practitioner: Annotated[str | None, typer.Option(help="Id of the Practitioner.")] = None,
    patient: Annotated[str | None, typer.Option(help="Id of the Patient the user is.")] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Signs in by token only.")
    ] = False,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    password = None if no_password else read_password()

    async def work(house: House) -> None:
        async with house.database.transaction() as tx:
            await access.add_user(
                tx,
                operator(),
                username=name,
                display=display or name,
                roles=role,
                password=password,
                language=language,
                practitioner_reference=practitioner,
                patient_reference=patient,
            )

    run_command(context.obj, work)
    errors.print(f"user [bold]{name}[/bold] added")


@app.command("list")
def index(context: typer.Context) -> None:
    """Show every user."""

    async def work(house: House) -> list[access.User]:
        async with house.database.transaction() as tx:
            return await access.list_users(tx, operator())

    table = Table("user", "name", "roles", "active", "signs in by")
    for user in run_command(context.obj, work):
        table.add_row(
            user.username,
            user.display,
            ", ".join(user.roles),
            "yes" if user.active else "no",
            "password" if user.has_password else "token",
        )
    console.print(table)


@app.command("password")
def password(context: typer.Context, name: Name) -> None:
    """Set a user's password, which is asked for or read from standard input."""
    given = read_password()

    async def work(house: House) -> None:
        async with house.database.transaction() as tx:
            await access.set_password(tx, operator(), name, given)

    run_command(context.obj, work)
    errors.print(f"the password of [bold]{name}[/bold] is set; every session of theirs has ended")


@app.command("token")
def token(
    context: typer.Context,
    name: Name,
    label: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    days: Annotated[float | None, typer.Option(help="How long it lives.")] = None,
) -> None:
    """Print a new bearer token with the user's roles, for scripts. It is not shown again."""

    async def work(house: House) -> str:
        async with house.database.transaction() as tx:
            return await access.issue_token(tx, operator(), name, name=label, days=days)

    typer.echo(run_command(context.obj, work))


@app.command("role")
def role(
    context: typer.Context,
    name: Name,
    roles: Annotated[list[str], typer.Argument(metavar="ROLE…", help="The roles from now on.")],
) -> None:
    """Say anew which roles a user has."""

    async def work(house: House) -> access.User:
        async with house.database.transaction() as tx:
            return await access.change_user(tx, operator(), name, roles=roles)

    user = run_command(context.obj, work)
    errors.print(f"[bold]{user.username}[/bold] is {', '.join(user.roles)}")


def operator() -> access.Principal:
    """Whoever has the machine, in the audit trail by their login there."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = "unknown"
    return access.system(f"command line ({login})")


def read_password() -> str:
    """The password, asked for twice at a terminal, else one line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
