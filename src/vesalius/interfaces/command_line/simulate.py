"""`vesalius simulate modality`: a modality for whoever has none.

It does what a scanner does, over real DICOM: asks its worklist, says that it begins, makes images
of a phantom in the name of the scheduled patient, stores them, and says that it is done.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from vesalius.kit.errors import Conflict, NotFound, Unavailable
from vesalius.kit.ids import new_uid
from vesalius.sample.objects import Exam, Subject, projection, tomography, ultrasound, waveform
from vesalius.sample.phantoms.angiogram import Angiogram
from vesalius.sample.phantoms.body import Torso
from vesalius.sample.phantoms.brain import Head
from vesalius.sample.phantoms.echo import Echo
from vesalius.sample.phantoms.electrocardiogram import Rhythm

app = typer.Typer(help="Peers that are not there.", no_args_is_help=True)
console = Console()

DataSet = Mapping[str, Any]
MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
# Of an address nobody listens on: a simulated modality calls and is not called.
NO_PORT = 104


@app.callback()
def group() -> None:
    """Peers that are not there."""


@app.command("modality")
def modality(
    context: typer.Context,
    kind: Annotated[str, typer.Option("--modality", help="CT, MR, DX, US, XA or ECG.")] = "CT",
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
    identifier: dict[str, Any] = {
        **{tag: {"vr": vr} for tag, vr in WANTED.items()},
        "00400100": {
            "vr": "SQ",
            "Value": [
                {
                    "00080060": {"vr": "CS", "Value": [kind]},
                    **{tag: {"vr": vr} for tag, vr in WANTED_OF_STEP.items()},
                }
            ],
        },
    }
    if accession:
        identifier["00080050"] = {"vr": "SH", "Value": [accession]}
    return await routing.network().find(house, peer, MODALITY_WORKLIST_FIND, identifier)


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
    begun = await network.create_step(house, peer, step_uid, _begun(item, exam))
    if begun != 0:
        raise Conflict(f"the archive refuses the performed step with status {begun:04X}")
    with tempfile.TemporaryDirectory(prefix="vesalius-modality-") as folder:
        made = await _make(Path(folder), make_images(exam, subject, slices=slices))
        await _store(house, peer, [path for path, _ in made])
    ended = await network.set_step(house, peer, step_uid, _ended([each for _, each in made]))
    if ended != 0:
        raise Conflict(f"the archive refuses the end of the step with status {ended:04X}")
    return Performed(exam.study_uid, exam.accession_number, len(made))


def make_images(exam: Exam, subject: Subject, *, slices: int | None = None) -> Iterator[Dataset]:
    """A study of the kind that was asked for, of one phantom or another for each order."""
    seed = 1 + sum(exam.accession_number.encode()) % 97
    about_head = any(word in exam.description.lower() for word in ("head", "brain", "crani"))
    if exam.modality == "CT" and about_head:
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
    else:
        yield from projection.chest_radiograph(subject, exam, Torso(seed=seed))


def _at_most(images: Iterator[Dataset], count: int | None) -> Iterator[Dataset]:
    for number, image in enumerate(images):
        if count is not None and number >= count:
            return
        yield image


async def _make(folder: Path, images: Iterable[Dataset]) -> list[tuple[Path, Dataset]]:
    """Write the images; what is kept of each is its header."""

    def write() -> list[tuple[Path, Dataset]]:
        made = []
        for number, image in enumerate(images):
            path = folder / f"{number:05d}.dcm"
            image.save_as(path, enforce_file_format=True)
            header = Dataset()
            for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID"):
                setattr(header, keyword, image[keyword].value)
            header.SeriesDescription = image.get("SeriesDescription", "")
            made.append((path, header))
        return made

    with console.status("acquiring"):
        return await asyncio.to_thread(write)


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

WANTED = {
    "00080050": "SH",
    "00080090": "PN",
    "00100010": "PN",
    "00100020": "LO",
    "00100021": "LO",
    "00100030": "DA",
    "00100040": "CS",
    "0020000D": "UI",
    "00321060": "LO",
    "00401001": "SH",
    "00401002": "LO",
}
WANTED_OF_STEP = {
    "00400001": "AE",
    "00400002": "DA",
    "00400003": "TM",
    "00400007": "LO",
    "00400009": "SH",
}


def subject_of(item: DataSet) -> Subject:
    """The patient as the worklist names them."""
    name = _first(item, "00100010")
    groups = (
        [name.get(key, "") for key in ("Alphabetic", "Ideographic", "Phonetic")] if name else []
    )
    born = _first(item, "00100030")
    return Subject(
        mrn=_first(item, "00100020") or "",
        name="=".join(groups).rstrip("="),
        birth_date=datetime.strptime(born, "%Y%m%d").date() if born else date(1970, 1, 1),
        sex=_first(item, "00100040") or "O",
    )


def exam_of(item: DataSet) -> Exam:
    """The examination as the worklist orders it."""
    step = _step(item)
    accession = _first(item, "00080050") or ""
    description = _first(step, "00400007") or _first(item, "00321060") or "Examination"
    referring = _first(item, "00080090") or {}
    step_id = _first(step, "00400009") or ""
    return Exam(
        key=f"simulated/{accession}/{step_id}/{new_uid()}",
        modality=_first(step, "00080060") or "OT",
        description=description,
        body_part="HEAD" if "head" in description.lower() else "CHEST",
        started=datetime.now(),
        station=_first(step, "00400001") or "SIMULATOR",
        accession_number=accession,
        reason=_first(item, "00401002") or "",
        referring=referring.get("Alphabetic", ""),
        study_instance_uid=_first(item, "0020000D") or "",
        requested_procedure_id=_first(item, "00401001") or "",
        step_id=step_id,
    )


def _step(item: DataSet) -> DataSet:
    steps = (item.get("00400100") or {}).get("Value") or [{}]
    step: DataSet = steps[0]
    return step


def _first(data_set: DataSet, tag: str) -> Any:
    values = (data_set.get(tag) or {}).get("Value") or [None]
    return values[0]


# The performed step, told (PS3.4 table F.7.2-1)


def _begun(item: DataSet, exam: Exam) -> DataSet:
    step = _step(item)
    scheduled = {
        "0020000D": _value("UI", exam.study_uid),
        "00081110": {"vr": "SQ"},
        "00080050": _value("SH", exam.accession_number),
        "00401001": _value("SH", exam.requested_procedure_id),
        "00321060": _value("LO", _first(item, "00321060")),
        "00400009": _value("SH", exam.step_id),
        "00400007": _value("LO", _first(step, "00400007")),
        "00400008": {"vr": "SQ"},
    }
    return {
        "00080005": _value("CS", "ISO_IR 192"),
        "00400270": {"vr": "SQ", "Value": [scheduled]},
        **{tag: item[tag] for tag in ("00100010", "00100020", "00100030") if tag in item},
        "00100040": item.get("00100040") or {"vr": "CS"},
        "00081120": {"vr": "SQ"},
        "00400253": _value("SH", exam.accession_number[-16:] or "1"),
        "00400241": _value("AE", exam.station[:16]),
        "00400242": _value("SH", exam.station[:16]),
        "00400243": {"vr": "SH"},
        "00400244": _value("DA", exam.started.strftime("%Y%m%d")),
        "00400245": _value("TM", exam.started.strftime("%H%M%S")),
        "00400250": {"vr": "DA"},
        "00400251": {"vr": "TM"},
        "00400252": _value("CS", "IN PROGRESS"),
        "00400254": _value("LO", exam.description[:64]),
        "00400255": {"vr": "LO"},
        "00081032": {"vr": "SQ"},
        "00080060": _value("CS", exam.modality),
        "00200010": _value("SH", exam.accession_number[-16:]),
        "00400260": {"vr": "SQ"},
        "00400340": {"vr": "SQ"},
    }


def _ended(images: Sequence[Dataset]) -> DataSet:
    now = datetime.now()
    series: dict[str, list[Dataset]] = {}
    for image in images:
        series.setdefault(str(image.SeriesInstanceUID), []).append(image)
    return {
        "00080005": _value("CS", "ISO_IR 192"),
        "00400250": _value("DA", now.strftime("%Y%m%d")),
        "00400251": _value("TM", now.strftime("%H%M%S")),
        "00400252": _value("CS", "COMPLETED"),
        "00400340": {
            "vr": "SQ",
            "Value": [_performed_series(uid, members) for uid, members in series.items()],
        },
    }


def _performed_series(series_instance_uid: str, images: Sequence[Dataset]) -> DataSet:
    references = [
        {
            "00081150": _value("UI", str(image.SOPClassUID)),
            "00081155": _value("UI", str(image.SOPInstanceUID)),
        }
        for image in images
    ]
    return {
        "00080054": {"vr": "AE"},
        "0008103E": _value("LO", str(images[0].SeriesDescription) or None),
        "00081050": {"vr": "PN"},
        "00081070": {"vr": "PN"},
        "00081140": {"vr": "SQ", "Value": references},
        "00181030": _value("LO", str(images[0].SeriesDescription) or "Protocol"),
        "0020000E": _value("UI", series_instance_uid),
        "00400220": {"vr": "SQ"},
    }


def _value(vr: str, value: Any) -> dict[str, Any]:
    return {"vr": vr} if value in (None, "") else {"vr": vr, "Value": [value]}
