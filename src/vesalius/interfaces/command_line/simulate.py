"""`vesalius simulate modality`: a modality for whoever has none.

It does what a scanner does, over real DICOM: asks its worklist, says that it begins, makes images
of a phantom in the name of the scheduled patient, stores them, and says that it is done.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydicom.dataset import Dataset
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vesalius.app import House
from vesalius.exchange import routing
from vesalius.exchange.routing import Peer
from vesalius.interfaces.command_line.node import admit
from vesalius.interfaces.command_line.opening import run_command
from vesalius.kit.errors import Conflict, NotFound, Unavailable, Unsupported
from vesalius.kit.ids import new_uid
from vesalius.sample.modality import (
    MODALITY_WORKLIST_FIND,
    DataSet,
    Made,
    begun,
    ended,
    first,
    step_of,
    worklist_question,
)
from vesalius.sample.objects import Exam, Subject, projection, tomography, ultrasound, waveform
from vesalius.sample.phantoms.angiogram import Angiogram
from vesalius.sample.phantoms.body import Torso
from vesalius.sample.phantoms.brain import Head
from vesalius.sample.phantoms.echo import Echo
from vesalius.sample.phantoms.electrocardiogram import Rhythm
from vesalius.sample.production import write_files

app = typer.Typer(help="Peers that are not there.", no_args_is_help=True)
console = Console()

# Of an address nobody listens on: a simulated modality calls and is not called.
NO_PORT = 104


@app.callback()
def group() -> None:
    """Peers that are not there."""


@app.command("modality")
def modality(
    context: typer.Context,
    kind: Annotated[str, typer.Option("--modality", help="CT, MR, CR, DX, US, XA or ECG.")] = "CT",
    accession: Annotated[str | None, typer.Option(help="Only the step of this order.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every step, not the first only.")] = False,
    slices: Annotated[int | None, typer.Option(help="At most so many slices of a CT.")] = None,
    ae_title: Annotated[str, typer.Option(help="The AE title it calls itself.")] = "SIMULATOR",
    host: Annotated[str | None, typer.Option(help="Another archive than this house.")] = None,
    port: Annotated[int | None, typer.Option(help="Its DICOM port.")] = None,
    called: Annotated[str | None, typer.Option(help="Its AE title.")] = None,
) -> None:
    """Do the scheduled steps of a modality: worklist, MPPS, images."""

    async def work(house: House) -> int:
        settings = house.settings
        if host is None:
            # Whoever can run this command has the machine, and may admit its own simulator.
            await admit(house, ae_title, "127.0.0.1", NO_PORT, description="Simulated modality")
        peer = Peer(
            called or settings.ae_title,
            host or settings.dicom_host,
            port or settings.dicom_port,
            ae_title,
        )
        steps = await ask_worklist(house, peer, kind, accession)
        for step in steps if every else steps[:1]:
            await perform(house, peer, step, slices=slices)
        return len(steps)

    if run_command(context.obj, work) == 0:
        raise NotFound(f"nothing is scheduled for {kind}; order an examination first")


async def ask_worklist(
    house: House, peer: Peer, kind: str, accession: str | None = None
) -> list[dict[str, Any]]:
    """The worklist items for a modality [RAD-5]."""
    question = worklist_question(kind, accession_number=accession)
    return await routing.network().find(house, peer, MODALITY_WORKLIST_FIND, question)


@dataclass(frozen=True, slots=True)
class Performed:
    """What came of one step."""

    study_instance_uid: str
    accession_number: str
    instances: int


async def perform(
    house: House, peer: Peer, item: DataSet, *, slices: int | None = None
) -> Performed:
    """Do one step: MPPS in progress, images, MPPS completed [RAD-6, RAD-7, RAD-8]."""
    network = routing.network()
    exam, subject = exam_of(item), subject_of(item)
    console.print(f"[bold]{exam.modality}[/bold] {exam.description} · {exam.accession_number}")
    step_uid = new_uid()
    taken = await network.create_step(house, peer, step_uid, begun(item, exam))
    if taken != 0:
        raise Conflict(f"the archive refuses the performed step with status {taken:04X}")
    with tempfile.TemporaryDirectory(prefix="vesalius-modality-") as folder:
        made = await _make(Path(folder), make_images(exam, subject, slices=slices))
        await _store(house, peer, [Path(each.path) for each in made])
    done = await network.set_step(house, peer, step_uid, ended(made, datetime.now()))
    if done != 0:
        raise Conflict(f"the archive refuses the end of the step with status {done:04X}")
    return Performed(exam.study_instance_uid, exam.accession_number, len(made))


def make_images(exam: Exam, subject: Subject, *, slices: int | None = None) -> Iterator[Dataset]:
    """A study of the kind that was asked for, of one phantom or another for each order."""
    seed = 1 + sum(exam.accession_number.encode()) % 97
    if exam.modality == "CT" and _about_head(exam.description):
        yield from _at_most(tomography.ct_head(subject, exam, Head(seed=seed)), slices)
    elif exam.modality == "CT":
        stack = tomography.CHEST
        if slices:
            # As much of the chest, in fewer slices.
            thickness = max(stack.thickness, (stack.top - stack.bottom) / slices)
            stack = replace(stack, thickness=thickness)
        images = tomography.ct_chest(subject, exam, Torso(seed=seed), stack)
        yield from _at_most(images, slices)
    elif exam.modality == "MR":
        yield from _at_most(tomography.mr_brain(subject, exam, Head(seed=seed)), slices)
    elif exam.modality == "US":
        yield from ultrasound.echocardiogram(subject, exam, Echo(seed=seed))
    elif exam.modality == "XA":
        yield from projection.coronary_angiogram(subject, exam, Angiogram(seed=seed))
    elif exam.modality == "ECG":
        yield from waveform.twelve_lead(subject, exam, Rhythm(seed=seed), "Sinus rhythm")
    elif exam.modality in ("CR", "DX"):
        exam = replace(exam, modality="DX")
        yield from projection.chest_radiograph(subject, exam, Torso(seed=seed))
    else:
        raise Unsupported(f"there is no phantom for {exam.modality}")


def _at_most(images: Iterator[Dataset], count: int | None) -> Iterator[Dataset]:
    for number, image in enumerate(images):
        if count is not None and number >= count:
            return
        yield image


async def _make(folder: Path, images: Iterable[Dataset]) -> list[Made]:
    """Write the images as Part 10 files."""
    with console.status("acquiring"):
        return await asyncio.to_thread(write_files, images, folder, "image")


async def _store(house: House, peer: Peer, files: Sequence[Path]) -> None:
    columns = (TextColumn("storing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("store", total=len(files))
        async for sent in routing.network().send_files(house, peer, files):
            if not sent.is_stored:
                raise Unavailable(
                    f"the archive refuses an image with status {sent.status:04X}"
                    f" ({sent.comment or 'no comment'})"
                )
            progress.advance(bar)


# The worklist item, read


def _about_head(description: str) -> bool:
    return any(word in description.lower() for word in ("head", "brain", "crani"))


def subject_of(item: DataSet) -> Subject:
    """The patient as the worklist names them."""
    name = first(item, "00100010")
    groups = (
        [name.get(key, "") for key in ("Alphabetic", "Ideographic", "Phonetic")] if name else []
    )
    born = first(item, "00100030")
    return Subject(
        mrn=first(item, "00100020") or "",
        name="=".join(groups).rstrip("="),
        birth_date=datetime.strptime(born, "%Y%m%d").date() if born else date(1970, 1, 1),
        sex=first(item, "00100040") or "O",
    )


def exam_of(item: DataSet) -> Exam:
    """The examination as the worklist orders it."""
    step = step_of(item)
    accession = first(item, "00080050") or ""
    description = first(step, "00400007") or first(item, "00321060") or "Examination"
    referring = first(item, "00080090") or {}
    step_id = first(step, "00400009") or ""
    return Exam(
        key=f"simulated/{accession}/{step_id}/{new_uid()}",
        modality=first(step, "00080060") or "OT",
        description=description,
        body_part="HEAD" if _about_head(description) else "CHEST",
        started=datetime.now(),
        station=first(step, "00400001") or "SIMULATOR",
        accession_number=accession,
        reason=first(item, "00401002") or "",
        referring=referring.get("Alphabetic", ""),
        issued_study_instance_uid=first(item, "0020000D") or "",
        requested_procedure_id=first(item, "00401001") or "",
        step_id=step_id,
    )
