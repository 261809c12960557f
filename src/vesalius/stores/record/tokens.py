"""Criteria on tokens and URIs: found by the hash of what they are (R4 §3.1.1.4.10)."""

from functools import cache

from vesalius.kit.database import Predicate
from vesalius.standards.fhir import SearchParameter
from vesalius.standards.fhir.definitions import definition
from vesalius.stores.record.hashing import token_hash
from vesalius.stores.record.model import UnknownParameter, UnsupportedParameter
from vesalius.stores.record.query import split_bars, split_values, unescape
from vesalius.stores.record.scope import Scope, found_in, pinned


def token(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    """A token criterion: code, system|code, |code, system|; `:not`, `:of-type`."""
    name = f"{scope.resource_type}.{parameter.alias or parameter.code}"
    if modifier == "of-type":
        hashes = [_of_type_hash(name, v) for v in split_values(value)]
        return with_tokens(scope, hashes)
    if modifier not in ("", "not"):
        raise UnsupportedParameter(f"the modifier :{modifier} of tokens is not supported")
    hashes = [h for v in split_values(value) for h in token_names(scope, parameter, name, v)]
    if modifier == "not":
        return Predicate(f"NOT ({scope.row}.tokens && %s::bigint[])", (hashes,))
    return with_tokens(scope, hashes)


def token_names(scope: Scope, parameter: SearchParameter, name: str, value: str) -> list[int]:
    """Under which hashes a searched token may stand."""
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


def with_tokens(scope: Scope, hashes: list[int]) -> Predicate:
    """Resources that have one of these."""
    if len(hashes) == 1:
        condition = Predicate("hash = %s::bigint", (hashes[0],))
    else:
        condition = Predicate("hash = ANY(%s::bigint[])", (hashes,))
    return found_in(scope, "record_token", condition & pinned(scope))


def uri(scope: Scope, parameter: SearchParameter, modifier: str, value: str) -> Predicate:
    """A URI criterion, exact."""
    if modifier:
        raise UnsupportedParameter(f"the modifier :{modifier} of URIs is not supported")
    name = f"{scope.resource_type}.{parameter.alias or parameter.code}"
    return with_tokens(scope, [token_hash(name, None, unescape(v)) for v in split_values(value)])
