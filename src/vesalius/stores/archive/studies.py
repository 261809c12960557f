"""Studies and series as the index knows them, counted, for other rooms."""

from collections.abc import Sequence
from typing import Any

from vesalius.kit.database import Predicate
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores.access import Principal, patient_predicate, require
from vesalius.stores.archive.model import SeriesRow, StudyRow

STUDIES = """
SELECT study.*, counted.*, classes.sop_classes
FROM study
CROSS JOIN LATERAL (
    SELECT count(*) AS series_count,
        coalesce(sum(series.instance_count), 0) + max(waiting.instances) AS instance_count,
        greatest(max(series.last_stored), max(waiting.stored)) AS last_stored,
        coalesce(sum(series.revision), 0) AS series_revision
    FROM series, (
        SELECT count(*) AS instances, max(i.stored) AS stored
        FROM series_increment AS i WHERE i.study_key = study.study_key
    ) AS waiting
    WHERE series.study_key = study.study_key
) AS counted
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT held) AS sop_classes
    FROM series, unnest(series.sop_classes) AS held WHERE series.study_key = study.study_key
) AS classes
WHERE {where}
ORDER BY study.study_key
"""
SERIES = """
SELECT series.*, study.study_instance_uid, waiting.instances, study.revision AS study_revision
FROM study JOIN series USING (study_key)
CROSS JOIN LATERAL (
    SELECT count(*) AS instances FROM series_increment AS i
    WHERE i.study_key = series.study_key AND i.series_key = series.series_key
) AS waiting
WHERE {where}
ORDER BY series.series_number, series.series_key
"""


async def study(tx: Transaction, principal: Principal, study_instance_uid: str) -> StudyRow:
    """One study. Raises NotFound when there is none, or none for this principal."""
    rows = await studies(tx, principal, [study_instance_uid])
    if not rows:
        raise NotFound("there is no such study")
    return rows[0]


async def studies(
    tx: Transaction, principal: Principal, study_instance_uids: Sequence[str]
) -> list[StudyRow]:
    """Those of the named studies that exist and that the principal may see."""
    require(principal, "study.read")
    where = _named(principal, list(study_instance_uids))
    rows = await tx.fetch_all(STUDIES.format(where=where.sql), where.params)
    return [_study(row) for row in rows]


async def series(tx: Transaction, principal: Principal, study_instance_uid: str) -> list[SeriesRow]:
    """The series of a study, by number; empty when the study is hidden or unknown."""
    require(principal, "study.read")
    where = _named(principal, [study_instance_uid])
    rows = await tx.fetch_all(SERIES.format(where=where.sql), where.params)
    return [_series(row) for row in rows]


def _named(principal: Principal, uids: list[str]) -> Predicate:
    named = Predicate("study.study_instance_uid = ANY(%s::text[])", (uids,))
    return named & patient_predicate(principal, "study.patient_reference")


def _study(row: dict[str, Any]) -> StudyRow:
    return StudyRow(
        study_instance_uid=row["study_instance_uid"],
        patient_reference=row["patient_reference"],
        elements=row["attributes"],
        modalities=tuple(row["modalities"]),
        sop_classes=tuple(row["sop_classes"] or ()),
        series_count=row["series_count"],
        instance_count=int(row["instance_count"] or 0),
        first_stored=row["first_stored"],
        last_stored=row["last_stored"] or row["first_stored"],
        revision=f"{row['revision']}.{row['series_revision']}.{int(row['instance_count'] or 0)}",
    )


def _series(row: dict[str, Any]) -> SeriesRow:
    count = row["instance_count"] + row["instances"]
    return SeriesRow(
        study_instance_uid=row["study_instance_uid"],
        series_instance_uid=row["series_instance_uid"],
        modality=row["modality"] or "",
        series_number=row["series_number"],
        elements=row["attributes"],
        sop_classes=tuple(row["sop_classes"]),
        instance_count=count,
        revision=f"{row['revision']}.{count}",
    )
