"""JSON Patch (RFC 6902), as FHIR's PATCH takes it (R4 §3.1.0.7)."""

import copy
from typing import Any

from vesalius.kit.errors import Conflict, Invalid, Unsupported

MOST_OPERATIONS = 1000
MISSING = object()


class TestFailed(Conflict):
    """A `test` operation found another value."""

    __test__ = False


def apply_patch(document: Any, operations: Any) -> Any:
    """A patched copy of the document. Raises Invalid, or TestFailed."""
    if type(operations) is not list or len(operations) > MOST_OPERATIONS:
        raise Invalid("a JSON Patch is an array of at most a thousand operations")
    out = copy.deepcopy(document)
    for operation in operations:
        out = _apply(out, operation)
    return out


def _apply(document: Any, operation: Any) -> Any:
    if type(operation) is not dict or type(operation.get("path")) is not str:
        raise Invalid("a patch operation is an object with op and path")
    kind, path = operation.get("op"), _pointer(operation["path"])
    if kind in ("add", "replace", "test") and "value" not in operation:
        raise Invalid(f"the operation {kind} needs a value")
    if kind == "add":
        return _add(document, path, copy.deepcopy(operation["value"]))
    if kind == "remove":
        return _remove(document, path)[0]
    if kind == "replace":
        if _get(document, path) is MISSING:
            raise Invalid(f"there is nothing at {operation['path']}")
        return _replace(document, path, copy.deepcopy(operation["value"]))
    if kind == "test":
        if _get(document, path) != operation["value"]:
            raise TestFailed(f"the value at {operation['path']} is another")
        return document
    if kind in ("move", "copy"):
        return _carry(document, kind, operation, path)
    raise Unsupported("a patch operation is add, remove, replace, move, copy or test")


def _carry(document: Any, kind: str, operation: dict[str, Any], path: list[str]) -> Any:
    if type(operation.get("from")) is not str:
        raise Invalid(f"the operation {kind} needs from")
    source = _pointer(operation["from"])
    if kind == "move":
        if path[: len(source)] == source and path != source:
            raise Invalid("a value cannot be moved into itself")
        document, value = _remove(document, source)
    else:
        value = copy.deepcopy(_get(document, source))
        if value is MISSING:
            raise Invalid(f"there is nothing at {operation['from']}")
    return _add(document, path, value)


def _pointer(text: str) -> list[str]:
    """The steps of a JSON pointer (RFC 6901)."""
    if text == "":
        return []
    if not text.startswith("/"):
        raise Invalid("a JSON pointer begins with a slash")
    return [step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/")]


def _get(document: Any, path: list[str]) -> Any:
    for step in path:
        if type(document) is dict:
            document = document.get(step, MISSING)
        elif type(document) is list:
            place = _place(step, len(document) - 1)
            document = MISSING if place is None else document[place]
        else:
            return MISSING
        if document is MISSING:
            return MISSING
    return document


def _parent(document: Any, path: list[str]) -> Any:
    parent = _get(document, path[:-1])
    if type(parent) not in (dict, list):
        raise Invalid(f"there is no parent of /{'/'.join(path)}")
    return parent


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, step = _parent(document, path), path[-1]
    if type(parent) is dict:
        parent[step] = value
        return document
    place = len(parent) if step == "-" else _place(step, len(parent))
    if place is None:
        raise Invalid(f"there is no place /{'/'.join(path)}")
    parent.insert(place, value)
    return document


def _replace(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, step = _parent(document, path), path[-1]
    parent[step if type(parent) is dict else int(step)] = value
    return document


def _remove(document: Any, path: list[str]) -> tuple[Any, Any]:
    if not path or _get(document, path) is MISSING:
        raise Invalid(f"there is nothing at /{'/'.join(path)} to remove")
    parent, step = _parent(document, path), path[-1]
    value = parent.pop(step if type(parent) is dict else int(step))
    return document, value


def _place(step: str, highest: int) -> int | None:
    if not step.isdecimal() or (len(step) > 1 and step[0] == "0") or len(step) > 9:
        return None
    return int(step) if int(step) <= highest else None
