"""Keys of a query as people write them: `PatientName=A*`, `00100010=A*`,
`RequestAttributesSequence.RequestedProcedureID=1` (PS3.18 8.3.4.1, and our command line)."""

from collections.abc import Sequence
from typing import Any

from vesalius.kit.errors import Invalid
from vesalius.standards.dicom.dictionary import tag_of, vr_of

MOST_LEVELS = 8
NUMERIC_VRS = frozenset({"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD", "SV", "UV"})


def path_of(name: str) -> list[str]:
    """The tags of a keyword or tag, from the outermost sequence in. Raises Invalid."""
    tags = [tag_of(part) for part in name.split(".")]
    if not tags or None in tags or len(tags) > MOST_LEVELS:
        raise Invalid(f"{name[:64]} is not an attribute or parameter known here.")
    return [tag for tag in tags if tag is not None]


def item_at(identifier: dict[str, Any], path: Sequence[str], name: str) -> dict[str, Any]:
    """The data set that holds the last tag of a path, its sequences made. Raises Invalid."""
    dataset = identifier
    for tag in path[:-1]:
        if vr_of(tag) != "SQ":
            raise Invalid(f"{name[:64]} goes into an attribute that is no sequence.")
        element = dataset.setdefault(tag, {"vr": "SQ"})
        dataset = element.setdefault("Value", [{}])[0]
    return dataset


def values_of(vr: str, text: str) -> list[Any]:
    """The values that a key's text stands for; none for universal matching. Raises Invalid."""
    if text == "":
        return []
    if vr in ("UI", "CS"):
        # A list of UIDs by comma or, as in DIMSE, by backslash (PS3.18 §8.3.4.1). No code string
        # has a comma; OHIF lists modalities so.
        return text.replace("\\", ",").split(",")
    if vr == "PN":
        return [{"Alphabetic": text}]
    if vr in NUMERIC_VRS:
        return [_number(vr, each) for each in text.split("\\")]
    return text.split("\\") if vr not in ("LT", "ST", "UT", "UR") else [text]


def _number(vr: str, text: str) -> int | float:
    try:
        return int(text) if vr not in ("DS", "FL", "FD") else float(text)
    except ValueError:
        raise Invalid("A number in the query is none.") from None
