"""DA, TM and DT (PS3.5 table 6.2-1) as texts that sort, and ranges of them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from vesalius.kit.errors import Invalid

_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{2}):?(?:(\d{2}):?(?:(\d{2})(?:\.(\d{1,6}))?)?)?", re.ASCII)
_DATETIME = re.compile(
    r"(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?)?)?)?"
    r"([+-]\d{4})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A closed range of sortable texts; an empty end is open."""

    low: str
    high: str

    def holds(self, value: str) -> bool:
        """Whether a text of the same form lies inside."""
        return (not self.low or value >= self.low) and (not self.high or value <= self.high)


def date_text(value: str) -> str:
    """`YYYYMMDD` of a DA (or of its ACR-NEMA form with dots); Invalid when it is no date."""
    match = _DATE.fullmatch(value.strip())
    if not match:
        raise Invalid("a date is malformed")
    year, month, day = match.groups()
    if not ("01" <= month <= "12" and "01" <= day <= "31"):
        raise Invalid("a date is malformed")
    return year + month + day


def date_span(value: str) -> Span:
    """The days of `D`, `D-`, `-D` or `D-D`."""
    value = value.strip()
    if "-" not in value or _DATE.fullmatch(value):
        day = date_text(value)
        return Span(day, day)
    low, _, high = value.partition("-")
    if not low.strip() and not high.strip():
        raise Invalid("a date range is empty")
    return Span(date_text(low) if low.strip() else "", date_text(high) if high.strip() else "")


def time_text(value: str, filler: str = "0") -> str:
    """`HHMMSS.FFFFFF` of a TM; what is not said is filled up: 0 the first, 9 the last moment."""
    match = _TIME.fullmatch(value.strip())
    if not match:
        raise Invalid("a time is malformed")
    hour, minute, second, fraction = match.groups()
    rest = "59" if filler == "9" else "00"
    minute, second = minute or rest, second or rest
    if hour > "23" or minute > "59" or second > "60":
        raise Invalid("a time is malformed")
    return f"{hour}{minute}{second}.{(fraction or '').ljust(6, filler)}"


def time_span(value: str) -> Span:
    """The moments of a day of `T`, `T-`, `-T` or `T-T`; `10` is the whole hour."""
    low, dash, high = value.strip().partition("-")
    if not dash:
        return Span(time_text(low), time_text(low, "9"))
    if not low.strip() and not high.strip():
        raise Invalid("a time range is empty")
    return Span(
        time_text(low) if low.strip() else "000000.000000",
        time_text(high, "9") if high.strip() else "235960.999999",
    )


def datetime_text(value: str, last: bool = False) -> str:
    """`YYYYMMDDHHMMSS.FFFFFF` of a DT, in UTC when it names an offset."""
    match = _DATETIME.fullmatch(value.strip())
    if not match:
        raise Invalid("a date and time is malformed")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    ends = ("12", "31", "23", "59", "59") if last else ("01", "01", "00", "00", "00")
    parts = [
        part or end for part, end in zip((month, day, hour, minute, second), ends, strict=True)
    ]
    text = year + "".join(parts) + "." + (fraction or "").ljust(6, "9" if last else "0")
    return _to_utc(text, offset) if offset else text


def _to_utc(text: str, offset: str) -> str:
    delta = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5]))
    if delta >= timedelta(hours=24):
        raise Invalid("a date and time is malformed")
    zone = timezone(-delta if offset[0] == "-" else delta)
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S.%f").replace(tzinfo=zone)
        return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S.%f")
    except (ValueError, OverflowError) as error:
        raise Invalid("a date and time is malformed") from error


def datetime_span(value: str) -> Span:
    """The moments of `DT` or of a range; a dash before four last digits may be an offset."""
    value = value.strip()
    if _DATETIME.fullmatch(value):
        return Span(datetime_text(value), datetime_text(value, last=True))
    for position in (i for i, letter in enumerate(value) if letter == "-"):
        low, high = value[:position], value[position + 1 :]
        if (not low or _DATETIME.fullmatch(low)) and (not high or _DATETIME.fullmatch(high)):
            if not low and not high:
                break
            return Span(
                datetime_text(low) if low else "", datetime_text(high, last=True) if high else ""
            )
    raise Invalid("a date and time range is malformed")
