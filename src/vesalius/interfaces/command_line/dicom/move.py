"""`vesalius dicom move`: have a peer send its studies, to us or elsewhere (C-MOVE, PS3.4 C.4.2)."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from vesalius.app import House
from vesalius.exchange import routing
from vesalius.exchange.routing import Moved, Peer
from vesalius.interfaces.command_line.dicom.peer import (
    Called,
    Calling,
    Node,
    find_peer,
    read_target,
)
from vesalius.interfaces.command_line.opening import run_command
from vesalius.interfaces.command_line.user import operator
from vesalius.kit.errors import Invalid, VesaliusError
from vesalius.kit.ids import new_id
from vesalius.standards.dicom import checked_uid
from vesalius.standards.dicom.statuses import describe
from vesalius.stores import audit

console = Console()

STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"


def move(
    context: typer.Context,
    node: Node,
    study: Annotated[list[str], typer.Option("--study", help="Study Instance UID at the peer.")],
    port: Annotated[str | None, typer.Argument(help="Its port, when NODE is a host.")] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", help="AE title to send to, which the peer must know; we by default."),
    ] = None,
    ae_title: Called = None,
    calling: Calling = None,
) -> None:
    """Have a peer send studies to us (`vesalius serve` must be running) or to another node."""
    target, rest = read_target(node, [port] if port else [], ae_title, calling)
    if rest:
        raise Invalid("a port is given together with --ae-title only")
    uids = [checked_uid(uid, "--study") for uid in dict.fromkeys(study)]

    async def work(house: House) -> bool:
        peer = await find_peer(house, target)
        destination = to or house.settings.ae_title
        whole = [await _move(house, peer, uid, destination) for uid in uids]
        return all(whole)

    if not run_command(context.obj, work):
        raise typer.Exit(1)


async def _move(house: House, peer: Peer, uid: str, destination: str) -> bool:
    """Move one study; whether all of it arrived."""
    association = new_id()
    async with house.database.transaction() as tx:
        await audit.open_transfer(
            tx, operator(), association=association, study_instance_uid=uid, action="E"
        )
    moved: Moved | None = None
    try:
        moved = await _ask(house, peer, uid, destination)
    except VesaliusError as error:
        console.print(f"[red]{uid}[/red]: {escape(error.message)}")
    finally:
        await _close(house, association, uid, moved)
    return moved is not None and _tell(peer, uid, destination, moved)


async def _ask(house: House, peer: Peer, uid: str, destination: str) -> Moved:
    identifier: dict[str, Any] = {
        "00080052": {"vr": "CS", "Value": ["STUDY"]},
        "0020000D": {"vr": "UI", "Value": [uid]},
    }
    columns = (TextColumn("moving"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("move", total=None)

        def show(moved: Moved) -> None:
            done = moved.completed + moved.failed + moved.warnings
            progress.update(bar, completed=done, total=done + moved.remaining)

        moved = await routing.network().move(
            house, peer, STUDY_ROOT_MOVE, identifier, destination=destination, progress=show
        )
        show(moved)
    return moved


async def _close(house: House, association: str, uid: str, moved: Moved | None) -> None:
    async with house.database.transaction() as tx:
        await audit.close_transfer(
            tx,
            operator(),
            association=association,
            study_instance_uid=uid,
            instances=moved.completed + moved.warnings if moved else 0,
            # Nothing is known of what a lost peer did; that it went wrong is.
            failures=max(moved.failed, int(moved.status != 0)) if moved else 1,
            action="E",
        )


def _tell(peer: Peer, uid: str, destination: str, moved: Moved) -> bool:
    arrived = moved.completed + moved.warnings
    for failed in moved.failed_sop_instance_uids:
        console.print(f"[red]{escape(failed)}[/red]: not moved")
    if moved.status != 0:
        said = describe("C-MOVE", moved.status, moved.comment)
        console.print(f"[red]{uid}[/red]: {escape(f'{peer.ae_title} answers with {said}')}")
    elif not arrived:
        console.print(f"[red]{uid}[/red]: {escape(peer.ae_title)} has nothing of this study")
    console.print(f"{arrived} moved to {escape(destination)}, {moved.failed} failed")
    whole_status = moved.status == 0 or (moved.status == 0xB000 and not moved.failed)
    return whole_status and arrived > 0
