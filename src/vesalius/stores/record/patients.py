"""The one patient a search is about, when its criteria name one."""

from functools import cache

from vesalius.standards import fhir
from vesalius.standards.fhir.definitions import compartment_parameters


def named_patient(resource_type: str, criteria: list[tuple[str, str]], base: str) -> str | None:
    """The id of the one patient in whose record every answer must be, if a criterion says so."""
    for name, value in criteria:
        code, _, modifier = name.partition(":")
        if "," in value or "." in name:
            continue
        if resource_type == "Patient":
            if name == "_id":
                return value
            continue
        if modifier not in ("", "Patient") or _stem(resource_type, code) not in _owning(
            resource_type
        ):
            continue
        target = fhir.parse_reference(value)
        if target is not None and target.base in (None, base):
            if target.type == "Patient":
                return target.id
        elif modifier == "Patient" or _only_patient(resource_type, code):
            return value if fhir.is_id(value) else None
    return None


@cache
def _owning(resource_type: str) -> frozenset[str]:
    """Parameters (those that are indexed) that put a resource into a patient's compartment."""
    codes = compartment_parameters().get(resource_type, [])
    return frozenset(_stem(resource_type, code) for code in codes)


def _stem(resource_type: str, code: str) -> str:
    """The parameter under which the values of this one are indexed."""
    parameter = fhir.search_parameters(resource_type).get(code)
    return code if parameter is None or parameter.alias is None else parameter.alias


def _only_patient(resource_type: str, code: str) -> bool:
    parameter = fhir.search_parameters(resource_type).get(code)
    return parameter is not None and parameter.targets == ("Patient",)
