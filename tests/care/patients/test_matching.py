"""Whose images: only on identifier and assigner, with name and birth date agreeing."""

from dataclasses import replace
from typing import Any

import pytest

from tests.care.builders import a_patient, name
from vesalius.care.patients import Identity, match
from vesalius.kit.transaction import Transaction

ADA = Identity(
    PatientID="4711",
    PatientName={"Alphabetic": "LOVELACE^ADA"},
    PatientBirthDate="19800501",
    PatientSex="F",
)


async def test_identifier_assigner_name_and_birth_date_match(tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    found = await match(tx, ADA)
    assert found.patient_reference == ada.patient_reference
    assert found.reason is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"PatientID": ""}, "no-identifier"),
        ({"PatientID": "4712"}, "unknown-identifier"),
        ({"issuer": "ELSEWHERE"}, "assigner-differs"),
        ({"PatientName": {"Alphabetic": "BYRON^ADA"}}, "name-differs"),
        ({"PatientName": {}}, "no-name"),
        ({"PatientBirthDate": "19800502"}, "birth-date-differs"),
        ({"PatientBirthDate": ""}, "no-birth-date"),
        ({"PatientSex": "M"}, "sex-differs"),
    ],
)
async def test_anything_else_waits_with_its_reason(
    tx: Transaction, change: dict[str, Any], reason: str
) -> None:
    await a_patient(tx, mrn="4711")
    found = await match(tx, replace(ADA, **change))
    assert found.patient_reference is None
    assert found.reason == reason


async def test_never_by_name_alone_but_proposed(tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    found = await match(tx, replace(ADA, PatientID="9999"))
    assert found.patient_reference is None
    [proposal] = found.proposals
    assert proposal.patient_reference == ada.patient_reference
    assert set(proposal.reasons) == {"name", "birth_date", "sex"}
    assert "identifier" in proposal.differences
    assert 0 < proposal.score < 1


async def test_the_best_proposal_comes_first(tx: Transaction) -> None:
    same_number = await a_patient(tx, name("Byron", "Anne"), mrn="4711", birth_date="1990-01-01")
    same_person = await a_patient(tx, mrn="1")
    found = await match(tx, ADA)
    order = [proposal.patient_reference for proposal in found.proposals]
    assert order == [same_number.patient_reference, same_person.patient_reference]
    assert found.reason == "name-differs"


async def test_missing_birth_date_matches_the_patient_of_its_order(tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    unborn = replace(ADA, PatientBirthDate="")
    found = await match(tx, unborn, expected=ada.patient_reference)
    assert found.patient_reference == ada.patient_reference
    assert (await match(tx, unborn, expected="somebody-else")).patient_reference is None


async def test_an_order_does_not_excuse_a_difference(tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711")
    wrong = replace(ADA, PatientBirthDate="19800502")
    found = await match(tx, wrong, expected=ada.patient_reference)
    assert found.patient_reference is None


async def test_a_birth_year_alone_proves_nothing(tx: Transaction) -> None:
    await a_patient(tx, mrn="4711", birth_date="1980")
    assert (await match(tx, ADA)).reason == "no-birth-date"


async def test_issuer_is_an_identifier_system_or_mapped_to_one(tx: Transaction) -> None:
    ada = await a_patient(tx, mrn="4711", system="urn:oid:1.2.3")
    assert (await match(tx, ADA)).reason == "assigner-differs"
    found = await match(tx, replace(ADA, issuer="urn:oid:1.2.3"))
    assert found.patient_reference == ada.patient_reference
    tx.settings = tx.settings.model_copy(update={"assigners": {"NORTH": "urn:oid:1.2.3"}})
    found = await match(tx, replace(ADA, issuer="NORTH"))
    assert found.patient_reference == ada.patient_reference


async def test_an_inactive_patient_gets_no_images(tx: Transaction) -> None:
    from tests.care.builders import user
    from vesalius.care.patients import refresh
    from vesalius.stores import record

    ada = await a_patient(tx, mrn="4711")
    current = await record.read(tx, user(), "Patient", ada.patient_reference)
    body = {**current.json(), "active": False}
    await record.update(tx, user(), "Patient", ada.patient_reference, body)
    await refresh(tx, ada.patient_reference)
    assert (await match(tx, ADA)).reason == "inactive"
