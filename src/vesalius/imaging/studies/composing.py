"""The FHIR ImagingStudy of a study, composed from the archive's rows and ours.

Nothing of it is stored as a resource: `compose` makes the body when somebody reads it, so it
holds every instance that is committed. The search rows are written by `project_study`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vesalius.care.orders import ACCESSION_SYSTEM, Order, find_order
from vesalius.imaging.studies.rows import (
    ImagingStudy,
    find_study,
    find_study_by_id,
    text_of,
)
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.standards.maps.dicom_to_imaging_study import (
    InstanceFacts,
    SeriesFacts,
    StudyFacts,
    date_time,
    imaging_study,
)
from vesalius.stores import archive, record
from vesalius.stores.access import SYSTEM


@dataclass(frozen=True, slots=True)
class Holding:
    """What the archive holds of a study."""

    study: archive.StudyRow
    series: Sequence[archive.SeriesRow]


async def compose(tx: Transaction, id: str) -> dict[str, Any]:
    """The whole ImagingStudy with this id; NotFound when there is none."""
    study = await find_study_by_id(tx, id)
    if study is None:
        raise NotFound("there is no such imaging study")
    return await _body(tx, study, await _holding(tx, study), with_instances=True)


async def project_study(
    tx: Transaction, study_instance_uid: str, *, arriving: bool = False
) -> dict[str, Any]:
    """Bring a study's search rows and list facts up to date; the body that was indexed.

    While instances arrive, single ones are left out of the index: they come in when the study
    settles, with one write instead of hundreds.
    """
    study = await find_study(tx, study_instance_uid)
    if study is None:
        raise NotFound("there is no such study")
    holding = await _holding(tx, study)
    await _keep_facts(tx, holding)
    body = await _body(tx, study, holding, with_instances=not arriving)
    await record.project(
        tx, "ImagingStudy", study.id, body, patient_reference=study.patient_reference
    )
    return body


async def _holding(tx: Transaction, study: ImagingStudy) -> Holding:
    uid = study.study_instance_uid
    return Holding(await archive.study(tx, SYSTEM, uid), await archive.series(tx, SYSTEM, uid))


async def _keep_facts(tx: Transaction, holding: Holding) -> None:
    """Repeat what lists sort and filter by in the study's own row."""
    row, elements = holding.study, holding.study.elements
    parts = (text_of(one.elements, "00180015") for one in holding.series)
    await tx.execute(
        "UPDATE imaging_study SET modalities = %s, body_part = %s, description = %s,"
        " study_date = %s, study_time = %s, accession_number = %s, series_count = %s,"
        " instance_count = %s, counted = %s WHERE study_instance_uid = %s",
        (
            list(row.modalities),
            next((part for part in parts if part), None),
            text_of(elements, "00081030"),
            text_of(elements, "00080020"),
            text_of(elements, "00080030"),
            text_of(elements, "00080050"),
            row.series_count,
            row.instance_count,
            tx.now,
            row.study_instance_uid,
        ),
    )


async def _body(
    tx: Transaction, study: ImagingStudy, holding: Holding, *, with_instances: bool
) -> dict[str, Any]:
    listed: dict[str, list[InstanceFacts]] = {}
    if with_instances:
        for one in await archive.instances(tx, SYSTEM, study=study.study_instance_uid):
            listed.setdefault(one.series_instance_uid, []).append(
                InstanceFacts(one.sop_instance_uid, one.sop_class_uid, one.instance_number)
            )
    order = await find_order(tx, study.order_reference) if study.order_reference else None
    return imaging_study(_facts(tx, study, holding, listed, order))


def _facts(
    tx: Transaction,
    study: ImagingStudy,
    holding: Holding,
    listed: dict[str, list[InstanceFacts]],
    order: Order | None,
) -> StudyFacts:
    elements = holding.study.elements
    accession = text_of(elements, "00080050")
    procedure = None
    if order is not None and order.procedure_code:
        procedure = (
            order.procedure_system or "",
            order.procedure_code,
            order.procedure_display,
        )
    referring = (elements.get("00080090") or {}).get("Value") or [{}]
    return StudyFacts(
        id=study.id,
        study_instance_uid=study.study_instance_uid,
        status="available",
        patient_reference=study.patient_reference,
        accession_number=accession,
        accession_system=ACCESSION_SYSTEM if order else None,
        order_reference=study.order_reference,
        started=date_time(
            text_of(elements, "00080020"),
            text_of(elements, "00080030"),
            text_of(elements, "00080201"),
        ),
        description=text_of(elements, "00081030"),
        referring_physician=_plain_name(referring[0]),
        procedure=procedure,
        reasons=[order.indication] if order and order.indication else [],
        dicomweb_url=f"{tx.settings.base_url}/dicomweb",
        series=[_series(one, listed.get(one.series_instance_uid)) for one in holding.series],
    )


def _series(series: archive.SeriesRow, listed: list[InstanceFacts] | None) -> SeriesFacts:
    elements = series.elements
    # Without its instances a series still says which SOP classes it holds, for the index.
    classes = [InstanceFacts("", sop_class_uid) for sop_class_uid in series.sop_classes]
    return SeriesFacts(
        series_instance_uid=series.series_instance_uid,
        modality=series.modality,
        number=series.series_number,
        description=text_of(elements, "0008103E"),
        body_part=text_of(elements, "00180015"),
        laterality=text_of(elements, "00200060"),
        started=date_time(
            text_of(elements, "00080021"),
            text_of(elements, "00080031"),
            text_of(elements, "00080201"),
        ),
        instance_count=series.instance_count,
        instances=classes if listed is None else listed,
    )


def _plain_name(name: Any) -> str | None:
    text = str(name.get("Alphabetic") or "") if isinstance(name, dict) else str(name or "")
    return " ".join(part for part in text.split("^") if part) or None
