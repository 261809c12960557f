"""Dates of any precision as the span of time they cover, in microseconds since 1970, UTC."""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

FOREVER = 2**62
SECOND = 1_000_000
DAY = 86_400 * SECOND

_epoch = datetime(1970, 1, 1, tzinfo=UTC)
_form = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?"
    r"(Z|[+-]\d\d:\d\d)?)?)?)?"
).fullmatch


def date_range(text: str) -> tuple[int, int]:
    """First and last microsecond of a FHIR date, dateTime or instant, of any precision.

    Without a time zone it is taken as UTC. Raises ValueError when it is no date.
    """
    match = _form(text)
    if match is None:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
    first = _microseconds(start)
    if month is None:
        return first, first + (366 if _is_leap(int(year)) else 365) * DAY - 1
    if day is None:
        return first, first + monthrange(int(year), int(month))[1] * DAY - 1
    if hour is None:
        return first, first + DAY - 1
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60:
        raise ValueError("not a time")
    first += (int(hour) * 3600 + int(minute) * 60 + int(second or 0)) * SECOND
    first -= _offset(zone)
    if second is None:
        return first, first + 60 * SECOND - 1
    if fraction is None:
        return first, first + SECOND - 1
    digits = fraction[:6]
    first += int(digits.ljust(6, "0"))
    return first, first + int(10 ** (6 - len(digits))) - 1


def instant_text(moment: datetime) -> str:
    """A FHIR instant with milliseconds, UTC."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return _microseconds(moment)


def from_instant(value: int) -> datetime:
    """The aware datetime of microseconds since 1970."""
    return _epoch + timedelta(microseconds=value)


def _microseconds(moment: datetime) -> int:
    span = moment - _epoch
    return (span.days * 86_400 + span.seconds) * SECOND + span.microseconds


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return (minutes if zone[0] == "+" else -minutes) * 60 * SECOND
