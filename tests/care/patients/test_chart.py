"""The banner and the summary."""

from datetime import date
from typing import Any

import pytest

from tests.care.builders import a_patient, user
from vesalius.care.patients import banner, summary
from vesalius.care.patients.chart import age_of, latest, value_text
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access, record


def subject(reference: str) -> dict[str, str]:
    return {"reference": f"Patient/{reference}"}


def text(words: str) -> dict[str, Any]:
    return {"text": words}


async def put(tx: Transaction, body: dict[str, Any]) -> None:
    await record.create(tx, user(), body["resourceType"], body)


async def test_banner_tells_who_and_what_not_to_overlook(tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    allergy: dict[str, Any] = {
        "resourceType": "AllergyIntolerance",
        "patient": subject(ada.patient_reference),
        "code": text("Iodinated contrast"),
        "criticality": "high",
        "reaction": [{"manifestation": [text("Anaphylaxis")]}],
    }
    await put(tx, allergy)
    refuted = {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
                "code": "refuted",
            }
        ]
    }
    await put(tx, {**allergy, "code": text("Penicillin"), "verificationStatus": refuted})
    told = await banner(tx, user(), ada.patient_reference)
    assert told["name"] == "Lovelace, Ada"
    assert told["mrn"] == "4711"
    assert [a["text"] for a in told["allergies"]] == ["Iodinated contrast"]
    assert told["allergies"][0]["reactions"] == ["Anaphylaxis"]


async def test_banner_of_a_restricted_patient_is_not_there(tx: Transaction) -> None:
    ada = await a_patient(tx)
    await access.restrict(tx, access.SYSTEM, ada.patient_reference, True)
    with pytest.raises(NotFound):
        await banner(tx, user(), ada.patient_reference)
    with pytest.raises(NotFound):
        await summary(tx, user(), ada.patient_reference)


async def test_summary_holds_what_is_current_and_the_latest_values(tx: Transaction) -> None:
    ada = await a_patient(tx)
    for day, value in (("2026-01-01", 1.1), ("2026-03-01", 0.9), ("2026-02-01", 1.0)):
        await put(
            tx,
            {
                "resourceType": "Observation",
                "status": "final",
                "category": [
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                                "code": "laboratory",
                            }
                        ]
                    }
                ],
                "code": {
                    "coding": [{"system": "http://loinc.org", "code": "2160-0"}],
                    "text": "Cr",
                },
                "subject": subject(ada.patient_reference),
                "effectiveDateTime": day,
                "valueQuantity": {"value": value, "unit": "mg/dL"},
            },
        )
    await put(
        tx,
        {
            "resourceType": "Condition",
            "code": text("Asthma"),
            "subject": subject(ada.patient_reference),
            "recordedDate": "2020-01-01",
        },
    )
    told = await summary(tx, user(), ada.patient_reference)
    assert [(r["title"], r["value"], r["when"]) for r in told["results"]] == [
        ("Cr", "0.9 mg/dL", "2026-03-01")
    ]
    assert [p["title"] for p in told["problems"]] == ["Asthma"]


async def test_summary_leaves_out_what_one_may_not_read(tx: Transaction) -> None:
    ada = await a_patient(tx)
    desk = user(permissions=frozenset({"record.read:Patient"}))
    told = await summary(tx, desk, ada.patient_reference)
    assert all(value == [] for value in told.values())


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("2026-11-20", (4, "days")),
        ("2026-01-25", (9, "months")),
        ("2024-11-24", (2, "years")),
        ("1980-11-25", (45, "years")),
        ("1980", (46, "years")),
        (None, (None, None)),
    ],
)
def test_age(born: str | None, age: tuple[int | None, str | None]) -> None:
    assert age_of(born, date(2026, 11, 24)) == age


def test_values_carry_their_unit() -> None:
    assert value_text({"valueQuantity": {"value": 5, "unit": "mm", "comparator": "<"}}) == "<5 mm"
    assert value_text({"valueString": "clear"}) == "clear"
    assert value_text({}) == ""


def test_a_mistake_is_not_the_latest() -> None:
    code = {"code": {"text": "K"}}
    wrong = {**code, "status": "entered-in-error", "valueString": "9"}
    right = {**code, "status": "final", "valueString": "4"}
    assert [told["value"] for told in latest([wrong, right])] == ["4"]
