"""The studies' own rows: patient, order, state."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from vesalius.care.patients import Identity
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores.access import Principal, require, require_patient


@dataclass(frozen=True, slots=True)
class ImagingStudy:
    """A study as the river knows it."""

    study_instance_uid: str
    id: str
    patient_reference: str | None
    order_reference: str | None
    state: str
    arrived: datetime
    completed: datetime | None
    waiting: str | None
    identity: Mapping[str, Any]
    modalities: Sequence[str]
    body_part: str | None
    description: str | None
    study_date: str | None
    study_time: str | None
    accession_number: str | None
    series_count: int
    instance_count: int

    @property
    def named(self) -> Identity:
        """The patient as the images name them."""
        return Identity(**self.identity)


COLUMNS = ", ".join(f"st.{field.name}" for field in fields(ImagingStudy))


def imaging_study_id(study_instance_uid: str) -> str:
    """The FHIR id of a study: always the same for the same UID, so that links never break."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, study_instance_uid))


async def find_study(
    tx: Transaction, study_instance_uid: str, *, lock: bool = False
) -> ImagingStudy | None:
    """A study by its UID, for other rooms of the house."""
    row = await tx.fetch_one(
        f"SELECT {COLUMNS} FROM imaging_study st WHERE study_instance_uid = %s"
        + (" FOR UPDATE" if lock else ""),
        (study_instance_uid,),
    )
    return ImagingStudy(**row) if row else None


async def find_study_by_id(tx: Transaction, id: str) -> ImagingStudy | None:
    """A study by the id of its ImagingStudy."""
    row = await tx.fetch_one(f"SELECT {COLUMNS} FROM imaging_study st WHERE id = %s", (id,))
    return ImagingStudy(**row) if row else None


async def visible(
    tx: Transaction, principal: Principal | None, study_instance_uid: str, *, lock: bool = False
) -> ImagingStudy:
    """A study, for one who may see it; NotFound otherwise, as if there were none."""
    principal = require(principal, "study.read")
    study = await find_study(tx, study_instance_uid, lock=lock)
    if study is None:
        raise NotFound("there is no such study")
    if study.patient_reference is not None:
        await require_patient(tx, principal, study.patient_reference)
    elif not principal.sees_all_patients:
        raise NotFound("there is no such study")
    return study


def identity_of(elements: Mapping[str, Any]) -> dict[str, Any]:
    """The patient that DICOM JSON elements name."""

    def first(tag: str) -> Any:
        found = (elements.get(tag) or {}).get("Value") or [None]
        return found[0]

    name = first("00100010")
    return {
        "PatientID": str(first("00100020") or ""),
        "issuer": str(first("00100021") or ""),
        "PatientName": name if isinstance(name, dict) else {"Alphabetic": str(name or "")},
        "PatientBirthDate": str(first("00100030") or ""),
        "PatientSex": str(first("00100040") or ""),
    }


def text_of(elements: Mapping[str, Any], tag: str) -> str | None:
    """The first value of an element as text; None when it says nothing."""
    found = (elements.get(tag) or {}).get("Value") or [None]
    return str(found[0]).strip() or None if found[0] is not None else None
