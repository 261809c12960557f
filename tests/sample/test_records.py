"""The record of the sample: valid, closed, coherent with the images, and safe to prescribe by."""

import re
from datetime import date, datetime

import pytest

from vesalius.sample import charts, pictures
from vesalius.sample.calendar import Calendar
from vesalius.sample.cast import PATIENTS, STAFF, member
from vesalius.sample.examinations import EXAMINATIONS, STRAYS
from vesalius.sample.histories import history
from vesalius.standards.fhir import parse_reference, patients_of, validate

CALENDAR = Calendar(datetime.fromisoformat("2026-11-24T09:41:00+01:00"))
ASSIGNER = "urn:vesalius:mrn"
# The penicillin allergic, the gout patient, the one whose first seed died.
SOME = ("lefevre", "okonkwo", "dubois")


@pytest.fixture(scope="module")
def told() -> list[dict]:
    resources = charts.hospital()
    for person in PATIENTS:
        resources += [charts.patient(person, CALENDAR, ASSIGNER), *charts.story(person, CALENDAR)]
    for item in EXAMINATIONS:
        if item.is_ordered:
            resources.append(charts.order(item, member(item.patient), CALENDAR))
    return resources


@pytest.fixture(scope="module")
def lived() -> dict[str, list[dict]]:
    return {key: history(member(key), CALENDAR) for key in SOME}


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


class TestStory:
    def test_every_resource_is_valid(self, told):
        assert [issue for resource in told for issue in validate(resource)] == []

    def test_every_reference_leads_to_a_resource(self, told):
        there = {f"{item['resourceType']}/{item['id']}" for item in told}
        assert len(there) == len(told)
        assert {r for item in told for r in references(item)} <= there

    def test_every_state_of_an_order_occurs(self):
        states = {item.state for item in EXAMINATIONS}
        assert states == {"open", "scheduled", "begun", "unread", "reported", "prior"}

    def test_three_patients_have_priors_of_what_is_unread(self):
        unread = {(e.patient, e.modality) for e in EXAMINATIONS if e.state == "unread"}
        priors = {(e.patient, e.modality) for e in EXAMINATIONS if e.state == "prior"}
        assert len({patient for patient, _ in unread & priors}) >= 3

    def test_names_are_in_several_scripts(self):
        names = "".join(person.name.dicom for person in PATIENTS)
        for script in (
            "[\u3040-\u30ff]",
            "[\u4e00-\u9fff]",
            "[\u0600-\u06ff]",
            "[\u0400-\u04ff]",
            "é",
        ):
            assert re.search(script, names), script

    def test_images_bear_the_identity_of_the_record(self, told):
        for person in PATIENTS:
            body = next(item for item in told if item["id"] == person.reference)
            assert body["identifier"][0]["value"] == person.mrn
            assert body["birthDate"] == CALENDAR.birth_date(person).isoformat()
            family = body["name"][0]["family"]
            assert person.name.dicom.startswith(family)

    def test_pictures_exist_for_whatever_was_examined(self):
        wanted = {e.picture for e in EXAMINATIONS if e.picture} | {s.picture for s in STRAYS}
        assert wanted == set(pictures.PICTURES)

    def test_one_is_allergic_to_what_was_ordered_for_them(self):
        ordered = next(e for e in EXAMINATIONS if e.key == "okonkwo-ct-1")
        assert ordered.contrast
        assert "contrast" in member("okonkwo").allergies[0].text.lower()

    def test_accession_numbers_differ_and_fit(self):
        numbers = [e.accession_number for e in EXAMINATIONS]
        assert len(set(numbers)) == len(numbers)
        assert max(map(len, numbers)) <= 16

    def test_ages_do_not_depend_on_the_day_of_loading(self):
        for day in ("2026-11-24", "2027-03-01", "2028-02-29"):
            calendar = Calendar(datetime.fromisoformat(f"{day}T10:00:00+00:00"))
            for person in PATIENTS:
                born, today = calendar.birth_date(person), date.fromisoformat(day)
                age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
                assert age == person.age


class TestHistory:
    def test_resources_are_valid_and_of_one_patient(self, lived):
        for key, resources in lived.items():
            assert 40 < len(resources) < 400
            assert [issue for item in resources for issue in validate(item)] == []
            assert {p for item in resources for p in patients_of(item)} == {member(key).reference}

    def test_references_stay_inside(self, lived):
        staff = {f"Practitioner/{person.reference}" for person in STAFF}
        for key, resources in lived.items():
            known = {f"{item['resourceType']}/{item['id']}" for item in resources}
            known |= staff | {f"Patient/{member(key).reference}", "Organization/sample-hospital"}
            for item in resources:
                for reference in references(item):
                    assert parse_reference(reference)
                    assert reference in known

    def test_nothing_happens_after_today(self, lived):
        for resources in lived.values():
            for item in resources:
                for element in ("effectiveDateTime", "authoredOn", "onsetDateTime", "date"):
                    assert str(item.get(element, ""))[:10] <= "2026-11-24"

    def test_no_one_is_given_what_they_are_allergic_to(self, lived):
        prescriptions = [
            item["medicationCodeableConcept"]["coding"][0]["display"]
            for item in lived["lefevre"]
            if item["resourceType"] == "MedicationRequest"
        ]
        assert not [name for name in prescriptions if re.search("penicillin|amoxi", name, re.I)]

    def test_acute_problems_are_over(self, lived):
        for resources in lived.values():
            for item in resources:
                if item["resourceType"] == "Condition" and "Acute" in str(item["code"]):
                    assert item["clinicalStatus"]["coding"][0]["code"] == "resolved"

    def test_same_seed_is_the_same_life(self, lived):
        assert history(member("okonkwo"), CALENDAR) == lived["okonkwo"]
