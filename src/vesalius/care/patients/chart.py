"""The head of a chart: the banner that never leaves, and the summary of one screen."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from vesalius.care.patients.cards import Card, card
from vesalius.kit.transaction import Transaction
from vesalius.standards.maps.dicom_to_patient import display_name
from vesalius.stores import audit, record
from vesalius.stores.access import Principal, permits, require, require_patient

MAX_RESULTS = 200


async def banner(
    tx: Transaction, principal: Principal | None, patient_reference: str
) -> dict[str, Any]:
    """Who the patient is and what must not be overlooked."""
    principal = require(principal, "record.read:Patient")
    await require_patient(tx, principal, patient_reference)
    who = await card(tx, patient_reference)
    await audit.record(
        tx,
        principal,
        "R",
        audit.kinds.PATIENT_RECORD,
        reference=f"Patient/{patient_reference}",
        patient_reference=patient_reference,
    )
    allergies = await resources(tx, principal, "AllergyIntolerance", patient_reference)
    flags = await resources(tx, principal, "Flag", patient_reference)
    return {
        **card_json(who, today=tx.now.date()),
        "allergies": [_allergy(body) for body in allergies if is_current(body)],
        "alerts": [
            concept_text(body.get("code")) for body in flags if body.get("status") == "active"
        ],
    }


async def summary(
    tx: Transaction, principal: Principal | None, patient_reference: str
) -> dict[str, Any]:
    """The chart on one screen: what is current, and the latest of each measured thing."""
    principal = require(principal, "record.read:Patient")
    await require_patient(tx, principal, patient_reference)

    async def of(kind: str, *parameters: tuple[str, str], count: int = 100) -> list[dict[str, Any]]:
        return await resources(tx, principal, kind, patient_reference, parameters, count=count)

    problems = await of("Condition")
    allergies = await of("AllergyIntolerance")
    medications = [
        *await of("MedicationRequest", ("status", "active,on-hold"), ("_sort", "-authoredon")),
        *await of("MedicationStatement", ("status", "active,intended,on-hold")),
    ]
    newest = ("_sort", "-date")
    vitals = await of("Observation", ("category", "vital-signs"), newest, count=MAX_RESULTS)
    results = await of("Observation", ("category", "laboratory"), newest, count=MAX_RESULTS)
    orders = await of("ServiceRequest", ("status", "active,on-hold,draft"), ("_sort", "-authored"))
    return {
        "problems": [_problem(body) for body in problems if is_current(body)],
        "allergies": [_allergy(body) for body in allergies if is_current(body)],
        "medications": [_medication(body) for body in medications],
        "vitals": latest(vitals),
        "results": latest(results),
        "orders": [_order(body) for body in orders],
    }


async def resources(
    tx: Transaction,
    principal: Principal,
    resource_type: str,
    patient_reference: str,
    parameters: Sequence[tuple[str, str]] = (),
    *,
    count: int = 100,
) -> list[dict[str, Any]]:
    """A patient's resources of a type; none when the asker may not read that type."""
    if not permits(principal, f"record.read:{resource_type}"):
        return []
    found = await record.search(
        tx,
        principal,
        resource_type,
        [("patient", patient_reference), *parameters, ("_count", str(count)), ("_total", "none")],
    )
    return [version.json() for version in found.matches]


def card_json(card: Card, *, today: date) -> dict[str, Any]:
    """A card as the browser's lists and banner show it."""
    age, unit = age_of(card.birth_date, today)
    return {
        "id": card.patient_reference,
        "name": card.display,
        "names": [line for name in card.names if (line := display_name([name]))],
        "birthDate": card.birth_date,
        "age": age,
        "age_unit": unit,
        "gender": card.gender,
        "mrn": card.mrn,
        "assigner": card.mrn_assigner,
        "deceased": card.deceased,
        "active": card.active,
    }


def age_of(birth_date: str | None, today: date) -> tuple[int | None, str | None]:
    """An age as clinicians say it: days under a month, months under two years, then years."""
    if not birth_date:
        return None, None
    parts = [int(part) for part in birth_date.split("-")]
    if len(parts) < 3:
        return today.year - parts[0], "years"
    born = date(*parts)
    if (days := (today - born).days) < 31:
        return max(days, 0), "days"
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    return (months, "months") if months < 24 else (months // 12, "years")


def concept_text(concept: dict[str, Any] | None) -> str:
    """The words of a CodeableConcept: its text, else a coding's display, else its code."""
    concept = concept or {}
    codings = concept.get("coding") or []
    displays = [str(coding["display"]) for coding in codings if coding.get("display")]
    codes = [str(coding["code"]) for coding in codings if coding.get("code")]
    return str(concept.get("text") or "") or next(iter([*displays, *codes]), "")


def is_current(body: dict[str, Any]) -> bool:
    """Whether a condition or allergy still counts: neither resolved nor a mistake."""

    def codes(element: str) -> set[str]:
        return {str(c.get("code")) for c in (body.get(element) or {}).get("coding") or []}

    gone = {"inactive", "resolved", "remission"} & codes("clinicalStatus")
    wrong = {"entered-in-error", "refuted"} & codes("verificationStatus")
    return not gone and not wrong


def latest(observations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest observation of each code, from observations sorted newest first."""
    seen: dict[str, dict[str, Any]] = {}
    for body in observations:
        if body.get("status") in ("entered-in-error", "cancelled"):
            continue
        codings: list[dict[str, Any]] = (body.get("code") or {}).get("coding") or []
        coding = next(iter(codings), {})
        key = (
            f"{coding.get('system')}|{coding.get('code')}"
            if coding
            else concept_text(body.get("code"))
        )
        if key not in seen:
            seen[key] = observation(body)
    return list(seen.values())


def observation(body: dict[str, Any]) -> dict[str, Any]:
    """An observation for a screen: never a value without its date, unit and source."""
    components = [
        {"title": concept_text(part.get("code")), "value": value_text(part)}
        for part in body.get("component") or []
    ]
    value = value_text(body)
    if not value and components:
        value = ", ".join(f"{c['title']} {c['value']}" for c in components if c["value"])
    return {
        "title": concept_text(body.get("code")),
        "value": value,
        "when": body.get("effectiveDateTime") or (body.get("effectivePeriod") or {}).get("start"),
        "status": body.get("status"),
        "interpretation": [concept_text(i) for i in body.get("interpretation") or []],
        "range": [_range_text(r) for r in body.get("referenceRange") or []],
        "components": components,
        "reference": f"Observation/{body.get('id')}",
    }


def value_text(body: dict[str, Any]) -> str:
    """The value of an observation or component as text, with its unit."""
    if quantity := body.get("valueQuantity"):
        unit = quantity.get("unit") or quantity.get("code") or ""
        return f"{quantity.get('comparator') or ''}{quantity.get('value', '')} {unit}".strip()
    if "valueCodeableConcept" in body:
        return concept_text(body["valueCodeableConcept"])
    for element in ("valueString", "valueInteger", "valueBoolean", "valueDateTime", "valueTime"):
        if element in body:
            return str(body[element])
    if absent := body.get("dataAbsentReason"):
        return concept_text(absent)
    return ""


def _range_text(limits: dict[str, Any]) -> str:
    if limits.get("text"):
        return str(limits["text"])
    low, high = limits.get("low") or {}, limits.get("high") or {}
    unit = low.get("unit") or high.get("unit") or ""
    return f"{low.get('value', '')}–{high.get('value', '')} {unit}".strip()


def _problem(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": concept_text(body.get("code")),
        "since": body.get("onsetDateTime") or body.get("recordedDate"),
        "status": concept_text(body.get("clinicalStatus")),
        "reference": f"Condition/{body.get('id')}",
    }


def _allergy(body: dict[str, Any]) -> dict[str, Any]:
    manifestations = [
        concept_text(manifestation)
        for reaction in body.get("reaction") or []
        for manifestation in reaction.get("manifestation") or []
    ]
    return {
        "text": concept_text(body.get("code")),
        "criticality": body.get("criticality"),
        "reactions": manifestations,
        "reference": f"AllergyIntolerance/{body.get('id')}",
    }


def medication_text(body: dict[str, Any]) -> str:
    """What a medication request or statement is about."""
    reference = body.get("medicationReference") or {}
    return concept_text(body.get("medicationCodeableConcept")) or str(
        reference.get("display") or reference.get("reference") or ""
    )


def _medication(body: dict[str, Any]) -> dict[str, Any]:
    doses = body.get("dosageInstruction") or body.get("dosage") or []
    return {
        "title": medication_text(body),
        "dosage": "; ".join(str(dose["text"]) for dose in doses if dose.get("text")),
        "status": body.get("status"),
        "when": body.get("authoredOn") or body.get("effectiveDateTime") or body.get("dateAsserted"),
        "reference": f"{body.get('resourceType')}/{body.get('id')}",
    }


def _order(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": concept_text(body.get("code")),
        "status": body.get("status"),
        "priority": body.get("priority") or "routine",
        "when": body.get("authoredOn"),
        "scheduled": body.get("occurrenceDateTime"),
        "reference": f"ServiceRequest/{body.get('id')}",
    }
