"""F1: SIGKILL everything, at random moments, under C-STORE, STOW-RS and FHIR transactions.

Whatever was acknowledged is read back afterwards through the doors: WADO-RS (the data set's bytes),
C-FIND and FHIR read. The whole process group dies each time: supervisor, web, DICOM, jobs and
PostgreSQL.
"""

import hashlib
import random
import threading
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import httpx
import orjson
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind as StudyRootFind,
)

from tests.running import RunningVesalius

CLIENT = "FAULTS"
READY_SECONDS = 5.0


@dataclass
class Report:
    """What was acknowledged, what of it was lost, how long the house took to come back."""

    trials: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    ready_seconds: list[float] = field(default_factory=list)


@dataclass
class Acknowledged:
    """Objects somebody was told are stored: instances by UID with a digest, resources by URL."""

    instances: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self.instances) + len(self.resources)


def make_instance(study: str, series: str) -> tuple[Dataset, bytes]:
    """A small CT instance and its Part 10 bytes."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.PatientID, dataset.PatientName = "FAULT-1", "Fault^Test"
    dataset.PatientBirthDate, dataset.PatientSex = "19700101", "O"
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20260101", "120000", "1"
    dataset.AccessionNumber, dataset.Modality = "", "CT"
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.Rows = dataset.Columns = 64
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = random.randbytes(64 * 64 * 2)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return dataset, out.getvalue()


def run(folder: Path, trials: int, seed: int = 1) -> Report:
    """Kill `trials` times under load; verify after every kill, and everything at the end."""
    dice = random.Random(seed)
    report = Report()
    acknowledged = Acknowledged()
    running = RunningVesalius(folder, None, study_quiet_seconds=0.5)
    running.start()
    token = running.token("administrator", "radiologist", "technologist", "physician")
    running.run(_admit)
    for _ in range(trials):
        known = set(acknowledged.instances), set(acknowledged.resources)
        stop = threading.Event()
        load = [
            threading.Thread(target=work, args=(running, token, acknowledged, stop))
            for work in (_store, _store, _stow, _transact)
        ]
        for thread in load:
            thread.start()
        time.sleep(dice.uniform(0.3, 1.5))
        running.kill()
        stop.set()
        for thread in load:
            thread.join()
        began = time.monotonic()
        running.start()
        _await_echo(running)
        report.ready_seconds.append(time.monotonic() - began)
        fresh = Acknowledged(
            {u: v for u, v in acknowledged.instances.items() if u not in known[0]},
            {u: v for u, v in acknowledged.resources.items() if u not in known[1]},
        )
        report.lost += _verify(running, token, fresh)
        report.trials += 1
    report.lost += _verify(running, token, acknowledged)
    report.acknowledged = len(acknowledged)
    running.stop()
    return report


async def _admit(house: object) -> None:
    from tests.nodes import admit

    await admit(house, CLIENT)


def _association(running: RunningVesalius, *sop_classes: str):  # type: ignore[no-untyped-def]
    entity = AE(CLIENT)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 10
    for sop_class in sop_classes:
        entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
    return entity.associate("127.0.0.1", running.dicom_port, ae_title=running.ae_title)


def _await_echo(running: RunningVesalius) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        association = _association(running, "1.2.840.10008.1.1")
        if association.is_established:
            status = association.send_c_echo()
            association.release()
            if status and status.Status == 0:
                return
        time.sleep(0.05)
    raise AssertionError("C-ECHO was not answered after the restart:\n" + running.log_tail())


def _store(
    running: RunningVesalius, token: str, acknowledged: Acknowledged, stop: threading.Event
) -> None:
    study, series = generate_uid(), generate_uid()
    while not stop.is_set():
        association = _association(running, CTImageStorage)
        while association.is_established and not stop.is_set():
            dataset, part10 = make_instance(study, series)
            try:
                status = association.send_c_store(dataset)
            except (RuntimeError, ValueError, OSError):
                break
            if status and status.Status == 0:
                _note(acknowledged, dataset, part10)
        if association.is_established:
            association.abort()


def _stow(
    running: RunningVesalius, token: str, acknowledged: Acknowledged, stop: threading.Event
) -> None:
    study, series = generate_uid(), generate_uid()
    with httpx.Client(base_url=running.url, headers=_bearer(token), timeout=10) as client:
        while not stop.is_set():
            made = [make_instance(study, series) for _ in range(3)]
            body = b"".join(
                b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part10 + b"\r\n"
                for _, part10 in made
            )
            kind = 'multipart/related; type="application/dicom"; boundary=b'
            try:
                answer = client.post(
                    "/dicomweb/studies",
                    content=body + b"--b--\r\n",
                    headers={"Content-Type": kind, "Accept": "application/dicom+json"},
                )
            except httpx.HTTPError:
                continue
            if answer.status_code == 200:
                for dataset, part10 in made:
                    _note(acknowledged, dataset, part10)


def _transact(
    running: RunningVesalius, token: str, acknowledged: Acknowledged, stop: threading.Event
) -> None:
    with httpx.Client(base_url=running.url, headers=_bearer(token), timeout=10) as client:
        while not stop.is_set():
            marks = [random.randbytes(8).hex() for _ in range(5)]
            bundle = {"resourceType": "Bundle", "type": "transaction"}
            entries = [
                {
                    "resource": {"resourceType": "Basic", "code": {"text": mark}},
                    "request": {"method": "POST", "url": "Basic"},
                }
                for mark in marks
            ]
            try:
                answer = client.post(
                    "/fhir",
                    content=orjson.dumps({**bundle, "entry": entries}),
                    headers={"Content-Type": "application/fhir+json"},
                )
            except httpx.HTTPError:
                continue
            if answer.status_code == 200:
                with acknowledged.lock:
                    for mark, entry in zip(marks, answer.json()["entry"], strict=True):
                        location = entry["response"]["location"].split("/_history")[0]
                        acknowledged.resources["Basic/" + location.rsplit("/", 1)[1]] = mark


def _note(acknowledged: Acknowledged, dataset: Dataset, part10: bytes) -> None:
    digest = hashlib.sha256(_data_set_bytes(part10)).digest()
    facts = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, digest)
    with acknowledged.lock:
        acknowledged.instances[dataset.SOPInstanceUID] = facts


def _data_set_bytes(part10: bytes) -> bytes:
    """The encoded data set after the file meta group (PS3.10 Section 7.1)."""
    length = int.from_bytes(part10[140:144], "little")
    return part10[144 + length :]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _verify(running: RunningVesalius, token: str, acknowledged: Acknowledged) -> list[str]:
    lost: list[str] = []
    found = _find_all(running, {facts[0] for facts in acknowledged.instances.values()})
    headers = {**_bearer(token), "Accept": "application/dicom"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=30) as client:
        for uid, (study, series, digest) in acknowledged.instances.items():
            answer = client.get(f"/dicomweb/studies/{study}/series/{series}/instances/{uid}")
            same = answer.status_code == 200 and (
                hashlib.sha256(_data_set_bytes(answer.content)).digest() == digest
            )
            if not same:
                lost.append(f"WADO-RS {uid}: {answer.status_code}")
            elif dcmread(BytesIO(answer.content)).SOPInstanceUID != uid:
                lost.append(f"WADO-RS {uid}: another instance")
            if uid not in found:
                lost.append(f"C-FIND {uid}")
        for url, mark in acknowledged.resources.items():
            answer = client.get(f"/fhir/{url}", headers={"Accept": "application/fhir+json"})
            if answer.status_code != 200 or answer.json()["code"]["text"] != mark:
                lost.append(f"FHIR {url}: {answer.status_code}")
    return lost


def _find_all(running: RunningVesalius, studies: set[str]) -> set[str]:
    found: set[str] = set()
    association = _association(running, StudyRootFind)
    assert association.is_established
    for study in studies:
        for series in _find(association, "SERIES", StudyInstanceUID=study, SeriesInstanceUID=""):
            uids = {"StudyInstanceUID": study, "SeriesInstanceUID": series.SeriesInstanceUID}
            for match in _find(association, "IMAGE", **uids, SOPInstanceUID=""):
                found.add(match.SOPInstanceUID)
    association.release()
    return found


def _find(association, level: str, **keys: str) -> list[Dataset]:  # type: ignore[no-untyped-def]
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    answers = association.send_c_find(identifier, StudyRootFind)
    return [match for status, match in answers if status and status.Status == 0xFF00]
