"""The browser's API of the reading list."""

from tests.interfaces.web.asking import signed_in
from tests.interfaces.web.charts import a_chart
from vesalius.app import House
from vesalius.stores import access


async def test_list_claim_release_next(house: House) -> None:
    chart = await a_chart(house)
    uid = chart.study_instance_uid
    async with (
        signed_in(house, "rita", "radiologist") as rita,
        signed_in(house, "bob", "radiologist") as bob,
    ):
        listed = (await rita.get("/api/reading-list")).json()
        assert listed["total"] == 1
        [item] = listed["items"]
        assert item["study_instance_uid"] == uid
        assert item["patient"] == {
            "id": chart.patient.patient_reference,
            "name": "Yamada, Tarou",
            "mrn": "4711",
            "birthDate": "1980-05-01",
            "sex": "female",
        }
        assert item["accession_number"] == chart.order.accession_number
        assert (item["priority"], item["status"], item["modality"]) == ("urgent", "unread", "CT")
        assert (item["instances"], item["series"], item["priors"]) == (1, 1, 0)
        claimed = await rita.post(f"/api/reading-list/{uid}/claim")
        assert claimed.json()["claimed_by"] == "Rita"
        refused = await bob.post(f"/api/reading-list/{uid}/claim")
        assert (refused.status_code, refused.json()["claimed_by"]) == (409, "rita")
        assert (await bob.get("/api/reading-list?status=unread")).json()["items"] == []
        assert (await bob.post("/api/reading-list/next")).json() is None
        assert (await rita.get("/api/reading-list?mine=true")).json()["total"] == 1
        assert (await rita.post(f"/api/reading-list/{uid}/release")).json()["status"] == "unread"
        following = await bob.post("/api/reading-list/next?modality=CT")
        assert following.json()["study_instance_uid"] == uid
        found = (await bob.get("/api/reading-list", params={"q": "山田"})).json()
        assert found["total"] == 1
        for wrong in ("status=x", "priority=x", "limit=-1", "offset=x"):
            assert (await bob.get(f"/api/reading-list?{wrong}")).status_code == 400


async def test_who_may_not(house: House) -> None:
    chart = await a_chart(house)
    uid = chart.study_instance_uid
    async with signed_in(house, "nora", "nurse") as nurse:
        assert (await nurse.get("/api/reading-list")).status_code == 403
    async with signed_in(house, "phil", "physician") as physician:
        assert (await physician.get("/api/reading-list")).json()["total"] == 1
        assert (await physician.post(f"/api/reading-list/{uid}/claim")).status_code == 403
    async with house.database.transaction() as tx:
        await access.restrict(tx, access.SYSTEM, chart.patient.patient_reference, True)
    async with signed_in(house, "rita", "radiologist") as rita:
        assert (await rita.get("/api/reading-list")).json() == {"items": [], "total": 0}
        assert (await rita.post(f"/api/reading-list/{uid}/claim")).status_code == 404
        assert (await rita.post("/api/reading-list/next")).json() is None
