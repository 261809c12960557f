"""From one search criterion to SQL over the index rows. No body is read, ever.

Every predicate is over an alias of `record_resource`; chains and `_has` go through other
resources, and those must be visible too.
"""

from collections.abc import Callable
from dataclasses import replace

from vesalius.kit.database import FALSE, Predicate, every, some
from vesalius.standards import fhir
from vesalius.standards.fhir import SearchParameter
from vesalius.stores import access
from vesalius.stores.record.comparing import date_predicate, instant_predicate, quantity_predicate
from vesalius.stores.record.hashing import (
    resource_key,
)
from vesalius.stores.record.model import UnknownParameter, UnsupportedParameter
from vesalius.stores.record.policy import visible
from vesalius.stores.record.query import is_known, split_bars, split_values, unescape
from vesalius.stores.record.scope import Scope, found_in, number_of, pinned
from vesalius.stores.record.tokens import token, token_names, uri, with_tokens

DEEPEST_CHAIN = 4
LAST_CHARACTER = "\U0010ffff"


def where(scope: Scope, criteria: list[tuple[str, str]]) -> Predicate:
    """All criteria together, without the policy on the row itself.

    In one patient's record the most selective criterion finds rows and the others are probed:
    one prepared plan is then right whatever the values, where the planner, not seeing them,
    would begin with all that refers to the patient.
    """
    if scope.pin is None or len(criteria) < 2:
        return every(criterion(scope, name, value) for name, value in criteria)
    first = min(criteria, key=lambda pair: _rank(scope.resource_type, pair[0]))
    probing = replace(scope, probing=True)
    return every(criterion(scope if pair is first else probing, *pair) for pair in criteria)


def _rank(resource_type: str, name: str) -> int:
    """How few of a patient's rows a criterion is likely to find; the lowest finds the fewest."""
    parameter = fhir.search_parameters(resource_type).get(name)
    if parameter is None or name.startswith("_"):
        return len(_RANKS)  # with a modifier, a chain, or no index rows of the patient
    if name in ("identifier", "code"):
        return 0
    return _RANKS.index(parameter.type) if parameter.type in _RANKS else len(_RANKS)


_RANKS = ("", "token", "date", "reference", "uri")


def criterion(scope: Scope, name: str, value: str) -> Predicate:
    """One `name[:modifier]=value`. Raises UnknownParameter, UnsupportedParameter."""
    if name.startswith("_has:"):
        return _has(scope, name, value)
    head, dot, rest = name.partition(".")
    code, _, modifier = head.partition(":")
    if not value:
        raise UnknownParameter(f"{name} has no value")
    if code == "_id":
        return _ids(scope, value, modifier)
    if code == "_lastUpdated":
        return some(instant_predicate(f"{scope.row}.last_updated", v) for v in split_values(value))
    parameter = fhir.search_parameters(scope.resource_type).get(code)
    if parameter is None:
        raise UnknownParameter(f"{scope.resource_type} has no search parameter {code!r}")
    if dot:
        return _chain(scope, parameter, modifier, rest, value)
    if modifier == "missing":
        return _missing(scope, parameter, value)
    return _KINDS[parameter.type](scope, parameter, modifier, value)


def _ids(scope: Scope, value: str, modifier: str) -> Predicate:
    if modifier:
        raise UnsupportedParameter("_id has no modifiers")
    ids = split_values(value)
    keys = [resource_key(f"{scope.resource_type}/{i}") for i in ids]
    return Predicate(
        f"{scope.row}.key = ANY(%s::bigint[]) AND {scope.row}.id = ANY(%s::text[])", (keys, ids)
    )


def _missing(scope: Scope, parameter: SearchParameter, value: str) -> Predicate:
    if value not in ("true", "false"):
        raise UnknownParameter(":missing is true or false")
    number = number_of(scope, parameter)
    present = Predicate(f"%s::integer = ANY({scope.row}.present)", (number,))
    return ~present if value == "true" else present


# References, chains, _has


def _reference(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    if modifier == "identifier":
        name = f"{scope.resource_type}.{parameter.alias or parameter.code}:identifier"
        hashes = [h for v in split_values(value) for h in token_names(scope, parameter, name, v)]
        return with_tokens(scope, hashes)
    keys = [key for v in split_values(value) for key in _target_keys(scope, parameter, modifier, v)]
    if not keys:
        return FALSE
    number = number_of(scope, parameter)
    if len(keys) == 1:
        condition = Predicate("parameter = %s::integer AND target = %s::bigint", (number, keys[0]))
    else:
        condition = Predicate(
            "parameter = %s::integer AND target = ANY(%s::bigint[])", (number, keys)
        )
    return found_in(scope, "record_reference", condition)


def _target_keys(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> list[int]:
    types = _target_types(parameter, modifier)
    value = unescape(value)
    target = fhir.parse_reference(value)
    if target is not None and target.base in (None, scope.base):
        return [resource_key(f"{target.type}/{target.id}")] if target.type in types else []
    if fhir.is_id(value):
        return [resource_key(f"{kind}/{value}") for kind in types]
    return [resource_key(value)]


def _target_types(parameter: SearchParameter, modifier: str) -> list[str]:
    types = list(parameter.targets) or sorted(fhir.resource_types())
    if not modifier:
        return types
    if modifier not in fhir.resource_types():
        raise UnsupportedParameter(f"the modifier :{modifier} of references is not supported")
    return [t for t in types if t == modifier]


def _chain(
    scope: Scope, parameter: SearchParameter, modifier: str, rest: str, value: str
) -> Predicate:
    """`subject:Patient.name=x`: references to visible resources that meet the rest."""
    if parameter.type != "reference":
        raise UnknownParameter(f"{parameter.code} is not a reference and cannot be chained")
    _require_depth(scope)
    types = _target_types(parameter, modifier)
    types = [t for t in types if is_known(t, rest) and _may_read(scope, t)]
    if not types:
        raise UnknownParameter(f"nothing {parameter.code} refers to has {rest!r}")
    return some(_chain_to(scope, parameter, kind, rest, value) for kind in types)


def _chain_to(
    scope: Scope, parameter: SearchParameter, kind: str, rest: str, value: str
) -> Predicate:
    row = f"c{scope.depth}"
    inner = Scope(scope.principal, kind, row, scope.base, depth=scope.depth + 1)
    found = _found(inner, criterion(inner, rest, value))
    return found_in(
        scope,
        "record_reference",
        Predicate(
            "parameter = %s::integer AND target IN"
            f" (SELECT {row}.key FROM record_resource {row} WHERE {found.sql})",
            (number_of(scope, parameter), *found.params),
        ),
    )


def _has(scope: Scope, name: str, value: str) -> Predicate:
    """`_has:Observation:patient:code=x`: what such visible resources refer to."""
    _require_depth(scope)
    parts = name.split(":", 3)
    if len(parts) != 4 or parts[1] not in fhir.resource_types():
        raise UnknownParameter("_has is _has:Type:reference:parameter")
    _, kind, link, rest = parts
    parameter = fhir.search_parameters(kind).get(link)
    if parameter is None or parameter.type != "reference":
        raise UnknownParameter(f"{kind} has no reference parameter {link!r}")
    if not _may_read(scope, kind):
        return FALSE
    row = f"h{scope.depth}"
    inner = Scope(scope.principal, kind, row, scope.base, depth=scope.depth + 1)
    found = _found(inner, criterion(inner, rest, value))
    return Predicate(
        f"{scope.row}.key IN (SELECT f.target FROM record_reference f JOIN record_resource {row}"
        f" ON {row}.number = f.resource WHERE f.parameter = %s::integer AND {found.sql})",
        (number_of(inner, parameter), *found.params),
    )


def _found(scope: Scope, condition: Predicate) -> Predicate:
    """Current, visible resources of the scope's type that meet the condition."""
    current = Predicate(
        f"{scope.row}.resource_type = %s AND NOT {scope.row}.deleted", (scope.resource_type,)
    )
    return current & visible(scope.principal, scope.row, scope.resource_type) & condition


def _may_read(scope: Scope, resource_type: str) -> bool:
    return access.permits(scope.principal, f"record.read:{resource_type}")


def _require_depth(scope: Scope) -> None:
    if scope.depth >= DEEPEST_CHAIN:
        raise UnsupportedParameter(f"a search chains at most {DEEPEST_CHAIN} times")


# Strings, dates, numbers, quantities


def _string(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    if modifier not in ("", "exact", "contains"):
        raise UnsupportedParameter(f"the modifier :{modifier} of strings is not supported")
    texts = [unescape(v) for v in split_values(value)]
    one = some(_text(modifier, text) for text in texts)
    number = Predicate("parameter = %s::integer", (number_of(scope, parameter),))
    return found_in(scope, "record_string", number & one)


def _text(modifier: str, text: str) -> Predicate:
    plain = fhir.normalise(text)
    if not plain:
        raise UnknownParameter("a string to search for may not be blank")
    if modifier == "exact":
        return Predicate("value = %s AND exact = %s", (plain, text[: fhir.LONGEST_INDEXED]))
    if modifier == "contains":
        pattern = plain.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return Predicate("value LIKE %s", (f"%{pattern}%",))
    # A range instead of LIKE: an index serves it in prepared plans too.
    return Predicate("value ~>=~ %s AND value ~<~ %s", (plain, plain + LAST_CHARACTER))


def _date(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    if modifier:
        raise UnsupportedParameter(f"dates have no modifier :{modifier}")
    number = Predicate("parameter = %s::integer", (number_of(scope, parameter),))
    spans = some(date_predicate(v) for v in split_values(value))
    return found_in(scope, "record_date", number & spans & pinned(scope))


def _quantity(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    if modifier:
        raise UnsupportedParameter(f"numbers have no modifier :{modifier}")
    number = Predicate("parameter = %s::integer", (number_of(scope, parameter),))
    amounts = some(quantity_predicate(split_bars(v)) for v in split_values(value))
    return found_in(scope, "record_quantity", number & amounts)


_KINDS: dict[str, Callable[[Scope, SearchParameter, str, str], Predicate]] = {
    "token": token,
    "uri": uri,
    "reference": _reference,
    "string": _string,
    "date": _date,
    "number": _quantity,
    "quantity": _quantity,
}
