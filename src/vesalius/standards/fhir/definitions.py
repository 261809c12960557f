"""The compiled R4 definitions, read a type at a time.

`definitions.zip` is made by `tools/compile_fhir_definitions.py` from HL7's own files. A process
that meets ten types holds ten.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Where = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Element:
    """One element as it may stand in JSON: choices are told apart (`valueQuantity`)."""

    name: str
    definition: str  # the name in the definition: `value[x]`
    type: str
    minimum: int
    many: bool
    highest: int  # 0 = any number
    backbone: str | None
    targets: frozenset[str] | None
    bound: str | None
    summary: bool


@dataclass(frozen=True, slots=True)
class Path:
    """Where a search parameter finds its values: element names, some held to an attribute."""

    steps: tuple[str | tuple[str, str, str], ...]
    leaf: str
    target: str | None = None
    exists: bool = False


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter of one type; `alias` names the parameter whose index it shares."""

    code: str
    type: str
    paths: tuple[Path, ...]
    targets: tuple[str, ...]
    alias: str | None
    url: str


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """A resource or data type: its elements by backbone path, value sets, search parameters."""

    name: str
    elements: dict[str, dict[str, Element]]
    value_sets: dict[str, dict[str, frozenset[str]]]
    search: dict[str, SearchParameter]


@cache
def _archive() -> zipfile.ZipFile:
    source = files("vesalius.standards.fhir").joinpath("definitions.zip")
    return zipfile.ZipFile(io.BytesIO(source.read_bytes()))


def _member(name: str) -> Any:
    return json.loads(_archive().read(f"{name}.json"))


@cache
def _index() -> dict[str, Any]:
    index: dict[str, Any] = _member("index")
    return index


@cache
def resource_types() -> frozenset[str]:
    """Every R4 resource type that may stand on its own."""
    return frozenset(_index()["resources"])


@cache
def data_types() -> frozenset[str]:
    """Every complex data type."""
    return frozenset(_index()["datatypes"])


def compartment_parameters() -> dict[str, list[str]]:
    """Parameters that put a resource into a Patient's compartment, by type (R4 §6.5)."""
    compartment: dict[str, list[str]] = _index()["compartment"]
    return compartment


@cache
def definition(name: str) -> TypeDefinition:
    """The definition of a resource or data type; KeyError when there is none."""
    member = _member(name)
    return TypeDefinition(
        name=name,
        elements={path: dict(_expand(rows)) for path, rows in member["elements"].items()},
        value_sets={
            url: {system: frozenset(codes) for system, codes in systems.items()}
            for url, systems in member["valuesets"].items()
        },
        search={row["code"]: _parameter(row) for row in member.get("search", [])},
    )


def search_parameters(resource_type: str) -> dict[str, SearchParameter]:
    """The search parameters of a resource type by code, without `_id` and `_lastUpdated`."""
    return definition(resource_type).search


def _expand(rows: list[Any]) -> Any:
    for name, minimum, highest, types, facts in rows:
        choice = name.endswith("[x]")
        for t in types:
            concrete = name[:-3] + t[0].upper() + t[1:] if choice else name
            targets = facts.get("targets")
            yield (
                concrete,
                Element(
                    name=concrete,
                    definition=name,
                    type=t,
                    minimum=minimum,
                    many=highest != 1,
                    highest=highest,
                    backbone=facts.get("backbone"),
                    targets=frozenset(targets) if targets else None,
                    bound=facts.get("bound"),
                    summary=bool(facts.get("summary")),
                ),
            )


def _parameter(row: dict[str, Any]) -> SearchParameter:
    return SearchParameter(
        code=row["code"],
        type=row["type"],
        paths=tuple(
            Path(
                steps=tuple(s if isinstance(s, str) else (s[0], s[1], s[2]) for s in p["steps"]),
                leaf=p["leaf"],
                target=p.get("target"),
                exists=bool(p.get("exists")),
            )
            for p in row["paths"]
        ),
        targets=tuple(row.get("targets", ())),
        alias=row.get("alias"),
        url=row["url"],
    )
