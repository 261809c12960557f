"""Structural validation names what is wrong, where."""

import pytest

from vesalius.standards import fhir

OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}


def faults(resource: dict) -> list[tuple[str, str | None]]:
    return [(issue.code, issue.expression) for issue in fhir.validate(resource)]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"sausage": 1}, ("structure", "Observation.sausage")),
        ({"status": "finished"}, ("code-invalid", "Observation.status")),
        ({"status": 1}, ("value", "Observation.status")),
        ({"code": []}, ("structure", "Observation.code")),
        ({"code": {}}, ("structure", "Observation.code")),
        ({"category": {"text": "x"}}, ("structure", "Observation.category")),
        ({"category": []}, ("structure", "Observation.category")),
        (
            {"category": [{"coding": [{"code": " x"}]}]},
            ("value", "Observation.category[0].coding[0].code"),
        ),
        ({"valueString": "a", "valueBoolean": True}, ("structure", "Observation.valueBoolean")),
        ({"valueSausage": 1}, ("structure", "Observation.valueSausage")),
        ({"valueQuantity": {"value": "5"}}, ("value", "Observation.valueQuantity.value")),
        ({"subject": {"reference": "Practitioner/1"}}, ("value", "Observation.subject.reference")),
        ({"effectiveDateTime": "2023-13"}, ("value", "Observation.effectiveDateTime")),
        ({"effectiveDateTime": "2023-02-30"}, ("value", "Observation.effectiveDateTime")),
        ({"effectiveDateTime": "2023-01-01T10:00:00"}, ("value", "Observation.effectiveDateTime")),
        ({"issued": "2023-01-01"}, ("value", "Observation.issued")),
        ({"component": [{}]}, ("structure", "Observation.component[0]")),
        ({"component": [{"valueInteger": 1}]}, ("required", "Observation.component[0].code")),
        ({"extension": [{"valueString": "x"}]}, ("required", "Observation.extension[0].url")),
        (
            {
                "extension": [
                    {"url": "u", "valueString": "x", "extension": [{"url": "v", "valueCode": "y"}]}
                ]
            },
            ("invariant", "Observation.extension[0]"),
        ),
        ({"_status": {"sausage": 1}}, ("structure", "Observation.status.sausage")),
        ({"_code": {"id": "a"}}, ("structure", "Observation._code")),
        ({"contained": [{"resourceType": "Nothing"}]}, ("structure", "Observation.contained[0]")),
        (
            {"contained": [{"resourceType": "Patient", "gender": "x"}]},
            ("code-invalid", "Observation.contained[0].gender"),
        ),
    ],
)
def test_names_the_fault(change, fault):
    assert fault in faults({**OBSERVATION, **change})


def test_wants_what_is_required():
    assert faults({"resourceType": "Observation", "id": "a"}) == [
        ("required", "Observation.status"),
        ("required", "Observation.code"),
    ]


def test_takes_an_extension_in_place_of_a_value():
    absent = {"extension": [{"url": "http://x/absent", "valueCode": "unknown"}]}
    assert faults({"resourceType": "Observation", "_status": absent, "code": {"text": "x"}}) == []
    names = {"resourceType": "Patient", "name": [{"given": [None, "A"], "_given": [absent, None]}]}
    assert faults(names) == []
    assert faults({"resourceType": "Patient", "name": [{"given": [None, "A"]}]}) == [
        ("value", "Patient.name[0].given[0]")
    ]


def test_follows_repeated_backbones():
    """Questionnaire.item.item is Questionnaire.item again (contentReference)."""
    item = {"linkId": "1", "type": "group", "item": [{"linkId": "2", "type": "sausage"}]}
    questionnaire = {"resourceType": "Questionnaire", "status": "draft", "item": [item]}
    assert faults(questionnaire) == [("code-invalid", "Questionnaire.item[0].item[0].type")]


def test_wants_a_code_of_a_required_binding():
    other = {"coding": [{"system": "http://x", "code": "active"}]}
    allergy = {
        "resourceType": "AllergyIntolerance",
        "patient": {"display": "x"},
        "clinicalStatus": other,
    }
    assert faults(allergy) == [("code-invalid", "AllergyIntolerance.clinicalStatus")]


def test_stops_counting():
    resource = {"resourceType": "Patient", **{f"x{i}": 1 for i in range(10_000)}}
    assert len(fhir.validate(resource)) == 50


@pytest.mark.parametrize(
    "resource", [None, 1, [], "x", {}, {"resourceType": None}, {"resourceType": "X"}]
)
def test_refuses_what_is_no_resource(resource):
    assert fhir.validate(resource)


@pytest.mark.parametrize("name", sorted(fhir.resource_types()))
def test_knows_every_type(name):
    """Each type compiles, and a body with nothing but an unknown element is refused."""
    assert ("structure", f"{name}.sausage") in faults({"resourceType": name, "sausage": 1})
