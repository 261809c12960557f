"""`vesalius dicom find`: ask a peer what it has (C-FIND, PS3.4 Annexes C and K)."""

from enum import StrEnum
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vesalius.app import House
from vesalius.exchange import routing
from vesalius.interfaces.command_line.dicom.peer import (
    Called,
    Calling,
    Node,
    find_peer,
    read_target,
)
from vesalius.interfaces.command_line.opening import run_command
from vesalius.interfaces.command_line.user import operator
from vesalius.kit.errors import Invalid
from vesalius.standards.dicom import keyword_of, tag_of, vr_of
from vesalius.standards.dicom.keys import item_at, path_of, values_of
from vesalius.stores import audit

console = Console()

QUERY_RETRIEVE_LEVEL = "00080052"
STEP = "ScheduledProcedureStepSequence"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"

# Keys of PS3.4 table K.6-1 that stand in the Scheduled Procedure Step Sequence; nobody who asks a
# worklist wants to type its name.
STEP_KEYS = frozenset(
    {
        "Modality",
        "RequestedContrastAgent",
        "ScheduledPerformingPhysicianName",
        "ScheduledProcedureStepDescription",
        "ScheduledProcedureStepID",
        "ScheduledProcedureStepLocation",
        "ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepStartTime",
        "ScheduledProcedureStepStatus",
        "ScheduledStationAETitle",
        "ScheduledStationName",
    }
)


class Level(StrEnum):
    """What is looked for."""

    patient = "patient"
    study = "study"
    series = "series"
    image = "image"
    worklist = "worklist"


# What is asked to be returned without being named, in the order of the table's columns.
WANTED: dict[Level, tuple[str, ...]] = {
    Level.patient: ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    Level.study: (
        "StudyDate",
        "ModalitiesInStudy",
        "PatientID",
        "PatientName",
        "AccessionNumber",
        "StudyDescription",
        "NumberOfStudyRelatedInstances",
        "StudyInstanceUID",
    ),
    Level.series: (
        "SeriesNumber",
        "Modality",
        "SeriesDescription",
        "NumberOfSeriesRelatedInstances",
        "SeriesInstanceUID",
    ),
    Level.image: ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
    Level.worklist: (
        "ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepStartTime",
        "Modality",
        "ScheduledStationAETitle",
        "ScheduledProcedureStepDescription",
        "ScheduledProcedureStepID",
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "StudyInstanceUID",
    ),
}


def find(
    context: typer.Context,
    node: Node,
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE…",
            help="What must match, such as PatientID=4711 or StudyDate=20260101-;"
            " KEY= only asks for it.",
        ),
    ] = None,
    level: Annotated[Level, typer.Option(help="What to look for.")] = Level.study,
    limit: Annotated[
        int | None, typer.Option(help="Stop the peer after so many answers.", min=1)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answers as DICOM JSON.")] = False,
    ae_title: Called = None,
    calling: Calling = None,
) -> None:
    """Ask a peer for patients, studies, series, images or worklist items."""
    target, rest = read_target(node, keys or [], ae_title, calling)
    paths, identifier = read_keys(level, rest)

    async def work(house: House) -> list[dict[str, Any]]:
        peer = await find_peer(house, target)
        answers = await routing.network().find(house, peer, _model(level), identifier, limit=limit)
        async with house.database.transaction() as tx:
            await audit.record(
                tx,
                operator(),
                "E",
                audit.kinds.QUERY,
                detail={
                    "of": str(level),
                    "node": peer.ae_title,
                    "keys": sorted(identifier),
                    "found": len(answers),
                },
            )
        return answers

    answers = run_command(context.obj, work)
    if as_json:
        typer.echo(orjson.dumps(answers, option=orjson.OPT_INDENT_2))
    else:
        _print_table(paths, answers)


def read_keys(level: Level, arguments: list[str]) -> tuple[list[list[str]], dict[str, Any]]:
    """The columns and the identifier that the arguments ask for. Raises Invalid."""
    identifier: dict[str, Any] = {}
    if level is not Level.worklist:
        value = level.value.upper()
        identifier[QUERY_RETRIEVE_LEVEL] = {"vr": "CS", "Value": [value]}
    given = [argument.partition("=") for argument in arguments]
    asked = {_in_its_place(level, name): text for name, _, text in given}
    if len(asked) < len(given):
        raise Invalid("a key is given twice")
    paths = []
    for name in dict.fromkeys([*(_in_its_place(level, each) for each in WANTED[level]), *asked]):
        path = path_of(name)
        paths.append(path)
        vr = vr_of(path[-1])
        values = [] if vr == "SQ" else values_of(vr, asked.get(name, ""))
        if vr == "SQ" and asked.get(name):
            raise Invalid(f"{name} is a sequence: name an attribute in it")
        element = {"vr": vr, "Value": values} if values else {"vr": vr}
        item_at(identifier, path, name).setdefault(path[-1], element)
    return paths, identifier


def _in_its_place(level: Level, name: str) -> str:
    # A tag is as good as a keyword, and is shown as one.
    tag = tag_of(name)
    name = (keyword_of(tag) if tag else None) or name
    return f"{STEP}.{name}" if level is Level.worklist and name in STEP_KEYS else name


def _model(level: Level) -> str:
    if level is Level.worklist:
        return MODALITY_WORKLIST_FIND
    return PATIENT_ROOT_FIND if level is Level.patient else STUDY_ROOT_FIND


def _print_table(paths: list[list[str]], answers: list[dict[str, Any]]) -> None:
    if not answers:
        console.print("Nothing matches.")
        return
    table = Table()
    for path in paths:
        table.add_column(keyword_of(path[-1]) or path[-1], overflow="fold")
    for answer in answers:
        table.add_row(*(Text(text_at(answer, path)) for path in paths))
    console.print(table)
    console.print(f"{len(answers)} answer{'' if len(answers) == 1 else 's'}")


def text_at(dataset: dict[str, Any], path: list[str]) -> str:
    """The values at a path, as people read them."""
    tag, *deeper = path
    values = (dataset.get(tag) or {}).get("Value") or []
    if deeper:
        return " | ".join(text_at(item or {}, deeper) for item in values)
    return "\\".join(_text(value) for value in values)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        groups = [value.get(key, "") for key in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(groups).rstrip("=") if any(groups) else "(items)"
    return "" if value is None else str(value)
