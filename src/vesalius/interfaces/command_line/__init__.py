"""The command line: `vesalius …`. One file per command or group of commands."""

import sys
from typing import Any

import typer
from rich.console import Console

from vesalius.interfaces.command_line import (
    audit,
    backup,
    check,
    demo,
    importing,
    node,
    serve,
    simulate,
    user,
)
from vesalius.kit.errors import VesaliusError

__all__ = ["main"]

cli = typer.Typer(
    name="vesalius",
    help="Picture archive and medical record in one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command("serve")(serve.serve)
cli.command("demo")(demo.demo)
cli.command("import")(importing.import_files)
cli.command("check")(check.check)
cli.command("backup")(backup.backup)
cli.command("restore")(backup.restore)
cli.add_typer(user.app, name="user")
cli.add_typer(node.app, name="node")
cli.add_typer(audit.app, name="audit")
cli.add_typer(simulate.app, name="simulate")


def main(launch: Any) -> None:
    """Run one command. `launch` is the module that starts processes (`vesalius.serving`)."""
    try:
        cli(obj=launch)
    except VesaliusError as error:
        Console(stderr=True).print(f"[red]{error.message}[/red]")
        sys.exit(1)
