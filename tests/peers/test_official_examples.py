"""HL7's own R4 and US Core examples: stored, read back to the digit, found by their own values.

They lie beside the project (`../shared/data/fhir`, CC0) and are not part of it.
"""

import json
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.record_house import empty, record_house

from vesalius.app import House
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.standards import fhir
from vesalius.stores import record
from vesalius.stores.access import SYSTEM

FOLDER = Path(__file__).parents[3] / "shared/data/fhir"
FILES = sorted(FOLDER.glob("*/*.json"))

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not FILES, reason="../shared/data/fhir is not here"),
]

# Examples that break their own definition, and where: references to types that the element
# does not allow, and a narrative without its div.
BROKEN = {
    "devicemetric-example.json": "DeviceMetric.parent.reference",
    "deviceusestatement-example.json": "DeviceUseStatement.reasonReference[0].reference",
    "medicationrequest0301.json": "MedicationRequest.dispenseRequest.performer.reference",
    "diagnosticreport-cbc.json": "DiagnosticReport.text.div",
}
SOUND = [file for file in FILES if file.name not in BROKEN]
EXAMPLES_ADDRESS = "http://vesalius.example/fhir"


class Digits(str):
    """A JSON number as it is written."""


def value_of(text: bytes) -> Any:
    return json.loads(text, parse_float=Digits, parse_int=Digits)


def digits(value: Any) -> Any:
    """Numbers by value and precision: 1E-22 and 1e-22 are one, 1.0 and 1.00 are two."""
    if isinstance(value, Digits):
        return Decimal(value).as_tuple()
    if isinstance(value, list):
        return [digits(v) for v in value]
    if isinstance(value, dict):
        return {k: digits(v) for k, v in value.items()}
    return value


@pytest.fixture(scope="module")
async def house(postgres: EmbeddedPostgres) -> AsyncIterator[House]:
    async with record_house(postgres, f"examples_{uuid.uuid4().hex}") as opened:
        yield opened


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_examples_are_told_where(name):
    [file] = [f for f in FILES if f.name == name]
    issues = fhir.validate(fhir.parse(file.read_bytes()))
    assert BROKEN[name] in [issue.expression for issue in issues]


async def test_come_back_to_the_digit(house):
    await empty(house)
    async with house.database.transaction() as tx:
        for file in SOUND:
            sent = value_of(file.read_bytes())
            body = fhir.parse(file.read_bytes())
            stored = await record.create(tx, SYSTEM, body["resourceType"], body)
            found = await record.read(tx, SYSTEM, body["resourceType"], stored.id)
            got = value_of(found.body)
            for value in (sent, got):
                value.pop("id", None)
                meta = value.get("meta", {})
                meta.pop("versionId", None)
                meta.pop("lastUpdated", None)
                if not meta:
                    value.pop("meta", None)
            assert digits(got) == digits(sent), file.name


async def test_are_found_by_their_own_values(house):
    """Each is among the answers to searches for every token, reference, date, string and number."""
    await empty(house)
    searches = 0
    async with house.database.transaction() as tx:
        stored = []
        for file in SOUND:
            body = fhir.parse(file.read_bytes())
            version = await record.create(tx, SYSTEM, body["resourceType"], body)
            stored.append((file.name, version))
        await tx.execute("ANALYZE")
        for name, version in stored:
            for code, value in queries(version.json()):
                found = await record.search(
                    tx, SYSTEM, version.resource_type, [(code, value), ("_count", "1000")]
                )
                ids = [v.id for v in found.matches]
                assert version.id in ids, (name, code, value)
                searches += 1
    assert searches > 1000


def queries(body: dict[str, Any]) -> list[tuple[str, str]]:
    """One search a parameter, made from what the resource holds."""
    found = fhir.extract(body)
    out: dict[str, str] = {}
    for code, system, value in found.tokens:
        if ":" not in code:
            out[code] = escaped(value) if system is None else f"{escaped(system)}|{escaped(value)}"
    for code, target in found.references:
        out[code] = escaped(target)
    for code, _, exact in found.strings:
        if exact.strip():
            out[code] = escaped(exact[:40])
    for code, lowest, _ in found.dates:
        if abs(lowest) < fhir.FOREVER:
            out[code] = f"ge{fhir.instant_text(fhir.from_instant(lowest))}"
    for code, low, *_ in found.quantities:
        if abs(low) < 10**9:
            out[code] = f"ge{low:E}"
    return list(out.items())


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|")


async def test_go_into_one_transaction(house):
    """All of them as one bundle of PUTs, ids as they are."""
    await empty(house)
    latest = {}
    for file in SOUND:
        body = fhir.parse(file.read_bytes())
        if "id" in body:
            latest[f"{body['resourceType']}/{body['id']}"] = body
    entries = [
        {"resource": body, "request": {"method": "PUT", "url": name}}
        for name, body in latest.items()
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    async with house.database.transaction() as tx:
        answer = await record.process_bundle(tx, SYSTEM, bundle)
        assert {e["response"]["status"] for e in answer["entry"]} == {"201 Created"}
        again = await record.process_bundle(tx, SYSTEM, bundle)
        assert {e["response"]["status"] for e in again["entry"]} == {"200 OK"}
