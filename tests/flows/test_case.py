"""A radiology case from order to signed report, on real DICOM traffic and the browser's API."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.flows.modality import Modality
from tests.running import RunningVesalius
from tests.stores.archive.building import part10, series_of
from vesalius.app import House
from vesalius.stores import access

PASSWORD = "correct horse battery staple"
SECONDS = 30.0


def eventually(look: Callable[[], Any]) -> Any:
    """What `look` gives once it is something; news travels within a second or so."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
    return found


@pytest.fixture
def scanner(served: RunningVesalius) -> str:
    """The AE title of an admitted CT."""
    ae_title = f"CT{uuid.uuid4().hex[:8].upper()}"
    node = {
        "ae_title": ae_title,
        "host": "127.0.0.1",
        "port": 11199,
        "may": ["store", "find", "worklist", "mpps"],
    }
    with served.client("administrator") as admin:
        answer = admin.post("/api/nodes", json=node)
        assert answer.status_code == 201, answer.text
    return ae_title


@pytest.fixture
def reader(served: RunningVesalius) -> Iterator[httpx.Client]:
    """A signed-in radiologist who has a password."""
    username = f"reader-{uuid.uuid4().hex[:8]}"

    async def add(house: House) -> str:
        async with house.database.transaction() as tx:
            await access.add_user(
                tx,
                access.SYSTEM,
                username=username,
                display="Dr. Rita Reader",
                roles=["radiologist"],
                password=PASSWORD,
            )
            return await access.issue_token(tx, access.SYSTEM, username=username, name="test")

    token = served.run(add)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=60) as client:
        yield client


def register(served: RunningVesalius, mrn: str) -> str:
    """Tarō Yamada at the front desk; his id."""
    form = {
        "name": [
            {"use": "official", "family": "Yamada", "given": ["Tarou"]},
            {"family": "山田", "given": ["太郎"]},
        ],
        "birthDate": "1980-05-01",
        "gender": "male",
        "identifier": [{"value": mrn}],
    }
    with served.client("front_desk") as desk:
        answer = desk.post("/api/patients", json=form)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def images(item: Dataset, count: int = 3, **more: Any) -> list[Dataset]:
    """Slices for a worklist item, as a scanner copies its attributes."""
    made = series_of(
        count,
        **{
            "SpecificCharacterSet": "ISO_IR 192",
            "StudyInstanceUID": item.StudyInstanceUID,
            "PatientName": item.PatientName,
            "PatientID": item.PatientID,
            "PatientBirthDate": item.PatientBirthDate,
            "PatientSex": item.PatientSex,
            "AccessionNumber": item.AccessionNumber,
            "StudyDescription": "CT head",
            "BodyPartExamined": "HEAD",
            "StudyDate": "20261124",
            **more,
        },
    )
    for dataset in made:
        part10(dataset)
    return made


def test_from_order_to_signed_report(
    served: RunningVesalius, scanner: str, reader: httpx.Client
) -> None:
    mrn = uuid.uuid4().hex[:12]
    patient = register(served, mrn)

    with served.client("physician") as physician:
        form = {"patient": patient, "procedure": "CT-HEAD", "priority": "stat"}
        placed = physician.post("/api/orders", json={**form, "indication": "Worst headache ever"})
        assert placed.status_code == 201, placed.text
        order = placed.json()

    with Modality(served, scanner) as modality:
        [item] = modality.worklist(PatientID=mrn)
        assert item.StudyInstanceUID == order["study_instance_uid"]
        assert item.AccessionNumber == order["accession_number"]
        assert item.PatientName.ideographic == "山田^太郎"
        performed = modality.begin(item)
        uid = str(item.StudyInstanceUID)
        slices = images(item)
        modality.store(slices[0])
        # Visible in the record with the acknowledgement of its first slice, and on the list.
        found = reader.get(f"/fhir/ImagingStudy?identifier=urn:dicom:uid|urn:oid:{uid}").json()
        [study] = [entry["resource"] for entry in found["entry"]]
        assert study["subject"]["reference"] == f"Patient/{patient}"
        assert study["basedOn"] == [{"reference": f"ServiceRequest/{order['id']}"}]
        assert study["numberOfInstances"] == 1
        row = eventually(lambda: listed(reader, uid))
        assert (row["priority"], row["status"]) == ("stat", "unread")
        modality.store(*slices[1:])
        assert modality.end(performed) == 0x0000
        assert modality.end(performed) in (0x0110, 0xA710), "a final step stays"
        assert modality.worklist(PatientID=mrn) == []
    body = reader.get(f"/fhir/ImagingStudy/{study['id']}").json()
    assert body["numberOfInstances"] == 3
    eventually(lambda: not listed(reader, uid)["arriving"])

    assert reader.post(f"/api/reading-list/{uid}/claim").status_code == 200
    path = f"/api/studies/{uid}/report"
    begun = reader.get(path).json()
    assert begun["sections"]["indication"] == "Worst headache ever"
    draft = {
        "template": begun["template"],
        "sections": {**begun["sections"], "findings": "No bleeding. 出血なし。"},
        "conclusion": "Normal CT of the head.",
    }
    assert reader.put(path, json={**draft, "revision": 0}).status_code == 200
    reports = f"/fhir/DiagnosticReport?patient={patient}"
    assert not reader.get(reports).json().get("entry"), "unsigned text is not in the record"
    signed = reader.post(f"{path}/sign", json={"password": PASSWORD, "status": "final"})
    assert signed.status_code == 200, signed.text
    [report] = [entry["resource"] for entry in reader.get(reports).json()["entry"]]
    assert report["status"] == "final"
    assert report["conclusion"] == "Normal CT of the head."
    assert reader.get(f"{path}.pdf").content.startswith(b"%PDF-")
    assert listed(reader, uid) is None

    with served.client("physician") as physician:
        entries = physician.get(f"/api/patients/{patient}/timeline").json()
        assert {entry["kind"] for entry in entries} == {"order", "imaging", "report"}
        thumbnail = next(entry for entry in entries if entry["kind"] == "imaging")["thumbnails"][0]
        assert physician.get(thumbnail).status_code == 200
        eventually(
            lambda: (
                physician.get(f"/fhir/ServiceRequest/{order['id']}").json()["status"] == "completed"
            )
        )


def test_an_order_through_fhir_reaches_the_modality(served: RunningVesalius, scanner: str) -> None:
    mrn = uuid.uuid4().hex[:12]
    patient = register(served, mrn)
    body = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "category": [{"coding": [{"system": "http://snomed.info/sct", "code": "363679005"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "30799-1"}], "text": "CT head"},
        "subject": {"reference": f"Patient/{patient}"},
    }
    with served.client("integrator") as integrator:
        made = integrator.post("/fhir/ServiceRequest", json=body)
        assert made.status_code == 201, made.text

        def numbered() -> Any:
            now = integrator.get(f"/fhir/ServiceRequest/{made.json()['id']}").json()
            return now.get("identifier")

        [identifier] = eventually(numbered)
    with Modality(served, scanner) as modality:
        [item] = eventually(lambda: modality.worklist(PatientID=mrn))
        assert item.AccessionNumber == identifier["value"]
        assert item.RequestedProcedureDescription == "CT head"


def test_images_of_a_mistyped_number_wait_and_are_attached(
    served: RunningVesalius, scanner: str, reader: httpx.Client
) -> None:
    mrn = uuid.uuid4().hex[:12]
    patient = register(served, mrn)
    item = Dataset()
    item.PatientName, item.PatientID = "Yamada^Tarou", f"{mrn}X"
    item.PatientBirthDate, item.PatientSex = "19800501", "M"
    item.StudyInstanceUID, item.AccessionNumber = generate_uid(), ""
    [dataset] = images(item, 1)
    with Modality(served, scanner) as modality:
        modality.store(dataset)
    uid = str(dataset.StudyInstanceUID)
    search = f"/fhir/ImagingStudy?patient={patient}"
    assert not reader.get(search).json().get("entry")
    with served.client("technologist") as technologist:
        waiting = {
            row["study_instance_uid"]: row for row in technologist.get("/api/unmatched").json()
        }
        proposals = [proposal["patient"]["id"] for proposal in waiting[uid]["proposals"]]
        assert patient in proposals
        attached = technologist.post(
            f"/api/unmatched/{uid}/attach", json={"patient": patient, "reason": "Mistyped"}
        )
        assert attached.status_code == 200
        assert len(reader.get(search).json()["entry"]) == 1
        assert technologist.post(f"/api/studies/{uid}/undo").status_code == 200
        assert not reader.get(search).json().get("entry")


def test_a_restricted_patient_is_hidden_in_every_list(
    served: RunningVesalius, scanner: str, reader: httpx.Client
) -> None:
    mrn = uuid.uuid4().hex[:12]
    patient = register(served, mrn)
    with served.client("physician") as physician:
        placed = physician.post("/api/orders", json={"patient": patient, "procedure": "CT-HEAD"})
        order = placed.json()
    with Modality(served, scanner) as modality:
        [item] = modality.worklist(PatientID=mrn)
        modality.store(*images(item, 1))
        uid = str(item.StudyInstanceUID)
        eventually(lambda: listed(reader, uid))

        async def restrict(house: House) -> None:
            async with house.database.transaction() as tx:
                await access.restrict(tx, access.SYSTEM, patient, True)

        served.run(restrict)
        assert modality.worklist(PatientID=mrn) == []
    assert listed(reader, uid) is None
    for path in (
        f"/api/patients/{patient}",
        f"/api/patients/{patient}/timeline",
        f"/api/studies/{uid}",
        f"/api/studies/{uid}/report",
        f"/fhir/Patient/{patient}",
        f"/fhir/ServiceRequest/{order['id']}",
        f"/dicomweb/studies/{uid}/metadata",
    ):
        assert reader.get(path).status_code == 404, path
    assert reader.get(f"/api/patients?q={mrn}").json() == []
    assert reader.get(f"/api/orders?patient={patient}").json() == []
    assert not reader.get(f"/fhir/ImagingStudy?patient={patient}").json().get("entry")
    assert uid not in reader.get("/dicomweb/studies", params={"PatientID": mrn}).text


def listed(reader: httpx.Client, uid: str) -> Any:
    """The open row of a study on the reading list; None when there is none."""
    items = reader.get("/api/reading-list?limit=1000").json()["items"]
    return next((item for item in items if item["study_instance_uid"] == uid), None)
