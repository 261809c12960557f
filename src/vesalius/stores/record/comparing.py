"""Prefixes and precision: what `ge2020-05` and `5.40` mean over stored spans (R4 §3.1.1.4.6)."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from vesalius.kit.database import Predicate
from vesalius.standards import fhir
from vesalius.stores.record.model import UnknownParameter

_prefixed = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.DOTALL).fullmatch
_number = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?").fullmatch
APPROXIMATELY = 10  # per cent


def take_prefix(value: str) -> tuple[str, str]:
    """The comparison (`eq` when none is given) and the rest."""
    match = _prefixed(value)
    return (match[1] or "eq", match[2]) if match else ("eq", value)


def date_predicate(value: str) -> Predicate:
    """Over the columns lowest and highest of record_date."""
    prefix, first, last = _span(value)
    sql, params = _date_sql(prefix, first, last)
    return Predicate(sql, params)


def instant_predicate(column: str, value: str) -> Predicate:
    """Over a timestamptz column, a point in time."""
    prefix, first, last = _span(value)
    # The first instant after the span, because a point may have microseconds.
    lo, hi = _moment(first), _moment(last + 1)
    inside = Predicate(f"{column} >= %s AND {column} < %s", (lo, hi))
    if prefix == "eq":
        return inside
    if prefix == "ne":
        return ~inside
    if prefix in ("gt", "sa"):
        return Predicate(f"{column} >= %s", (hi,))
    if prefix in ("lt", "eb"):
        return Predicate(f"{column} < %s", (lo,))
    if prefix == "ge":
        return Predicate(f"{column} >= %s", (lo,))
    if prefix == "le":
        return Predicate(f"{column} < %s", (hi,))
    pad = _tolerance(first)
    wide = (_moment(first - pad), _moment(last + pad))
    return Predicate(f"{column} >= %s AND {column} <= %s", wide)


def quantity_predicate(parts: list[str]) -> Predicate:
    """`number`, `number||code` or `number|system|code` over record_quantity."""
    prefix, text = take_prefix(parts[0])
    if _number(text) is None or len(parts) not in (1, 3):
        raise UnknownParameter("a quantity is number, number||unit or number|system|code")
    value = Decimal(text)
    amount = _amount_sql(prefix, value, _half_step(value))
    if len(parts) == 1 or parts[2] == "":
        return amount
    if parts[1]:
        return amount & Predicate("system = %s AND code = %s", (parts[1], parts[2]))
    return amount & Predicate("code = %s OR unit = %s", (parts[2], parts[2]))


def _span(value: str) -> tuple[str, int, int]:
    prefix, text = take_prefix(value)
    # A plus in an address is a space once decoded; both are meant as the zone's sign.
    try:
        first, last = fhir.date_range(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise UnknownParameter("a date is YYYY, YYYY-MM, YYYY-MM-DD or with a time") from None
    return prefix, first, last


def _date_sql(prefix: str, first: int, last: int) -> tuple[str, tuple[int, ...]]:
    """The stored span against the searched one; both ends belong to either.

    Where a condition speaks of one end, the other is bounded too if it follows: it lets the
    index on that end serve.
    """
    if prefix == "eq":
        # lowest <= highest <= last follows; said so that either index bounds both ways.
        return (
            "lowest >= %s::bigint AND lowest <= %s::bigint AND highest <= %s::bigint",
            (first, last, last),
        )
    if prefix == "ne":
        return "lowest < %s::bigint OR highest > %s::bigint", (first, last)
    if prefix == "gt":
        return "highest > %s::bigint", (last,)
    if prefix == "lt":
        return "lowest < %s::bigint", (first,)
    if prefix == "ge":
        # above, or within: highest > last OR (lowest >= first AND highest <= last)
        return (
            "highest >= %s::bigint AND (highest > %s::bigint OR lowest >= %s::bigint)",
            (first, last, first),
        )
    if prefix == "le":
        return (
            "lowest <= %s::bigint AND (lowest < %s::bigint OR highest <= %s::bigint)",
            (last, first, last),
        )
    if prefix == "sa":
        return "lowest > %s::bigint", (last,)
    if prefix == "eb":
        return "highest < %s::bigint", (first,)
    pad = _tolerance(first)
    return "lowest <= %s::bigint AND highest >= %s::bigint", (last + pad, first - pad)


def _tolerance(first: int) -> int:
    """A tenth of the way from now (R4 §3.1.1.4.4, `ap`)."""
    return abs(fhir.microseconds(datetime.now(UTC)) - first) // APPROXIMATELY


def _moment(value: int) -> datetime:
    # Years outside 1 to 9999 do not occur in FHIR dates; tolerance may lead there.
    lowest, highest = -62_135_596_800_000_000, 253_402_300_799_999_999
    return fhir.from_instant(max(lowest, min(highest, value)))


def _half_step(value: Decimal) -> Decimal:
    """Half of the last digit given: 5.4 means 5.35 to 5.45 (R4 §3.1.1.4.7)."""
    exponent = value.as_tuple().exponent
    try:
        return Decimal(5).scaleb(int(exponent) - 1)
    except (InvalidOperation, ValueError):
        raise UnknownParameter("the number is out of range") from None


def _amount_sql(prefix: str, value: Decimal, half: Decimal) -> Predicate:
    low, high = value - half, value + half
    inside = Predicate("lowest >= %s::numeric AND highest < %s::numeric", (low, high))
    if prefix == "eq":
        return inside
    if prefix == "ne":
        return ~inside
    if prefix == "gt":
        return Predicate("highest > %s::numeric", (value,))
    if prefix == "lt":
        return Predicate("lowest < %s::numeric", (value,))
    if prefix == "ge":
        return Predicate("highest >= %s::numeric", (value,))
    if prefix == "le":
        return Predicate("lowest <= %s::numeric", (value,))
    if prefix == "sa":
        return Predicate("lowest > %s::numeric", (value,))
    if prefix == "eb":
        return Predicate("highest < %s::numeric", (value,))
    pad = abs(value) / APPROXIMATELY
    return Predicate("lowest <= %s::numeric AND highest >= %s::numeric", (value + pad, value - pad))
