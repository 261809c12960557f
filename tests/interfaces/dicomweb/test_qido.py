"""QIDO-RS: the parameters are understood or refused, never ignored."""

import httpx
import pytest
from pydicom.uid import generate_uid

from tests.interfaces.dicomweb.objects import make_image, make_series


@pytest.fixture(scope="module")
def patient(store) -> str:
    """A PatientID with two studies: a CT of three, an MR of one."""
    patient_id = generate_uid()[-12:]
    common = {"PatientID": patient_id, "PatientName": "Qido^Søren", "StudyDescription": "Knee"}
    store(*make_series(3, **common, SpecificCharacterSet="ISO_IR 192"))
    store(
        make_image(
            **common,
            SpecificCharacterSet="ISO_IR 192",
            Modality="MR",
            StudyDate="20230506",
            AccessionNumber="Q-77",
        )
    )
    return patient_id


def uids(response: httpx.Response, tag: str = "0020000D") -> list[str]:
    assert response.status_code == 200, response.text
    return [each[tag]["Value"][0] for each in response.json()]


class TestSearch:
    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("", 2),
            ("&ModalitiesInStudy=MR", 1),
            ("&ModalitiesInStudy=MR,CT", 2),
            ("&ModalitiesInStudy=US", 0),
            ("&StudyDate=20230101-20231231", 1),
            ("&StudyDate=-20231231", 1),
            ("&StudyDate=20240102", 1),
            ("&00080050=Q-77", 1),
            ("&AccessionNumber=Q-*", 1),
            ("&AccessionNumber=Q-7%3F", 1),
            ("&AccessionNumber=Q", 0),
            ("&PatientName=qido*", 2),
            ("&PatientName=Soren&fuzzymatching=true", 2),
            ("&PatientName=nobody", 0),
            ("&StudyDescription=Knee", 2),
            ("&StudyDescription=", 2),
            ("&limit=1", 1),
            ("&limit=0", 0),
            ("&limit=5&offset=1", 1),
            ("&offset=2", 0),
        ],
    )
    def test_studies(self, client, patient, query, count):
        response = client.get(f"/studies?PatientID={patient}{query}")

        assert len(uids(response)) == count

    def test_below(self, client, patient):
        [ct] = uids(client.get(f"/studies?PatientID={patient}&ModalitiesInStudy=CT"))
        [series] = uids(client.get(f"/studies/{ct}/series"), "0020000E")

        assert len(uids(client.get(f"/studies/{ct}/instances"))) == 3
        assert len(uids(client.get(f"/studies/{ct}/series/{series}/instances"))) == 3
        assert len(uids(client.get(f"/series?PatientID={patient}"))) == 2
        assert len(uids(client.get(f"/instances?PatientID={patient}&InstanceNumber=2"))) == 1
        assert uids(client.get(f"/studies/{ct}/series?Modality=MR")) == []

    def test_a_list_of_uids(self, client, patient):
        both = uids(client.get(f"/studies?PatientID={patient}"))

        assert sorted(uids(client.get(f"/studies?StudyInstanceUID={','.join(both)}"))) == sorted(
            both
        )
        assert len(uids(client.get(f"/studies?StudyInstanceUID={both[0]}%5C{both[1]}"))) == 2

    def test_what_comes_back(self, client, patient):
        plain = client.get(f"/studies?PatientID={patient}&AccessionNumber=Q-77").json()[0]
        more = client.get(
            f"/studies?PatientID={patient}&AccessionNumber=Q-77"
            "&includefield=00081080,StudyDescription&includefield=PatientAge"
        ).json()[0]
        everything = client.get(
            f"/studies?PatientID={patient}&AccessionNumber=Q-77&includefield=all"
        ).json()[0]

        assert plain["00100010"]["Value"] == [{"Alphabetic": "Qido^Søren"}]
        assert plain["00201208"]["Value"] == [1]
        assert plain["00080061"]["Value"] == ["MR"]
        assert plain["00081190"]["Value"][0].endswith(plain["0020000D"]["Value"][0])
        assert more["00081030"]["Value"] == ["Knee"]
        assert {"00081080", "00101010"} <= more.keys()
        assert everything["00081030"]["Value"] == ["Knee"]

    def test_no_match_is_an_empty_list(self, client):
        response = client.get("/studies?PatientID=nobody-at-all")

        assert (response.status_code, response.json()) == (200, [])
        assert response.headers["content-type"] == "application/dicom+json"

    def test_both_spellings_of_json(self, client):
        for accept in ("application/json", "application/dicom+json", "*/*", "application/*"):
            assert client.get("/studies?limit=1", headers={"Accept": accept}).status_code == 200
        assert client.get("/studies", headers={"Accept": "text/html"}).status_code == 406

    def test_a_page_of_ours_says_that_there_is_more(self, client, store, served):
        response = client.get("/instances?limit=100000")

        assert ("warning" in response.headers) == (
            len(response.json()) == served.settings.page_count
        )


class TestRefused:
    @pytest.mark.parametrize(
        "query",
        [
            "NoSuchAttribute=1",
            "PatientNam=Qido",
            "0010001=X",
            "PatientID.PatientName=X",
            "RequestAttributesSequence=X",
            "PatientID=1&PatientID=2",
            "limit=-1",
            "limit=ten",
            "limit=1e3",
            "offset=99999999999",
            "fuzzymatching=perhaps",
            "StudyDate=yesterday",
            "StudyDate=20240101-20249999",
            "Rows=many",
            "SeriesNumber=4",
            "includefield=Nothing",
            "&".join(f"a{n}=1" for n in range(300)),
            "PatientID=" + "x" * 20_000,
        ],
    )
    def test_what_cannot_be_understood_is_an_error(self, client, patient, query):
        response = client.get(f"/studies?{query}")

        assert response.status_code == 400
        assert response.json()["error"] == "invalid"

    @pytest.mark.parametrize(
        "path",
        ["/studies/..%2F..%2Fetc/series", "/studies/a/instances",
         "/studies/1.2.x/series/1/instances", f"/studies/{'1' * 65}/series"],
    )  # fmt: skip
    def test_a_path_that_is_no_uid(self, client, path):
        assert client.get(path).status_code in (400, 404)

    def test_nobody(self, served):
        response = httpx.get(f"{served.url}/dicomweb/studies")

        assert response.status_code == 401
        assert response.json()["error"] == "unauthenticated"
