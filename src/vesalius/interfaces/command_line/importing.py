"""`vesalius import`: files and folders of DICOM and FHIR, through the house's own doors."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vesalius.app import House
from vesalius.imaging import studies
from vesalius.interfaces.command_line.opening import run_command
from vesalius.kit.errors import VesaliusError
from vesalius.stores import access, archive, record

console = Console()
CHUNK = 1024 * 1024
AT_ONCE = 8
PART_10_PREFIX = 132


def import_files(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.", exists=True)],
) -> None:
    """Store DICOM Part 10 files, FHIR Bundles (.json) and resources (.ndjson)."""
    files = [file for path in paths for file in _walk(path)]
    counts = run_command(context.obj, lambda house: _import_all(house, files))
    for outcome, count in sorted(counts.items()):
        console.print(f"{count:>8} {outcome}")
    if counts.get("failed"):
        raise typer.Exit(1)


def _walk(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from sorted(file for file in path.rglob("*") if file.is_file())


async def _import_all(house: House, files: list[Path]) -> Counter[str]:
    counts: Counter[str] = Counter()
    slots = asyncio.Semaphore(AT_ONCE)
    columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("import", total=len(files))

        async def one(file: Path) -> None:
            async with slots:
                try:
                    counts[await _import_one(house, file)] += 1
                except VesaliusError as error:
                    counts["failed"] += 1
                    progress.console.print(f"[red]{file}[/red]: {error.message}")
                progress.advance(bar)

        async with asyncio.TaskGroup() as group:
            for file in files:
                group.create_task(one(file))
    return counts


async def _import_one(house: House, file: Path) -> str:
    if file.suffix == ".json":
        return await _import_bundle(house, orjson.loads(file.read_bytes()))
    if file.suffix == ".ndjson":
        return await _import_resources(house, file)
    with file.open("rb") as stream:
        if stream.read(PART_10_PREFIX)[128:] != b"DICM":
            return "skipped (not DICOM, not FHIR)"
    return await _import_instance(house, file)


async def _import_instance(house: House, file: Path) -> str:
    intake = await archive.begin_file(house.blobs, house.settings, source="import")
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                intake.feed(chunk)
        sealed = await intake.finish()
    except BaseException:
        await intake.abort()
        raise
    async with house.database.transaction() as tx:
        stored = await studies.receive(tx, access.SYSTEM, sealed)
    return f"instances: {stored.outcome}"


async def _import_bundle(house: House, bundle: dict[str, object]) -> str:
    async with house.database.transaction() as tx:
        await record.process_bundle(tx, access.SYSTEM, bundle)
    return "bundles"


async def _import_resources(house: House, file: Path) -> str:
    for line in file.read_bytes().splitlines():
        body = orjson.loads(line)
        async with house.database.transaction() as tx:
            await record.update(tx, access.SYSTEM, body["resourceType"], body["id"], body)
    return "files of resources"
