"""The browser's API of patients."""

from tests.interfaces.web.asking import signed_in
from tests.interfaces.web.charts import a_chart
from vesalius.app import House
from vesalius.stores import access

FORM = {
    "name": [{"use": "official", "family": "Lovelace", "given": ["Ada"]}],
    "birthDate": "1980-05-01",
    "gender": "female",
}


async def test_register_find_and_open(house: House) -> None:
    async with signed_in(house, "desk", "front_desk") as desk:
        made = await desk.post("/api/patients", json={**FORM, "identifier": [{"value": "4711"}]})
        assert made.status_code == 201, made.text
        assert made.headers["location"] == f"/api/patients/{made.json()['id']}"
        again = await desk.post("/api/patients", json={**FORM, "identifier": [{"value": "4711"}]})
        assert (again.status_code, again.json()["error"]) == (409, "conflict")
        [found] = (await desk.get("/api/patients", params={"q": "ádà 1980-05-01"})).json()
        assert found["name"] == "Lovelace, Ada"
        assert found["identifiers"] == [
            {
                "system": house.settings.default_assigner,
                "value": "4711",
                "assigner": house.settings.default_assigner,
            }
        ]
        assert found["restricted"] is False
        banner = (await desk.get(f"/api/patients/{found['id']}")).json()
        assert (banner["mrn"], banner["gender"], banner["age_unit"]) == ("4711", "female", "years")
        assert banner["allergies"] == []


async def test_refusals(house: House) -> None:
    async with signed_in(house, "desk", "front_desk") as desk:
        for form in ({"name": []}, {"name": [{}]}, {**FORM, "shoe_size": 42}, {**FORM, "name": 1}):
            refused = await desk.post("/api/patients", json=form)
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid"), form
        assert (await desk.get("/api/patients/nobody")).status_code == 404
        assert (await desk.get("/api/patients?limit=x")).status_code == 400
    async with signed_in(house, "nora", "nurse") as nurse:
        chart = await a_chart(house)
        path = f"/api/patients/{chart.patient.patient_reference}"
        assert (await nurse.get(f"{path}/timeline?before=x")).status_code == 400


async def test_summary_and_timeline(house: House) -> None:
    chart = await a_chart(house)
    path = f"/api/patients/{chart.patient.patient_reference}"
    async with signed_in(house, "phil", "physician") as browser:
        summary = (await browser.get(f"{path}/summary")).json()
        assert [order["title"] for order in summary["orders"]] == ["CT head"]
        entries = (await browser.get(f"{path}/timeline")).json()
        imaging = next(entry for entry in entries if entry["kind"] == "imaging")
        assert imaging["study_instance_uid"] == chart.study_instance_uid
        assert imaging["instances"] == 1
        [thumbnail] = imaging["thumbnails"]
        assert thumbnail.startswith(f"/dicomweb/studies/{chart.study_instance_uid}/series/")
        assert {entry["kind"] for entry in entries} == {"imaging", "order"}
        first = (await browser.get(f"{path}/timeline?limit=1")).json()
        cursor = first[0]["cursor"]
        rest = (await browser.get(f"{path}/timeline", params={"before": cursor})).json()
        assert first + rest == entries


async def test_a_restricted_patient_is_not_there(house: House) -> None:
    chart = await a_chart(house)
    reference = chart.patient.patient_reference
    async with house.database.transaction() as tx:
        await access.restrict(tx, access.SYSTEM, reference, True)
    async with signed_in(house, "phil", "physician") as browser:
        assert (await browser.get("/api/patients?q=yamada")).json() == []
        for path in ("", "/summary", "/timeline"):
            answer = await browser.get(f"/api/patients/{reference}{path}")
            assert answer.status_code == 404
    async with signed_in(house, "taro", "patient", patient=reference) as browser:
        [found] = (await browser.get("/api/patients?q=yamada")).json()
        assert found["restricted"] is True
        assert (await browser.get(f"/api/patients/{reference}/timeline")).status_code == 200
