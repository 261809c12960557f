"""A search as it was asked, taken apart: criteria here, result parameters there (R4 §3.1.1)."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from vesalius.standards import fhir
from vesalius.stores.record.model import Parameters, UnknownParameter, UnsupportedParameter

Total = Literal["none", "accurate"]

# Handled where answers are written; a search of rows does not care.
PRESENTATION = {"_format", "_pretty", "_elements", "_contained", "_containedType"}
SUMMARIES = {"true", "false", "text", "data", "count"}
DEFAULT_COUNT = 20


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` or `_revinclude`: follow this reference parameter, from or to the matches."""

    source: str
    parameter: str
    target: str | None
    iterate: bool


@dataclass(slots=True)
class Query:
    """One search of one type."""

    resource_type: str
    criteria: list[tuple[str, str]] = field(default_factory=list)
    sort: list[tuple[str, bool]] = field(default_factory=list)  # parameter, descending
    count: int = DEFAULT_COUNT
    cursor: list[Any] | None = None
    includes: list[Include] = field(default_factory=list)
    revincludes: list[Include] = field(default_factory=list)
    total: Total = "none"
    only_count: bool = False
    ignored: list[str] = field(default_factory=list)


def take_apart(
    resource_type: str, parameters: Parameters, *, most: int, lenient: bool = False
) -> Query:
    """Sort the parameters of a search. Raises UnknownParameter for what R4 does not know here.

    When lenient, an unknown criterion goes to `ignored` instead.
    """
    query = Query(resource_type)
    for name, value in parameters:
        if "\x00" in value or "\x00" in name:
            raise UnknownParameter("a search may not hold NUL characters")
        bare, _, modifier = name.partition(":")
        if bare in PRESENTATION:
            continue
        if bare == "_count":
            query.count = min(_natural(name, value), most)
        elif bare == "_sort":
            query.sort = [(k.removeprefix("-"), k.startswith("-")) for k in value.split(",") if k]
        elif bare == "_cursor":
            query.cursor = read_cursor(value)
        elif bare == "_total":
            query.total = _one_of(name, value, {"none": "none", "estimate": "accurate"})
        elif bare == "_summary":
            if value not in SUMMARIES:
                raise UnknownParameter("_summary is one of true, false, text, data, count")
            query.only_count = value == "count"
        elif bare == "_include":
            query.includes.append(_include(value, modifier))
        elif bare == "_revinclude":
            query.revincludes.append(_include(value, modifier))
        elif is_known(resource_type, name):
            query.criteria.append((name, value))
        elif lenient:
            query.ignored.append(name)
        else:
            raise UnknownParameter(f"{resource_type} has no search parameter {bare!r}")
    return query


def is_known(resource_type: str, name: str) -> bool:
    """Whether the name (with chain and modifier) begins with a criterion of this type."""
    bare = name.split(":")[0].split(".")[0]
    return bare in ("_id", "_lastUpdated", "_has") or bare in fhir.search_parameters(resource_type)


def write_cursor(values: Iterable[Any]) -> str:
    """Where a page ended, as an opaque word for its `next` link."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def read_cursor(text: str) -> list[Any]:
    """Raises UnknownParameter when it is not one of ours."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        values = orjson.loads(data)
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or not values:
        raise UnknownParameter("_cursor is not of one of our links")
    return values


def split_values(value: str) -> list[str]:
    """Alternatives of a criterion: split at commas that are not escaped (R4 §3.1.1.4.1.1).

    Empty ones are left out; raises UnknownParameter when nothing is left, because an empty
    value must never find everything.
    """
    if "," not in value:
        return [value]
    parts, current, escaped = [], "", False
    for character in value:
        if escaped or character not in "\\,":
            current += character
            escaped = False
        elif character == "\\":
            current += character
            escaped = True
        else:
            parts.append(current)
            current = ""
    alternatives = [part for part in (*parts, current) if part]
    if not alternatives:
        raise UnknownParameter("a search parameter has no value")
    return alternatives


def split_bars(value: str) -> list[str]:
    """`system|code` at bars that are not escaped, escapes undone."""
    if "\\" not in value:
        return value.split("|")
    return [unescape(p.replace("\x00", "\\|")) for p in value.replace("\\|", "\x00").split("|")]


def unescape(value: str) -> str:
    """Undo `\\,` `\\|` `\\$` `\\\\`."""
    if "\\" not in value:
        return value
    out, escaped = "", False
    for character in value:
        if character == "\\" and not escaped:
            escaped = True
        else:
            out += character
            escaped = False
    return out


def _natural(name: str, value: str) -> int:
    if not value.isdecimal() or len(value) > 9:
        raise UnknownParameter(f"{name} is a whole number")
    return int(value)


def _one_of(name: str, value: str, extra: dict[str, str]) -> Total:
    allowed = {"accurate": "accurate", **extra}
    if value not in allowed:
        raise UnknownParameter(f"{name} is one of none, estimate, accurate")
    return "accurate" if allowed[value] == "accurate" else "none"


def _include(value: str, modifier: str) -> Include:
    if modifier not in ("", "iterate", "recurse"):
        raise UnsupportedParameter(f"_include has no modifier {modifier!r}")
    source, _, rest = value.partition(":")
    parameter, _, target = rest.partition(":")
    if value == "*":
        return Include("*", "*", None, bool(modifier))
    known = fhir.resource_types()
    if source not in known or (target and target not in known):
        raise UnknownParameter("an include is Type:parameter, or Type:parameter:TargetType")
    if parameter != "*":
        found = fhir.search_parameters(source).get(parameter)
        if found is None or found.type != "reference":
            raise UnknownParameter(f"{source} has no reference parameter {parameter!r}")
    return Include(source, parameter, target or None, bool(modifier))
