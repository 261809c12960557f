"""Years of encounters, conditions, medications and results from the synthetic record package.

The package simulates a whole life with insurance, dentistry and questionnaires. What is kept here
is what a chart is opened for, of the last years, at this hospital and under these names. Dates
are moved by whole days so that a life ends today.
"""

from __future__ import annotations

import base64
import contextlib
import io
import logging
import re
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from vesalius.sample.calendar import Calendar
from vesalius.sample.cast import EMERGENCY, PHYSICIAN, Member

Resource = dict[str, Any]

#: The package's own today; fixed, so that the same seed is the same life.
SIMULATED_UNTIL = datetime(2026, 11, 1)
POPULATION_SEED = 2026
YEARS_KEPT = 9
ENCOUNTERS_KEPT = 24
OBSERVATIONS_KEPT = 170
NOTES_KEPT = 8

BASE_MODULES = (
    "wellness_encounters", "hypertension", "osteoarthritis", "bronchitis", "sinusitis", "gerd",
    "urinary_tract_infections", "injuries", "allergic_rhinitis", "metabolic_syndrome_disease",
    "metabolic_syndrome_care", "sore_throat",
)  # fmt: skip
KEPT_TYPES = (
    "Encounter", "Condition", "MedicationRequest", "Procedure", "Observation", "Immunization",
    "DiagnosticReport", "DocumentReference",
)  # fmt: skip
#: Words of what a hospital's chart does not open with.
LEFT_OUT = re.compile(
    r"dental|gingiv|tooth|teeth|molar|caries|refugee|employ|education|social|stress|abuse"
    r"|criminal|violence|drug|review due|reconciliation|screening|assessment|care needs|armed"
    r"|questionnaire|housing|percentile|pain severity|platelet (mean|distribution)|percentile"
    r"|referral|risk activity|military|labor force|alcohol|humiliation|morse|prapare|\?|address"
    r"|\brace\b|language|insurance|tobacco|marital|anxiety|depression|phq|gad-7|peg\b"
    r"|total score|jail|hispanic|transportation",
    re.IGNORECASE,
)
#: Problems that stay; the package leaves every cold of a childhood open.
LASTING = re.compile(
    r"hypertension|diabetes|prediabetes|osteoarthritis|osteoporosis|obesity|isch[ae]mic|lipid"
    r"|reflux|asthma|obstructive|emphysema|urate|gout|hypothyroid|migraine|metabolic syndrome"
    r"|triglycerid|chronic",
    re.IGNORECASE,
)
#: What must not be prescribed to whoever has an allergy of this name.
CONTRAINDICATED = {
    "Penicillin": r"penicillin|amoxicillin",
    "Aspirin": r"aspirin|naproxen|ibuprofen",
}
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?")
#: SNOMED CT's fully specified names end in a word for terminologists.
_SEMANTIC_TAG = re.compile(
    r" \((disorder|finding|procedure|situation|regime/therapy|qualifier value|substance"
    r"|morphologic abnormality|organism|person)\)$"
)
_NAMES = uuid.UUID("0d6b3d5a-2f0b-4a63-8f1b-0f3c5b6a9c02")


def history(person: Member, calendar: Calendar) -> list[Resource]:
    """The person's resources, newest years only, ready to be written under their own ids."""
    entries = _simulate(person)
    shift = calendar.now.date() - SIMULATED_UNTIL.date()
    patient = next(item for item in entries if item["resourceType"] == "Patient")
    safe = [item for item in entries if not _contraindicated(item, person)]
    kept = _choose([_moved(item, shift) for item in safe], calendar)
    writer = _Rewriter(person, patient, kept)
    return [writer.rewrite(item) for item in kept]


@cache
def _generator() -> Any:
    """The simulation with its modules and tables; loading them takes about a second."""
    from synthea.engine.generator import (  # type: ignore[import-untyped]
        Generator,
        GeneratorOptions,
    )
    from synthea.helpers.config import Config  # type: ignore[import-untyped]

    options = GeneratorOptions()
    options.seed = POPULATION_SEED
    options.reference_date = SIMULATED_UNTIL
    options.reference_date_explicit = True
    config = Config()
    config.load()
    # The package makes its output folder as soon as it is loaded.
    config.set("exporter.baseDirectory", str(Path(tempfile.mkdtemp()) / "output"))
    config.set("exporter.fhir.export", False)
    return Generator(options, config)


def _simulate(person: Member) -> list[Resource]:
    """One life from the package, as R4 resources that refer to each other by urn:uuid."""
    from synthea.engine.module import Module  # type: ignore[import-untyped]
    from synthea.export.fhir import FHIRExporter  # type: ignore[import-untyped]

    logging.getLogger("synthea").setLevel(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as folder:
        generator = _generator()
        wanted = {*Module.CORE_MODULE_ORDER, *BASE_MODULES, *person.modules}
        generator.module_list = [name for name in generator._get_module_list() if name in wanted]
        generator.options.gender = person.sex
        generator.options.min_age = generator.options.max_age = person.age
        life = generator.generate_person(person.seed)
        Path(folder, "fhir").mkdir()
        exporter = FHIRExporter(generator.config, Path(folder), generator.locale)
        bundle = exporter.create_bundle(life)
    return [entry["resource"] for entry in bundle["entry"]]


def _moved(resource: Resource, shift: timedelta) -> Resource:
    """The resource with every date in it moved by whole days, and times to the second."""

    def move(match: re.Match[str]) -> str:
        day = datetime(int(match[1]), int(match[2]), int(match[3])) + shift
        time = re.sub(r"\.\d+", "", match[4] or "")
        return day.strftime("%Y-%m-%d") + time

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        if isinstance(node, list):
            return [walk(value) for value in node]
        return _DATE.sub(move, node) if isinstance(node, str) else node

    moved: Resource = walk(resource)
    if resource["resourceType"] == "DocumentReference":
        attachment = moved["content"][0]["attachment"]
        note = base64.b64decode(attachment["data"]).decode()
        attachment["data"] = base64.b64encode(_DATE.sub(move, note).encode()).decode()
    return moved


def _choose(resources: Sequence[Resource], calendar: Calendar) -> list[Resource]:
    """What is kept: the newest encounters with what was done in them, and lasting conditions."""
    earliest = (calendar.now - timedelta(days=365 * YEARS_KEPT)).strftime("%Y-%m-%d")
    today = calendar.now.strftime("%Y-%m-%d")
    by_type: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        if resource["resourceType"] in KEPT_TYPES and not LEFT_OUT.search(_title(resource)):
            by_type[resource["resourceType"]].append(resource)
    encounters = sorted(
        (e for e in by_type["Encounter"] if earliest < e["period"]["start"] < today),
        key=lambda item: str(item["period"]["start"]),
        reverse=True,
    )[:ENCOUNTERS_KEPT]
    visits = {f"urn:uuid:{item['id']}" for item in encounters}

    def here(resource: Resource) -> bool:
        return _encounter(resource) in visits

    conditions = [_ended(c) for c in by_type["Condition"] if here(c) or LASTING.search(_title(c))]
    observations = _measured(by_type["Observation"], here)
    results = {f"urn:uuid:{item['id']}" for item in observations}
    reports = list(_laboratory(by_type["DiagnosticReport"], results, here))
    notes = sorted(filter(here, by_type["DocumentReference"]), key=_when)[-NOTES_KEPT:]
    medications = [
        m for m in by_type["MedicationRequest"]
        if here(m) or (m["status"] == "active" and m["authoredOn"] > earliest)
    ]  # fmt: skip
    others = [
        item for kind in ("Procedure", "Immunization") for item in by_type[kind] if here(item)
    ]
    return [
        *encounters, *_once(conditions, "onsetDateTime"), *observations, *reports, *notes,
        *_once(medications, "authoredOn", newest=True), *others,
    ]  # fmt: skip


def _title(resource: Resource) -> str:
    if resource["resourceType"] == "DocumentReference":
        return ""
    concepts = [
        resource.get("code") or resource.get("medicationCodeableConcept") or {},
        *(resource.get("type") or []),
    ]
    return " ".join(
        str(coding.get("display") or "")
        for concept in concepts
        for coding in concept.get("coding") or []
    )


def _encounter(resource: Resource) -> str:
    context = resource.get("context") or {}
    reference: Resource = resource.get("encounter") or next(
        iter(context.get("encounter") or []), {}
    )
    return str(reference.get("reference") or "")


def _when(resource: Resource) -> str:
    return str(resource.get("effectiveDateTime") or resource.get("date") or "")


def _contraindicated(resource: Resource, person: Member) -> bool:
    """Whether the package prescribed what this person, whose allergies it does not know, avoids."""
    if resource["resourceType"] != "MedicationRequest":
        return False
    title = _title(resource)
    return any(
        re.search(CONTRAINDICATED.get(allergy.text, r"^$"), title, re.IGNORECASE)
        for allergy in person.allergies
    )


def _ended(condition: Resource) -> Resource:
    """What does not last is over, two weeks after it began."""
    onset = str(condition.get("onsetDateTime") or "")
    if LASTING.search(_title(condition)) or not onset:
        return condition
    over = datetime.fromisoformat(onset) + timedelta(days=14)
    status = {"coding": [{**condition["clinicalStatus"]["coding"][0], "code": "resolved"}]}
    return {**condition, "clinicalStatus": status, "abatementDateTime": over.isoformat()}


def _once(resources: Sequence[Resource], date: str, *, newest: bool = False) -> list[Resource]:
    """One entry for each title: the package notes what recurs anew at every visit."""
    seen: dict[str, Resource] = {}
    for resource in sorted(resources, key=lambda item: str(item.get(date)), reverse=newest):
        seen.setdefault(_title(resource), resource)
    return list(seen.values())


def _measured(observations: Sequence[Resource], here: Any) -> list[Resource]:
    """Vital signs and laboratory values of the kept visits, the newest first."""
    chosen = [
        item
        for item in observations
        if here(item)
        and {"vital-signs", "laboratory"}
        & {coding["code"] for group in item.get("category") or [] for coding in group["coding"]}
        # Both pressures are in the panel; alone they would stand in the chart twice.
        and item["code"]["coding"][0]["code"] not in ("8480-6", "8462-4")
    ]
    # One visit measures a thing once.
    single = {(_title(item), _when(item)): item for item in chosen}
    return sorted(single.values(), key=_when, reverse=True)[:OBSERVATIONS_KEPT]


def _laboratory(reports: Sequence[Resource], results: set[str], here: Any) -> Iterator[Resource]:
    """Panels whose values were kept; a report of vital signs or of a questionnaire is none."""
    for report in reports:
        values = [item for item in report.get("result") or [] if item["reference"] in results]
        if here(report) and len(values) > 2:
            yield {**report, "result": values}


def _own_id(person: Member, id: str) -> str:
    return str(uuid.uuid5(_NAMES, f"{person.key}/{id}"))


class _Rewriter:
    """Gives resources to this patient and this hospital's people."""

    def __init__(self, person: Member, patient: Resource, kept: Sequence[Resource]) -> None:
        self.person = person
        self.ids = {item["id"]: _own_id(person, item["id"]) for item in kept}
        self.targets = {
            f"urn:uuid:{item['id']}": f"{item['resourceType']}/{self.ids[item['id']]}"
            for item in kept
        }
        name = patient["name"][0]
        self.given, self.family = name["given"][0], name["family"]
        self.patient_urn = f"urn:uuid:{patient['id']}"

    def rewrite(self, resource: Resource) -> Resource:
        """The resource under its own id, with references that this server can resolve."""
        kind = resource["resourceType"]
        body = {
            key: self._walk(value) for key, value in resource.items() if key not in ("id", "meta")
        }
        body = {key: value for key, value in body.items() if value not in (None, [], {})}
        body["id"] = self.ids[resource["id"]]
        if kind == "Encounter":
            self._visit(body)
        elif kind == "MedicationRequest":
            self._prescription(body)
        elif kind == "DiagnosticReport":
            body["performer"] = [{"display": "Laboratory"}]
        elif kind == "DocumentReference":
            self._note(body)
        if body.get("code") == {}:
            del body["code"]
        return body

    def _walk(self, node: Any) -> Any:
        if isinstance(node, list):
            walked = [self._walk(value) for value in node]
            return [value for value in walked if value not in (None, {})]
        if not isinstance(node, dict):
            return _SEMANTIC_TAG.sub("", node) if isinstance(node, str) else node
        if "reference" in node:
            return self._reference(str(node["reference"]))
        return {key: value for key, item in node.items() if (value := self._walk(item)) is not None}

    def _reference(self, urn: str) -> Resource | None:
        """Where a reference goes: to the patient, to a kept resource, or away."""
        if urn == self.patient_urn:
            return {"reference": f"Patient/{self.person.reference}"}
        target = self.targets.get(urn)
        return {"reference": target} if target else None

    def _visit(self, body: Resource) -> None:
        body.pop("location", None)
        body["serviceProvider"] = {"reference": "Organization/sample-hospital"}
        emergency = (body.get("class") or {}).get("code") == "EMER"
        doctor = EMERGENCY if emergency else PHYSICIAN
        body["participant"] = [{"individual": {
            "reference": f"Practitioner/{doctor.reference}", "display": doctor.display,
        }}]  # fmt: skip
        body["reasonCode"] = [
            reason for reason in body.get("reasonCode") or [] if "_" not in str(reason.get("text"))
        ]
        if not body["reasonCode"]:
            del body["reasonCode"]

    def _prescription(self, body: Resource) -> None:
        body["requester"] = {
            "reference": f"Practitioner/{PHYSICIAN.reference}",
            "display": PHYSICIAN.display,
        }
        doses = body.get("dosageInstruction") or []
        for dose in doses:
            if words := _dose_text(dose):
                dose.setdefault("text", words)

    def _note(self, body: Resource) -> None:
        body["author"] = [{"reference": f"Practitioner/{PHYSICIAN.reference}",
                           "display": PHYSICIAN.display}]  # fmt: skip
        attachment = body["content"][0]["attachment"]
        note = _note_text(base64.b64decode(attachment["data"]).decode())
        note = note.replace(self.given, self.person.name.given)
        attachment["data"] = base64.b64encode(note.encode()).decode()


def _note_text(note: str) -> str:
    """A clinician's note without the sections that the package fills from its own country.

    Its lists of allergies and medications know nothing of this story, so they would contradict it.
    """
    date, *sections = re.split(r"^#+ ", note, flags=re.MULTILINE)
    kept = []
    for section in sections:
        title, _, text = section.partition("\n")
        if title.strip() in ("Social History", "Allergies", "Medications"):
            continue
        lines = [line for line in text.splitlines() if not LEFT_OUT.search(line) or "  " in line]
        words = " ".join(lines) if "History" in title else "\n".join(lines)
        words = re.sub(r"-old (non )?hispanic \w+ ", "-old ", words)
        words = re.sub(r" Patient has a history of .*", "", words)
        words = re.sub(
            r" \((disorder|finding|situation|procedure|substance|morphologic abnormality"
            r"|record artifact)\)",
            "",
            words,
        )
        if words.strip():
            kept.append(f"{title.strip()}\n{words.strip()}\n")
    return date.strip() + "\n\n" + "\n".join(kept)


def _dose_text(dose: Resource) -> str:
    """A dosage in words, from its timing and quantity."""
    repeat = (dose.get("timing") or {}).get("repeat") or {}
    quantity = next(
        (rate["doseQuantity"].get("value") for rate in dose.get("doseAndRate") or []
         if "doseQuantity" in rate), None,
    )  # fmt: skip
    units = {"d": "day", "h": "hour", "wk": "week", "mo": "month"}
    words = [f"{quantity:g}" if isinstance(quantity, int | float) else ""]
    if frequency := repeat.get("frequency"):
        unit = units.get(str(repeat.get("periodUnit")), "day")
        period = repeat.get("period") or 1
        words.append(
            f"{frequency} time{'s' if frequency != 1 else ''} "
            + (f"a {unit}" if period == 1 else f"every {period:g} {unit}s")
        )
    elif dose.get("asNeededBoolean"):
        words.append("as needed")
    return " · ".join(filter(None, words))
