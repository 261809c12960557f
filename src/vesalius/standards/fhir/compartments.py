"""Whose record a resource belongs to: the Patient compartment (R4 §6.5.1).

The official definition, with two additions of ours, both towards more protection: types the
definition leaves out are in the compartment of any Patient that one of their search parameters
refers to (Device.patient, GuidanceResponse.subject, Contract.subject), and a Bundle or Binary
belongs to the patients of what it holds or guards.
"""

from functools import cache
from typing import Any

from vesalius.standards.fhir.definitions import (
    Path,
    compartment_parameters,
    search_parameters,
)
from vesalius.standards.fhir.extraction import walk
from vesalius.standards.fhir.references import parse_reference

Json = dict[str, Any]


def patients_of(resource: Json, *, base: str | None = None) -> list[str]:
    """Logical ids of the patients whose record this resource is part of, in order of mention."""
    kind = resource["resourceType"]
    if kind == "Patient":
        return [resource["id"]] if "id" in resource else []
    if kind == "Bundle":
        return _bundled(resource, base)
    found: dict[str, None] = {}
    references = [value for path in _paths(kind) for value in walk(resource, path.steps)]
    if kind == "Binary":
        references = [resource.get("securityContext")]
    for reference in references:
        target = parse_reference(reference.get("reference")) if type(reference) is dict else None
        if target is not None and target.type == "Patient" and target.base in (None, base):
            found[target.id] = None
    return list(found)


def has_patients(resource_type: str) -> bool:
    """Whether resources of this type may belong to a patient's record."""
    return resource_type in ("Patient", "Bundle", "Binary") or bool(_paths(resource_type))


@cache
def _paths(resource_type: str) -> tuple[Path, ...]:
    parameters = search_parameters(resource_type)
    codes = compartment_parameters().get(resource_type)
    if codes is None:
        codes = [
            p.code
            for p in parameters.values()
            # A reference that may point anywhere (Linkage.item) says nothing of ownership.
            if p.type == "reference" and "Patient" in p.targets and len(p.targets) < MANY_TARGETS
        ]
    paths: dict[Path, None] = {}
    for code in codes:
        parameter = parameters.get(code)
        if parameter is not None and parameter.alias is not None:
            parameter = parameters[parameter.alias]
        if parameter is not None:
            paths |= dict.fromkeys(parameter.paths)
    return tuple(paths)


MANY_TARGETS = 100


def _bundled(bundle: Json, base: str | None) -> list[str]:
    found: dict[str, None] = {}
    for entry in bundle.get("entry", ()):
        resource = entry.get("resource")
        if type(resource) is dict and "resourceType" in resource:
            found |= dict.fromkeys(patients_of(resource, base=base))
    return list(found)
