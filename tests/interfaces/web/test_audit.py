"""The trail over HTTP: for those who watch, and for the patient."""

from tests.interfaces.web.asking import signed_in
from vesalius.app import House
from vesalius.stores import access, audit


async def look(house: House, username: str, patient: str) -> None:
    async with house.database.transaction() as tx:
        token = await access.issue_token(tx, access.SYSTEM, username)
        principal = await access.authenticate_bearer(tx, token)
        await audit.record(
            tx,
            principal,
            "R",
            "Patient Record",
            reference="Observation/1",
            patient_reference=patient,
        )


class TestAudit:
    async def test_is_searched_and_the_search_is_in_it(self, house: House) -> None:
        async with signed_in(house, "boss", "administrator") as client:
            await look(house, "boss", "p")
            [entry] = (await client.get("/api/audit?patient=p&kind=Patient Record")).json()
            assert (entry["who"], entry["action"], entry["reference"]) == (
                "boss",
                "R",
                "Observation/1",
            )
            newest = (await client.get("/api/audit?limit=1")).json()[0]
            assert newest["kind"] == "Audit Log Used"
            page = (await client.get(f"/api/audit?before={newest['id']}&limit=2")).json()
            assert [e["id"] for e in page] == [newest["id"] - 1, newest["id"] - 2]

    async def test_between_moments(self, house: House) -> None:
        async with signed_in(house, "boss", "administrator") as client:
            await look(house, "boss", "p")
            [entry] = (await client.get("/api/audit?patient=p")).json()
            when = entry["when"]
            url = "/api/audit?kind=Patient Record"
            after = await client.get(url, params={"from": when, "kind": "Patient Record"})
            assert len(after.json()) == 1
            before = await client.get(url, params={"to": when, "kind": "Patient Record"})
            assert before.json() == []

    async def test_odd_questions_are_invalid(self, house: House) -> None:
        async with signed_in(house, "boss", "administrator") as client:
            for query in ("from=yesterday", "limit=0", "limit=-1", "limit=x", "before=x"):
                response = await client.get(f"/api/audit?{query}")
                assert response.status_code == 400, query

    async def test_refused_acts_are_in_it(self, house: House) -> None:
        async with signed_in(house, "anna", "nurse") as client:
            assert (await client.get("/api/audit")).status_code == 403
        async with house.database.transaction() as tx:
            entries = await access.read_audit(tx, access.SYSTEM, principal_name="anna")
        assert entries[0].outcome == "minor"
        assert entries[0].detail == {"refused": "GET", "path": "/api/audit"}


class TestWhoLooked:
    async def test_the_patient_sees_who(self, house: House) -> None:
        async with signed_in(house, "otto", "physician"):
            await look(house, "otto", "p")
        async with signed_in(house, "pia", "patient", patient="p") as client:
            [entry] = (await client.get("/api/patients/p/access-log")).json()
            assert (entry["who"], entry["role"], entry["action"]) == ("Otto", "physician", "R")
            assert entry["reference"] == "Observation/1"
            assert (await client.get("/api/patients/q/access-log")).status_code == 404
            seen = (await client.get("/api/patients/p/access-log")).json()
            assert [e["who"] for e in seen] == ["Pia", "Otto"]

    async def test_a_restricted_patient_has_no_log_for_others(self, house: House) -> None:
        async with house.database.transaction() as tx:
            await access.restrict(tx, access.SYSTEM, "p", True)
        async with signed_in(house, "otto", "physician") as client:
            assert (await client.get("/api/patients/p/access-log")).status_code == 404
