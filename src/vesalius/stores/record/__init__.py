"""The record: every FHIR R4 resource, its versions, and what searches find it by.

Bodies are stored as the bytes that are sent; searches read index rows only. Every verb asks the
policy over the patient a resource belongs to: what is hidden is not there.
"""

from vesalius.stores.record.bundles import process_bundle
from vesalius.stores.record.chronology import Dated, Place, chronology
from vesalius.stores.record.conditional import create_if_none, delete_if, update_if
from vesalius.stores.record.events import ResourceChanged
from vesalius.stores.record.everything import everything
from vesalius.stores.record.history import history
from vesalius.stores.record.model import (
    HistoryResult,
    PreconditionFailed,
    Rejected,
    SearchResult,
    TooCostly,
    UnknownParameter,
    UnsupportedParameter,
    Version,
)
from vesalius.stores.record.patching import patch
from vesalius.stores.record.projections import keep_version, project, register_projection
from vesalius.stores.record.reading import look, read, vread
from vesalius.stores.record.searching import search
from vesalius.stores.record.writing import Done, create, delete, update

__all__ = [
    "Dated",
    "Done",
    "HistoryResult",
    "Place",
    "PreconditionFailed",
    "Rejected",
    "ResourceChanged",
    "SearchResult",
    "TooCostly",
    "UnknownParameter",
    "UnsupportedParameter",
    "Version",
    "chronology",
    "create",
    "create_if_none",
    "delete",
    "delete_if",
    "everything",
    "history",
    "keep_version",
    "look",
    "patch",
    "process_bundle",
    "project",
    "read",
    "register_projection",
    "search",
    "update",
    "update_if",
    "vread",
]
