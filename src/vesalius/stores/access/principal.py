"""Who asks."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, a node or the house itself, with all that the policy needs to answer.

    Made by authentication, handed to every public verb; never changed on the way.
    """

    kind: Literal["user", "node", "system"]
    name: str
    """Username or AE title."""
    display: str
    roles: frozenset[str]
    permissions: frozenset[str]
    own_patients: frozenset[str] = frozenset()
    """Patient ids of the principal's own records: always seen, restricted or not."""
    sees_all_patients: bool = False
    """Otherwise only own_patients, and nothing that belongs to no patient."""
    sees_restricted: bool = False
    """Restricted patients too, without a grant."""
    address: str | None = None
    granted_patients: frozenset[str] = frozenset()
    """Restricted patients this principal was granted."""
    practitioner_reference: str | None = None
    """Id of the user's Practitioner resource."""
    language: str = "en"


SYSTEM = Principal(
    kind="system",
    name="vesalius",
    display="Vesalius",
    roles=frozenset({"system"}),
    permissions=frozenset(),
    sees_all_patients=True,
    sees_restricted=True,
)
"""The house itself: flow handlers, jobs."""


def system(name: str) -> Principal:
    """The house acting for somebody who has the machine: the command line, the demo loader."""
    return Principal(
        kind="system",
        name=name,
        display=name,
        roles=SYSTEM.roles,
        permissions=SYSTEM.permissions,
        sees_all_patients=True,
        sees_restricted=True,
    )
