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


def page() -> str:
    """docs/conformance/fhir.md: the statement for reading."""
    from vesalius.interfaces.fhir.outcomes import TABLE
    from vesalius.interfaces.fhir.routes import DOORS

    statement = capability_statement("[base]")
    resources = statement["rest"][0]["resource"]
    lines = [
        "# FHIR conformance\n",
        f"FHIR {statement['fhirVersion']} at `[base]` = `<address>/fhir`; `GET [base]/metadata`"
        " gives the same as a CapabilityStatement. JSON only"
        f" ({', '.join(f'`{name}`' for name in statement['format'])}).\n",
        _BEHAVIOUR,
        "\n## Routes\n",
        "| method | address | needs |",
        "|---|---|---|",
        *(f"| {door.method} | `[base]{door.path}` | {door.policy} |" for door in DOORS),
        "\n## Errors\n",
        "Every error is an OperationOutcome; `expression` names the element.\n",
        "| what | status | issue code |",
        "|---|---|---|",
        *(
            f"| {kind.__name__} | {status.value} | {code} |"
            for kind, (status, code) in TABLE.items()
        ),
        "\n## Types and search parameters\n",
        f"All {len(resources)} resource types of R4, each with"
        f" {', '.join(INTERACTIONS)}, and `_id`, `_lastUpdated`, `_profile`, `_security`,"
        " `_source`, `_tag`.\n",
        "| type | search parameters |",
        "|---|---|",
        *(_row(resource) for resource in resources),
    ]
    return "\n".join(lines) + "\n"


def _row(resource: Json) -> str:
    own = [p for p in resource["searchParam"] if not p["name"].startswith("_")]
    listed = ", ".join(f"{p['name']} ({p['type']})" for p in own)
    return f"| {resource['type']} | {listed} |"


_BEHAVIOUR = """## Behaviour

- **Validation**: names of elements, cardinality, the form of primitives, choices, required
  bindings whose codes can be listed, types of reference targets, extensions, contained resources.
  Invariants and profiles are not checked yet. Decimals keep their digits.
- **References** need not exist when they are written. In a transaction, `urn:uuid:` references
  must name an entry and conditional references must find exactly one resource.
- **Versions**: every write makes one; `If-Match` refuses a stale one (412). `If-None-Match` on read
  answers 304.
- **Search**: modifiers `:missing` (all), `:exact` `:contains` (string), `:not` `:of-type` (token),
  `:identifier` `:[type]` (reference); prefixes eq ne gt lt ge le sa eb ap; chains and `_has`, at
  most four deep; `_include`, `_revinclude` with `:iterate`; `_sort` by date, string, number,
  quantity, `_id`, `_lastUpdated`; `_count`, `_total`, `_summary`, `_elements`. Composite
  and special parameters, `_text`, `_content`, `_filter`, `:text`, `:in`, `:above`, `:below` are not
  supported.
- **What is not understood** is an error (400), never an empty criterion; with
  `Prefer: handling=lenient` it is left out, missing from the `self` link, and named in an outcome.
- **Access**: the permission of the type, and the policy on the patient in whose compartment a
  resource is. What is hidden is not found, not counted, not included. A resource of several
  patients is seen by who may see all of them.
- **ImagingStudy** of our own archive is composed from it on read and cannot be written (409); those
  of others can be stored.
"""
