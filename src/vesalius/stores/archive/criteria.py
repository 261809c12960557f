"""Matching (PS3.4 C.2.2.2) said in SQL: one predicate for each criterion of an identifier."""

from vesalius.kit.database import FALSE, TRUE, Predicate, every, some
from vesalius.standards.dicom.matching import EMPTY, Criterion, combine_date_times, moment_span
from vesalius.stores.archive.attributes import (
    LEVEL_OF,
    MODALITIES_IN_STUDY,
    SOP_CLASSES_IN_STUDY,
    findable,
)
from vesalius.stores.archive.model import Level
from vesalius.stores.archive.names import fuzzy_expressions, name_expression

# Attributes with a column of their own: where it is and how it is compared.
COLUMNS: dict[str, tuple[str, str]] = {
    "00100020": ("study.mrn", "text"),
    "00100021": ("study.mrn_issuer", "text"),
    "00100010": ("study.patient_name", "name"),
    "00100030": ("study.patient_birth_date", "text"),
    "00100040": ("study.patient_sex", "text"),
    "0020000D": ("study.study_instance_uid", "text"),
    "00080020": ("study.study_date", "text"),
    "00080030": ("study.study_time", "text"),
    "00080050": ("study.accession_number", "text"),
    "00080090": ("study.referring_physician", "name"),
    MODALITIES_IN_STUDY: ("study.modalities", "texts"),
    "0020000E": ("series.series_instance_uid", "text"),
    "00080060": ("series.modality", "text"),
    "00200011": ("series.series_number", "integer"),
    "00080018": ("instance.sop_instance_uid", "text"),
    "00080016": ("instance.sop_class_uid", "text"),
    "00200013": ("instance.instance_number", "integer"),
}
TABLES: dict[Level, str] = {
    "PATIENT": "study",
    "STUDY": "study",
    "SERIES": "series",
    "IMAGE": "instance",
}


def where(level: Level, criteria: list[Criterion], *, fuzzy: bool) -> Predicate:
    """All criteria that this level can match; the others are left out (see `findable`)."""
    known = [criterion for criterion in criteria if findable(level, criterion.tag)]
    pairs, rest = combine_date_times(known)
    moments = [_moment(date, time) for date, time in pairs]
    return every(moments) & every(_condition(criterion, fuzzy=fuzzy) for criterion in rest)


def _condition(criterion: Criterion, *, fuzzy: bool) -> Predicate:
    if criterion.tag == SOP_CLASSES_IN_STUDY:
        inner = _texts("series.sop_classes", criterion)
        return Predicate(
            f"EXISTS (SELECT FROM series WHERE series.study_key = study.study_key AND {inner.sql})",
            inner.params,
        )
    column = COLUMNS.get(criterion.tag)
    if column is None:
        return _inside(f"{TABLES[LEVEL_OF[criterion.tag]]}.attributes", criterion, depth=0)
    name, kind = column
    if criterion.kind == "range":
        return _range(name, criterion)
    if kind == "name":
        return _name(name, criterion, fuzzy=fuzzy)
    if kind == "texts":
        return _texts(name, criterion)
    if kind == "integer":
        return _integers(name, criterion)
    return _text(name, criterion)


def _text(column: str, criterion: Criterion) -> Predicate:
    """Single values, lists of them, wildcards, and `""` for what is empty."""
    empty = Predicate(f"{column} IS NULL") if EMPTY in criterion.values else FALSE
    wanted = [value for value in criterion.values if value != EMPTY]
    if criterion.kind == "wildcard":
        return empty | some(_like(column, value) for value in wanted)
    if not wanted:
        return empty
    if len(wanted) == 1:
        return empty | Predicate(f"{column} = %s", (wanted[0],))
    return empty | Predicate(f"{column} = ANY(%s::text[])", (wanted,))


def _like(column: str, pattern: str) -> Predicate:
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Predicate(f"{column} LIKE %s", (escaped.replace("*", "%").replace("?", "_"),))


def _texts(column: str, criterion: Criterion) -> Predicate:
    """An array holds one of the values, or one that fits a wildcard."""
    if criterion.kind == "wildcard":
        inner = some(_like("held", value) for value in criterion.values)
        return Predicate(
            f"EXISTS (SELECT FROM unnest({column}) AS held WHERE {inner.sql})", inner.params
        )
    return Predicate(f"{column} && %s::text[]", (list(criterion.values),))


def _integers(column: str, criterion: Criterion) -> Predicate:
    numbers = []
    for value in criterion.values:
        try:
            number = int(value)
        except ValueError:
            continue
        if abs(number) < 2**63:
            numbers.append(number)
    # A number nobody has matches nothing; it must not become "everything".
    return Predicate(f"{column} = ANY(%s::bigint[])", (numbers,))


def _name(column: str, criterion: Criterion, *, fuzzy: bool) -> Predicate:
    if fuzzy:
        return some(
            every(Predicate(f"{column} ~ %s", (word,)) for word in fuzzy_expressions(value))
            for value in criterion.values
        )
    empty = Predicate(f"{column} IS NULL") if EMPTY in criterion.values else FALSE
    return empty | some(
        Predicate(f"{column} ~ %s", (name_expression(value),))
        for value in criterion.values
        if value != EMPTY
    )


def _range(column: str, criterion: Criterion) -> Predicate:
    assert criterion.span is not None
    low, high = criterion.span.low, criterion.span.high
    above = Predicate(f"{column} >= %s", (low,)) if low else TRUE
    below = Predicate(f"{column} <= %s", (high,)) if high else TRUE
    if low and low == high:
        return Predicate(f"{column} = %s", (low,))
    return above & below


def _moment(date: Criterion, time: Criterion) -> Predicate:
    """A date range and a time range that are one range (PS3.4 C.2.2.2.5.4)."""
    if date.tag != "00080020":
        # Only study dates and times are kept in a form that sorts; the rest is day by day.
        return _condition(date, fuzzy=False) & _condition(time, fuzzy=False)
    span = moment_span(date, time)
    moment = "(study.study_date || coalesce(study.study_time, '000000.000000'))"
    above = Predicate(f"{moment} >= %s", (span.low,)) if span.low else TRUE
    below = Predicate(f"{moment} <= %s", (span.high,)) if span.high else TRUE
    # The day alone is what the index knows.
    return _range("study.study_date", date) & above & below


def _inside(document: str, criterion: Criterion, *, depth: int) -> Predicate:
    """A criterion on attributes kept as DICOM JSON."""
    value = f"value_{depth}"
    values = f"jsonb_array_elements({document} -> '{_tag(criterion)}' -> 'Value') AS {value}"
    if criterion.kind == "sequence":
        inner = every(_inside(value, item, depth=depth + 1) for item in criterion.items)
        return Predicate(f"EXISTS (SELECT FROM {values} WHERE {inner.sql})", inner.params)
    text = f"({value} #>> '{{}}')"
    if criterion.vr == "PN":
        condition = some(_plain_name(value, wanted) for wanted in criterion.values)
    elif criterion.kind == "range":
        condition = _range(_sortable(text, criterion.vr), criterion)
    elif criterion.kind == "wildcard":
        condition = some(_like(text, wanted) for wanted in criterion.values)
    elif criterion.vr in ("IS", "DS", "US", "SS", "UL", "SL", "FL", "FD"):
        condition = _numbers(value, criterion)
    else:
        condition = Predicate(f"{text} = ANY(%s::text[])", (list(criterion.values),))
    found = Predicate(f"EXISTS (SELECT FROM {values} WHERE {condition.sql})", condition.params)
    if EMPTY in criterion.values:
        return found | Predicate(f"({document} -> '{_tag(criterion)}' -> 'Value') IS NULL")
    return found


def _sortable(text: str, vr: str) -> str:
    """A DA, TM or DT as received, filled up to the form that spans have."""
    whole = {"TM": 6, "DT": 14}.get(vr)
    if whole is None:
        return f"replace({text}, '.', '')"
    filled = f"CASE WHEN {text} LIKE '%%.%%' THEN {text} ELSE rpad({text}, {whole}, '0') || '.' END"
    return f"rpad({filled}, {whole + 7}, '0')"


def _tag(criterion: Criterion) -> str:
    # Tags inside sequences come from the peer; they stand in the SQL text.
    if len(criterion.tag) != 8 or not set(criterion.tag) <= set("0123456789ABCDEF"):
        raise ValueError("not a tag")
    return criterion.tag


def _plain_name(value: str, wanted: str) -> Predicate:
    """A name inside a sequence: accents and case aside, any component group."""
    groups = [f"coalesce({value} ->> '{g}', '')" for g in ("Alphabetic", "Ideographic", "Phonetic")]
    name = "'=' || plain_text(" + " || '=' || ".join(groups) + ") || '='"
    return Predicate(f"({name}) ~ %s", (name_expression(wanted),))


def _numbers(value: str, criterion: Criterion) -> Predicate:
    numbers = []
    for text in criterion.values:
        try:
            numbers.append(float(text))
        except ValueError:
            continue
    return Predicate(
        f"CASE WHEN jsonb_typeof({value}) = 'number'"
        f" THEN ({value} #>> '{{}}')::float8 = ANY(%s::float8[]) ELSE false END",
        (numbers,),
    )
