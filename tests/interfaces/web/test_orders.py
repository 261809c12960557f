"""The browser's API of orders."""

from tests.interfaces.web.asking import signed_in
from tests.interfaces.web.charts import a_chart
from vesalius.app import House
from vesalius.stores import access


async def test_place_list_and_cancel(house: House) -> None:
    chart = await a_chart(house)
    reference = chart.patient.patient_reference
    form = {
        "patient": reference,
        "procedure": "MR-KNEE",
        "priority": "stat",
        "indication": "Fall",
        "laterality": "left",
        "contrast": False,
        "transport": "wheelchair",
        "scheduled": "2026-12-01T09:00:00+01:00",
    }
    async with signed_in(house, "phil", "physician") as browser:
        made = await browser.post("/api/orders", json=form)
        assert made.status_code == 201, made.text
        order = made.json()
        assert order["accession_number"]
        assert order["study_instance_uid"].startswith("2.25.")
        assert order["step_status"] == "SCHEDULED"
        listed = (await browser.get(f"/api/orders?patient={reference}")).json()
        assert [one["display"] for one in listed] == ["MR knee", "CT head"]
        assert listed[0] == order
        path = f"/api/orders/{order['id']}/cancel"
        assert (await browser.post(path, json={"reason": ""})).status_code == 400
        cancelled = (await browser.post(path, json={"reason": "Refused"})).json()
        assert (cancelled["status"], cancelled["step_status"]) == ("revoked", "CANCELLED")
        assert (await browser.post(path, json={"reason": "x"})).status_code == 409
        still = (await browser.get("/api/orders?status=active,draft")).json()
        assert [one["display"] for one in still] == ["CT head"]
        without_side = {key: value for key, value in form.items() if key != "laterality"}
        for wrong in (without_side, {**form, "procedure": "x"}, {**form, "priority": "soon"}):
            assert (await browser.post("/api/orders", json=wrong)).status_code == 400
        nobody = await browser.post("/api/orders", json={**form, "patient": "nobody"})
        assert nobody.status_code == 404


async def test_procedures_in_the_users_language(house: House) -> None:
    async with signed_in(house, "phil", "physician") as browser:
        english = (await browser.get("/api/procedures")).json()
        french = (await browser.get("/api/procedures?language=fr")).json()
        assert english[0]["display"] == "CT head"
        assert french[0]["display"] == "TDM du crâne"
        assert {p["modality"] for p in english} >= {"CT", "MR", "CR", "US", "XA", "ECG"}


async def test_who_may_not(house: House) -> None:
    chart = await a_chart(house)
    reference = chart.patient.patient_reference
    form = {"patient": reference, "procedure": "CT-HEAD"}
    async with signed_in(house, "nora", "nurse") as browser:
        assert (await browser.post("/api/orders", json=form)).status_code == 403
    async with house.database.transaction() as tx:
        await access.restrict(tx, access.SYSTEM, reference, True)
    async with signed_in(house, "phil", "physician") as browser:
        assert (await browser.post("/api/orders", json=form)).status_code == 404
        assert (await browser.get("/api/orders")).json() == []
        path = f"/api/orders/{chart.order.order_reference}/cancel"
        assert (await browser.post(path, json={"reason": "x"})).status_code == 404
