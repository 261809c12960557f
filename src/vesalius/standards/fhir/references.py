"""What a Reference points at (R4 §2.3)."""

import re
from dataclasses import dataclass

from vesalius.standards.fhir.definitions import resource_types

_local = re.compile(
    r"(?:(?P<base>https?://\S+)/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?"
).fullmatch


@dataclass(frozen=True, slots=True)
class Target:
    """A resource by type and id; `base` is set when it lives in somebody else's server."""

    type: str
    id: str
    base: str | None = None
    version: str | None = None


def parse_reference(text: object) -> Target | None:
    """The target of a RESTful reference, or None for contained, urn and other references."""
    if type(text) is not str:
        return None
    match = _local(text)
    if match is None or match["type"] not in resource_types():
        return None
    return Target(match["type"], match["id"], match["base"], match["version"])
