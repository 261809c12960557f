"""`_elements` and `_summary`: a part of a resource, tagged so that nobody stores it back."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from vesalius.interfaces.fhir.answering import Shape, whole
from vesalius.standards import fhir
from vesalius.standards.fhir.definitions import definition
from vesalius.stores.record import Version

SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
ALWAYS = {"resourceType", "id", "meta"}


def shape_of(parameters: Sequence[tuple[str, str]]) -> Shape:
    """How resources are to be cut for this request (R4 §3.1.1.5.8, §3.1.1.5.9)."""
    for name, value in parameters:
        if name == "_elements" and value:
            wanted = frozenset(v.strip().split(".")[-1] for v in value.split(","))
            return lambda version: _cut(version, wanted | _mandatory(version.resource_type))
        if name == "_summary" and value in ("true", "text", "data"):
            return lambda version: _summary(version, value)
    return whole


def _summary(version: Version, kind: str) -> bytes:
    table = definition(version.resource_type).elements[""]
    if kind == "true":
        wanted = frozenset(name for name, element in table.items() if element.summary)
    elif kind == "text":
        wanted = _mandatory(version.resource_type) | {"text"}
    else:
        wanted = frozenset(table) - {"text"}
    return _cut(version, wanted)


@cache
def _mandatory(resource_type: str) -> frozenset[str]:
    table = definition(resource_type).elements[""]
    return frozenset(name for name, element in table.items() if element.minimum)


def _cut(version: Version, wanted: frozenset[str]) -> bytes:
    body = version.json()
    kept: dict[str, Any] = {
        name: value
        for name, value in body.items()
        if name in ALWAYS or name.removeprefix("_") in wanted
    }
    meta = dict(kept.get("meta", {}))
    meta["tag"] = [*meta.get("tag", []), SUBSETTED]
    kept["meta"] = meta
    return fhir.write(kept)
