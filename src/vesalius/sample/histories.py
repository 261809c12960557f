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
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from vesalius.sample.calendar import Calendar
from vesalius.sample.cast import Member
from vesalius.sample.rewriting import LEFT_OUT, Resource, Rewriter

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


def history(person: Member, calendar: Calendar) -> list[Resource]:
    """The person's resources, newest years only, ready to be written under their own ids."""
    entries = _simulate(person)
    shift = calendar.now.date() - SIMULATED_UNTIL.date()
    patient = next(item for item in entries if item["resourceType"] == "Patient")
    safe = [item for item in entries if not _contraindicated(item, person)]
    kept = _choose([_moved(item, shift) for item in safe], calendar)
    writer = Rewriter(person, patient, kept)
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
