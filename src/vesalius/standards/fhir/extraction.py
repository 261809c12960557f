"""What searches find a resource by: its search parameters' values, taken out of its JSON.

One walk per parameter path, no FHIRPath engine: `tools/compile_fhir_definitions.py` took the
expressions apart. Values come out as the search types of R4 §3.1.1.4.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from vesalius.standards.fhir.dates import FOREVER, date_range
from vesalius.standards.fhir.definitions import Path, SearchParameter, search_parameters
from vesalius.standards.fhir.references import parse_reference

LONGEST_INDEXED = 500  # characters; longer strings are found by their beginning
UNLIMITED = Decimal("1e30")

Json = dict[str, Any]


@dataclass(slots=True)
class Entries:
    """Index values of one resource: each list's rows begin with the parameter's code.

    A token's system is None where the element has no place for one (code, string, boolean):
    such a token is found by its code whatever system the search names for it.
    """

    tokens: list[tuple[str, str | None, str]] = field(default_factory=list)
    references: list[tuple[str, str]] = field(default_factory=list)  # "Type/id" or a URL
    strings: list[tuple[str, str, str]] = field(default_factory=list)  # normalised, exact
    dates: list[tuple[str, int, int]] = field(default_factory=list)
    quantities: list[tuple[str, Decimal, Decimal, str, str, str]] = field(default_factory=list)
    present: set[str] = field(default_factory=set)


def extract(resource: Json, *, base: str | None = None) -> Entries:
    """The index values of a valid resource; `base` is our own FHIR address, taken as local."""
    out = Entries()
    for parameter in search_parameters(resource["resourceType"]).values():
        if parameter.alias is None:
            _extract_parameter(resource, parameter, out, base)
    return out


@lru_cache(maxsize=16384)
def normalise(text: str) -> str:
    """A string as it is compared: case folded, accents off, spaces single (R4 §3.1.1.4.5)."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        # Accents of Latin, Greek and Cyrillic and Arabic vowel signs; Japanese voicing stays.
        bare = "".join(
            c for c in decomposed if not ("\u0300" <= c <= "\u036f" or "\u064b" <= c <= "\u0652")
        )
        text = unicodedata.normalize("NFKC", bare)
    return " ".join(text.casefold().split())[:LONGEST_INDEXED]


def _extract_parameter(
    resource: Json, parameter: SearchParameter, out: Entries, base: str | None
) -> None:
    code, kind = parameter.code, parameter.type
    for path in parameter.paths:
        for value in walk(resource, path.steps):
            if path.exists:
                # Patient.deceased.exists() and Patient.deceased != false
                value = value is not False
                out.tokens.append((code, None, "true" if value else "false"))
            elif kind == "token":
                out.tokens.extend((code, s, c) for s, c in _tokens(value, path.leaf))
                _add_identifier_type(code, value, path.leaf, out)
            elif kind == "reference":
                _add_reference(code, value, path, out, base)
            elif kind == "string":
                out.strings.extend(
                    (code, normalise(text), text[:LONGEST_INDEXED])
                    for text in _strings(value, path.leaf)
                )
            elif kind == "date":
                out.dates.extend((code, lo, hi) for lo, hi in _dates(value, path.leaf))
            elif kind == "uri":
                if type(value) is str:
                    out.tokens.append((code, None, value))
            else:
                out.quantities.extend((code, *q) for q in _quantities(value, path.leaf))
            out.present.add(code)
    if parameter.code == "deceased" and code not in out.present:
        out.tokens.append((code, None, "false"))


def walk(node: Any, steps: tuple[Any, ...], at: int = 0) -> Iterator[Any]:
    """Values at the end of the steps, through arrays."""
    if at == len(steps):
        yield node
        return
    step = steps[at]
    name = step if type(step) is str else step[0]
    value = node.get(name) if type(node) is dict else None
    if value is None:
        return
    for item in value if type(value) is list else (value,):
        if item is None or (
            type(step) is tuple and (type(item) is not dict or item.get(step[1]) != step[2])
        ):
            continue
        yield from walk(item, steps, at + 1)


def _tokens(value: Any, leaf: str) -> Iterator[tuple[str | None, str]]:
    if leaf == "CodeableConcept":
        for coding in value.get("coding", ()):
            if "code" in coding:
                yield coding.get("system", ""), coding["code"]
    elif leaf == "Coding":
        if "code" in value:
            yield value.get("system", ""), value["code"]
    elif leaf == "Identifier":
        if "value" in value:
            yield value.get("system", ""), value["value"]
    elif leaf == "ContactPoint":
        # R4: the system of a ContactPoint token is its use; searches give the value alone.
        if "value" in value:
            yield None, value["value"]
    elif type(value) is bool:
        yield None, "true" if value else "false"
    elif type(value) is str:
        yield None, value


def _add_identifier_type(code: str, value: Any, leaf: str, out: Entries) -> None:
    """Rows for `identifier:of-type=system|code|value` (R4 §3.1.1.4.10)."""
    if leaf != "Identifier" or "value" not in value:
        return
    for coding in value.get("type", {}).get("coding", ()):
        if "code" in coding:
            key = f"{coding['code']}|{value['value']}"
            out.tokens.append((f"{code}:of-type", coding.get("system", ""), key))


def _add_reference(code: str, value: Any, path: Path, out: Entries, base: str | None) -> None:
    if type(value) is str:  # canonical, uri
        out.references.append((code, value.split("|")[0]))
        if "|" in value:
            out.references.append((code, value))
        return
    text = value.get("reference")
    target = parse_reference(text)
    if target is not None and target.base in (None, base):
        if path.target in (None, target.type):
            out.references.append((code, f"{target.type}/{target.id}"))
    elif type(text) is str and text[:1] != "#" and path.target is None:
        out.references.append((code, text))
    identifier = value.get("identifier")
    if identifier and "value" in identifier:
        token = (f"{code}:identifier", identifier.get("system", ""), identifier["value"])
        out.tokens.append(token)


def _strings(value: Any, leaf: str) -> Iterator[str]:
    if type(value) is str:
        yield value
    elif leaf == "HumanName":
        for name in ("text", "family"):
            if name in value:
                yield value[name]
        for name in ("given", "prefix", "suffix"):
            yield from (v for v in value.get(name, ()) if v)
    elif leaf == "Address":
        for name in ("text", "city", "district", "state", "postalCode", "country"):
            if name in value:
                yield value[name]
        yield from (v for v in value.get("line", ()) if v)


def _dates(value: Any, leaf: str) -> Iterator[tuple[int, int]]:
    if type(value) is str:
        try:
            yield date_range(value)
        except ValueError:
            return  # CarePlan.activity-date may also be words
    elif leaf == "Period":
        yield from _period(value)
    elif leaf == "Timing":
        for event in value.get("event", ()):
            if event is not None:
                yield date_range(event)
        bounds = value.get("repeat", {}).get("boundsPeriod")
        if bounds:
            yield from _period(bounds)


def _period(value: Json) -> Iterator[tuple[int, int]]:
    """An open end reaches for ever; a Period without both says nothing."""
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return
    lo = date_range(start)[0] if start else -FOREVER
    hi = date_range(end)[1] if end else FOREVER
    yield lo, max(lo, hi)


def _quantities(value: Any, leaf: str) -> Iterator[tuple[Decimal, Decimal, str, str, str]]:
    """Low, high, system, code, unit."""
    if type(value) is not dict:
        number = _decimal(value)
        yield number, number, "", "", ""
    elif leaf == "Range":
        low, high = value.get("low", {}), value.get("high", {})
        of = high if "value" in high else low
        yield (
            _decimal(low["value"]) if "value" in low else -UNLIMITED,
            _decimal(high["value"]) if "value" in high else UNLIMITED,
            *_unit(of),
        )
    elif leaf == "SampledData":
        origin = value.get("origin", {})
        if "value" in origin:
            number = _decimal(origin["value"])
            yield number, number, *_unit(origin)
    elif leaf == "Money":
        if "value" in value:
            number = _decimal(value["value"])
            yield number, number, "urn:iso:std:iso:4217", value.get("currency", ""), ""
    elif "value" in value:
        number = _decimal(value["value"])
        yield number, number, *_unit(value)


def _unit(value: Json) -> tuple[str, str, str]:
    return value.get("system", ""), value.get("code", ""), value.get("unit", "")


def _decimal(value: Any) -> Decimal:
    return value if type(value) is Decimal else Decimal(str(value))
