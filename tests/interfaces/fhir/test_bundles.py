"""Transactions and batches over HTTP."""

import asyncio

import httpx

PATIENT = {"resourceType": "Patient", "name": [{"family": "Ito"}]}


def post(resource: dict, full_url: str | None = None, **request: str) -> dict:
    entry = {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"], **request},
    }
    return entry | ({"fullUrl": full_url} if full_url else {})


def observation(subject: str, **elements: object) -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": subject},
        **elements,
    }


async def send(client: httpx.AsyncClient, kind: str, *entries: dict) -> httpx.Response:
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return await client.post("/", json=bundle)


def ids(answer: httpx.Response) -> list[str]:
    return [e["response"]["location"].split("/")[1] for e in answer.json()["entry"]]


class TestTransaction:
    async def test_resolves_full_urls(self, client):
        urn = "urn:uuid:0f1e2d3c-0000-4000-8000-000000000001"
        document = observation(urn, valueQuantity={"value": 1})
        document["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": urn}]
        answer = await send(client, "transaction", post(document), post(PATIENT, urn))
        assert answer.status_code == 200, answer.text
        assert answer.json()["type"] == "transaction-response"
        assert [e["response"]["status"] for e in answer.json()["entry"]] == ["201 Created"] * 2
        made, patient = ids(answer)
        stored = (await client.get(f"/Observation/{made}")).json()
        assert stored["subject"]["reference"] == f"Patient/{patient}"
        assert stored["identifier"][0]["value"] == urn

    async def test_resolves_restful_full_urls_and_conditions(self, client):
        known = {**PATIENT, "identifier": [{"system": "urn:mrn", "value": "1"}]}
        old = (await client.post("/Patient", json=known)).json()["id"]
        answer = await send(
            client,
            "transaction",
            post(PATIENT, "http://elsewhere/fhir/Patient/77"),
            post(observation("Patient/77")),
            post(observation("Patient?identifier=urn:mrn|1")),
        )
        assert answer.status_code == 200, answer.text
        patient, first, second = ids(answer)
        stored = (await client.get(f"/Observation/{first}")).json()
        assert stored["subject"]["reference"] == f"Patient/{patient}"
        stored = (await client.get(f"/Observation/{second}")).json()
        assert stored["subject"]["reference"] == f"Patient/{old}"

    async def test_does_all_or_nothing(self, client):
        bad = observation("Patient/x", status="sausage")
        answer = await send(client, "transaction", post(PATIENT), post(PATIENT), post(bad))
        assert answer.status_code == 422
        issue = answer.json()["issue"][0]
        assert issue["expression"] == ["Bundle.entry[2].resource.status"]
        assert (await client.get("/Patient?_summary=count")).json()["total"] == 0

    async def test_refuses_a_urn_that_names_nothing(self, client):
        lost = observation("urn:uuid:0f1e2d3c-0000-4000-8000-00000000000f")
        assert (await send(client, "transaction", post(lost))).status_code == 422
        lost = observation("Patient?identifier=urn:mrn|nobody")
        assert (await send(client, "transaction", post(lost))).status_code == 412

    async def test_works_in_the_standards_order(self, client):
        a = (await client.post("/Patient", json=PATIENT)).json()
        b = (await client.post("/Patient", json=PATIENT)).json()
        answer = await send(
            client,
            "transaction",
            {"request": {"method": "GET", "url": "Patient?_total=accurate"}},
            {
                "request": {"method": "PUT", "url": f"Patient/{b['id']}", "ifMatch": 'W/"1"'},
                "resource": {**b, "gender": "female"},
            },
            post(PATIENT),
            {"request": {"method": "DELETE", "url": f"Patient/{a['id']}"}},
        )
        assert answer.status_code == 200, answer.text
        entries = answer.json()["entry"]
        assert [e["response"]["status"][:3] for e in entries] == ["200", "200", "201", "204"]
        assert entries[0]["resource"]["total"] == 2

    async def test_refuses_one_resource_twice(self, client):
        body = {**PATIENT, "id": "twice"}
        put = {"request": {"method": "PUT", "url": "Patient/twice"}, "resource": body}
        assert (await send(client, "transaction", put, put)).status_code == 400

    async def test_refuses_a_stale_entry(self, client):
        made = (await client.post("/Patient", json=PATIENT)).json()
        put = {
            "request": {"method": "PUT", "url": f"Patient/{made['id']}", "ifMatch": 'W/"9"'},
            "resource": made,
        }
        assert (await send(client, "transaction", post(PATIENT), put)).status_code == 412
        assert (await client.get("/Patient?_summary=count")).json()["total"] == 1

    async def test_makes_one_under_a_condition(self, client):
        """Conditional creates, twice in each bundle and in many bundles at once, make one."""
        body = {**PATIENT, "identifier": [{"system": "urn:mrn", "value": "c"}]}
        urn = "urn:uuid:0f1e2d3c-0000-4000-8000-000000000002"

        def entries() -> list[dict]:
            condition = {"ifNoneExist": "identifier=urn:mrn|c"}
            return [post(body, urn, **condition), post(body, **condition), post(observation(urn))]

        answers = await asyncio.gather(*(send(client, "transaction", *entries()) for _ in range(8)))
        assert {a.status_code for a in answers} == {200}
        patients = {ids(a)[0] for a in answers} | {ids(a)[1] for a in answers}
        assert len(patients) == 1
        assert (await client.get("/Patient?_summary=count")).json()["total"] == 1
        found = await client.get(f"/Observation?patient={patients.pop()}&_summary=count")
        assert found.json()["total"] == 8

    async def test_writes_many(self, client):
        urn = "urn:uuid:0f1e2d3c-0000-4000-8000-000000000003"
        many = [post(observation(urn, valueInteger=i)) for i in range(300)]
        answer = await send(client, "transaction", post(PATIENT, urn), *many)
        assert answer.status_code == 200
        patient = ids(answer)[0]
        found = await client.get(f"/Observation?patient=Patient/{patient}&_total=accurate")
        assert found.json()["total"] == 300


class TestBatch:
    async def test_keeps_what_is_good(self, client):
        answer = await send(
            client,
            "batch",
            post(PATIENT),
            post(observation("Patient/x", status="sausage")),
            {"request": {"method": "GET", "url": "Patient/nobody"}},
            {"request": {"method": "DELETE", "url": "Sausage/1"}},
            {"request": {"method": "GET", "url": "Patient?sausage=1"}},
            "rubbish",
            post(PATIENT),
        )
        assert answer.status_code == 200, answer.text
        status = [e["response"]["status"][:3] for e in answer.json()["entry"]]
        assert status == ["201", "422", "404", "422", "400", "422", "201"]
        assert answer.json()["entry"][1]["response"]["outcome"]["issue"][0]["expression"]
        assert (await client.get("/Patient?_summary=count")).json()["total"] == 2


async def test_what_is_no_bundle_is_refused(client):
    assert (await client.post("/", json=PATIENT)).status_code == 400
    assert (await send(client, "collection")).status_code == 400
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": {}}
    assert (await client.post("/", json=bundle)).status_code == 400
    assert (await send(client, "transaction", {"resource": PATIENT})).status_code == 422
    assert (await send(client, "transaction")).status_code == 200
