"""Searches over HTTP: links, includes, and what is not understood."""

import pytest


def observation(patient: str, value: float, day: str, **elements) -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": day,
        "valueQuantity": {
            "value": value,
            "system": "http://unitsofmeasure.org",
            "code": "mm[Hg]",
            "unit": "mmHg",
        },
        **elements,
    }


@pytest.fixture
async def chart(client):
    """Two patients, one practitioner, six observations."""
    for id_, family in (("ana", "Ñandú"), ("bo", "Bo")):
        body = {
            "resourceType": "Patient",
            "id": id_,
            "birthDate": "1970-05-17",
            "name": [{"family": family, "given": ["Maria José"]}],
            "identifier": [
                {
                    "system": "urn:mrn",
                    "value": id_,
                    "type": {"coding": [{"system": "urn:types", "code": "MR"}]},
                }
            ],
            "generalPractitioner": [{"reference": "Practitioner/doc"}],
        }
        assert (await client.put(f"/Patient/{id_}", json=body)).status_code == 201
    doc = {"resourceType": "Practitioner", "id": "doc", "name": [{"family": "House"}]}
    await client.put("/Practitioner/doc", json=doc)
    for i in range(6):
        body = observation("ana" if i % 2 else "bo", 100 + i, f"2024-0{i + 1}-01")
        body["id"] = f"o{i}"
        assert (await client.put(f"/Observation/o{i}", json=body)).status_code == 201
    return client


async def found(client, query: str) -> list[str]:
    response = await client.get(f"/{query}")
    assert response.status_code == 200, response.text
    return [e["resource"]["id"] for e in response.json().get("entry", [])]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Observation?patient=ana&code=8480-6&date=ge2024-03-01&_sort=date", ["o3", "o5"]),
        ("Observation?subject=Patient/bo&_sort=-date", ["o4", "o2", "o0"]),
        (
            "Observation?subject:Patient=bo&code=http://loinc.org|8480-6&_sort=-date&_count=1",
            ["o4"],
        ),
        ("Observation?subject=Practitioner/bo", []),
        ("Observation?code=http://snomed.info/sct|8480-6", []),
        ("Observation?code=|8480-6", []),
        ("Observation?code=http://loinc.org|&date=2024-01", ["o0"]),
        ("Observation?value-quantity=gt104|http://unitsofmeasure.org|mm[Hg]", ["o5"]),
        ("Observation?value-quantity=104||mmHg", ["o4"]),
        ("Observation?value-quantity=1.0e2&_sort=value-quantity", ["o0", "o1", "o2", "o3", "o4"]),
        ("Observation?date=lt2024-02-01", ["o0"]),
        ("Observation?date=2024-01,2024-03&_sort=date", ["o0", "o2"]),
        ("Observation?status:not=final", []),
        ("Observation?encounter:missing=false", []),
        (
            "Observation?status=http://hl7.org/fhir/observation-status|final&_id=o1,o2&_sort=_id",
            ["o1", "o2"],
        ),
        ("Observation?subject:Patient.name=nandu&_sort=-_id", ["o5", "o3", "o1"]),
        ("Observation?patient.identifier=urn:mrn|bo&_sort=-_id", ["o4", "o2", "o0"]),
        ("Observation?patient.general-practitioner.name=house&_id=o0", ["o0"]),
        ("Patient?_has:Observation:patient:value-quantity=105", ["ana"]),
        ("Patient?name=NAND", ["ana"]),
        ("Patient?family:exact=Ñandú", ["ana"]),
        ("Patient?family:exact=nandu", []),
        ("Patient?given:contains=josé&_sort=family", ["bo", "ana"]),
        ("Patient?identifier:of-type=urn:types|MR|bo", ["bo"]),
        ("Patient?birthdate=1970-05&_sort=_id", ["ana", "bo"]),
        ("Patient?birthdate=sa1970-05-17", []),
        ("Patient?deceased=false&_sort=_id", ["ana", "bo"]),
        ("Patient?_lastUpdated=gt2100", []),
        ("Observation?_id=o0&_include=Observation:patient", ["o0", "bo"]),
        (
            "Observation?_id=o0&_include=Observation:patient&_include:iterate=Patient:general-practitioner",
            ["o0", "bo", "doc"],
        ),
        ("Patient?_id=ana&_revinclude=Observation:subject", ["ana", "o5", "o3", "o1"]),
    ],
)
async def test_finds(chart, query, expected):
    assert await found(chart, query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "Patient?sausage=1",
        "Patient?name:sausage=1",
        "Patient?name=",
        "Patient?name=,",
        "Patient?name=%20",
        "Patient?birthdate=yesterday",
        "Patient?_sort=sausage",
        "Patient?_sort=gender",
        "Patient?_count=many",
        "Patient?_cursor=abc",
        "Patient?_cursor=WyJhIl0",
        "Patient?_include=Sausage:x",
        "Patient?_include=Patient:name",
        "Patient?_has:Observation:sausage:code=1",
        "Patient?_has:x=1",
        "Patient?name.family=1",
        "Observation?value-quantity=x",
        "Observation?value-quantity=1|2",
        "Observation?subject.sausage=1",
        "Observation?code:in=http://x",
        "Patient?identifier=a|b|c",
        "Patient?gender:missing=maybe",
        "Patient?_total=x",
        "Patient?_summary=x",
        "Patient?name=%00",
        "Patient?_id=%00",
        "Patient?_text=x",
        "Patient?_lastUpdated=x",
        "Patient?_cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0",
    ],
)
async def test_says_what_it_does_not_understand(chart, query):
    """An unknown or malformed parameter is an error, never all patients."""
    response = await chart.get(f"/{query}")
    assert response.status_code == 400, response.text
    assert response.json()["resourceType"] == "OperationOutcome"


async def test_leaves_out_what_it_does_not_know_when_asked_to_be_lenient(chart):
    headers = {"Prefer": "handling=lenient"}
    response = await chart.get("/Patient?sausage=1&name=nandu", headers=headers)
    body = response.json()
    assert body["entry"][0]["resource"]["id"] == "ana"
    assert body["entry"][-1]["search"]["mode"] == "outcome"
    assert "sausage" in body["entry"][-1]["resource"]["issue"][0]["diagnostics"]
    assert "sausage" not in body["link"][0]["url"]


@pytest.mark.parametrize(
    "sort", ["", "&_sort=date", "&_sort=-date", "&_sort=value-quantity,-_id", "&_sort=encounter-x"]
)
async def test_pages_through_all(chart, sort):
    """Every resource once, in order, whatever the key; also where values are missing."""
    if sort.endswith("-x"):
        sort = "&_sort=value-date,-_lastUpdated"
    address, seen = f"/Observation?_count=2{sort}", []
    while address:
        page = (await chart.get(address)).json()
        seen += [e["resource"]["id"] for e in page["entry"]]
        links = {n["relation"]: n["url"] for n in page["link"]}
        address = links.get("next", "").partition("/fhir")[2]
    assert sorted(seen) == ["o0", "o1", "o2", "o3", "o4", "o5"]
    if sort == "&_sort=-date":
        assert seen == ["o5", "o4", "o3", "o2", "o1", "o0"]


async def test_counts(chart):
    assert (await chart.get("/Observation?_summary=count")).json() == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 6,
        "link": [{"relation": "self", "url": "http://127.0.0.1:0/fhir/Observation?_summary=count"}],
    }
    assert (await chart.get("/Observation?_count=1&_total=accurate")).json()["total"] == 6
    assert "total" not in (await chart.get("/Observation?_count=1")).json()


async def test_takes_posted_searches(chart):
    response = await chart.post("/Observation/_search?_sort=-date", data={"patient": "ana"})
    assert [e["resource"]["id"] for e in response.json()["entry"]] == ["o5", "o3", "o1"]


async def test_gives_everything_of_a_patient(chart):
    body = (await chart.get("/Patient/ana/$everything")).json()
    assert {e["resource"]["id"] for e in body["entry"]} == {"ana", "o1", "o3", "o5", "doc"}


async def test_finds_it_by_what_it_is_now(chart):
    body = observation("ana", 999, "2030-01-01", id="o0", status="amended")
    assert (await chart.put("/Observation/o0", json=body)).status_code == 200
    assert await found(chart, "Observation?patient=ana&status=amended") == ["o0"]
    assert "o0" not in await found(chart, "Observation?patient=bo")
    assert await found(chart, "Observation?date=2030") == ["o0"]
    assert await found(chart, "Observation?date=2024-01") == []
    await chart.delete("/Observation/o0")
    assert await found(chart, "Observation?value-quantity=999") == []
