"""The primitive types: what their JSON value must be (R4 §2.24.0.1)."""

import calendar
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

LONGEST_STRING = 1024 * 1024

_YEAR = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_MONTH = r"(0[1-9]|1[0-2])"
_DAY = r"(0[1-9]|[1-2][0-9]|3[0-1])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_date = re.compile(rf"{_YEAR}(-{_MONTH}(-{_DAY})?)?").fullmatch
_date_time = re.compile(rf"{_YEAR}(-{_MONTH}(-{_DAY}(T{_TIME}{_ZONE})?)?)?").fullmatch
_instant = re.compile(rf"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}").fullmatch
_time = re.compile(_TIME).fullmatch
_id = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch
_code = re.compile(r"[^\s]+( [^\s]+)*").fullmatch
_oid = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+").fullmatch
_uuid = re.compile(
    r"urn:uuid:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
).fullmatch
_base64 = re.compile(r"[0-9a-zA-Z+/=\s]*").fullmatch
_blank = re.compile(r"\s*").fullmatch
_unprintable = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]").search


def _is_string(value: Any) -> bool:
    return (
        type(value) is str
        and 0 < len(value) <= LONGEST_STRING
        and (value.isprintable() or not _unprintable(value))
        and not _blank(value)
    )


def _is_uri(value: Any) -> bool:
    return type(value) is str and value != "" and " " not in value and not _unprintable(value)


def _matching(match: Callable[[str], Any]) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and match(value) is not None


def _is_real_day(value: str) -> bool:
    """Whether the day exists in its month: 2023-02-29 has the form of a date and is none."""
    if len(value) < 10:
        return True
    return int(value[8:10]) <= calendar.monthrange(int(value[:4]), int(value[5:7]))[1]


def _dated(match: Callable[[str], Any]) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and match(value) is not None and _is_real_day(value)


def _is_base64(value: Any) -> bool:
    if type(value) is not str or not value or _base64(value) is None:
        return False
    return sum(map(len, value.split())) % 4 == 0


def _is_integer(lowest: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and lowest <= value <= 2_147_483_647


def _is_decimal(value: Any) -> bool:
    # A float comes from our own rooms, never from the wire.
    return type(value) is int or type(value) is Decimal or type(value) is float


def _is_xhtml(value: Any) -> bool:
    # R4 §2.24.0.9: one div; what may stand in it is cleaned where it is shown.
    return type(value) is str and value.lstrip().startswith("<div") and not _unprintable(value)


CHECKS: dict[str, Callable[[Any], bool]] = {
    "base64Binary": _is_base64,
    "boolean": lambda value: type(value) is bool,
    "canonical": _is_uri,
    "code": lambda value: (
        type(value) is str and _code(value) is not None and not _unprintable(value)
    ),
    "date": _dated(_date),
    "dateTime": _dated(_date_time),
    "decimal": _is_decimal,
    "id": _matching(_id),
    "instant": _dated(_instant),
    "integer": _is_integer(-2_147_483_648),
    "markdown": _is_string,
    "oid": _matching(_oid),
    "positiveInt": _is_integer(1),
    "string": _is_string,
    "time": _matching(_time),
    "unsignedInt": _is_integer(0),
    "uri": _is_uri,
    "url": _is_uri,
    "uuid": _matching(_uuid),
    "xhtml": _is_xhtml,
}


def is_id(value: Any) -> bool:
    """Whether a value may be a logical id."""
    return CHECKS["id"](value)
