"""The 64-bit names of things in the index.

Equal things have equal names, and the chance that two of a hundred million differ and share one
is below one in a thousand; a resource's row also holds its type and id, and reads compare those.
"""

from functools import lru_cache
from hashlib import blake2b

NO_PATIENT = 0
SEVERAL_PATIENTS = 1


# Codes come again and again, UIDs do not: a larger cache holds those, 300 bytes each.
@lru_cache(maxsize=4096)
def resource_key(reference: str) -> int:
    """The key of `Type/id`, or of the URL of something that lives elsewhere."""
    return _number(reference, 8)


@lru_cache(maxsize=4096)
def token_hash(parameter: str, system: str | None, code: str | None) -> int:
    """Of a token; without system: in any system; without code: anything of the system."""
    where = "*" if system is None else f"={system}"
    return _number(f"{parameter}\x1f{where}\x1f{'*' if code is None else '=' + code}", 8)


@lru_cache(maxsize=8192)
def parameter_number(resource_type: str, code: str) -> int:
    """The number of a search parameter of a type."""
    return _number(f"{resource_type}.{code}", 4)


def digest(rows: object) -> int:
    """A fingerprint of index rows."""
    return _number(repr(rows), 8)


def _number(text: str, size: int) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=size).digest(), "big", signed=True)
