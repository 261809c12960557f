"""The browser's API of one study."""

from tests.interfaces.web.asking import signed_in
from tests.interfaces.web.charts import a_chart, dispatch
from vesalius.app import House
from vesalius.stores import access


async def test_a_study_with_everything_around_it(house: House) -> None:
    chart = await a_chart(house)
    async with signed_in(house, "rita", "radiologist") as browser:
        answer = await browser.get(f"/api/studies/{chart.study_instance_uid}")
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["study"]["modality"] == "CT"
        assert told["patient"]["name"] == "Yamada, Tarou"
        assert told["order"]["accession_number"] == chart.order.accession_number
        assert told["priors"] == []
        assert told["report"]["status"] == "new"
        assert told["report"]["template"] == "cross-sectional"
        assert told["imaging_study"]["resourceType"] == "ImagingStudy"
        assert told["reading"]["status"] == "unread"
        assert (await browser.get("/api/studies/1.2.3")).status_code == 404
    async with signed_in(house, "nora", "nurse") as browser:
        told = (await browser.get(f"/api/studies/{chart.study_instance_uid}")).json()
        assert told["report"] is None, "a nurse sees what is signed, and nothing is"
        assert told["reading"] is None


async def test_detach_and_undo(house: House) -> None:
    chart = await a_chart(house)
    path = f"/api/studies/{chart.study_instance_uid}"
    async with signed_in(house, "theo", "technologist") as browser:
        assert (await browser.post(f"{path}/detach", json={"reason": ""})).status_code == 400
        done = await browser.post(f"{path}/detach", json={"reason": "Wrong patient"})
        assert done.status_code == 200, done.text
        told = (await browser.get(path)).json()
        assert told["patient"] is None
        assert told["study"]["waiting"] == "detached"
        assert (await browser.post(f"{path}/undo")).status_code == 200
        await dispatch(house)
        assert (await browser.get(path)).json()["patient"]["mrn"] == "4711"
        assert (await browser.post(f"{path}/undo")).status_code == 409
    async with signed_in(house, "rita", "radiologist") as browser:
        assert (await browser.post(f"{path}/detach", json={"reason": "x"})).status_code == 403


async def test_a_restricted_patients_study_is_not_there(house: House) -> None:
    chart = await a_chart(house)
    path = f"/api/studies/{chart.study_instance_uid}"
    async with house.database.transaction() as tx:
        await access.restrict(tx, access.SYSTEM, chart.patient.patient_reference, True)
    async with signed_in(house, "theo", "technologist") as browser:
        assert (await browser.get(path)).status_code == 404
        assert (await browser.post(f"{path}/detach", json={"reason": "x"})).status_code == 404
        assert (await browser.get(f"{path}/report")).status_code == 404
        assert (await browser.get(f"{path}/report.pdf")).status_code == 404
