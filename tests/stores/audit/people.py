"""Somebody for the trail."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Somebody:
    kind: str = "user"
    name: str = "anna"
    roles: frozenset[str] = frozenset({"nurse", "patient"})
    address: str | None = "192.0.2.1"


ANNA = Somebody()
CT = Somebody("node", "CT1", frozenset({"node"}), "192.0.2.10")
