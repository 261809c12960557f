"""The browser's API of reports."""

from typing import Any

from tests.interfaces.web.asking import PASSWORD, signed_in
from tests.interfaces.web.charts import a_chart, dispatch
from vesalius.app import House

DRAFT: dict[str, Any] = {
    "template": "cross-sectional",
    "sections": {"indication": "Headache", "technique": "Plain", "findings": "Normal."},
    "conclusion": "Normal CT of the head.",
    "critical": False,
    "follow_up": None,
}


async def test_write_sign_print_and_append(house: House) -> None:
    chart = await a_chart(house)
    path = f"/api/studies/{chart.study_instance_uid}/report"
    async with (
        signed_in(house, "rita", "radiologist") as rita,
        signed_in(house, "phil", "physician") as phil,
    ):
        begun = (await rita.get(path)).json()
        assert (begun["status"], begun["revision"]) == ("new", 0)
        assert begun["sections"]["indication"] == "Headache"
        assert (await phil.get(path)).status_code == 404
        saved = await rita.put(path, json={**DRAFT, "revision": 0})
        assert saved.json()["revision"] == 1, saved.text
        stale = await rita.put(path, json={**DRAFT, "revision": 0})
        assert (stale.status_code, stale.json()["revision"]) == (409, 1)
        assert (await phil.get(path)).status_code == 404, "a draft is the readers' alone"
        assert (await phil.put(path, json={**DRAFT, "revision": 1})).status_code == 403
        assert (await rita.get(f"{path}.pdf")).status_code == 404
        wrong = await rita.post(f"{path}/sign", json={"password": "x", "status": "final"})
        assert wrong.status_code == 403
        signed = await rita.post(f"{path}/sign", json={"password": PASSWORD, "status": "final"})
        assert signed.status_code == 200, signed.text
        assert (signed.json()["status"], signed.json()["signed_by"]) == ("final", "Rita")
        await dispatch(house)
        seen = (await phil.get(path)).json()
        assert seen["conclusion"] == "Normal CT of the head."
        pdf = await phil.get(f"{path}.pdf")
        assert pdf.headers["content-type"] == "application/pdf"
        assert pdf.content.startswith(b"%PDF-")
        added = await rita.post(f"{path}/addendum", json={"text": "Seen.", "password": PASSWORD})
        assert added.json()["addenda"][0]["text"] == "Seen."
        timeline = f"/api/patients/{chart.patient.patient_reference}/timeline"
        entries = (await phil.get(timeline)).json()
        report = next(entry for entry in entries if entry["kind"] == "report")
        assert report["study_instance_uid"] == chart.study_instance_uid
        assert report["status"] == "appended"
        listed = (await rita.get("/api/reading-list?status=signed")).json()
        assert listed["items"][0]["report"] == "appended"
        [order] = (await phil.get("/api/orders")).json()
        assert order["status"] == "completed"


async def test_an_incomplete_report_is_not_signed(house: House) -> None:
    chart = await a_chart(house)
    path = f"/api/studies/{chart.study_instance_uid}/report"
    async with signed_in(house, "rita", "radiologist") as rita:
        await rita.put(path, json={**DRAFT, "sections": {}, "revision": 0})
        refused = await rita.post(f"{path}/sign", json={"password": PASSWORD, "status": "final"})
        assert refused.status_code == 400
        assert refused.json()["sections"] == ["indication", "technique", "findings"]
        assert (await rita.delete(f"{path}?revision=7")).status_code == 409
        assert (await rita.delete(f"{path}?revision=1")).status_code == 204
        assert (await rita.delete(path)).status_code == 400


async def test_templates(house: House) -> None:
    async with signed_in(house, "rita", "radiologist") as rita:
        found = (await rita.get("/api/report-templates?modality=CR&body_part=CHEST")).json()
        assert found[0]["id"] == "chest-radiograph"
        french = (await rita.get("/api/report-templates?modality=CT&language=fr")).json()
        assert french[0]["title"] == "TDM / IRM, général"
        findings = next(s for s in french[0]["sections"] if s["id"] == "findings")
        assert findings["required"]
        assert findings["macros"]
