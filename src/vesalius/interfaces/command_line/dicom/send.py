"""`vesalius dicom send`: files, or studies of the archive, to a peer (C-STORE, PS3.4 Annex B)."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vesalius.app import House
from vesalius.exchange import routing
from vesalius.exchange.routing import InstanceSent, Peer
from vesalius.interfaces.command_line.dicom.peer import (
    Called,
    Calling,
    Node,
    find_recipient,
    read_target,
)
from vesalius.interfaces.command_line.opening import run_command
from vesalius.interfaces.command_line.user import operator
from vesalius.kit.errors import Invalid, NotFound, VesaliusError
from vesalius.kit.ids import new_id
from vesalius.standards.dicom.file_meta import PREAMBLE_BYTES, PREFIX
from vesalius.standards.dicom.statuses import describe
from vesalius.stores import archive, audit

console = Console()

DIRECTORY = "DICOMDIR"


def send(
    context: typer.Context,
    node: Node,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH…", help="Files and folders.")
    ] = None,
    study: Annotated[
        list[str] | None, typer.Option("--study", help="Study Instance UID of a study we have.")
    ] = None,
    ae_title: Called = None,
    calling: Calling = None,
) -> None:
    """Store files, folders or studies at a peer; exit 1 when anything failed."""
    target, rest = read_target(node, paths or [], ae_title, calling)
    if bool(rest) == bool(study):
        raise Invalid("say what to send: either files and folders, or --study UID")
    files = list(_walk([Path(path) for path in rest]))
    if rest and not files:
        raise NotFound("there are no DICOM files in these folders")

    async def work(house: House) -> "_Count":
        peer = await find_recipient(house, target)
        if study:
            return await _send_studies(house, peer, study)
        return await _send_files(house, peer, files)

    count = run_command(context.obj, work)
    console.print(f"{count.sent} sent to {escape(target.node)}, {count.failed} failed")
    if count.failed:
        raise typer.Exit(1)


def _walk(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are named, and of folders those that are DICOM instances. Raises NotFound."""
    for path in paths:
        if path.is_dir():
            yield from (each for each in sorted(path.rglob("*")) if _is_instance(each))
        elif path.exists():
            yield path
        else:
            raise NotFound(f"there is no file or folder {path}")


def _is_instance(path: Path) -> bool:
    # A folder from a disc has its directory, readme and viewer beside the images.
    if path.name.upper() == DIRECTORY or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(PREAMBLE_BYTES + len(PREFIX))[PREAMBLE_BYTES:] == PREFIX


@dataclass(slots=True)
class _Count:
    """What became of the instances."""

    sent: int = 0
    failed: int = 0
    answered: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)

    def note(self, each: InstanceSent) -> None:
        self.answered.add(each.sop_instance_uid)
        if each.is_stored:
            self.sent += 1
            self.stored.add(each.sop_instance_uid)
        else:
            self.failed += 1


async def _send_files(house: House, peer: Peer, files: Sequence[Path]) -> _Count:
    association, count = new_id(), _Count()
    await _tell_of_files(house, peer, association, None)
    try:
        await _follow(routing.network().send_files(house, peer, files), count, len(files))
    finally:
        await _tell_of_files(house, peer, association, count)
    return count


async def _tell_of_files(house: House, peer: Peer, association: str, count: _Count | None) -> None:
    """Files need not be of patients we know: one event for all of them."""
    detail: dict[str, object] = {"association": association, "node": peer.ae_title, "of": "files"}
    kind = audit.kinds.BEGIN_TRANSFERRING_INSTANCES
    if count is not None:
        kind = audit.kinds.INSTANCES_TRANSFERRED
        detail |= {"instances": count.sent, "failures": count.failed}
    outcome = "minor" if count is not None and count.failed else "success"
    async with house.database.transaction() as tx:
        await audit.record(tx, operator(), "R", kind, outcome=outcome, detail=detail)


async def _send_studies(house: House, peer: Peer, uids: Sequence[str]) -> _Count:
    association, count = new_id(), _Count()
    rows: list[archive.InstanceRow] = []
    async with house.database.transaction() as tx:
        for uid in dict.fromkeys(uids):
            found = await archive.instances(tx, operator(), study=uid)
            if not found:
                raise NotFound(f"there is no study {uid}")
            rows += found
        for uid, patient_reference in _patients(rows).items():
            await audit.open_transfer(
                tx,
                operator(),
                association=association,
                study_instance_uid=uid,
                patient_reference=patient_reference,
                action="R",
            )
    try:
        await _follow(routing.network().send(house, peer, rows), count, len(rows))
    finally:
        await _close_transfers(house, association, rows, count)
    return count


def _patients(rows: Iterable[archive.InstanceRow]) -> dict[str, str | None]:
    return {row.study_instance_uid: row.patient_reference for row in rows}


async def _close_transfers(
    house: House, association: str, rows: Sequence[archive.InstanceRow], count: _Count
) -> None:
    async with house.database.transaction() as tx:
        for uid, patient_reference in _patients(rows).items():
            of_study = [row for row in rows if row.study_instance_uid == uid]
            sent = Counter(
                row.sop_class_uid for row in of_study if row.sop_instance_uid in count.stored
            )
            await audit.close_transfer(
                tx,
                operator(),
                association=association,
                study_instance_uid=uid,
                instances=sent.total(),
                failures=len(of_study) - sent.total(),
                sop_classes=dict(sent),
                patient_reference=patient_reference,
                action="R",
            )


async def _follow(sending: AsyncIterator[InstanceSent], count: _Count, total: int) -> None:
    """Show how far it is, and a line for each failure; a lost peer fails all that is left."""
    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("send", total=total)
        try:
            async for each in sending:
                count.note(each)
                if not each.is_stored:
                    progress.console.print(_failure(each))
                progress.advance(bar)
        except VesaliusError as error:
            left = total - count.sent - count.failed
            count.failed += left
            progress.console.print(f"[red]{left} not sent[/red]: {escape(error.message)}")


def _failure(each: InstanceSent) -> str:
    what = str(each.path) if each.path is not None else each.sop_instance_uid
    said = each.comment or "not sent"
    if each.is_answered:
        said = describe("C-STORE", each.status, each.comment)
    return f"[red]{escape(what)}[/red]: {escape(said)}"
