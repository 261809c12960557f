"""`vesalius serve`: the whole house, or one role of it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from vesalius.kit import log
from vesalius.settings import Settings

console = Console(stderr=True)


def serve(
    context: typer.Context,
    role: Annotated[
        str | None, typer.Argument(help="web, dimse or jobs: this role alone, in this process.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of everything that is kept.")] = None,
    web_port: Annotated[int | None, typer.Option(help="Port of the web server.")] = None,
    dicom_port: Annotated[int | None, typer.Option(help="Port of the DICOM acceptor.")] = None,
    ae_title: Annotated[str | None, typer.Option(help="Our DICOM application entity.")] = None,
) -> None:
    """Run Vesalius until Ctrl-C."""
    settings = settings_with(
        data_directory=data, web_port=web_port, dicom_port=dicom_port, ae_title=ae_title
    )
    if role is not None:
        if role not in context.obj.ROLES:
            raise typer.BadParameter(f"{role} is not one of {', '.join(context.obj.ROLES)}")
        raise typer.Exit(context.obj.run_role(role, settings))
    log.configure(settings.log_level, json_lines=settings.log_json)
    context.obj.supervise(
        settings,
        progress=lambda sentence: console.print(f"[dim]{sentence} …[/dim]"),
        when_running=announce,
    )


def settings_with(**given: Any) -> Settings:
    """Settings from file and variables, overridden by the options that were given."""
    return Settings(**{key: value for key, value in given.items() if value is not None})


def announce(settings: Settings) -> None:
    """Say where the doors are."""
    console.print(f"[bold green]Vesalius is running[/bold green] at {settings.base_url}")
    console.print(
        f"DICOM: {settings.ae_title} on {settings.dicom_host}:{settings.dicom_port}"
        " · Ctrl-C stops everything"
    )
