"""What the record gives and takes, and how it refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vesalius.kit.errors import Conflict, Invalid, Unsupported
from vesalius.standards import fhir
from vesalius.standards.fhir import Issue

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a resource; `body` is its JSON as it is sent, empty for a deletion."""

    resource_type: str
    id: str
    version: int
    last_updated: datetime
    body: bytes
    patient_reference: str | None
    deleted: bool = False

    def json(self) -> dict[str, Any]:
        """The body's value, decimals as `Decimal`: write it back with `standards.fhir.write`."""
        value: dict[str, Any] = fhir.parse(self.body)
        return value

    @property
    def reference(self) -> str:
        """`Type/id`."""
        return f"{self.resource_type}/{self.id}"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page of a search: what matched, what was included with it, where to go on."""

    matches: list[Version]
    included: list[Version] = field(default_factory=list)
    total: int | None = None
    next: str | None = None
    """The `_cursor` of the next page."""
    ignored: tuple[str, ...] = ()
    """Parameters that were not understood and left out, because the caller was lenient."""


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """One page of a history, newest first."""

    versions: list[Version]
    total: int | None = None
    next: str | None = None


class Rejected(Invalid):
    """The resource breaks its definition; `issues` name the elements."""

    def __init__(self, issues: Sequence[Issue], *, about: object = None) -> None:
        first = issues[0]
        super().__init__(f"{first.expression}: {first.text}", issues=list(issues))
        self.issues = list(issues)
        self.about = about
        """The body that is meant, when several came together."""


class PreconditionFailed(Conflict):
    """If-Match names another version, or a condition matches more than one resource."""


class UnknownParameter(Invalid):
    """A search names a parameter, modifier or value this type does not have."""


class TooCostly(Invalid):
    """The answer, or the work, would be larger than a limit."""


class UnsupportedParameter(Unsupported):
    """A search asks for something R4 knows and we do not do."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource about to be written: its JSON value, and the id it is to have."""

    resource_type: str
    id: str
    body: Mapping[str, Any]
