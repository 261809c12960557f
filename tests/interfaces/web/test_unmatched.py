"""The browser's API of studies that wait for their patient."""

from tests.interfaces.web.asking import signed_in
from tests.interfaces.web.charts import a_chart, a_waiting_study
from vesalius.app import House


async def test_list_and_attach(house: House) -> None:
    chart = await a_chart(house)
    uid = await a_waiting_study(house, chart)
    reference = chart.patient.patient_reference
    async with signed_in(house, "theo", "technologist") as browser:
        [waiting] = (await browser.get("/api/unmatched")).json()
        assert waiting["study_instance_uid"] == uid
        assert (waiting["PatientID"], waiting["reason"]) == ("4171", "unknown-identifier")
        assert waiting["PatientName"] == "Yamada^Tarou=山田^太郎"
        [proposal] = waiting["proposals"]
        assert proposal["patient"]["id"] == reference
        assert proposal["differences"] == ["identifier"]
        path = f"/api/unmatched/{uid}/attach"
        assert (await browser.post(path, json={"patient": reference})).status_code == 400
        body = {"patient": reference, "reason": "Number mistyped"}
        assert (await browser.post(path, json=body)).status_code == 200
        assert (await browser.get("/api/unmatched")).json() == []
        assert (await browser.post(path, json=body)).status_code == 409
        entries = (await browser.get(f"/api/patients/{reference}/timeline")).json()
        assert uid in {entry.get("study_instance_uid") for entry in entries}


async def test_who_may_not(house: House) -> None:
    chart = await a_chart(house)
    uid = await a_waiting_study(house, chart)
    body = {"patient": chart.patient.patient_reference, "reason": "x"}
    async with signed_in(house, "rita", "radiologist") as browser:
        assert (await browser.post(f"/api/unmatched/{uid}/attach", json=body)).status_code == 403
    async with signed_in(
        house, "taro", "patient", patient=chart.patient.patient_reference
    ) as browser:
        assert (await browser.get("/api/unmatched")).json() == []
        assert (await browser.get(f"/api/studies/{uid}")).status_code == 404
