"""Attribute matching (PS3.4 C.2.2.2): criteria of an identifier, and whether a data set fits.

`criteria_of` reads one element of an identifier into a `Criterion`; the archive turns criteria
into SQL, `matches` applies them in memory. A list of values (PS3.4 C.2.2.2.8 multiple value
matching) is taken for every VR, as QIDO-RS clients send it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.times import Span, date_span, datetime_span, time_span

Kind = Literal["universal", "values", "wildcard", "range", "sequence"]

# PS3.4 C.2.2.2.4: wildcards in these only. In UI, DA, TM, IS … * and ? have no meaning.
WILDCARD_VRS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
SPANS = {"DA": date_span, "TM": time_span, "DT": datetime_span}
EMPTY = '""'


@dataclass(frozen=True, slots=True)
class Criterion:
    """What one key of an identifier asks for.

    `values` holds texts (of any kind but sequence and range); `span` the range of DA, TM, DT,
    inclusive, as text that sorts; `items` the criteria inside the one item of a sequence.
    """

    tag: str
    vr: str
    kind: Kind
    values: tuple[str, ...] = ()
    span: Span | None = None
    items: tuple["Criterion", ...] = ()


def criteria_of(identifier: Mapping[str, Any]) -> list[Criterion]:
    """The criteria of an identifier that are not universal, in the order of their tags."""
    found = (criterion_of(tag, identifier[tag]) for tag in sorted(identifier))
    return [criterion for criterion in found if criterion.kind != "universal"]


def criterion_of(tag: str, element: Mapping[str, Any]) -> Criterion:
    """The criterion of one element. Raises Invalid for a malformed date or time."""
    vr = element.get("vr", "UN")
    values = element.get("Value") or []
    if vr == "SQ":
        # PS3.4 C.2.2.2.6: a sequence matches by its single item.
        items = tuple(criteria_of(values[0] or {})) if values else ()
        return Criterion(tag, vr, "sequence" if items else "universal", items=items)
    texts = tuple(text for text in (text_of(vr, value) for value in values) if text)
    if not texts or (vr in WILDCARD_VRS and all(not text.strip("*") for text in texts)):
        return Criterion(tag, vr, "universal")
    if vr in SPANS and len(texts) == 1 and texts[0] != EMPTY:
        return Criterion(tag, vr, "range", texts, SPANS[vr](texts[0]))
    if vr in WILDCARD_VRS and any("*" in text or "?" in text for text in texts):
        return Criterion(tag, vr, "wildcard", texts)
    return Criterion(tag, vr, "values", texts)


def text_of(vr: str, value: Any) -> str:
    """One value as the text that is compared; a name's component groups joined by "="."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        groups = [str(value.get(k) or "") for k in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(groups).rstrip("=")
    return str(value).strip()


def wildcard_expression(pattern: str) -> re.Pattern[str]:
    """`*` any run of characters, `?` any one (PS3.4 C.2.2.2.4)."""
    pieces = (
        ".*" if letter == "*" else "." if letter == "?" else re.escape(letter) for letter in pattern
    )
    return re.compile("".join(pieces), re.DOTALL)


def matches(dataset: Mapping[str, Any], identifier: Mapping[str, Any]) -> bool:
    """Whether a DICOM JSON data set fits every key of an identifier.

    Names are compared without regard to case (PS3.4 C.2.2.2.1 leaves it to us).
    """
    criteria = criteria_of(identifier)
    combined, rest = combine_date_times(criteria)
    if not all(_fits_moment(dataset, date, time) for date, time in combined):
        return False
    return all(_fits(dataset.get(criterion.tag), criterion) for criterion in rest)


DATE_TIME_PAIRS = {
    "00080020": "00080030",
    "00080021": "00080031",
    "00080022": "00080032",
    "00080023": "00080033",
    "00400002": "00400003",
    "00400244": "00400245",
    "00400250": "00400251",
}


def combine_date_times(
    criteria: Sequence[Criterion],
) -> tuple[list[tuple[Criterion, Criterion]], list[Criterion]]:
    """Date and time ranges that are one range of moments (PS3.4 C.2.2.2.5.4), and the rest."""
    by_tag = {c.tag: c for c in criteria if c.kind == "range"}
    pairs = [
        (by_tag[date], by_tag[time])
        for date, time in DATE_TIME_PAIRS.items()
        if date in by_tag and time in by_tag and _is_range(by_tag[date], by_tag[time])
    ]
    taken = {criterion.tag for pair in pairs for criterion in pair}
    return pairs, [criterion for criterion in criteria if criterion.tag not in taken]


def _is_range(date: Criterion, time: Criterion) -> bool:
    return "-" in date.values[0] and "-" in time.values[0]


def moment_span(date: Criterion, time: Criterion) -> Span:
    """The range of moments, as `YYYYMMDDHHMMSS.FFFFFF` texts, of a date and a time range."""
    assert date.span is not None
    assert time.span is not None
    low = date.span.low + time.span.low if date.span.low else ""
    high = date.span.high + time.span.high if date.span.high else ""
    return Span(low, high)


def _fits_moment(dataset: Mapping[str, Any], date: Criterion, time: Criterion) -> bool:
    day = _first(dataset.get(date.tag))
    clock = _first(dataset.get(time.tag))
    if not day:
        return False
    try:
        moment = date_span(day).low + (time_span(clock).low if clock else "000000.000000")
    except Invalid:
        return False
    return moment_span(date, time).holds(moment)


def _first(element: Mapping[str, Any] | None) -> str:
    values = (element or {}).get("Value") or [""]
    return str(values[0] or "").strip()


def _fits(element: Mapping[str, Any] | None, criterion: Criterion) -> bool:
    values = (element or {}).get("Value") or []
    if criterion.kind == "sequence":
        return any(
            all(_fits((item or {}).get(inner.tag), inner) for inner in criterion.items)
            for item in values
        )
    texts = [text for text in (text_of(criterion.vr, value) for value in values) if text]
    if criterion.kind == "range":
        return any(_in_span(text, criterion) for text in texts)
    fold = criterion.vr == "PN"
    if not texts:
        return EMPTY in criterion.values
    wanted = [value.casefold() if fold else value for value in criterion.values]
    for text in (text.casefold() if fold else text for text in texts):
        candidates = [text, *text.split("=")] if fold else [text]
        for candidate in candidates:
            if criterion.kind == "values" and candidate in wanted:
                return True
            if criterion.kind == "wildcard" and any(
                wildcard_expression(value).fullmatch(candidate) for value in wanted
            ):
                return True
    return False


def _in_span(text: str, criterion: Criterion) -> bool:
    assert criterion.span is not None
    try:
        value = SPANS[criterion.vr](text)
    except Invalid:
        return False
    return criterion.span.holds(value.low)
