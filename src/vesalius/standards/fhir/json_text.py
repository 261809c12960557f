"""JSON whose numbers keep their digits.

FHIR decimals carry precision: 1.00 is not 1.0 (R4 §2.24.0.1, datatypes "decimal"). A binary
float forgets that, so numbers with a point or an exponent are `Decimal` in memory.
"""

from decimal import Decimal
from typing import Any

import msgspec

from vesalius.kit.errors import Invalid

# PostgreSQL's numeric holds no more, and no clinical value needs more.
LARGEST_EXPONENT = 1000


class NotJson(Invalid):
    """The bytes are not JSON that we take."""


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > LARGEST_EXPONENT:
        raise ValueError("a number's exponent is too large")
    return value


_decoder = msgspec.json.Decoder(float_hook=_decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def parse(text: bytes, *, depth: int = 64) -> Any:
    """The value of a JSON text. Raises NotJson for bad syntax, bad UTF-8 or too much nesting."""
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise NotJson("the JSON is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise NotJson(f"the body is not valid JSON: {_reason(error)}") from None
    # A text cannot nest deeper than it has opening brackets, so small texts skip the walk.
    if text.count(b"{") + text.count(b"[") > depth and _deeper(value, depth):
        raise NotJson(f"the JSON is nested deeper than {depth}")
    return value


def write(value: Any) -> bytes:
    """JSON text of a value, numbers with the digits they came with."""
    return _encoder.encode(value)


def _deeper(value: Any, depth: int) -> bool:
    """Whether a value nests deeper than `depth`, level by level, so hostile nesting is cheap."""
    level = [value]
    for _ in range(depth):
        following: list[Any] = []
        for item in level:
            if type(item) is dict:
                following += [v for v in item.values() if type(v) is dict or type(v) is list]
            elif type(item) is list:
                following += [v for v in item if type(v) is dict or type(v) is list]
        if not following:
            return False
        level = following
    return True


def _reason(error: Exception) -> str:
    # msgspec's messages name the byte and the fault, never the content.
    return "bad UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
