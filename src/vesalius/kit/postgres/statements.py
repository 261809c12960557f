"""SQL with `%s` for its values, as PostgreSQL wants it: `$1`, types and octets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from psycopg import ProgrammingError
from psycopg.adapt import PyFormat

Params = Sequence[Any] | Mapping[str, Any] | None

_PLACE = re.compile(r"%(?:\((?P<name>[^)]+)\))?(?P<kind>.?)", re.DOTALL)
_FORMATS = {"s": PyFormat.AUTO, "t": PyFormat.TEXT, "b": PyFormat.BINARY}


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL in PostgreSQL's words; `names` are those of its values when they are named."""

    query: bytes
    formats: list[PyFormat]
    names: tuple[str, ...] | None

    def values(self, params: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any]:
        """The values in their order. Raises ProgrammingError when they do not fit."""
        if self.names is not None:
            if not isinstance(params, Mapping):
                raise ProgrammingError("the statement names its values, they come without names")
            return [params[name] for name in self.names]
        if isinstance(params, Mapping) or len(params) != len(self.formats):
            raise ProgrammingError(f"the statement has {len(self.formats)} places for values")
        return params


@lru_cache(maxsize=2048)
def statement(sql: str) -> Statement:
    """SQL with places for values, translated once."""
    formats: list[PyFormat] = []
    names: dict[str, int] = {}

    def place(match: re.Match[str]) -> str:
        name, kind = match["name"], match["kind"]
        if kind == "%" and name is None:
            return "%"
        if kind not in _FORMATS:
            raise ProgrammingError(f"{match[0]!r} is no place for a value")
        if name is None:
            formats.append(_FORMATS[kind])
            return f"${len(formats)}"
        if name not in names:
            formats.append(_FORMATS[kind])
            names[name] = len(formats)
        return f"${names[name]}"

    query = _PLACE.sub(place, sql).encode()
    if names and len(names) != len(formats):
        raise ProgrammingError("some values have names and some have none")
    return Statement(query, formats, tuple(names) if names else None)
