"""The command line: `vesalius …`. One file per command or group of commands.

Commands are loaded when they are called: the supervisor's process lives as long as the house and
should not carry the sample hospital's libraries.
"""

import sys
from importlib import import_module
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from vesalius.kit.errors import VesaliusError

__all__ = ["main"]

# Command → module below this package, its function or its group, and a line of help.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "Start everything with a sample hospital in it."),
    "serve": ("serve", "serve", "Start everything, or one role of it."),
    "import": ("importing", "import_files", "Store files and folders of DICOM and FHIR."),
    "check": ("check", "check", "Verify every stored instance and the audit trail."),
    "backup": ("backup", "backup", "Write everything into a folder."),
    "restore": ("backup", "restore", "Bring a backup back."),
    "user": ("user", "app", "Users, their roles and tokens."),
    "node": ("node", "app", "DICOM peers: who may call, and whom we call."),
    "dicom": ("dicom", "app", "Ask DICOM peers: echo, find, send, move."),
    "route": ("route", "app", "Which studies go on to which node by themselves."),
    "audit": ("audit", "app", "The audit trail."),
    "simulate": ("simulate", "app", "Devices, for whoever has none."),
}


class Commands(TyperGroup):
    """The top of the command line, which loads a command when it is named."""

    def list_commands(self, context: Any) -> list[str]:
        """All commands, in the order users meet them."""
        return list(COMMANDS)

    def get_command(self, context: Any, name: str) -> Any:
        """The command of this name, loaded now."""
        if name not in COMMANDS:
            return None
        module, attribute, line = COMMANDS[name]
        thing = getattr(import_module(f"{__name__}.{module}"), attribute)
        if isinstance(thing, typer.Typer):
            app = thing
        else:
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            app.command(name)(thing)
        command = typer.main.get_command(app)
        command.name, command.short_help = name, line
        return command


cli = typer.Typer(
    name="vesalius",
    cls=Commands,
    help="Picture archive and medical record in one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback()
def _top() -> None:
    """Picture archive and medical record in one."""


def main(launch: Any) -> None:
    """Run one command. `launch` is the package that starts processes (`vesalius.serving`)."""
    try:
        cli(obj=launch)
    except VesaliusError as error:
        Console(stderr=True).print(f"[red]{error.message}[/red]")
        sys.exit(1)
