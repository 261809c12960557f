"""The RESTful interactions over HTTP."""

import asyncio
import json
from decimal import Decimal

import httpx
import pytest

PATIENT = {"resourceType": "Patient", "name": [{"family": "Müller", "given": ["Jörg"]}]}


def issue_of(response: httpx.Response) -> dict:
    body = response.json()
    assert body["resourceType"] == "OperationOutcome"
    assert response.headers["content-type"].startswith("application/fhir+json")
    return body["issue"][0]


async def make(client: httpx.AsyncClient, **elements) -> dict:
    kind = elements.get("resourceType", "Patient")
    response = await client.post(
        f"/{kind}", json={**PATIENT, **elements} if kind == "Patient" else elements
    )
    assert response.status_code == 201, response.text
    return response.json()


class TestCreate:
    async def test_answers_with_location_and_version(self, client):
        response = await client.post("/Patient", json=PATIENT)
        assert response.status_code == 201
        body = response.json()
        assert response.headers["etag"] == 'W/"1"'
        assert response.headers["location"].endswith(f"/fhir/Patient/{body['id']}/_history/1")
        assert response.headers["last-modified"].endswith("GMT")
        assert body["meta"]["versionId"] == "1"

    @pytest.mark.parametrize("returning", ["minimal", "OperationOutcome", "representation"])
    async def test_returns_what_is_preferred(self, client, returning):
        response = await client.post(
            "/Patient", json=PATIENT, headers={"Prefer": f"return={returning}"}
        )
        assert response.status_code == 201
        if returning == "minimal":
            assert response.content == b""
        else:
            kind = "Patient" if returning == "representation" else "OperationOutcome"
            assert response.json()["resourceType"] == kind

    async def test_names_the_element_that_is_wrong(self, client):
        response = await client.post("/Patient", json={**PATIENT, "birthDate": "2023-02-29"})
        assert response.status_code == 422
        issue = issue_of(response)
        assert (issue["expression"], issue["code"]) == (["Patient.birthDate"], "value")

    async def test_of_another_type_is_refused(self, client):
        assert (await client.post("/Observation", json=PATIENT)).status_code == 422

    async def test_of_no_type_is_not_found(self, client):
        assert (await client.post("/Sausage", json=PATIENT)).status_code == 404

    async def test_happens_once_under_a_condition(self, client):
        body = {**PATIENT, "identifier": [{"system": "urn:mrn", "value": "7"}]}
        headers = {"If-None-Exist": "identifier=urn:mrn|7"}
        first = await client.post("/Patient", json=body, headers=headers)
        second = await client.post("/Patient", json=body, headers=headers)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["id"] == second.json()["id"]

    async def test_once_when_many_ask_at_once(self, client):
        body = {**PATIENT, "identifier": [{"system": "urn:mrn", "value": "8"}]}
        headers = {"If-None-Exist": "identifier=urn:mrn|8"}
        answers = await asyncio.gather(
            *(client.post("/Patient", json=body, headers=headers) for _ in range(16))
        )
        assert sorted(a.status_code for a in answers) == [200] * 15 + [201]
        assert len({a.json()["id"] for a in answers}) == 1


class TestRead:
    async def test_keeps_the_digits_of_decimals(self, client):
        text = (
            '{"resourceType":"Observation","status":"final","code":{"text":"x"},'
            '"component":['
            + ",".join(
                f'{{"code":{{"text":"c"}},"valueQuantity":{{"value":{n}}}}}'
                for n in ("1.00", "0.0", "1E-22", "1.000000000000000000E-24", "-1.00", "100")
            )
            + "]}"
        )
        made = await client.post(
            "/Observation", content=text, headers={"Content-Type": "application/fhir+json"}
        )
        found = await client.get(f"/Observation/{made.json()['id']}")
        values = [
            str(c["valueQuantity"]["value"])
            for c in json.loads(found.content, parse_float=Decimal)["component"]
        ]
        assert values == ["1.00", "0.0", "1E-22", "1.000000000000000000E-24", "-1.00", "100"]

    async def test_says_not_modified(self, client):
        made = await make(client)
        response = await client.get(f"/Patient/{made['id']}", headers={"If-None-Match": 'W/"1"'})
        assert (response.status_code, response.content) == (304, b"")

    async def test_of_a_deleted_one_is_gone(self, client):
        made = await make(client)
        assert (await client.delete(f"/Patient/{made['id']}")).status_code == 204
        assert (await client.delete(f"/Patient/{made['id']}")).status_code == 204
        gone = await client.get(f"/Patient/{made['id']}")
        assert (gone.status_code, gone.headers["etag"]) == (410, 'W/"2"')
        assert issue_of(gone)["code"] == "deleted"

    async def test_of_nothing_is_not_found(self, client):
        assert issue_of(await client.get("/Patient/nobody"))["code"] == "not-found"

    async def test_cuts_to_elements(self, client):
        made = await make(client, gender="male")
        body = (await client.get(f"/Patient/{made['id']}?_elements=gender")).json()
        assert body.keys() == {"resourceType", "id", "meta", "gender"}
        assert body["meta"]["tag"][0]["code"] == "SUBSETTED"


class TestUpdate:
    async def test_refuses_a_stale_version(self, client):
        made = await make(client)
        ok = await client.put(f"/Patient/{made['id']}", json=made, headers={"If-Match": 'W/"1"'})
        assert (ok.status_code, ok.headers["etag"]) == (200, 'W/"2"')
        stale = await client.put(f"/Patient/{made['id']}", json=made, headers={"If-Match": 'W/"1"'})
        assert stale.status_code == 412
        assert issue_of(stale)["code"] == "conflict"

    async def test_loses_nothing_under_if_match(self, client):
        made = await make(client)
        address = f"/Patient/{made['id']}"

        async def count(times: int) -> None:
            for _ in range(times):
                while True:
                    current = await client.get(address)
                    body = current.json()
                    body["multipleBirthInteger"] = body.get("multipleBirthInteger", 0) + 1
                    headers = {"If-Match": current.headers["etag"]}
                    answer = await client.put(address, json=body, headers=headers)
                    if answer.status_code == 200:
                        break
                    assert answer.status_code == 412

        await asyncio.gather(*(count(5) for _ in range(8)))
        final = (await client.get(address)).json()
        assert final["multipleBirthInteger"] == 40
        assert final["meta"]["versionId"] == "41"

    async def test_of_another_id_is_refused(self, client):
        made = await make(client)
        response = await client.put("/Patient/other", json=made)
        assert response.status_code == 422
        assert issue_of(response)["expression"] == ["Patient.id"]

    async def test_by_condition(self, client):
        body = {**PATIENT, "identifier": [{"system": "urn:mrn", "value": "9"}]}
        first = await client.put("/Patient?identifier=urn:mrn|9", json=body)
        second = await client.put("/Patient?identifier=urn:mrn|9", json={**body, "gender": "male"})
        assert (first.status_code, second.status_code) == (201, 200)
        assert second.json()["id"] == first.json()["id"]
        assert (await client.put("/Patient", json=body)).status_code == 400


class TestPatch:
    async def test_changes_a_part(self, client):
        made = await make(client)
        response = await client.patch(
            f"/Patient/{made['id']}",
            content=json.dumps([{"op": "add", "path": "/gender", "value": "male"}]),
            headers={"Content-Type": "application/json-patch+json"},
        )
        assert response.status_code == 200, response.text
        assert response.json()["gender"] == "male"

    async def test_leaves_nothing_invalid(self, client):
        made = await make(client)
        response = await client.patch(
            f"/Patient/{made['id']}",
            content=json.dumps([{"op": "add", "path": "/gender", "value": "robot"}]),
            headers={"Content-Type": "application/json-patch+json"},
        )
        assert response.status_code == 422
        assert (await client.get(f"/Patient/{made['id']}")).json()["meta"]["versionId"] == "1"


class TestHistory:
    async def test_tells_all_versions_newest_first(self, client):
        made = await make(client)
        await client.put(f"/Patient/{made['id']}", json=made)
        await client.delete(f"/Patient/{made['id']}")
        bundle = (await client.get(f"/Patient/{made['id']}/_history")).json()
        assert [e["request"]["method"] for e in bundle["entry"]] == ["DELETE", "PUT", "POST"]
        assert bundle["total"] == 3
        first = await client.get(f"/Patient/{made['id']}/_history/1")
        assert first.json()["meta"]["versionId"] == "1"

    async def test_pages(self, client):
        for _ in range(5):
            await make(client)
        page = (await client.get("/Patient/_history?_count=2")).json()
        seen = [e["resource"]["id"] for e in page["entry"]]
        while links := [n["url"] for n in page["link"] if n["relation"] == "next"]:
            page = (await client.get("/" + links[0].split("/fhir/")[1])).json()
            seen += [e["resource"]["id"] for e in page["entry"]]
        assert len(seen) == len(set(seen)) == 5
        assert len((await client.get("/_history")).json()["entry"]) == 5


class TestForms:
    async def test_answers_json_only(self, client):
        response = await client.get("/Patient", headers={"Accept": "application/fhir+xml"})
        assert response.status_code == 406
        assert (await client.get("/Patient?_format=xml")).status_code == 406
        ok = await client.get("/Patient?_format=json", headers={"Accept": "application/fhir+xml"})
        assert ok.status_code == 200

    async def test_reads_json_only(self, client):
        response = await client.post(
            "/Patient", content=b"<Patient/>", headers={"Content-Type": "application/fhir+xml"}
        )
        assert response.status_code == 415

    async def test_knows_which_methods_an_address_has(self, client):
        response = await client.delete("/metadata")
        assert (response.status_code, response.headers["allow"]) == (405, "GET")


class TestHostileJson:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b'"x"',
            b"null",
            b"\xff\xfe",
            b'{"resourceType":"Patient","active":NaN}',
            b'{"resourceType":"Patient","extension":[{"url":"x","valueDecimal":1e99999}]}',
            b'{"resourceType":"Patient"}garbage',
            b"[" * 100_000 + b"]" * 100_000,
            b'{"resourceType":"Patient","name":'
            + b'[{"extension":' * 300
            + b"1"
            + b"}]" * 300
            + b"}",
            b'{"resourceType":"Patient","id":"\\u0000"}',
            b'{"resourceType":"Patient","gender":"\\u0000"}',
            b'{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}',
            b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}',
            b'{"resourceType":"Patient","contained":[{"resourceType":"Patient","contained":[]}]}',
            b'{"resourceType":"Patient","name":null}',
            b'{"resourceType":"Patient","name":[]}',
            b'{"resourceType":"Patient","name":[{}]}',
            b'{"resourceType":"Patient","name":[[]]}',
            b'{"resourceType":"Patient","_gender":1,"_name":{}}',
            b'{"resourceType":["Patient"]}',
            b'{"resourceType":"Patient","multipleBirthInteger":99999999999999999999}',
            b'{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"}',
            b'{"resourceType":"Patient","meta":[]}',
            b'{"resourceType":"Patient","meta":"x"}',
        ],
    )
    async def test_is_refused_and_the_house_goes_on(self, client, body):
        response = await client.post(
            "/Patient", content=body, headers={"Content-Type": "application/fhir+json"}
        )
        assert response.status_code in (400, 422), response.text
        assert issue_of(response)["severity"] == "error"
        assert (await client.post("/Patient", json=PATIENT)).status_code == 201

    async def test_says_that_it_is_too_deep(self, client):
        body = b'{"a":' * 70 + b"1" + b"}" * 70
        response = await client.post(
            "/Patient", content=body, headers={"Content-Type": "application/fhir+json"}
        )
        assert response.status_code == 400
        assert "deep" in issue_of(response)["diagnostics"]


class TestSignIn:
    async def test_is_asked_for(self, client_of):
        nobody = client_of(None)
        response = await nobody.get("/Patient")
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        assert issue_of(response)["code"] == "login"

    async def test_is_not_needed_for_the_capabilities(self, client_of):
        body = (await client_of(None).get("/metadata")).json()
        assert body["resourceType"] == "CapabilityStatement"
        assert len(body["rest"][0]["resource"]) == 146
