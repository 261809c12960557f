"""A restricted patient is hidden alike at every door, and a patient sees only their own record.

One patient has everything (a condition, an order, images), then becomes restricted. Whoever was
granted goes on seeing it at each door, which proves that the question was the right one; whoever
was not gets what they would get if there were no such patient.
"""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    ModalityWorklistInformationFind,
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

from tests.interfaces.dicomweb.objects import STOW_TYPE, encode, make_image, message
from tests.nodes import admit
from tests.running import RunningVesalius
from vesalius.app import House
from vesalius.stores import access

FAMILY = "Geheimnis"
EVERY_STAFF_ROLE = (
    "administrator",
    "cardiologist",
    "front_desk",
    "integrator",
    "nurse",
    "physician",
    "radiologist",
    "technologist",
)


@dataclass
class Chart:
    """The restricted patient, and the browsers that ask."""

    patient: str
    mrn: str
    condition: str
    study: str
    series: str
    instance: str
    granted: httpx.Client
    stranger: httpx.Client
    another_patient: httpx.Client
    served: RunningVesalius

    def fill(self, path: str) -> str:
        return path.format(**{k: v for k, v in vars(self).items() if isinstance(v, str)})


@pytest.fixture(scope="module")
def chart(served: RunningVesalius) -> Iterator[Chart]:
    mrn = f"R{uuid.uuid4().hex[:10]}"
    image = make_image(
        PatientID=mrn,
        PatientName=f"{FAMILY}^Gerda",
        PatientBirthDate="19500101",
        PatientSex="F",
        StudyDescription="Secret study",
        StudyDate=datetime.now(UTC).strftime("%Y%m%d"),
    )
    with ExitStack() as stack:

        def client(name: str, *roles: str, patient: str | None = None) -> httpx.Client:
            username = f"{name}-{mrn.lower()}"
            return stack.enter_context(_client(served, username, *roles, patient=patient))

        granted = client("granted", "physician", "radiologist")
        patient = _create(granted, _person(FAMILY, mrn))
        other = _create(granted, _person("Other", f"O{mrn}"))
        condition = _create(granted, _condition(patient))
        _store(granted, image)
        _order(granted, patient)
        _restrict(granted, patient)
        yield Chart(
            patient=patient,
            mrn=mrn,
            condition=condition,
            study=image.StudyInstanceUID,
            series=image.SeriesInstanceUID,
            instance=image.SOPInstanceUID,
            granted=granted,
            stranger=client("stranger", *EVERY_STAFF_ROLE),
            another_patient=client("pia", "patient", patient=other),
            served=served,
        )


def _condition(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"text": f"Secret condition of {FAMILY}"},
        "recordedDate": "2026-01-01",
    }


def _store(client: httpx.Client, image: Dataset) -> None:
    """By STOW, and wait until it is to be read."""
    body, headers = message([encode(image)]), {"Content-Type": STOW_TYPE}
    response = client.post("/dicomweb/studies", content=body, headers=headers)
    assert response.status_code == 200, response.text
    deadline = time.monotonic() + 30
    while image.StudyInstanceUID not in client.get("/api/reading-list?limit=500").text:
        assert time.monotonic() < deadline, "the study did not come into the reading list"
        time.sleep(0.1)


def _restrict(client: httpx.Client, patient: str) -> None:
    """As any FHIR client does: a confidentiality label on the Patient."""
    resource = client.get(f"/fhir/Patient/{patient}").json()
    system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    resource.setdefault("meta", {})["security"] = [{"system": system, "code": "R"}]
    response = client.put(f"/fhir/Patient/{patient}", json=resource)
    assert response.status_code == 200, response.text


def _person(family: str, mrn: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:vesalius:mrn", "value": mrn}],
        "name": [{"family": family, "given": ["Gerda"]}],
        "birthDate": "1950-01-01",
        "gender": "female",
    }


def _create(client: httpx.Client, resource: dict[str, Any]) -> str:
    response = client.post(f"/fhir/{resource['resourceType']}", json=resource)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def _order(client: httpx.Client, patient: str) -> None:
    procedure = next(p for p in client.get("/api/procedures").json() if p["modality"] == "CT")
    body = {
        "patient": patient,
        "procedure": procedure["code"],
        "priority": "routine",
        "indication": "cough",
        **({"laterality": "left"} if procedure["laterality"] else {}),
    }
    response = client.post("/api/orders", json=body)
    assert response.status_code in (200, 201), response.text


def _client(
    served: RunningVesalius, username: str, *roles: str, patient: str | None = None
) -> httpx.Client:
    async def make(house: House) -> str:
        async with house.database.transaction() as tx:
            await access.add_user(
                tx,
                access.SYSTEM,
                username=username,
                display=username,
                roles=roles,
                patient_reference=patient,
            )
            return await access.issue_token(tx, access.SYSTEM, username)

    headers = {"Authorization": f"Bearer {served.run(make)}"}
    return httpx.Client(base_url=served.url, headers=headers, timeout=60)


SINGLE = [
    "/fhir/Patient/{patient}",
    "/fhir/Patient/{patient}/_history",
    "/fhir/Patient/{patient}/_history/1",
    "/fhir/Patient/{patient}/$everything",
    "/fhir/Condition/{condition}",
    "/fhir/Condition/{condition}/_history",
    "/dicomweb/studies/{study}",
    "/dicomweb/studies/{study}/metadata",
    "/dicomweb/studies/{study}/thumbnail",
    "/dicomweb/studies/{study}/series/{series}",
    "/dicomweb/studies/{study}/series/{series}/metadata",
    "/dicomweb/studies/{study}/series/{series}/instances/{instance}",
    "/dicomweb/studies/{study}/series/{series}/instances/{instance}/metadata",
    "/dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/1",
    "/dicomweb/studies/{study}/series/{series}/instances/{instance}/rendered",
    "/dicomweb/studies/{study}/series/{series}/instances/{instance}/bulkdata/7FE00010",
    "/api/patients/{patient}",
    "/api/patients/{patient}/summary",
    "/api/patients/{patient}/timeline",
    "/api/patients/{patient}/access-log",
    "/api/studies/{study}",
]
"""What is there for the granted, and is not there for anybody else."""

SEARCHES = [
    "/fhir/Patient?identifier={mrn}",
    "/fhir/Patient?_id={patient}",
    "/fhir/Patient?name=Geheim",
    "/fhir/Patient?birthdate=1950-01-01&_count=1000",
    "/fhir/Condition?subject=Patient/{patient}",
    "/fhir/Condition?_id={condition}&_include=Condition:subject",
    "/fhir/Condition?recorded-date=2026-01-01&_count=1000",
    "/fhir/ServiceRequest?subject=Patient/{patient}",
    "/fhir/ImagingStudy?subject=Patient/{patient}",
    "/fhir/Patient/_history?_count=1000",
    "/fhir/_history?_count=1000",
    "/dicomweb/studies?PatientID={mrn}",
    "/dicomweb/studies?PatientName=Geheim*&fuzzymatching=true",
    "/dicomweb/studies?StudyInstanceUID={study}",
    "/dicomweb/series?PatientID={mrn}&includefield=PatientName",
    "/dicomweb/studies/{study}/series",
    "/dicomweb/instances?PatientID={mrn}",
    "/dicomweb/studies/{study}/instances",
    "/api/patients?q=Geheim",
    "/api/patients?q={mrn}",
    "/api/orders?patient={patient}",
    "/api/reading-list?q=Geheim",
    "/api/reading-list?limit=500",
]
"""Questions whose answer has the patient in it for the granted, and has not for anybody else."""


class TestTheWeb:
    @pytest.mark.parametrize("path", SINGLE)
    def test_is_not_there(self, chart: Chart, path: str) -> None:
        path = chart.fill(path)
        seen = chart.granted.get(path)
        assert seen.status_code == 200, seen.text[:500]
        for client in (chart.stranger, chart.another_patient):
            response = client.get(path)
            assert response.status_code in (403, 404), response.text[:500]
            assert FAMILY not in response.text
        assert chart.stranger.get(path).status_code == 404

    @pytest.mark.parametrize("path", SEARCHES)
    def test_is_not_found(self, chart: Chart, path: str) -> None:
        path = chart.fill(path)
        seen = chart.granted.get(path)
        assert seen.status_code == 200, seen.text[:500]
        assert _tells(chart, seen), seen.text[:2000]
        for client in (chart.stranger, chart.another_patient):
            assert not _tells(chart, client.get(path)), path

    def test_is_not_counted(self, chart: Chart) -> None:
        path = chart.fill("/fhir/Condition?subject=Patient/{patient}&_summary=count")
        assert chart.granted.get(path).json()["total"] == 1
        assert chart.stranger.get(path).json()["total"] == 0

    def test_is_not_in_a_batch(self, chart: Chart) -> None:
        bundle = {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [
                {"request": {"method": "GET", "url": f"Patient/{chart.patient}"}},
                {"request": {"method": "GET", "url": f"Condition?subject={chart.patient}"}},
            ],
        }
        assert FAMILY in chart.granted.post("/fhir", json=bundle).text
        for client in (chart.stranger, chart.another_patient):
            assert FAMILY not in client.post("/fhir", json=bundle).text

    def test_cannot_be_written(self, chart: Chart) -> None:
        patient = chart.granted.get(f"/fhir/Patient/{chart.patient}").json()
        for client in (chart.stranger, chart.another_patient):
            changed = client.put(f"/fhir/Patient/{chart.patient}", json=patient)
            assert changed.status_code in (403, 404), changed.text[:500]
            gone = client.delete(f"/fhir/Condition/{chart.condition}")
            assert gone.status_code in (403, 404), gone.text[:500]
        assert chart.granted.get(f"/fhir/Condition/{chart.condition}").status_code == 200

    def test_the_other_patient_sees_their_own(self, chart: Chart) -> None:
        [entry] = chart.another_patient.get("/fhir/Patient").json()["entry"]
        assert entry["resource"]["name"][0]["family"] == "Other"
        assert chart.another_patient.get("/dicomweb/studies").text in ("", "[]")


def _tells(chart: Chart, response: httpx.Response) -> bool:
    """Whether the answer is about the patient, not counting what the question said itself."""
    if response.status_code == 204 or not response.content:
        return False
    body = response.json()
    if isinstance(body, dict):
        body.pop("link", None)
    text = json.dumps(body)
    return any(mark in text for mark in (FAMILY, chart.patient, chart.instance, chart.study))


class TestDicom:
    """A node that may everything, with no grant; then the same node with one."""

    @pytest.fixture(scope="class")
    def stranger(self, chart: Chart) -> str:
        ae_title = f"S{uuid.uuid4().hex[:12]}".upper()
        chart.served.run(lambda house: admit(house, ae_title))
        return ae_title

    @pytest.fixture(scope="class")
    def granted(self, chart: Chart) -> str:
        ae_title = f"G{uuid.uuid4().hex[:12]}".upper()

        async def let(house: House) -> None:
            await admit(house, ae_title)
            async with house.database.transaction() as tx:
                await access.grant(tx, access.SYSTEM, chart.patient, ae_title, kind="node")

        chart.served.run(let)
        return ae_title

    @pytest.mark.parametrize("level", ["PATIENT", "STUDY", "SERIES", "IMAGE"])
    def test_c_find(self, chart: Chart, stranger: str, granted: str, level: str) -> None:
        model = StudyRootQueryRetrieveInformationModelFind
        if level == "PATIENT":
            model = PatientRootQueryRetrieveInformationModelFind
        query = Dataset()
        query.QueryRetrieveLevel = level
        query.PatientID = chart.mrn if level in ("PATIENT", "STUDY") else None
        if level != "PATIENT":
            query.StudyInstanceUID = chart.study
        if level in ("SERIES", "IMAGE"):
            query.SeriesInstanceUID = chart.series
        if level == "IMAGE":
            query.SOPInstanceUID = chart.instance
        assert len(_find(chart, granted, model, query)) == 1
        assert _find(chart, stranger, model, query) == []

    def test_modality_worklist(self, chart: Chart, stranger: str, granted: str) -> None:
        query = Dataset()
        query.PatientID = chart.mrn
        query.PatientName = None
        query.ScheduledProcedureStepSequence = [Dataset()]
        assert len(_find(chart, granted, ModalityWorklistInformationFind, query)) == 1
        assert _find(chart, stranger, ModalityWorklistInformationFind, query) == []

    def test_c_get(self, chart: Chart, stranger: str, granted: str) -> None:
        assert _get(chart, granted) == [chart.instance]
        assert _get(chart, stranger) == []


def _find(chart: Chart, ae_title: str, model: Any, query: Dataset) -> list[Dataset]:
    entity = AE(ae_title)
    entity.add_requested_context(model)
    association = entity.associate(
        "127.0.0.1", chart.served.dicom_port, ae_title=chart.served.ae_title
    )
    assert association.is_established
    try:
        answers = list(association.send_c_find(query, model))
    finally:
        association.release()
    assert answers[-1][0].Status == 0
    return [identifier for status, identifier in answers if status.Status in (0xFF00, 0xFF01)]  # type: ignore[misc]


def _get(chart: Chart, ae_title: str) -> list[str]:
    received: list[str] = []

    def store(event: Any) -> int:
        received.append(str(event.request.AffectedSOPInstanceUID))
        return 0

    entity = AE(ae_title)
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
    entity.add_requested_context(CTImageStorage)
    association = entity.associate(
        "127.0.0.1",
        chart.served.dicom_port,
        ae_title=chart.served.ae_title,
        ext_neg=[build_role(CTImageStorage, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, store)],
    )
    assert association.is_established
    query = Dataset()
    query.QueryRetrieveLevel = "STUDY"
    query.StudyInstanceUID = chart.study
    try:
        list(association.send_c_get(query, StudyRootQueryRetrieveInformationModelGet))
    finally:
        association.release()
    return received
