"""FHIR R4 (4.0.1) as the book says it: definitions, validation, search values, references.

Pure functions over plain JSON values; nothing here knows a database or a protocol. Decimals are
`decimal.Decimal` with the digits as written, from the wire to the store and back.
"""

from vesalius.standards.fhir.compartments import has_patients, patients_of
from vesalius.standards.fhir.dates import (
    FOREVER,
    date_range,
    from_instant,
    instant_text,
    microseconds,
)
from vesalius.standards.fhir.definitions import (
    SearchParameter,
    resource_types,
    search_parameters,
)
from vesalius.standards.fhir.extraction import LONGEST_INDEXED, Entries, extract, normalise
from vesalius.standards.fhir.json_patch import TestFailed, apply_patch
from vesalius.standards.fhir.json_text import NotJson, parse, write
from vesalius.standards.fhir.outcome import Issue, operation_outcome
from vesalius.standards.fhir.primitives import is_id
from vesalius.standards.fhir.references import Target, parse_reference
from vesalius.standards.fhir.validation import validate

__all__ = [
    "FOREVER",
    "LONGEST_INDEXED",
    "Entries",
    "Issue",
    "NotJson",
    "SearchParameter",
    "Target",
    "TestFailed",
    "apply_patch",
    "date_range",
    "extract",
    "from_instant",
    "has_patients",
    "instant_text",
    "is_id",
    "microseconds",
    "normalise",
    "operation_outcome",
    "parse",
    "parse_reference",
    "patients_of",
    "resource_types",
    "search_parameters",
    "validate",
    "write",
]
