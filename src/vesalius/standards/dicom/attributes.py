"""Values out of a data set in the DICOM JSON model (PS3.18 Annex F), read with care."""

import math
from collections.abc import Mapping
from typing import Any

from vesalius.kit.errors import Invalid

Json = Mapping[str, Any]


def first_value(dataset: Json, tag: str) -> Any:
    """The first value of an attribute in the DICOM JSON model, or None."""
    values = dataset.get(tag, {}).get("Value")
    return values[0] if values else None


def integer(dataset: Json, tag: str, default: int = 0) -> int:
    """An attribute as an int; `default` when it is absent or empty."""
    value = first_value(dataset, tag)
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError):
        raise Invalid("A number that describes the image is none.") from None


def number(dataset: Json, tag: str, default: float) -> float:
    """An attribute as a finite float; `default` when it is absent, empty or none."""
    value = first_value(dataset, tag)
    try:
        result = default if value is None else float(value)
    except (TypeError, ValueError):
        return default
    return result if math.isfinite(result) else default


def text(dataset: Json, tag: str, default: str = "") -> str:
    """An attribute as stripped text; `default` when it is absent or empty."""
    value = first_value(dataset, tag)
    if isinstance(value, dict):
        value = value.get("Alphabetic", "")
    return str(value).strip() if value not in (None, "") else default
