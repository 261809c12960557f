"""From one search criterion to SQL over the index rows. No body is read, ever.

Every predicate is over an alias of `record_resource`; chains and `_has` go through other
resources, and those must be visible too.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from vesalius.kit.database import FALSE, Predicate, every, some
from vesalius.standards import fhir
from vesalius.standards.fhir import SearchParameter
from vesalius.standards.fhir.definitions import compartment_parameters, definition
from vesalius.stores import access
from vesalius.stores.access import Principal
from vesalius.stores.record.comparing import date_predicate, instant_predicate, quantity_predicate
from vesalius.stores.record.hashing import (
    SEVERAL_PATIENTS,
    parameter_number,
    resource_key,
    token_hash,
)
from vesalius.stores.record.model import UnknownParameter, UnsupportedParameter
from vesalius.stores.record.policy import visible
from vesalius.stores.record.query import is_known, split_bars, split_values, unescape

DEEPEST_CHAIN = 4
LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Scope:
    """Who searches which type, over which alias, and what is known of the patient.

    `pin` is the key of the one patient whose compartment all answers are in; index rows carry
    it, so it narrows every index scan. `probing` criteria are looked up for each row that another
    criterion finds, instead of being joined.
    """

    principal: Principal
    resource_type: str
    row: str
    base: str
    pin: int | None = None
    depth: int = 0
    probing: bool = False


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


def named_patient(resource_type: str, criteria: list[tuple[str, str]], base: str) -> str | None:
    """The id of the one patient in whose record every answer must be, if a criterion says so."""
    for name, value in criteria:
        code, _, modifier = name.partition(":")
        if "," in value or "." in name:
            continue
        if resource_type == "Patient":
            if name == "_id":
                return value
            continue
        if modifier not in ("", "Patient") or _stem(resource_type, code) not in _owning(
            resource_type
        ):
            continue
        target = fhir.parse_reference(value)
        if target is not None and target.base in (None, base):
            if target.type == "Patient":
                return target.id
        elif modifier == "Patient" or _only_patient(resource_type, code):
            return value if fhir.is_id(value) else None
    return None


@cache
def _owning(resource_type: str) -> frozenset[str]:
    """Parameters (those that are indexed) that put a resource into a patient's compartment."""
    codes = compartment_parameters().get(resource_type, [])
    return frozenset(_stem(resource_type, code) for code in codes)


def _stem(resource_type: str, code: str) -> str:
    """The parameter under which the values of this one are indexed."""
    parameter = fhir.search_parameters(resource_type).get(code)
    return code if parameter is None or parameter.alias is None else parameter.alias


def _only_patient(resource_type: str, code: str) -> bool:
    parameter = fhir.search_parameters(resource_type).get(code)
    return parameter is not None and parameter.targets == ("Patient",)


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
    number = _number(scope, parameter)
    present = Predicate(f"%s::integer = ANY({scope.row}.present)", (number,))
    return ~present if value == "true" else present


def _number(scope: Scope, parameter: SearchParameter) -> int:
    return parameter_number(scope.resource_type, parameter.alias or parameter.code)


def _pinned(scope: Scope) -> Predicate:
    if scope.pin is None:
        return Predicate("true")
    # `<> 0` lets the planner use the partial indexes without seeing the value.
    return Predicate(f"patient IN (%s::bigint, {SEVERAL_PATIENTS}) AND patient <> 0", (scope.pin,))


def _in(scope: Scope, table: str, condition: Predicate) -> Predicate:
    if scope.probing:
        # OFFSET 0 keeps the planner from making a join of it.
        return Predicate(
            f"EXISTS (SELECT FROM {table} WHERE resource = {scope.row}.number"
            f" AND ({condition.sql}) OFFSET 0)",
            condition.params,
        )
    return Predicate(
        f"{scope.row}.number IN (SELECT resource FROM {table} WHERE {condition.sql})",
        condition.params,
    )


# Tokens and URIs


def _token(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    name = f"{scope.resource_type}.{parameter.alias or parameter.code}"
    if modifier == "of-type":
        hashes = [_of_type_hash(name, v) for v in split_values(value)]
        return _with_tokens(scope, hashes)
    if modifier not in ("", "not"):
        raise UnsupportedParameter(f"the modifier :{modifier} of tokens is not supported")
    hashes = [h for v in split_values(value) for h in _token_names(scope, parameter, name, v)]
    if modifier == "not":
        return Predicate(f"NOT ({scope.row}.tokens && %s::bigint[])", (hashes,))
    return _with_tokens(scope, hashes)


def _token_names(scope: Scope, parameter: SearchParameter, name: str, value: str) -> list[int]:
    parts = split_bars(value)
    if len(parts) == 1:
        return [token_hash(name, None, parts[0])]
    if len(parts) > 2 or parts == ["", ""]:
        raise UnknownParameter("a token is code, system|code, |code or system|")
    system, code = parts
    found = [token_hash(name, system, code or None)]
    # A code element has no system in JSON: its value set implies one (R4 §3.1.1.4.10).
    if code and system in _implied_systems(scope.resource_type, parameter.alias or parameter.code):
        found.append(token_hash(name, None, code))
    return found


@cache
def _implied_systems(resource_type: str, code: str) -> frozenset[str]:
    table = definition(resource_type)
    systems: set[str] = set()
    for path in table.search[code].paths:
        if path.leaf != "code":
            continue
        names = [s if isinstance(s, str) else s[0] for s in path.steps]
        element = table.elements.get(".".join(names[:-1]), {}).get(names[-1])
        if element is not None and element.bound:
            systems |= table.value_sets[element.bound].keys()
    return frozenset(systems)


def _of_type_hash(name: str, value: str) -> int:
    parts = split_bars(value)
    if len(parts) != 3:
        raise UnknownParameter(":of-type is system|code|value")
    return token_hash(f"{name}:of-type", parts[0], f"{parts[1]}|{parts[2]}")


def _with_tokens(scope: Scope, hashes: list[int]) -> Predicate:
    if len(hashes) == 1:
        condition = Predicate("hash = %s::bigint", (hashes[0],))
    else:
        condition = Predicate("hash = ANY(%s::bigint[])", (hashes,))
    return _in(scope, "record_token", condition & _pinned(scope))


def _uri(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    if modifier:
        raise UnsupportedParameter(f"the modifier :{modifier} of URIs is not supported")
    name = f"{scope.resource_type}.{parameter.alias or parameter.code}"
    return _with_tokens(scope, [token_hash(name, None, unescape(v)) for v in split_values(value)])


# References, chains, _has


def _reference(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    if modifier == "identifier":
        name = f"{scope.resource_type}.{parameter.alias or parameter.code}:identifier"
        hashes = [h for v in split_values(value) for h in _token_names(scope, parameter, name, v)]
        return _with_tokens(scope, hashes)
    keys = [key for v in split_values(value) for key in _target_keys(scope, parameter, modifier, v)]
    if not keys:
        return FALSE
    number = _number(scope, parameter)
    if len(keys) == 1:
        condition = Predicate("parameter = %s::integer AND target = %s::bigint", (number, keys[0]))
    else:
        condition = Predicate(
            "parameter = %s::integer AND target = ANY(%s::bigint[])", (number, keys)
        )
    return _in(scope, "record_reference", condition)


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
    return _in(
        scope,
        "record_reference",
        Predicate(
            "parameter = %s::integer AND target IN"
            f" (SELECT {row}.key FROM record_resource {row} WHERE {found.sql})",
            (_number(scope, parameter), *found.params),
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
        (_number(inner, parameter), *found.params),
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
    number = Predicate("parameter = %s::integer", (_number(scope, parameter),))
    return _in(scope, "record_string", number & one)


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
    number = Predicate("parameter = %s::integer", (_number(scope, parameter),))
    spans = some(date_predicate(v) for v in split_values(value))
    return _in(scope, "record_date", number & spans & _pinned(scope))


def _quantity(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    if modifier:
        raise UnsupportedParameter(f"numbers have no modifier :{modifier}")
    number = Predicate("parameter = %s::integer", (_number(scope, parameter),))
    amounts = some(quantity_predicate(split_bars(v)) for v in split_values(value))
    return _in(scope, "record_quantity", number & amounts)


_KINDS: dict[str, Callable[[Scope, SearchParameter, str, str], Predicate]] = {
    "token": _token,
    "uri": _uri,
    "reference": _reference,
    "string": _string,
    "date": _date,
    "number": _quantity,
    "quantity": _quantity,
}
