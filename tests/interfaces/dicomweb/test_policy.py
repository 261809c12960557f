"""What the policy hides is hidden at every route: not found, not listed, not counted."""

import httpx
import pytest

from tests.interfaces.dicomweb.objects import make_image
from tests.running import RunningVesalius
from vesalius.interfaces.dicomweb.routes import ROUTES
from vesalius.stores import access, archive

BELOW = (
    "",
    "/metadata",
    "/rendered",
    "/thumbnail",
    "/frames/1",
    "/frames/1/rendered",
    "/frames/1/thumbnail",
    "/bulkdata/7FE00010",
    "/pixeldata",
)


@pytest.fixture(scope="module")
def hidden(served: RunningVesalius, store):
    """An image of a restricted patient."""
    image = make_image(PatientID="DW-HIDDEN", AccessionNumber="HID-1")
    assert store(image).status_code == 200

    async def hide(house):
        async with house.database.transaction() as tx:
            await archive.attach(tx, access.SYSTEM, image.StudyInstanceUID, "dicomweb-hidden")
            await access.restrict(tx, access.SYSTEM, "dicomweb-hidden", True)

    served.run(hide)
    return image


@pytest.fixture(scope="module")
def patient_client(served: RunningVesalius, store):
    """A patient with one study of their own, signed in; and that study."""
    image = make_image(PatientID="DW-OWN")
    store(image)

    async def make(house):
        async with house.database.transaction() as tx:
            await archive.attach(tx, access.SYSTEM, image.StudyInstanceUID, "dicomweb-own")
            await access.add_user(
                tx,
                access.SYSTEM,
                username="dicomweb-patient",
                display="A patient",
                roles=frozenset({"patient"}),
                patient_reference="dicomweb-own",
            )
            return await access.issue_token(
                tx, access.SYSTEM, username="dicomweb-patient", name="test"
            )

    token = served.run(make)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{served.url}/dicomweb", headers=headers, timeout=60) as opened:
        yield opened, image


def urls_of(image) -> list[str]:
    study = f"/studies/{image.StudyInstanceUID}"
    series = f"{study}/series/{image.SeriesInstanceUID}"
    instance = f"{series}/instances/{image.SOPInstanceUID}"
    wado = (
        f"/wado?requestType=WADO&studyUID={image.StudyInstanceUID}"
        f"&seriesUID={image.SeriesInstanceUID}&objectUID={image.SOPInstanceUID}"
    )
    levels = [level + below for level in (study, series) for below in BELOW[:4]]
    return [*levels, *(instance + below for below in BELOW), wado]


def searches_of(image) -> list[str]:
    study = f"/studies/{image.StudyInstanceUID}"
    return [
        f"/studies?PatientID={image.PatientID}",
        f"/studies?StudyInstanceUID={image.StudyInstanceUID}",
        f"/series?PatientID={image.PatientID}",
        f"/instances?SOPInstanceUID={image.SOPInstanceUID}",
        f"{study}/series",
        f"{study}/instances",
        f"{study}/series/{image.SeriesInstanceUID}/instances",
    ]


class TestRestricted:
    def test_nothing_of_it_is_seen(self, client, hidden):
        for url in urls_of(hidden):
            assert client.get(url).status_code == 404, url
        for url in searches_of(hidden):
            assert client.get(url).json() == [], url
        assert hidden.StudyInstanceUID not in client.get("/studies?limit=1000").text

    def test_a_grant_opens_it(self, served, client, hidden):
        async def grant(house):
            async with house.database.transaction() as tx:
                await access.grant(tx, access.SYSTEM, "dicomweb-hidden", "test-cardiologist")

        served.token("cardiologist")
        served.run(grant)

        with served.client("cardiologist") as granted:
            for url in urls_of(hidden):
                assert granted.get("/dicomweb" + url).status_code == 200, url
            for url in searches_of(hidden):
                assert len(granted.get("/dicomweb" + url).json()) == 1, url
        # What was made for one is not given to another.
        assert client.get(urls_of(hidden)[-2]).status_code == 404


class TestPatients:
    def test_see_their_own_and_nothing_else(self, patient_client, hidden, store):
        client, own = patient_client
        other = make_image()
        store(other)

        for url in urls_of(own):
            assert client.get(url).status_code == 200, url
        for image in (hidden, other):
            for url in urls_of(image):
                assert client.get(url).status_code == 404, url
            for url in searches_of(image):
                assert client.get(url).json() == [], url
        assert {each["0020000D"]["Value"][0] for each in client.get("/studies").json()} == {
            own.StudyInstanceUID
        }


class TestNobody:
    def test_every_route_asks_who(self, served):
        uids = {"study": "1.2", "series": "1.2.3", "instance": "1.2.3.4", "frames": "1"}
        for route in ROUTES:
            path = route.path.replace("{path:path}", "7FE00010").format(**uids)
            for method in route.methods - {"HEAD"}:
                response = httpx.request(method, f"{served.url}/dicomweb{path}")
                assert response.status_code == 401, (method, path)

    def test_those_who_may_not_look_at_images(self, served):
        with served.client("front_desk") as desk:
            response = desk.get("/dicomweb/studies")
        assert response.status_code in (200, 403)
        with served.client() as nothing:
            assert nothing.get("/dicomweb/studies").status_code == 403
            assert nothing.get("/dicomweb/studies/1.2/metadata").status_code == 403


class TestTrail:
    def test_a_look_is_recorded_once_and_a_search_each_time(self, served, store):
        image = make_image(PatientID="DW-TRAIL")
        store(image)

        async def count(house):
            async with house.database.reading() as tx:
                looks = await tx.fetch_value(
                    "SELECT count(*) FROM audit_event WHERE reference = %s AND action = 'R'",
                    (str(image.StudyInstanceUID),),
                )
                queries = await tx.fetch_value(
                    "SELECT count(*) FROM audit_event WHERE kind = 'Query'"
                    " AND principal_name = 'test-nurse'"
                )
            return looks, queries

        with served.client("nurse") as nurse:
            before = served.run(count)
            for url in urls_of(image):
                assert nurse.get("/dicomweb" + url).status_code == 200
            for url in searches_of(image):
                nurse.get("/dicomweb" + url)
        after = served.run(count)

        assert after[0] - before[0] == 1
        assert after[1] - before[1] == 7
