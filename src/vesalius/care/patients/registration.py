"""Registering a patient: one number, one person."""

from collections.abc import Mapping
from typing import Any

from vesalius.care.patients.cards import Card, keep
from vesalius.kit.errors import Conflict, Invalid
from vesalius.kit.transaction import Transaction
from vesalius.stores import record
from vesalius.stores.access import Principal, require

MR_TYPE = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}],
}


async def register(tx: Transaction, principal: Principal | None, form: Mapping[str, Any]) -> Card:
    """Make a Patient of a registration form and return their card.

    The form is a Patient body whose identifiers may be left out: then a medical record number of
    our own is given. Raises Conflict when a number already belongs to somebody.
    """
    principal = require(principal, "record.write:Patient")
    body = {key: value for key, value in form.items() if value not in (None, "", [], {})}
    body["resourceType"] = "Patient"
    if not any(
        name.get("family") or name.get("given") or name.get("text") for name in _names(body)
    ):
        raise Invalid("a patient needs a name")
    identifiers = list(body.get("identifier") or [])
    if not identifiers:
        identifiers = [await _next_number(tx)]
    for identifier in identifiers:
        identifier.setdefault("system", tx.settings.default_assigner)
        await _take(tx, str(identifier["system"]), str(identifier.get("value") or ""))
    body["identifier"] = identifiers
    version = await record.create(tx, principal, "Patient", body)
    return await keep(tx, version.id, version.version, version.json())


def _names(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    names = body.get("name")
    if not isinstance(names, list) or not all(isinstance(name, Mapping) for name in names):
        raise Invalid("a patient needs a name")
    return names


async def _next_number(tx: Transaction) -> dict[str, Any]:
    number = await tx.fetch_value("SELECT nextval('medical_record_number')")
    return {
        "use": "usual",
        "type": MR_TYPE,
        "system": tx.settings.default_assigner,
        "value": str(number),
    }


async def _take(tx: Transaction, system: str, value: str) -> None:
    if not value.strip():
        raise Invalid("an identifier needs a value")
    # Two desks registering one number at once wait for each other here, not in a duplicate.
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 6))", (f"{system}|{value}",)
    )
    taken = await tx.fetch_value(
        "SELECT 1 FROM patient_identifier WHERE system = %s AND value = %s", (system, value)
    )
    if taken:
        raise Conflict("this number already belongs to a patient")
