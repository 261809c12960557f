"""The query parameters of rendered resources (PS3.18 §8.3.5)."""

import math
from collections.abc import Mapping
from typing import Any

from vesalius.kit.errors import Invalid

LARGEST_VIEWPORT = 8192
THUMBNAIL_EDGE = 192
WINDOW_FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
KNOWN = frozenset({"accept", "annotation", "charset", "quality", "viewport", "window"})
IGNORED = frozenset({"annotation", "charset"})


def read_options(parameters: Mapping[str, str], *, thumbnail: bool) -> dict[str, Any]:
    """What `rendering.render` needs to know; `Invalid` for parameters it does not understand."""
    unknown = set(parameters) - KNOWN
    if unknown:
        raise Invalid(f"{min(unknown)[:64]} is not a rendering parameter known here.")
    options: dict[str, Any] = {}
    if "quality" in parameters:
        options["quality"] = _quality(parameters["quality"])
    if "window" in parameters:
        options["window"] = _window(parameters["window"])
    if "viewport" in parameters:
        options["viewport"] = _viewport(parameters["viewport"])
    if thumbnail:
        options["thumbnail"] = True
        options.setdefault("viewport", [THUMBNAIL_EDGE, THUMBNAIL_EDGE])
    return options


def _quality(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:4]) <= 100:
        raise Invalid("quality is not a number from 1 to 100.")
    return int(text)


def _window(text: str) -> list[Any]:
    """`center,width,function` (§8.3.5.1.4)."""
    parts = text.split(",")
    if len(parts) not in (2, 3):
        raise Invalid("window is not center,width,function.")
    center, width = _number("window", parts[0]), _number("window", parts[1])
    function = WINDOW_FUNCTIONS.get(parts[2].lower() if len(parts) == 3 else "linear")
    if function is None or width <= 0 or (function == "LINEAR" and width < 1):
        raise Invalid("window is not center,width,function.")
    return [center, width, function]


def _viewport(text: str) -> list[float]:
    """`vw,vh` or `vw,vh,sx,sy,sw,sh` (§8.3.5.1.3); sx to sh may be left empty."""
    parts = text.split(",")
    if len(parts) not in (2, 6):
        raise Invalid("viewport is not width,height or width,height,x,y,w,h.")
    numbers = [_number("viewport", each) if each else 0.0 for each in parts]
    if not all(1 <= edge <= LARGEST_VIEWPORT for edge in numbers[:2]):
        raise Invalid(f"viewport is not between 1 and {LARGEST_VIEWPORT} pixels.")
    return [int(numbers[0]), int(numbers[1]), *numbers[2:]]


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise Invalid(f"{name} is not made of numbers.") from None
    if not math.isfinite(number) or abs(number) > 1e9:
        raise Invalid(f"{name} is not made of numbers.")
    return number
