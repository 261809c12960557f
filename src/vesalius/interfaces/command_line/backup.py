"""`vesalius backup FOLDER` and `vesalius restore FOLDER`: everything, one command each.

The database is dumped first, in one snapshot, and the blobs are copied after it: blobs are never
rewritten and rows never name a blob before it is whole, so every row of the dump finds its bytes
in the copy. A backup may be taken while the house runs.
"""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from vesalius.kit.database.embedded import EmbeddedPostgres, programs
from vesalius.kit.errors import Conflict, Invalid, Unavailable
from vesalius.settings import Settings

console = Console()
KEPT = ("blobs", "keys", "audit")
Target = Annotated[Path, typer.Argument(help="Folder of the backup.")]


def backup(folder: Target) -> None:
    """Write everything into a new folder; the house may go on running."""
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty; a backup never overwrites one")
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings()
    if settings.database_url is not None:
        _dump(settings.database_url, folder)
    else:
        with EmbeddedPostgres(settings.data_directory / "postgres").running() as url:
            _dump(url, folder)
    for name in KEPT:
        _copy(settings.data_directory / name, folder / name)
    facts = {"vesalius": version("vesalius"), "taken": datetime.now(UTC).isoformat()}
    (folder / "backup.json").write_text(json.dumps(facts, indent=2) + "\n")
    console.print(f"[green]Backup written[/green] to {folder}")


def restore(folder: Target) -> None:
    """Bring a backup back into an empty data directory and database."""
    settings = Settings()
    if not (folder / "backup.json").exists():
        raise Invalid(f"{folder} is not a whole backup (backup.json is missing)")
    if settings.data_directory.exists() and any(settings.data_directory.iterdir()):
        raise Conflict(f"{settings.data_directory} is not empty; restore never overwrites data")
    settings.data_directory.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        _copy(folder / name, settings.data_directory / name)
    if settings.database_url is not None:
        _load(settings.database_url, folder)
    else:
        with EmbeddedPostgres(settings.data_directory / "postgres").running() as url:
            _load(url, folder)
    console.print(f"[green]Restored[/green] into {settings.data_directory}")


def _dump(url: str, folder: Path) -> None:
    with console.status("dumping the database"):
        target = f"--file={folder / 'database.dump'}"
        _postgres("pg_dump", f"--dbname={url}", "--format=custom", "--no-owner", target)


def _load(url: str, folder: Path) -> None:
    with console.status("loading the database"):
        source = str(folder / "database.dump")
        _postgres("pg_restore", f"--dbname={url}", "--no-owner", "--exit-on-error", source)


def _postgres(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(programs() / program), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"{program} failed: {done.stderr.strip()[-300:]}")


def _copy(source: Path, target: Path) -> None:
    files = [file for file in source.rglob("*") if file.is_file()] if source.exists() else []
    for file in track(files, f"copying {source.name}", console=console):
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)
