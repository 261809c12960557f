"""Finding: the one search behind C-FIND (PS3.4 C.4.1) and QIDO-RS (PS3.18 10.6).

A question becomes one SQL statement: the page of rows first, by an index, then what is counted,
for those rows only. The access policy is in its WHERE clause.
"""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any

from vesalius.kit.database import Predicate
from vesalius.kit.transaction import Transaction
from vesalius.standards.dicom import vr_of
from vesalius.standards.dicom.matching import criteria_of
from vesalius.stores.access import Principal, patient_predicate, require
from vesalius.stores.archive import attributes as a
from vesalius.stores.archive.criteria import where
from vesalius.stores.archive.model import Level, Query, Returning

findable = a.findable

FROM: dict[Level, str] = {
    "PATIENT": "study",
    "STUDY": "study",
    "SERIES": "series JOIN study USING (study_key)",
    "IMAGE": "instance JOIN series USING (series_key) JOIN study USING (study_key)",
}
# The order is an index's order, so that a page costs what it holds.
ORDER: dict[Level, str] = {
    "PATIENT": "study.mrn, study.mrn_issuer, study.patient_name",
    "STUDY": "study.study_date DESC NULLS LAST, study.study_key DESC",
    "SERIES": "series.study_key, series.series_number, series.series_key",
    "IMAGE": "instance.series_key, instance.instance_number, instance.instance_key",
}
COLUMNS: dict[Level, str] = {
    "PATIENT": "study.mrn, study.mrn_issuer, study.patient_name, study.attributes",
    "STUDY": "study.study_key, study.study_date, study.modalities, study.attributes",
    "SERIES": "study.study_key, series.series_key, series.series_number, series.instance_count,"
    " study.modalities, study.attributes AS above, series.attributes",
    "IMAGE": "study.study_key, series.series_key, instance.instance_number,"
    " instance.instance_key, study.modalities, instance.transfer_syntax_uid,"
    " study.attributes AS above, series.attributes AS between, instance.attributes",
}

STUDY_COUNTS = """
CROSS JOIN LATERAL (
    SELECT count(*) AS series_count, coalesce(sum(series.instance_count), 0)
        + (SELECT count(*) FROM series_increment AS i WHERE i.study_key = page.study_key)
        AS instance_count
    FROM series WHERE series.study_key = page.study_key
) AS counted
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT held) AS sop_classes
    FROM series, unnest(series.sop_classes) AS held WHERE series.study_key = page.study_key
) AS classes
"""
SERIES_COUNTS = """
CROSS JOIN LATERAL (
    SELECT page.instance_count + count(*) AS instance_count FROM series_increment AS i
    WHERE i.study_key = page.study_key AND i.series_key = page.series_key
) AS counted
"""
PATIENT_COUNTS = """
CROSS JOIN LATERAL (
    SELECT count(DISTINCT study.study_key) AS study_count, count(series_key) AS series_count,
        coalesce(sum(series.instance_count), 0)
        + coalesce(sum((SELECT count(*) FROM series_increment AS i
            WHERE i.study_key = series.study_key AND i.series_key = series.series_key)), 0)
        AS instance_count
    FROM study LEFT JOIN series USING (study_key)
    WHERE study.mrn IS NOT DISTINCT FROM page.mrn
        AND study.mrn_issuer IS NOT DISTINCT FROM page.mrn_issuer
        AND (page.mrn IS NOT NULL OR study.patient_name IS NOT DISTINCT FROM page.patient_name)
        AND {visible}
) AS counted
"""


async def find(
    tx: Transaction, principal: Principal, level: Level, query: Query
) -> list[dict[str, Any]]:
    """The matches of a query at a level, as DICOM JSON data sets, policy applied.

    Attributes that `findable` denies are not matched but returned empty when asked for: C-FIND
    wants that (PS3.4 C.2.2.1.3), QIDO-RS refuses them before. Raises Invalid for malformed
    dates, times and ranges.
    """
    require(principal, "study.read")
    statement = _statement(principal, level, query, counted=_counts(level, query))
    rows = await tx.fetch_all(statement.sql, statement.params)
    answer = _Answer(level, query)
    return [answer.of(row) for row in rows]


async def find_each(
    tx: Transaction, principal: Principal, level: Level, query: Query
) -> AsyncIterator[dict[str, Any]]:
    """As `find`, one match after the other from a cursor: for answers without end."""
    require(principal, "study.read")
    statement = _statement(principal, level, query, counted=_counts(level, query))
    answer = _Answer(level, query)
    async for row in tx.fetch_each(statement.sql, statement.params):
        yield answer.of(row)


_COUNTED = {tag for each in a.COMPUTED.values() for tag in each} - {a.MODALITIES_IN_STUDY}


def _counts(level: Level, query: Query) -> bool:
    """Whether anything is asked that must be counted."""
    return not _COUNTED.isdisjoint(_asked(level, query))


def _statement(principal: Principal, level: Level, query: Query, *, counted: bool) -> Predicate:
    """The whole SELECT, as SQL with its parameters."""
    visible = patient_predicate(principal, "study.patient_reference")
    condition = visible & where(level, criteria_of(query.identifier), fuzzy=query.fuzzy)
    distinct = "DISTINCT ON (study.mrn, study.mrn_issuer, study.patient_name) "
    page = (
        f"SELECT {distinct if level == 'PATIENT' else ''}{COLUMNS[level]} FROM {FROM[level]}"
        f" WHERE {condition.sql} ORDER BY {ORDER[level]}"
    )
    params: list[Any] = list(condition.params)
    if query.limit is not None:
        page += " LIMIT %s"
        params.append(query.limit)
    if query.offset:
        page += " OFFSET %s"
        params.append(query.offset)
    if not counted:
        return Predicate(page, tuple(params))
    counts = {"STUDY": STUDY_COUNTS, "SERIES": SERIES_COUNTS, "IMAGE": ""}.get(level)
    if counts is None:
        counts = PATIENT_COUNTS.format(visible=visible.sql)
        params += visible.params
    if level == "SERIES" or level == "IMAGE":
        counts += _study_counts_for_lower(query, level)
    columns = "page.*, counted.*"
    if level == "STUDY":
        columns += ", classes.*"
    if level in ("SERIES", "IMAGE"):
        columns = _lower_columns(query, level)
    order = ORDER[level].replace("study.", "page.").replace("series.", "page.")
    order = order.replace("instance.", "page.")
    return Predicate(
        f"WITH page AS MATERIALIZED ({page}) SELECT {columns} FROM page {counts} ORDER BY {order}",
        tuple(params),
    )


def _needs_study_counts(query: Query, level: Level) -> bool:
    wanted = {a.STUDY_SERIES, a.STUDY_INSTANCES, a.SOP_CLASSES_IN_STUDY}
    return bool(_asked(level, query) & wanted)


def _study_counts_for_lower(query: Query, level: Level) -> str:
    if not _needs_study_counts(query, level):
        return ""
    return STUDY_COUNTS.replace("AS counted", "AS of_study").replace("AS classes", "AS classes")


def _lower_columns(query: Query, level: Level) -> str:
    columns = ["page.*"]
    if level == "SERIES":
        columns.append("counted.instance_count AS counted_instances")
    if _needs_study_counts(query, level):
        columns += [
            "of_study.series_count AS study_series",
            "of_study.instance_count AS study_instances",
            "classes.sop_classes",
        ]
    return ", ".join(columns)


def _asked(level: Level, query: Query) -> frozenset[str]:
    """Which tags an answer has."""
    return frozenset(_tags(level, frozenset(query.identifier), query.include, query.returning))


@lru_cache(maxsize=256)
def _tags(
    level: Level, named: frozenset[str], include: frozenset[str], returning: Returning
) -> tuple[str, ...]:
    """The tags of an answer in their order; the same questions come again and again."""
    asked = named | include | set(a.UNIQUE_KEYS[level])
    if returning == "requested":
        return tuple(sorted(asked))
    asked |= a.DEFAULTS[level]
    # PS3.18 10.6.3.3: a search across studies or series tells of which each match is.
    if level in ("SERIES", "IMAGE") and "0020000D" not in named:
        asked |= a.DEFAULTS["STUDY"]
    if level == "IMAGE" and "0020000E" not in named:
        asked |= a.DEFAULTS["SERIES"]
    if returning == "all":
        for above in a.ABOVE[level]:
            asked |= set(a.TAGS_BY_LEVEL[above])
        asked |= set(a.COMPUTED[level])
    return tuple(sorted(asked))


class _Answer:
    """Makes data sets of rows: what was asked, in the order of tags."""

    def __init__(self, level: Level, query: Query) -> None:
        self._level = level
        self._identifier = query.identifier
        self._tags = _tags(level, frozenset(query.identifier), query.include, query.returning)
        # What the identifier names comes back even when empty (PS3.4 C.2.2.1.3); what we
        # offer unasked only when there is something.
        self._empty = {*query.identifier, *query.include, *a.UNIQUE_KEYS[level]}

    def of(self, row: dict[str, Any]) -> dict[str, Any]:
        sources = [row[name] for name in ("attributes", "between", "above") if name in row]
        computed = self._computed(row)
        out: dict[str, Any] = {}
        for tag in self._tags:
            element = computed.get(tag)
            if element is None and self._known(tag):
                element = next((source[tag] for source in sources if tag in source), None)
            if element is not None:
                out[tag] = element
            elif tag in self._empty:
                vr = (self._identifier.get(tag) or {}).get("vr") or vr_of(tag)
                out[tag] = {"vr": vr}
        if a.CHARACTER_SET not in out or "Value" not in out[a.CHARACTER_SET]:
            # The text of rows is Unicode, whatever it was sent in.
            out = {a.CHARACTER_SET: {"vr": "CS", "Value": ["ISO_IR 192"]}, **out}
        return out

    def _known(self, tag: str) -> bool:
        # A patient's answer must not tell of one of their studies.
        return self._level != "PATIENT" or a.LEVEL_OF.get(tag) == "PATIENT"

    def _computed(self, row: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {a.AVAILABILITY: _code(["ONLINE"])}
        if "modalities" in row:
            out[a.MODALITIES_IN_STUDY] = _code(row["modalities"])
        if self._level == "PATIENT" and "study_count" in row:
            out[a.PATIENT_STUDIES] = _count(row["study_count"])
            out[a.PATIENT_SERIES] = _count(row["series_count"])
            out[a.PATIENT_INSTANCES] = _count(row["instance_count"])
        if self._level == "STUDY" and "series_count" in row:
            out[a.STUDY_SERIES] = _count(row["series_count"])
            out[a.STUDY_INSTANCES] = _count(row["instance_count"])
        if "study_series" in row:
            out[a.STUDY_SERIES] = _count(row["study_series"])
            out[a.STUDY_INSTANCES] = _count(row["study_instances"])
        if row.get("sop_classes"):
            out[a.SOP_CLASSES_IN_STUDY] = {"vr": "UI", "Value": row["sop_classes"]}
        if "counted_instances" in row:
            out[a.SERIES_INSTANCES] = _count(row["counted_instances"])
        if "transfer_syntax_uid" in row:
            # Available Transfer Syntax UID (0008,3002).
            out["00083002"] = {"vr": "UI", "Value": [row["transfer_syntax_uid"]]}
        return out


def _code(values: list[str]) -> dict[str, Any]:
    return {"vr": "CS", "Value": values} if values else {"vr": "CS"}


def _count(number: Any) -> dict[str, Any]:
    return {"vr": "IS", "Value": [int(number)]}
