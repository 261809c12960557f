"""The FHIR resources of the story: the hospital, its people, and why each patient is here."""

from __future__ import annotations

import uuid
from typing import Any

from vesalius.sample.calendar import Calendar
from vesalius.sample.cast import (
    PHYSICIAN,
    SNOMED,
    STAFF,
    Allergy,
    Medication,
    Member,
    Name,
    Problem,
)
from vesalius.sample.examinations import EXAMINATIONS, Examination

Resource = dict[str, Any]

ORGANIZATION = "sample-hospital"
PROCEDURE_SYSTEM = "urn:vesalius:procedure"
ACCESSION_SYSTEM = "urn:vesalius:accession"
DETAIL_SYSTEM = "urn:vesalius:order-detail"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
REPRESENTATION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
_NAMES = uuid.UUID("7be2f1a0-5d55-4a59-9a52-2b8e1f0c7d44")


def id_of(*words: str) -> str:
    """An id that is always the same for the same words, so that loading twice is loading once."""
    return str(uuid.uuid5(_NAMES, "/".join(words)))


def hospital() -> list[Resource]:
    """The organisation and those who work there."""
    organisation: Resource = {
        "resourceType": "Organization",
        "id": ORGANIZATION,
        "active": True,
        "name": "Vesalius Sample Hospital",
        "type": [{"coding": [{"system": f"{TERMINOLOGY}/organization-type", "code": "prov"}]}],
    }
    people: list[Resource] = []
    for colleague in STAFF:
        name = {"family": colleague.family, "given": [colleague.given]}
        if colleague.prefix:
            name["prefix"] = [colleague.prefix]
        people += [
            {
                "resourceType": "Practitioner",
                "id": colleague.reference,
                "active": True,
                "name": [name],
            },
            {
                "resourceType": "PractitionerRole",
                "id": f"{colleague.reference}-role",
                "active": True,
                "practitioner": _practitioner(colleague.reference, colleague.display),
                "organization": {"reference": f"Organization/{ORGANIZATION}"},
                "specialty": [{"text": colleague.specialty}],
            },
        ]
    return [organisation, *people]


def patient(person: Member, calendar: Calendar, assigner: str) -> Resource:
    """The patient, with a name for each script and the hospital's number."""
    body: Resource = {
        "resourceType": "Patient",
        "id": person.reference,
        "active": True,
        "identifier": [
            {
                "use": "usual",
                "type": {"coding": [{"system": f"{TERMINOLOGY}/v2-0203", "code": "MR"}]},
                "system": assigner,
                "value": person.mrn,
                "assigner": {"display": "Vesalius Sample Hospital"},
            }
        ],
        "name": _names(person.name),
        "gender": {"F": "female", "M": "male"}[person.sex],
        "birthDate": calendar.birth_date(person).isoformat(),
        "address": [{"use": "home", "city": person.city, "country": person.country}],
        "communication": [
            {
                "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": person.language}]},
                "preferred": True,
            }
        ],
        "managingOrganization": {"reference": f"Organization/{ORGANIZATION}"},
    }
    if person.restricted:
        restricted = {"system": f"{TERMINOLOGY}/v3-Confidentiality", "code": "R"}
        body["meta"] = {"security": [restricted]}
    return body


def _names(name: Name) -> list[Resource]:
    groups = (("ABC", (name.family, name.given)), ("IDE", name.ideographic), ("SYL", name.phonetic))
    written = [(code, pair) for code, pair in groups if pair]
    names = []
    for code, (family, given) in written:
        entry: Resource = {"use": "official", "family": family, "given": given.split()}
        if len(written) > 1:
            entry["extension"] = [{"url": REPRESENTATION, "valueCode": code}]
        names.append(entry)
    return names


def story(person: Member, calendar: Calendar) -> list[Resource]:
    """What the examinations of this patient belong to: problems, allergies, medications, visits."""
    subject = {"reference": f"Patient/{person.reference}"}
    mine = [item for item in EXAMINATIONS if item.patient == person.key]
    return [
        *(_problem(person, problem, calendar, subject) for problem in person.problems),
        *(_allergy(person, allergy, calendar, subject) for allergy in person.allergies),
        *(_medication(person, given, calendar, subject) for given in person.medications),
        *(_visit(item, calendar, subject) for item in mine if item.state != "scheduled"),
    ]


def _problem(person: Member, problem: Problem, calendar: Calendar, subject: Resource) -> Resource:
    onset = calendar.ago(days=problem.days_ago)
    body: Resource = {
        "resourceType": "Condition",
        "id": id_of(person.key, "problem", problem.code),
        "clinicalStatus": _coded(f"{TERMINOLOGY}/condition-clinical", problem.status),
        "verificationStatus": _coded(f"{TERMINOLOGY}/condition-ver-status", "confirmed"),
        "category": [_coded(f"{TERMINOLOGY}/condition-category", "problem-list-item")],
        "code": _concept(SNOMED, problem.code, problem.display),
        "subject": subject,
        "onsetDateTime": onset.date().isoformat(),
        "recordedDate": onset.isoformat(),
    }
    if problem.status == "resolved":
        body["abatementDateTime"] = calendar.ago(days=max(problem.days_ago - 21, 0)).isoformat()
    return body


def _allergy(person: Member, allergy: Allergy, calendar: Calendar, subject: Resource) -> Resource:
    return {
        "resourceType": "AllergyIntolerance",
        "id": id_of(person.key, "allergy", allergy.code),
        "clinicalStatus": _coded(f"{TERMINOLOGY}/allergyintolerance-clinical", "active"),
        "verificationStatus": _coded(f"{TERMINOLOGY}/allergyintolerance-verification", "confirmed"),
        "type": "allergy",
        "category": [allergy.category],
        "criticality": allergy.criticality,
        "code": _concept(allergy.system, allergy.code, allergy.text),
        "patient": subject,
        "recordedDate": calendar.ago(days=1500).isoformat(),
        "reaction": [{"manifestation": [_concept(SNOMED, *allergy.manifestation)]}],
    }


def _medication(
    person: Member, given: Medication, calendar: Calendar, subject: Resource
) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": id_of(person.key, "medication", given.text),
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": given.text},
        "subject": subject,
        "authoredOn": calendar.ago(days=given.days_ago).isoformat(),
        "requester": _practitioner(PHYSICIAN.reference, PHYSICIAN.display),
        "dosageInstruction": [{"text": given.dosage}],
    }


def _visit(item: Examination, calendar: Calendar, subject: Resource) -> Resource:
    """The encounter in which the examination was asked for, a little before it was done."""
    begun = calendar.ago(days=item.days_ago, hours=item.hours_ago + 0.75)
    acute = item.priority in ("stat", "urgent")
    body: Resource = {
        "resourceType": "Encounter",
        "id": id_of(item.key, "visit"),
        "status": "in-progress" if acute and item.days_ago < 1 else "finished",
        "class": {
            "system": f"{TERMINOLOGY}/v3-ActCode",
            "code": "EMER" if acute else "AMB",
            "display": "emergency" if acute else "ambulatory",
        },
        "type": [{"text": item.requester.specialty}],
        "subject": subject,
        "participant": [
            {"individual": _practitioner(item.requester.reference, item.requester.display)}
        ],
        "period": {"start": begun.isoformat()},
        "reasonCode": [{"text": item.indication}],
        "serviceProvider": {"reference": f"Organization/{ORGANIZATION}"},
    }
    if body["status"] == "finished":
        end = calendar.ago(days=item.days_ago, hours=item.hours_ago)
        body["period"]["end"] = max(end, begun).isoformat()
    return body


def order(item: Examination, person: Member, calendar: Calendar) -> Resource:
    """The request, as another system would place it through FHIR."""
    placed = calendar.ago(days=max(item.days_ago, 0.0), hours=max(item.hours_ago, 0.0) + 0.5)
    details = {
        "laterality": item.laterality,
        "contrast": {None: None, True: "yes", False: "no"}[item.contrast],
        "station": None if item.state == "open" else item.station,
    }
    body: Resource = {
        "resourceType": "ServiceRequest",
        "id": id_of(item.key, "order"),
        "identifier": [
            {
                "type": {"coding": [{"system": f"{TERMINOLOGY}/v2-0203", "code": "ACSN"}]},
                "system": ACCESSION_SYSTEM,
                "value": item.accession_number,
            }
        ],
        "status": "active",
        "intent": "order",
        "category": [_concept(SNOMED, "363679005", "Imaging")],
        "priority": item.priority,
        "code": _concept(PROCEDURE_SYSTEM, item.procedure, item.title),
        "orderDetail": [
            {"coding": [{"system": DETAIL_SYSTEM, "code": key}], "text": value}
            for key, value in details.items()
            if value
        ],
        "subject": {"reference": f"Patient/{person.reference}"},
        "occurrenceDateTime": scheduled(item, calendar) if item.state != "open" else None,
        "authoredOn": placed.isoformat(),
        "requester": _practitioner(item.requester.reference, item.requester.display),
        "reasonCode": [{"text": item.indication}],
    }
    return {key: value for key, value in body.items() if value not in (None, [])}


def scheduled(item: Examination, calendar: Calendar) -> str:
    """When it is to be done, or was."""
    if item.days_ago < 0 or item.hours_ago < 0:
        return calendar.ahead(days=-item.days_ago, hours=-item.hours_ago).isoformat()
    return calendar.ago(days=item.days_ago, hours=item.hours_ago).isoformat()


def _practitioner(id: str, display: str) -> Resource:
    return {"reference": f"Practitioner/{id}", "display": display}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}
