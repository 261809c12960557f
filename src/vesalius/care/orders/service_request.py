"""An imaging order as a FHIR ServiceRequest, both ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from vesalius.care.orders.catalogue import Procedure, procedure_of
from vesalius.care.patients import concept_text
from vesalius.kit.errors import Invalid

ACCESSION_SYSTEM = "urn:vesalius:accession"
DETAIL_SYSTEM = "urn:vesalius:order-detail"
USER_SYSTEM = "urn:vesalius:user"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
IMAGING_CATEGORY = {
    "system": "http://snomed.info/sct",
    "code": "363679005",
    "display": "Imaging",
}
# Categories by which other systems mark an imaging order: SNOMED CT Imaging, HL7 table 0074.
IMAGING_CODES = {"363679005", "RAD", "RUS", "CT", "NMR", "NMS", "CUS", "imaging"}
# A plan or proposal is nobody's work yet.
ORDER_INTENTS = {"order", "original-order", "reflex-order", "filler-order", "instance-order"}
PRIORITIES = ("stat", "asap", "urgent", "routine")

Laterality = Literal["left", "right", "both"]


@dataclass(frozen=True, slots=True)
class OrderForm:
    """What the one who orders says."""

    patient: str
    procedure: str
    priority: str = "routine"
    indication: str = ""
    laterality: str | None = None
    contrast: bool | None = None
    transport: str | None = None
    scheduled: datetime | None = None
    station: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An imaging order as the worklist and the reading list need it."""

    order_reference: str
    version: int
    patient_reference: str
    accession_number: str
    procedure_system: str | None
    procedure_code: str | None
    procedure_display: str
    modality: str | None
    body_site: str | None
    laterality: str | None
    contrast: bool | None
    transport: str | None
    priority: str
    status: str
    indication: str | None
    requester: str | None
    station: str | None
    scheduled: datetime | None
    placed: datetime


def body_of(
    form: OrderForm,
    procedure: Procedure,
    *,
    accession_number: str,
    username: str,
    display: str,
    now: datetime,
) -> dict[str, Any]:
    """The ServiceRequest of a checked form."""
    site: dict[str, Any] = {"text": procedure.body_site}
    if form.laterality:
        site["text"] = f"{procedure.body_site}, {form.laterality}"
    details = {
        "laterality": form.laterality,
        "contrast": None if form.contrast is None else ("yes" if form.contrast else "no"),
        "transport": form.transport,
        "station": form.station,
    }
    body: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "identifier": [accession_identifier(accession_number)],
        "status": "active",
        "intent": "order",
        "category": [{"coding": [IMAGING_CATEGORY]}],
        "priority": form.priority,
        "code": {"coding": procedure.codings(), "text": procedure.display},
        "orderDetail": [
            {"coding": [{"system": DETAIL_SYSTEM, "code": key}], "text": value}
            for key, value in details.items()
            if value
        ],
        "subject": {"reference": f"Patient/{form.patient}"},
        "occurrenceDateTime": form.scheduled.isoformat() if form.scheduled else None,
        "authoredOn": now.isoformat(timespec="seconds"),
        "requester": {
            "identifier": {"system": USER_SYSTEM, "value": username},
            "display": display,
        },
        "reasonCode": [{"text": form.indication}] if form.indication else [],
        "bodySite": [site],
    }
    return {key: value for key, value in body.items() if value not in (None, [])}


def accession_identifier(accession_number: str) -> dict[str, Any]:
    """The identifier that says an accession number."""
    return {
        "type": {"coding": [{"system": IDENTIFIER_TYPES, "code": "ACSN"}]},
        "system": ACCESSION_SYSTEM,
        "value": accession_number,
    }


def check(form: OrderForm, procedure: Procedure) -> None:
    """Refuse a form that a technologist could not carry out."""
    if form.priority not in PRIORITIES:
        raise Invalid(f"the priority is one of {', '.join(PRIORITIES)}")
    if procedure.laterality and form.laterality not in ("left", "right", "both"):
        raise Invalid("this procedure needs a side: left, right or both")
    if not procedure.laterality and form.laterality:
        raise Invalid("this procedure has no side")
    if form.scheduled is not None and form.scheduled.tzinfo is None:
        raise Invalid("the scheduled time needs a time zone")


def is_imaging(body: Mapping[str, Any]) -> bool:
    """Whether a ServiceRequest orders imaging: by its category, or by a code of our catalogue."""
    codes = {
        str(coding.get("code"))
        for category in body.get("category") or []
        for coding in category.get("coding") or []
    }
    texts = {str(category.get("text") or "").lower() for category in body.get("category") or []}
    if codes & IMAGING_CODES or "imaging" in texts:
        return True
    return procedure_of((body.get("code") or {}).get("coding") or []) is not None


def accession_of(body: Mapping[str, Any]) -> str | None:
    """The accession number among a ServiceRequest's identifiers (type ACSN)."""
    for identifier in body.get("identifier") or []:
        codings = (identifier.get("type") or {}).get("coding") or []
        ours = identifier.get("system") == ACCESSION_SYSTEM
        if (ours or any(coding.get("code") == "ACSN" for coding in codings)) and identifier.get(
            "value"
        ):
            return str(identifier["value"])
    return None


def patient_of(body: Mapping[str, Any]) -> str | None:
    """The Patient id of a ServiceRequest's subject; None when it is no patient of ours."""
    reference = str((body.get("subject") or {}).get("reference") or "")
    kind, _, id = reference.partition("/")
    return id if kind == "Patient" and id else None


def order_of(body: Mapping[str, Any], *, version: int, now: datetime) -> Order:
    """The order that a ServiceRequest with a patient and an accession number places."""
    codings: list[dict[str, str]] = (body.get("code") or {}).get("coding") or []
    procedure = procedure_of(codings)
    first = next(iter(codings), {})
    details = _details(body)
    requester = body.get("requester") or {}
    site = next((concept_text(site) for site in body.get("bodySite") or []), None)
    return Order(
        order_reference=str(body["id"]),
        version=version,
        patient_reference=patient_of(body) or "",
        accession_number=accession_of(body) or "",
        procedure_system=first.get("system"),
        procedure_code=first.get("code"),
        procedure_display=concept_text(body.get("code")) or "Imaging",
        modality=procedure.modality if procedure else None,
        body_site=procedure.body_site if procedure else site,
        laterality=details.get("laterality"),
        contrast={"yes": True, "no": False}.get(details.get("contrast", "")),
        transport=details.get("transport"),
        priority=str(body.get("priority") or "routine"),
        status=str(body.get("status")),
        indication="; ".join(concept_text(reason) for reason in body.get("reasonCode") or [])
        or None,
        requester=requester.get("display") or requester.get("reference"),
        station=details.get("station"),
        scheduled=_moment(
            body.get("occurrenceDateTime") or (body.get("occurrencePeriod") or {}).get("start")
        ),
        placed=_moment(body.get("authoredOn")) or now,
    )


def _details(body: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(coding["code"]): str(detail.get("text") or "")
        for detail in body.get("orderDetail") or []
        for coding in detail.get("coding") or []
        if coding.get("system") == DETAIL_SYSTEM and coding.get("code")
    }


def _moment(text: str | None) -> datetime | None:
    """An instant of a FHIR dateTime; a whole day begins at midnight UTC."""
    if not text:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
