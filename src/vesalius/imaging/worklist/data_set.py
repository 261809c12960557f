"""A scheduled step as the modality worklist tells it (PS3.4 table K.6-1), DICOM JSON model."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from vesalius.care.patients import Card
from vesalius.imaging.worklist.steps import Step
from vesalius.standards.maps import patient_to_dicom

DataSet = dict[str, Any]

# PS3.3 C.4.11 Requested Procedure Priority of each FHIR request priority.
PRIORITIES = {"stat": "STAT", "asap": "HIGH", "urgent": "HIGH", "routine": "ROUTINE"}


def local(moment: datetime, time_zone: str | None) -> datetime:
    """A moment on the clock of the site's modalities."""
    return moment.astimezone(ZoneInfo(time_zone) if time_zone else None)


def worklist_item(
    step: Step, card: Card, *, issuer: str | None, station: str, time_zone: str | None
) -> DataSet:
    """Everything the worklist can tell of a step; `station` stands in where none is assigned."""
    start = local(step.scheduled, time_zone)
    code = _code(step)
    item = {
        # Scheduled Procedure Step
        "00400100": _sequence(
            {
                "00080060": _value("CS", step.modality),
                "00321070": _value("LO", "contrast" if step.contrast else None),
                "00400001": _value("AE", step.station_ae_title or station),
                "00400002": _value("DA", start.strftime("%Y%m%d")),
                "00400003": _value("TM", start.strftime("%H%M%S")),
                "00400006": _value("PN", None),
                "00400007": _value("LO", _described(step)),
                "00400008": _sequence(code) if code else _sequence(),
                "00400009": _value("SH", step.step_id),
                "00400010": _value("SH", None),
                "00400011": _value("SH", None),
                "00400012": _value("LO", None),
                "00400020": _value("CS", step.status),
            }
        ),
        # Requested Procedure
        "00401001": _value("SH", step.step_id),
        "00321060": _value("LO", step.procedure_display[:64]),
        "00321064": _sequence(code) if code else _sequence(),
        "0020000D": _value("UI", step.study_instance_uid),
        "00081110": _sequence(),
        "00401002": _value("LO", (step.indication or "")[:64] or None),
        "00401003": _value("SH", PRIORITIES.get(step.priority, "ROUTINE")),
        "00401004": _value("LO", step.transport),
        # Imaging Service Request
        "00080050": _value("SH", step.accession_number),
        "00321032": _value("PN", _name(step.requester)),
        "00080090": _value("PN", _name(step.requester)),
        # Visit
        "00380010": _value("LO", None),
        "00380300": _value("LO", None),
        "00081120": _sequence(),
        **patient(card, issuer),
    }
    return {"00080005": _value("CS", "ISO_IR 192"), **item}


def patient(card: Card, issuer: str | None) -> DataSet:
    """The patient's identification, demographic and medical attributes."""
    return {
        "00100010": _value("PN", patient_to_dicom.person_name(card.names) or None),
        "00100020": _value("LO", card.mrn),
        "00100021": _value("LO", issuer),
        "00100030": _value("DA", patient_to_dicom.birth_date(card.birth_date) or None),
        "00100040": _value("CS", patient_to_dicom.sex(card.gender) or None),
        "00101030": _value("DS", None),
        "00403001": _value("LO", None),
        "00380500": _value("LO", None),
        "001021C0": _value("US", None),
        "00102000": _value("LO", None),
        "00102110": _value("LO", None),
        "00380050": _value("LO", None),
    }


def issuer_of(system: str | None, default: str, assigners: Mapping[str, str]) -> str | None:
    """The Issuer of Patient ID of an identifier system: none for our own, as mapped for others."""
    if not system or system == default:
        return None
    issuers = {mapped: issuer for issuer, mapped in assigners.items()}
    return issuers.get(system, system)[:64]


def _described(step: Step) -> str:
    text = step.procedure_display
    return (f"{text}, {step.laterality}" if step.laterality else text)[:64]


def _name(display: str | None) -> dict[str, str] | None:
    text = (display or "").translate(str.maketrans("^=\\", "   ")).strip()[:64]
    return {"Alphabetic": text} if text else None


def _code(step: Step) -> DataSet | None:
    # PS3.3 8.8: Code Value is SH, at most 16 characters; the scheme too.
    if not step.procedure_code or len(step.procedure_code) > 16:
        return None
    scheme = {"http://loinc.org": "LN", "http://snomed.info/sct": "SCT"}.get(
        step.procedure_system or "", "99VESALIUS"
    )
    return {
        "00080100": _value("SH", step.procedure_code),
        "00080102": _value("SH", scheme),
        "00080104": _value("LO", step.procedure_display[:64]),
    }


def _value(vr: str, value: Any) -> DataSet:
    return {"vr": vr} if value is None else {"vr": vr, "Value": [value]}


def _sequence(*items: DataSet) -> DataSet:
    return {"vr": "SQ", "Value": list(items)} if items else {"vr": "SQ"}
