"""Pieces of a WHERE clause that carry their parameters."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Predicate:
    """SQL that is true or false for a row, with positional (`%s`) parameters in order."""

    sql: str
    params: tuple[Any, ...] = field(default=())

    def __and__(self, other: "Predicate") -> "Predicate":
        if TRUE.sql in (self.sql, other.sql):
            return other if self.sql == TRUE.sql else self
        return Predicate(f"({self.sql}) AND ({other.sql})", self.params + other.params)

    def __or__(self, other: "Predicate") -> "Predicate":
        if FALSE.sql in (self.sql, other.sql):
            return other if self.sql == FALSE.sql else self
        return Predicate(f"({self.sql}) OR ({other.sql})", self.params + other.params)

    def __invert__(self) -> "Predicate":
        return Predicate(f"NOT ({self.sql})", self.params)


TRUE = Predicate("true")
FALSE = Predicate("false")


def every(predicates: Iterable[Predicate]) -> Predicate:
    """True where all are; true for none."""
    out = TRUE
    for predicate in predicates:
        out = out & predicate
    return out


def some(predicates: Iterable[Predicate]) -> Predicate:
    """True where at least one is; false for none."""
    out = FALSE
    for predicate in predicates:
        out = out | predicate
    return out
