"""The data dictionary (PS3.6) in compact tables: tag ↔ keyword, tag → VR.

Tags are spelled as in the DICOM JSON model: eight hex digits, upper case ("00100010").
"""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

TABLES: dict[str, Any] = json.loads(
    gzip.decompress(Path(__file__).with_name("dictionary.json.gz").read_bytes())
)

ELEMENTS: dict[str, list[str]] = TABLES["elements"]
REPEATERS: dict[str, list[str]] = TABLES["repeaters"]

# PS3.6 lists several VRs for a few elements; which one holds depends on other elements. "XS" is
# ours: US, or SS when Pixel Representation says signed. Words are as good as bytes for the rest.
AMBIGUOUS = {"US or SS": "XS", "OB or OW": "OW", "US or OW": "OW", "US or SS or OW": "OW"}


def _vr(name: str) -> str:
    return AMBIGUOUS.get(name, name)


TAG_BY_KEYWORD: dict[str, str] = {keyword: tag for tag, (_, keyword) in ELEMENTS.items() if keyword}
VR_BY_NUMBER: dict[int, str] = {int(tag, 16): _vr(vr) for tag, (vr, _) in ELEMENTS.items()}


def keyword_of(tag: str) -> str | None:
    """The keyword of a tag, None when the dictionary does not know it."""
    entry = ELEMENTS.get(tag.upper()) or _repeater(tag.upper())
    return entry[1] if entry else None


def tag_of(keyword: str) -> str | None:
    """The tag of a keyword ("PatientName") or of eight hex digits; None when it is neither."""
    if (tag := TAG_BY_KEYWORD.get(keyword)) is not None:
        return tag
    if len(keyword) == 8:
        try:
            return f"{int(keyword, 16):08X}"
        except ValueError:
            return None
    return None


def vr_of(tag: str) -> str:
    """The VR of a tag as implicit VR data sets mean it; UN when unknown (PS3.5 6.2.2)."""
    vr = implicit_vr(int(tag, 16))
    return "US" if vr == "XS" else vr


def implicit_vr(number: int) -> str:
    """The VR of a tag given as a number; "XS" where Pixel Representation decides."""
    vr = VR_BY_NUMBER.get(number)
    if vr is not None:
        return vr
    group, element = number >> 16, number & 0xFFFF
    if element == 0:
        return "UL"
    if group & 1:
        # PS3.5 7.8.1: private creators are LO; everything else private is unknown.
        return "LO" if 0x10 <= element <= 0xFF else "UN"
    if 0x5000 <= group <= 0x60FF or group in (0x0020, 0x0028, 0x1000, 0x1010):
        entry = _repeater(f"{number:08X}")
        return _vr(entry[0]) if entry else "UN"
    return "UN"


@cache
def _masks() -> tuple[tuple[int, int, list[str]], ...]:
    return tuple(
        (
            int("".join("0" if digit == "X" else "F" for digit in mask), 16),
            int(mask.replace("X", "0"), 16),
            entry,
        )
        for mask, entry in REPEATERS.items()
    )


def _repeater(tag: str) -> list[str] | None:
    # PS3.6: curves 50xx, overlays 60xx and a few more repeat over groups or elements.
    number = int(tag, 16)
    return next((entry for mask, value, entry in _masks() if number & mask == value), None)
