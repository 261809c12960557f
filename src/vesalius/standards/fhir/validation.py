"""Structural validation of resources against the R4 definitions.

What is checked: names of elements, how often they stand, the form of every primitive, one choice
of each [x], codes of required bindings whose value set can be listed, types of reference targets,
extensions, primitive extensions (`_x`), contained resources. Invariants and profiles are not.
Each fault is an Issue whose expression names the element as FHIRPath.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from vesalius.standards.fhir.definitions import (
    Element,
    definition,
    resource_types,
)
from vesalius.standards.fhir.outcome import Issue
from vesalius.standards.fhir.primitives import CHECKS
from vesalius.standards.fhir.references import parse_reference

MOST_ISSUES = 50


@dataclass(frozen=True, slots=True)
class Field:
    """An element made ready: how its values are checked."""

    element: Element
    owner: str  # the type whose definition this is; a backbone belongs to it
    primitive: Callable[[Any], bool] | None
    codes: frozenset[str] | None
    systems: dict[str, frozenset[str]] | None


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of JSON object: its fields, which must be there, which exclude each other."""

    type: str
    fields: dict[str, Field]
    required: tuple[tuple[str, frozenset[str]], ...]
    choices: dict[str, str]


def validate(resource: Any, *, resource_type: str | None = None) -> list[Issue]:
    """Faults of a resource, at most `MOST_ISSUES`; an empty list for a sound one."""
    check = _Check()
    if type(resource) is not dict:
        check.say("structure", resource_type or "Resource", "a resource must be a JSON object")
    elif resource_type is not None and resource.get("resourceType") != resource_type:
        check.say("invalid", resource_type, f"resourceType must be {resource_type}")
    else:
        check.resource(resource, None, resource_type or "Resource")
    return check.issues[:MOST_ISSUES]


@cache
def _shape(type_name: str, backbone: str) -> Shape:
    table = definition(type_name)
    fields = {}
    groups: dict[str, set[str]] = {}
    needed: dict[str, bool] = {}
    for name, element in table.elements[backbone].items():
        systems = table.value_sets.get(element.bound) if element.bound else None
        codes = frozenset().union(*systems.values()) if systems else None
        fields[name] = Field(element, type_name, CHECKS.get(element.type), codes, systems)
        groups.setdefault(element.definition, set()).add(name)
        needed[element.definition] = element.minimum > 0
    for name in groups:
        if needed[name]:
            groups[name] |= {f"_{n}" for n in groups[name]}
    return Shape(
        type=type_name,
        fields=fields,
        required=tuple((n, frozenset(groups[n])) for n, need in needed.items() if need),
        choices={
            n: f.element.definition
            for n, f in fields.items()
            if f.element.definition.endswith("[x]")
        },
    )


class _Check:
    """One walk over one resource, collecting issues."""

    __slots__ = ("issues",)

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def say(self, code: str, where: str, text: str) -> None:
        if len(self.issues) <= MOST_ISSUES:
            self.issues.append(Issue("error", code, text, where))

    def resource(self, value: Any, element: Element | None, where: str) -> None:
        if type(value) is not dict:
            self.say("structure", where, "a resource must be a JSON object")
            return
        name = value.get("resourceType")
        if type(name) is not str or name not in resource_types():
            self.say("structure", where, "resourceType is missing or is no R4 resource type")
            return
        inside = where if element is not None else name
        if element is not None and element.name == "contained" and "contained" in value:
            self.say("invariant", inside, "a contained resource may not contain others (dom-2)")
        self.object(value, _shape(name, ""), inside, is_resource=True)

    def object(self, value: Any, shape: Shape, where: str, *, is_resource: bool = False) -> None:
        if type(value) is not dict:
            self.say("structure", where, "must be a JSON object")
            return
        if not value or (is_resource and len(value) == 1 and shape.required):
            self.say("structure", where, "an object may not be empty")
        fields = shape.fields
        for name, item in value.items():
            field = fields.get(name)
            if field is not None:
                self.field(name, item, field, value, where)
            elif name[:1] == "_":
                self.companion(name, item, fields.get(name[1:]), value, where)
            elif not (name == "resourceType" and is_resource):
                self.say("structure", f"{where}.{name}", f"{shape.type} has no element {name}")
        self.presence(value, shape, where)

    def presence(self, value: dict[str, Any], shape: Shape, where: str) -> None:
        for name, names in shape.required:
            if names.isdisjoint(value):
                self.say("required", f"{where}.{_plain(name)}", f"{_plain(name)} is required")
        if shape.choices:
            seen: dict[str, str] = {}
            for name in value:
                group = shape.choices.get(name)
                if group is not None and seen.setdefault(group, name) != name:
                    self.say(
                        "structure", f"{where}.{name}", f"only one {_plain(group)} may be given"
                    )

    def field(self, name: str, item: Any, field: Field, parent: dict[str, Any], where: str) -> None:
        element = field.element
        if not element.many:
            self.one(item, field, where, name, -1)
            return
        if type(item) is not list:
            self.say("structure", f"{where}.{name}", f"{name} must be an array")
            return
        if not item or (element.highest and len(item) > element.highest):
            text = "an array may not be empty" if not item else f"at most {element.highest} allowed"
            self.say("structure", f"{where}.{name}", text)
        for index, one in enumerate(item):
            if one is None and field.primitive is not None and _extended(parent, name, index):
                continue
            self.one(one, field, where, name, index)

    def one(self, item: Any, field: Field, where: str, name: str, index: int) -> None:
        if field.primitive is not None:
            if not field.primitive(item):
                kind = field.element.type
                self.say("value", _at(where, name, index), f"not a valid {kind}")
            elif field.codes is not None and item not in field.codes:
                self.say(
                    "code-invalid", _at(where, name, index), f"not a code of {field.element.bound}"
                )
            return
        here = _at(where, name, index)
        element = field.element
        if element.backbone is not None:
            self.object(item, _shape(field.owner, element.backbone), here)
        elif element.type == "Resource":
            self.resource(item, element, here)
        else:
            self.object(item, _shape(element.type, ""), here)
            if type(item) is dict:
                self.meaning(item, field, here)

    def meaning(self, item: dict[str, Any], field: Field, where: str) -> None:
        """What a data type's own shape cannot say: targets, bindings, extension's either-or."""
        kind = field.element.type
        if kind == "Reference":
            self.reference(item, field, where)
        elif kind == "Extension":
            if (
                "url" in item
                and "extension" in item
                and len(item.keys() - {"id", "url", "extension"})
            ):
                self.say("invariant", where, "an extension has a value or extensions (ext-1)")
        elif field.systems is not None:
            self.binding(item, field, where)

    def reference(self, item: dict[str, Any], field: Field, where: str) -> None:
        if field.element.targets is None:
            return
        target = parse_reference(item.get("reference"))
        if target is not None and target.base is None and target.type not in field.element.targets:
            allowed = ", ".join(sorted(field.element.targets))
            self.say("value", f"{where}.reference", f"must refer to one of: {allowed}")

    def binding(self, item: dict[str, Any], field: Field, where: str) -> None:
        codings = item.get("coding") if field.element.type == "CodeableConcept" else [item]
        if type(codings) is not list or field.systems is None:
            return
        for coding in codings:
            if type(coding) is not dict or "code" not in coding:
                return
            codes = field.systems.get(coding.get("system", ""), frozenset())
            if coding["code"] in codes:
                return
        if codings:
            self.say("code-invalid", where, f"no code of {field.element.bound} is given")

    def companion(
        self, name: str, item: Any, field: Field | None, parent: dict[str, Any], where: str
    ) -> None:
        """`_x`: id and extensions of the primitive x (R4 §2.6.2.3)."""
        if field is None or field.primitive is None:
            self.say("structure", f"{where}.{name}", f"there is no primitive element {name[1:]}")
            return
        shape = _shape("Element", "")
        path = f"{where}.{name[1:]}"
        if not field.element.many:
            self.object(item, shape, path)
            return
        if type(item) is not list or not item:
            self.say("structure", path, f"{name} must be an array")
            return
        values = parent.get(name[1:])
        if type(values) is list and len(values) != len(item):
            self.say("structure", path, f"{name} must be as long as {name[1:]}")
        for index, one in enumerate(item):
            if one is not None:
                self.object(one, shape, f"{path}[{index}]")


def _extended(parent: dict[str, Any], name: str, index: int) -> bool:
    companion = parent.get(f"_{name}")
    return type(companion) is list and index < len(companion) and companion[index] is not None


def _at(where: str, name: str, index: int) -> str:
    return f"{where}.{name}" if index < 0 else f"{where}.{name}[{index}]"


def _plain(name: str) -> str:
    return name.removesuffix("[x]")
