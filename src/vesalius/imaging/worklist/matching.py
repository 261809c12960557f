"""Matching a data set against a query identifier (PS3.4 C.2.2.2), both DICOM JSON.

Single value, list of UID, universal, wildcard, range and sequence matching. Person names match
whatever the case, accents and script: PS3.4 C.2.2.2.1 leaves that to the SCP.
"""

import re
from collections.abc import Mapping
from typing import Any

from vesalius.care.patients import fold

Element = Mapping[str, Any]
DataSet = Mapping[str, Element]

# Carried by the identifier itself, no criteria: character set, time zone, retrieve level.
NOT_MATCHED = {"00080005", "00080201", "00080052"}


def matches(identifier: DataSet, data_set: DataSet) -> bool:
    """Whether a data set satisfies every key of the identifier that has a value."""
    return all(
        _element_matches(key, data_set.get(tag, {}))
        for tag, key in identifier.items()
        if tag not in NOT_MATCHED
    )


def select(identifier: DataSet, data_set: DataSet) -> dict[str, Any]:
    """The elements of a data set that the identifier asks for; unknown ones without a value."""
    chosen: dict[str, Any] = {}
    for tag, key in identifier.items():
        found = data_set.get(tag, {"vr": key.get("vr", "UN")})
        items = [item for item in key.get("Value") or [] if isinstance(item, Mapping)]
        if key.get("vr") == "SQ" and items and items[0]:
            found = {**found}
            if "Value" in found:
                found["Value"] = [select(items[0], one) for one in found["Value"]]
        chosen[tag] = found
    return chosen


def values(element: Element) -> list[Any]:
    """The values of an element that say anything."""
    return [value for value in element.get("Value") or [] if value not in (None, "", {})]


def _element_matches(key: Element, element: Element) -> bool:
    wanted = values(key)
    if not wanted:
        return True
    vr = key.get("vr") or element.get("vr")
    found = values(element)
    if vr == "SQ":
        # An empty item asks for everything; otherwise one item must satisfy all its keys.
        return any(matches(wanted[0], item) for item in found)
    if vr == "PN":
        return any(_name_matches(name, value) for name in wanted for value in found)
    if vr in ("DA", "TM", "DT"):
        return any(_in_range(str(wish), str(value)) for wish in wanted for value in found)
    return any(_text_matches(str(wish), str(value)) for wish in wanted for value in found)


def _name_matches(wanted: Any, found: Any) -> bool:
    patterns = wanted.values() if isinstance(wanted, Mapping) else str(wanted).split("=")
    groups = found.values() if isinstance(found, Mapping) else str(found).split("=")
    return any(
        _pattern(fold(pattern)).fullmatch(_plain(fold(group)))
        for pattern in patterns
        if pattern
        for group in groups
        if group
    )


def _plain(name: str) -> str:
    return name.rstrip("^ ")


def _text_matches(wanted: str, found: str) -> bool:
    return _pattern(wanted.strip()).fullmatch(found.strip()) is not None


def _pattern(text: str) -> re.Pattern[str]:
    # C.2.2.2.4: `*` any sequence of characters, `?` any single one.
    text = text.rstrip("^ ")
    return re.compile(
        "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in text), re.DOTALL
    )


def date_range(wanted: str) -> tuple[str, str]:
    """Lower and upper bound of a date or time criterion; an empty bound is open."""
    low, hyphen, high = wanted.strip().partition("-")
    return (low.strip(), high.strip()) if hyphen else (low.strip(), low.strip())


def _in_range(wanted: str, found: str) -> bool:
    low, high = (bound.replace(".", "").replace(":", "") for bound in date_range(wanted))
    value = found.replace(".", "").replace(":", "")
    # A bound of fewer digits stands for its whole minute, hour or day.
    return (not low or value >= low) and (not high or value[: len(high)] <= high)
