"""What a modality says besides its images: its worklist question and its performed steps.

Data sets cross the house as DICOM JSON; the conditions are those of PS3.4 tables K.6-1 and F.7.2-1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vesalius.sample.objects import Exam

DataSet = Mapping[str, Any]

MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
WANTED = {
    "00080050": "SH", "00080090": "PN", "00100010": "PN", "00100020": "LO", "00100021": "LO",
    "00100030": "DA", "00100040": "CS", "0020000D": "UI", "00321060": "LO", "00401001": "SH",
    "00401002": "LO",
}  # fmt: skip
WANTED_OF_STEP = {
    "00400001": "AE", "00400002": "DA", "00400003": "TM", "00400007": "LO", "00400009": "SH",
    "00400020": "CS",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """What the performed step tells of one object that was made."""

    path: str
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    series_description: str


def worklist_question(
    modality: str | None = None,
    *,
    accession_number: str | None = None,
    status: str | None = None,
    step_keys: Mapping[str, str] = WANTED_OF_STEP,
) -> dict[str, Any]:
    """An identifier that asks for the steps of a modality [RAD-5]."""
    step: dict[str, Any] = {tag: {"vr": vr} for tag, vr in step_keys.items()}
    step["00080060"] = value("CS", modality)
    if status:
        step["00400020"] = value("CS", status)
    return {
        **{tag: {"vr": vr} for tag, vr in WANTED.items()},
        "00080050": value("SH", accession_number),
        "00400100": {"vr": "SQ", "Value": [step]},
    }


def begun(item: DataSet, exam: Exam) -> dict[str, Any]:
    """The N-CREATE of a step that was found in the worklist [RAD-6]."""
    scheduled = {
        "0020000D": value("UI", exam.study_instance_uid),
        "00081110": {"vr": "SQ"},
        "00080050": value("SH", exam.accession_number),
        "00401001": value("SH", exam.requested_procedure_id),
        "00321060": value("LO", first(item, "00321060")),
        "00400009": value("SH", exam.step_id),
        "00400007": value("LO", first(step_of(item), "00400007")),
        "00400008": {"vr": "SQ"},
    }
    return {
        "00080005": value("CS", "ISO_IR 192"),
        "00400270": {"vr": "SQ", "Value": [scheduled]},
        **{tag: item[tag] for tag in ("00100010", "00100020", "00100030") if tag in item},
        "00100040": item.get("00100040") or {"vr": "CS"},
        "00081120": {"vr": "SQ"},
        "00400253": value("SH", exam.accession_number[-16:] or "1"),
        "00400241": value("AE", exam.station[:16]),
        "00400242": value("SH", exam.station[:16]),
        "00400243": {"vr": "SH"},
        "00400244": value("DA", exam.started.strftime("%Y%m%d")),
        "00400245": value("TM", exam.started.strftime("%H%M%S")),
        "00400250": {"vr": "DA"},
        "00400251": {"vr": "TM"},
        "00400252": value("CS", "IN PROGRESS"),
        "00400254": value("LO", exam.description[:64]),
        "00400255": {"vr": "LO"},
        "00081032": {"vr": "SQ"},
        "00080060": value("CS", exam.modality),
        "00200010": value("SH", exam.accession_number[-16:]),
        "00400260": {"vr": "SQ"},
        "00400340": {"vr": "SQ"},
    }


def ended(made: Iterable[Made], when: datetime) -> dict[str, Any]:
    """The N-SET that completes a step and names what was made [RAD-7]."""
    series: dict[str, list[Made]] = {}
    for each in made:
        series.setdefault(each.series_instance_uid, []).append(each)
    return {
        "00080005": value("CS", "ISO_IR 192"),
        "00400250": value("DA", when.strftime("%Y%m%d")),
        "00400251": value("TM", when.strftime("%H%M%S")),
        "00400252": value("CS", "COMPLETED"),
        "00400340": {
            "vr": "SQ",
            "Value": [_performed_series(members) for members in series.values()],
        },
    }


def _performed_series(made: Sequence[Made]) -> dict[str, Any]:
    references = [
        {
            "00081150": value("UI", each.sop_class_uid),
            "00081155": value("UI", each.sop_instance_uid),
        }
        for each in made
    ]
    return {
        "00080054": {"vr": "AE"},
        "0008103E": value("LO", made[0].series_description),
        "00081050": {"vr": "PN"},
        "00081070": {"vr": "PN"},
        "00081140": {"vr": "SQ", "Value": references},
        "00181030": value("LO", made[0].series_description or "Protocol"),
        "0020000E": value("UI", made[0].series_instance_uid),
        "00400220": {"vr": "SQ"},
    }


def step_of(item: DataSet) -> DataSet:
    """The scheduled step of a worklist item."""
    steps = (item.get("00400100") or {}).get("Value") or [{}]
    step: DataSet = steps[0]
    return step


def first(data_set: DataSet, tag: str) -> Any:
    """The first value of an element, None when it has none."""
    values = (data_set.get(tag) or {}).get("Value") or [None]
    return values[0]


def value(vr: str, content: Any) -> dict[str, Any]:
    """An element with one value, or with none."""
    return {"vr": vr} if content in (None, "") else {"vr": vr, "Value": [content]}
