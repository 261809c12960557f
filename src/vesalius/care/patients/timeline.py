"""Everything that happened to a patient on one axis, newest first, a page at a time.

Each resource type comes onto the axis by one of its search dates; the record keeps their order.
A page ends at the `cursor` of its last entry, and the next one begins below it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vesalius.care.patients.chart import concept_text, medication_text, observation
from vesalius.kit.errors import Invalid
from vesalius.kit.transaction import Transaction
from vesalius.stores import record
from vesalius.stores.access import Principal, require, require_patient

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
THUMBNAILS = 6

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """One resource type's way onto the axis: its search date and how an entry is told."""

    resource_type: str
    date_parameter: str
    when: Callable[[Body], str | None]
    entry: Callable[[Body], Body]


async def timeline(
    tx: Transaction,
    principal: Principal | None,
    patient_reference: str,
    *,
    before: str | None = None,
    types: Sequence[str] = (),
    limit: int = DEFAULT_LIMIT,
) -> list[Body]:
    """A page of entries, of some resource types only if they are named.

    `before` is the `cursor` of the last entry already shown.
    """
    principal = require(principal, "record.read:Patient")
    await require_patient(tx, principal, patient_reference)
    limit = max(1, min(limit, MAX_LIMIT))
    place = _place(before)
    sources = [source for source in SOURCES if not types or source[0] in types]
    entries: list[Body] = []
    while len(entries) < limit:
        found = await record.chronology(
            tx, principal, patient_reference, sources, before=place, limit=limit
        )
        entries += [entry for dated in found if (entry := _entry_of(dated)) is not None]
        if len(found) < limit:
            break
        place = found[-1].place
    return entries[:limit]


def _place(before: str | None) -> record.Place | None:
    if not before:
        return None
    moment, _, number = before.partition(".")
    try:
        place = (int(moment), int(number))
    except ValueError:
        place = (2**63, 0)
    if max(map(abs, place)) >= 2**63:
        raise Invalid("`before` is not a place on the timeline")
    return place


def _entry_of(dated: record.Dated) -> Body | None:
    """An entry with its cursor; None for what stands here by its second date only."""
    source = SOURCES[dated.version.resource_type, dated.parameter]
    body = dated.version.json()
    if source.when(body) is None or body.get("status") == "entered-in-error":
        return None
    moment, number = dated.place
    return {**_entry(source, body), "cursor": f"{moment}.{number}"}


def _entry(source: Source, body: Body) -> Body:
    return {
        "when": source.when(body),
        "reference": f"{source.resource_type}/{body.get('id')}",
        "status": body.get("status"),
        **source.entry(body),
    }


def _encounter(body: Body) -> Body:
    kinds = [concept_text(kind) for kind in body.get("type") or []]
    reasons = [concept_text(reason) for reason in body.get("reasonCode") or []]
    title = ", ".join(filter(None, kinds)) or str((body.get("class") or {}).get("display") or "")
    return {"kind": "encounter", "title": title, "detail": ", ".join(filter(None, reasons))}


def _result(body: Body) -> Body:
    told = observation(body)
    return {
        "kind": "result",
        "title": told["title"],
        "detail": told["value"],
        "interpretation": told["interpretation"],
    }


def _report(body: Body) -> Body:
    study = next((_study_uid(r) for r in body.get("imagingStudy") or []), None)
    told = {
        "kind": "report",
        "title": concept_text(body.get("code")),
        "detail": str(body.get("conclusion") or ""),
    }
    return {**told, "study_instance_uid": study} if study else told


def _study_uid(reference: Body) -> str | None:
    value = str((reference.get("identifier") or {}).get("value") or "")
    return value.removeprefix("urn:oid:") or None


def _note(body: Body) -> Body:
    title = str(body.get("description") or "") or concept_text(body.get("type"))
    return {"kind": "note", "title": title, "detail": concept_text(body.get("type"))}


def _medication(body: Body) -> Body:
    doses = [str(dose["text"]) for dose in body.get("dosageInstruction") or [] if dose.get("text")]
    return {"kind": "medication", "title": medication_text(body), "detail": "; ".join(doses)}


def _order(body: Body) -> Body:
    reasons = [concept_text(reason) for reason in body.get("reasonCode") or []]
    return {
        "kind": "order",
        "title": concept_text(body.get("code")),
        "detail": ", ".join(filter(None, reasons)),
        "priority": body.get("priority") or "routine",
    }


def _condition(body: Body) -> Body:
    return {
        "kind": "condition",
        "title": concept_text(body.get("code")),
        "detail": "",
        "status": concept_text(body.get("clinicalStatus")),
    }


def _procedure(body: Body) -> Body:
    reasons = [concept_text(reason) for reason in body.get("reasonCode") or []]
    return {
        "kind": "procedure",
        "title": concept_text(body.get("code")),
        "detail": ", ".join(filter(None, reasons)),
    }


def _imaging(body: Body) -> Body:
    uid = next(
        str(i["value"]).removeprefix("urn:oid:")
        for i in body["identifier"]
        if i.get("system") == "urn:dicom:uid"
    )
    modalities = ", ".join(str(coding.get("code")) for coding in body.get("modality") or [])
    series = [str(one["uid"]) for one in body.get("series") or []]
    return {
        "kind": "imaging",
        "title": str(body.get("description") or "") or modalities,
        "detail": modalities,
        "study_instance_uid": uid,
        "series": body.get("numberOfSeries"),
        "instances": body.get("numberOfInstances"),
        "thumbnails": [
            f"/dicomweb/studies/{uid}/series/{one}/thumbnail" for one in series[:THUMBNAILS]
        ],
    }


def _start(element: str) -> Callable[[Body], str | None]:
    return lambda body: (body.get(element) or {}).get("start")


def _first(*elements: str) -> Callable[[Body], str | None]:
    return lambda body: next((str(body[e]) for e in elements if body.get(e)), None)


def _either(*ways: Callable[[Body], str | None]) -> Callable[[Body], str | None]:
    return lambda body: next((when for way in ways if (when := way(body))), None)


def _unrecorded_onset(body: Body) -> str | None:
    return None if body.get("recordedDate") else _ONSET(body)


_ONSET = _either(_first("onsetDateTime"), _start("onsetPeriod"))
_EFFECTIVE = _either(_first("effectiveDateTime", "effectiveInstant"), _start("effectivePeriod"))
_PERFORMED = _either(_first("performedDateTime"), _start("performedPeriod"))

_SOURCES: Sequence[Source] = (
    Source("Encounter", "date", _start("period"), _encounter),
    Source("Observation", "date", _EFFECTIVE, _result),
    Source("DiagnosticReport", "date", _EFFECTIVE, _report),
    Source("DocumentReference", "date", _first("date"), _note),
    Source("MedicationRequest", "authoredon", _first("authoredOn"), _medication),
    Source("ServiceRequest", "authored", _first("authoredOn"), _order),
    Source("Condition", "recorded-date", _first("recordedDate"), _condition),
    # A condition nobody dated the entry of stands where it began.
    Source("Condition", "onset-date", _unrecorded_onset, _condition),
    Source("Procedure", "date", _PERFORMED, _procedure),
    Source("ImagingStudy", "started", _first("started"), _imaging),
)
SOURCES = {(source.resource_type, source.date_parameter): source for source in _SOURCES}
