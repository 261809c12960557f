"""The CapabilityStatement: what this server does, said from what is there."""

from functools import lru_cache
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vesalius.interfaces.fhir import asking
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir

Json = dict[str, Any]

RELEASED = "2026-11-24"
INTERACTIONS = (
    "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create",
    "search-type",
)  # fmt: skip
SYSTEM_INTERACTIONS = ("transaction", "batch", "history-system")
PAGING = ("_count", "_cursor", "_total", "_summary", "_elements", "_sort")
COMMON = (
    ("_id", "token", "http://hl7.org/fhir/SearchParameter/Resource-id"),
    ("_lastUpdated", "date", "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated"),
)


async def metadata(request: Request, tx: Transaction) -> Response:
    """`GET metadata` (R4 §3.1.0.5)."""
    form = asking.media_type_of(request, asking.parameters_of(request))
    body = _written(f"{tx.settings.base_url}/fhir")
    return Response(body, 200, None, f"{form}; charset=utf-8")


@lru_cache(maxsize=4)
def _written(base: str) -> bytes:
    return fhir.write(capability_statement(base))


def capability_statement(base: str) -> Json:
    """The statement of a server at this address."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": RELEASED,
        "publisher": "Vesalius",
        "kind": "instance",
        "software": {"name": "Vesalius", "version": version("vesalius")},
        "implementation": {"description": "Vesalius PACS and EMR", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "patchFormat": ["application/json-patch+json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "cors": False,
                    "description": "Bearer token, or the browser's session.",
                },
                "resource": [_resource(kind) for kind in sorted(fhir.resource_types())],
                "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS],
            }
        ],
    }


def _resource(kind: str) -> Json:
    parameters = fhir.search_parameters(kind)
    references = sorted(p.code for p in parameters.values() if p.type == "reference")
    out: Json = {
        "type": kind,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{kind}",
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "not-match",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "searchInclude": ["*", *(f"{kind}:{code}" for code in references)],
        "searchParam": _search_parameters(kind),
    }
    if revincludes := _revincludes().get(kind):
        out["searchRevInclude"] = revincludes
    operations = [{"name": "validate", "definition": _operation("Resource-validate")}]
    if kind == "Patient":
        operations.append({"name": "everything", "definition": _operation("Patient-everything")})
    return out | {"operation": operations}


def _search_parameters(kind: str) -> list[Json]:
    rows = [*COMMON, *((p.code, p.type, p.url) for p in fhir.search_parameters(kind).values())]
    return [{"name": code, "definition": url, "type": type_} for code, type_, url in sorted(rows)]


@lru_cache(maxsize=1)
def _revincludes() -> dict[str, list[str]]:
    """What refers to each type, left to the types that are meant, not those that may be."""
    out: dict[str, list[str]] = {}
    for kind in sorted(fhir.resource_types()):
        for parameter in fhir.search_parameters(kind).values():
            if parameter.type == "reference":
                for target in parameter.targets:
                    out.setdefault(target, []).append(f"{kind}:{parameter.code}")
    return out


def _operation(name: str) -> str:
    return f"http://hl7.org/fhir/OperationDefinition/{name}"
