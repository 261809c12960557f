"""DICOM study → FHIR R4 ImagingStudy.

The input is what an archive tells of a study and its series, already counted; the output is a
body without `meta`. Absent facts are left out: nothing is invented.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

DICOM_UID_SYSTEM = "urn:dicom:uid"
MODALITY_SYSTEM = "http://dicom.nema.org/resources/ontology/DCM"
IDENTIFIER_TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0203"
UNIFORM_RESOURCE_SYSTEM = "urn:ietf:rfc:3986"


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """One instance as a study lists it."""

    sop_instance_uid: str
    sop_class_uid: str
    number: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """One series as a study lists it."""

    series_instance_uid: str
    modality: str
    number: int | None = None
    description: str | None = None
    body_part: str | None = None
    laterality: str | None = None
    started: str | None = None
    instance_count: int = 0
    instances: Sequence[InstanceFacts] = ()


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """One study as an archive and its order tell it."""

    id: str
    study_instance_uid: str
    status: str
    patient_reference: str | None
    patient_label: str | None = None
    accession_number: str | None = None
    accession_system: str | None = None
    order_reference: str | None = None
    started: str | None = None
    description: str | None = None
    referring_physician: str | None = None
    procedure: tuple[str, str, str] | None = None
    reasons: Sequence[str] = ()
    dicomweb_url: str | None = None
    series: Sequence[SeriesFacts] = field(default=())


def imaging_study(study: StudyFacts) -> dict[str, Any]:
    """The ImagingStudy body of a study."""
    modalities = sorted({series.modality for series in study.series if series.modality})
    body: dict[str, Any] = {
        "resourceType": "ImagingStudy",
        "id": study.id,
        "identifier": _identifiers(study),
        "status": study.status,
        "modality": [modality_coding(code) for code in modalities],
        "subject": _subject(study),
        "started": study.started,
        "basedOn": _reference("ServiceRequest", study.order_reference),
        "referrer": {"display": study.referring_physician} if study.referring_physician else None,
        "contained": [_endpoint(study.dicomweb_url)] if study.dicomweb_url else [],
        "endpoint": [{"reference": "#dicomweb"}] if study.dicomweb_url else [],
        "numberOfSeries": len(study.series),
        "numberOfInstances": sum(series.instance_count for series in study.series),
        "procedureCode": _procedure(study.procedure),
        "reasonCode": [{"text": reason} for reason in study.reasons],
        "description": study.description,
        "series": [_series(series) for series in study.series],
    }
    return _without_empty(body)


def modality_coding(code: str) -> dict[str, str]:
    """The coding of a modality in DCM (PS3.16 CID 29)."""
    return {"system": MODALITY_SYSTEM, "code": code}


def _identifiers(study: StudyFacts) -> list[dict[str, Any]]:
    identifiers: list[dict[str, Any]] = [
        {
            "use": "official",
            "system": DICOM_UID_SYSTEM,
            "value": f"urn:oid:{study.study_instance_uid}",
        }
    ]
    if study.accession_number:
        accession: dict[str, Any] = {
            "type": {"coding": [{"system": IDENTIFIER_TYPE_SYSTEM, "code": "ACSN"}]},
            "value": study.accession_number,
        }
        if study.accession_system:
            accession["system"] = study.accession_system
        identifiers.append(accession)
    return identifiers


def _subject(study: StudyFacts) -> dict[str, Any]:
    # `subject` is 1..1 in R4: a study that waits for its patient says so in words.
    subject: dict[str, Any] = {"display": study.patient_label or "Not yet matched to a patient"}
    if study.patient_reference:
        subject = {"reference": f"Patient/{study.patient_reference}"}
    return subject


def _reference(resource_type: str, id: str | None) -> list[dict[str, str]]:
    return [{"reference": f"{resource_type}/{id}"}] if id else []


def _endpoint(url: str) -> dict[str, Any]:
    """Where the images are: WADO-RS under this address (contained, for it is nobody else's)."""
    return {
        "resourceType": "Endpoint",
        "id": "dicomweb",
        "status": "active",
        "connectionType": {
            "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
            "code": "dicom-wado-rs",
        },
        "payloadType": [{"text": "DICOM"}],
        "payloadMimeType": ["application/dicom"],
        "address": url,
    }


def _procedure(procedure: tuple[str, str, str] | None) -> list[dict[str, Any]]:
    if not procedure:
        return []
    system, code, display = procedure
    coding = _without_empty({"system": system, "code": code, "display": display})
    return [{"coding": [coding], "text": display}]


def _series(series: SeriesFacts) -> dict[str, Any]:
    body = {
        "uid": series.series_instance_uid,
        "number": series.number if (series.number or 0) >= 0 else None,
        "modality": modality_coding(series.modality or "OT"),
        "description": series.description,
        "numberOfInstances": series.instance_count,
        "bodySite": {"display": series.body_part} if series.body_part else None,
        "laterality": _LATERALITY.get(series.laterality or ""),
        "started": series.started,
        "instance": [_instance(instance) for instance in series.instances],
    }
    return _without_empty(body)


_LATERALITY = {
    "L": {"system": "http://snomed.info/sct", "code": "7771000", "display": "Left"},
    "R": {"system": "http://snomed.info/sct", "code": "24028007", "display": "Right"},
}


def _instance(instance: InstanceFacts) -> dict[str, Any]:
    body = {
        "uid": instance.sop_instance_uid or None,
        "sopClass": {
            "system": UNIFORM_RESOURCE_SYSTEM,
            "code": f"urn:oid:{instance.sop_class_uid}",
        },
        # FHIR unsignedInt; an IS may be negative.
        "number": instance.number if (instance.number or 0) >= 0 else None,
        "title": instance.title,
    }
    return _without_empty(body)


def _without_empty(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value not in (None, "", [], {})}


def date_time(date: str | None, time: str | None, offset: str | None = None) -> str | None:
    """A FHIR dateTime of a DICOM DA, TM and Timezone Offset From UTC (0008,0201).

    Without an offset only the day is told: FHIR demands a zone beside a time, and inventing `Z`
    would move the study by up to twelve hours.
    """
    digits = (date or "").replace(".", "").strip()
    try:
        day = datetime.strptime(digits, "%Y%m%d")
    except ValueError:
        return None
    clock = (time or "").replace(":", "").strip().split(".")[0].ljust(6, "0")
    zone = _zone(offset)
    if zone is None or not (time or "").strip():
        return day.date().isoformat()
    try:
        moment = datetime.strptime(f"{digits}{clock}", "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError:
        return day.date().isoformat()
    return moment.isoformat()


def _zone(offset: str | None) -> timezone | None:
    text = (offset or "").strip()
    if len(text) != 5 or text[0] not in "+-" or not text[1:].isdigit():
        return None
    delta = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    if delta >= timedelta(hours=24):
        return None
    return timezone(-delta if text[0] == "-" else delta) if delta else UTC
