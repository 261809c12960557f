"""Data sets between bytes and the DICOM JSON model, for identifiers and other short ones.

`decode_dataset` goes through the bounded walker, so hostile bytes are welcome. `encode_dataset`
writes what this house composed: query answers, worklist items, file meta information.
"""

import struct
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from vesalius.kit.errors import Invalid, Unsupported
from vesalius.standards.dicom.dictionary import vr_of
from vesalius.standards.dicom.kinds import LONG_VRS
from vesalius.standards.dicom.uids import transfer_syntax
from vesalius.standards.dicom.values import turn_words
from vesalius.standards.dicom.walker import Walker

CHARSET_TAG = "00080005"
INLINE_LIMIT = 16 * 1024 * 1024
TEXT_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
NUMBERS = {
    "US": "H",
    "SS": "h",
    "UL": "I",
    "SL": "i",
    "FL": "f",
    "FD": "d",
    "SV": "q",
    "UV": "Q",
}
# Character sets that are one Python codec; answers in any other are written in UTF-8.
CODECS = {"ISO_IR 100": "latin-1", "ISO_IR 192": "utf-8"}


def decode_dataset(
    data: bytes, transfer_syntax_uid: str, *, depth_limit: int = 64
) -> dict[str, Any]:
    """The DICOM JSON model of a short data set, values and all; Invalid when it is malformed."""
    syntax = transfer_syntax(transfer_syntax_uid)
    if syntax.deflated:
        raise Unsupported("a deflated data set is not taken here")
    walker = Walker(
        explicit=syntax.explicit,
        big_endian=syntax.big_endian,
        strict=False,
        depth_limit=depth_limit,
        header_limit=INLINE_LIMIT,
        bulk_threshold=INLINE_LIMIT,
        text_threshold=INLINE_LIMIT,
    )
    walker.feed(data)
    walker.finish()
    if walker.done:
        raise Invalid("pixel data has no place here")
    dataset: dict[str, Any] = orjson.loads(walker.take_json())
    return dataset


def encode_dataset(dataset: Mapping[str, Any], transfer_syntax_uid: str) -> bytes:
    """The bytes of a DICOM JSON data set: tags ascending, lengths defined.

    Text goes in the data set's own Specific Character Set when that is Latin-1 or UTF-8; else,
    if it needs more than ASCII, in UTF-8, and (0008,0005) says so.
    """
    syntax = transfer_syntax(transfer_syntax_uid)
    if syntax.deflated:
        raise Unsupported("a deflated data set is not written here")
    dataset, codec = _with_charset(dataset)
    return _Encoder(syntax.explicit, syntax.big_endian, codec).dataset(dataset)


def _with_charset(dataset: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    declared = (dataset.get(CHARSET_TAG, {}).get("Value") or [None])[0]
    if declared in CODECS:
        try:
            for text in _texts(dataset):
                text.encode(CODECS[declared])
            return dataset, CODECS[declared]
        except UnicodeEncodeError:
            pass
    plain = all(text.isascii() for text in _texts(dataset))
    if plain and declared in (None, "ISO_IR 6"):
        return dataset, "ascii"
    return {**dataset, CHARSET_TAG: {"vr": "CS", "Value": ["ISO_IR 192"]}}, "utf-8"


def _texts(dataset: Mapping[str, Any]) -> Iterable[str]:
    for element in dataset.values():
        vr = element.get("vr")
        for value in element.get("Value") or ():
            if vr == "SQ":
                yield from _texts(value or {})
            elif vr == "PN":
                yield from _groups(value)
            elif vr in TEXT_VRS and isinstance(value, str):
                yield value


def _groups(value: Any) -> list[str]:
    if not value:
        return [""]
    if isinstance(value, str):
        return value.split("=")
    keys = ("Alphabetic", "Ideographic", "Phonetic")
    groups = [str(value.get(key) or "") for key in keys]
    while len(groups) > 1 and not groups[-1]:
        groups.pop()
    return groups


class _Encoder:
    def __init__(self, explicit: bool, big_endian: bool, codec: str) -> None:
        self.explicit = explicit
        self.order = ">" if big_endian else "<"
        self.big_endian = big_endian
        self.codec = codec

    def dataset(self, dataset: Mapping[str, Any]) -> bytes:
        out = bytearray()
        for tag in sorted(dataset):
            out += self._element(tag.upper(), dataset[tag])
        return bytes(out)

    def _element(self, tag: str, element: Mapping[str, Any]) -> bytes:
        vr = element.get("vr") or vr_of(tag)
        value = self._sequence(element) if vr == "SQ" else self._value(tag, vr, element)
        head = struct.pack(self.order + "HH", int(tag[:4], 16), int(tag[4:], 16))
        if not self.explicit:
            return head + struct.pack(self.order + "I", len(value)) + value
        if vr in LONG_VRS:
            return head + vr.encode() + b"\0\0" + struct.pack(self.order + "I", len(value)) + value
        if len(value) > 0xFFFE:
            raise Invalid(f"the value of {tag} is too long for its representation")
        return head + vr.encode() + struct.pack(self.order + "H", len(value)) + value

    def _sequence(self, element: Mapping[str, Any]) -> bytes:
        out = bytearray()
        for item in element.get("Value") or ():
            content = self.dataset(item or {})
            out += struct.pack(self.order + "HHI", 0xFFFE, 0xE000, len(content)) + content
        return bytes(out)

    def _value(self, tag: str, vr: str, element: Mapping[str, Any]) -> bytes:
        if "InlineBinary" in element:
            raw = b64decode(element["InlineBinary"])
            value = turn_words(raw, vr) if self.big_endian else raw
            return value + b"\0" * (len(value) % 2)
        values = element.get("Value") or []
        try:
            if vr in NUMBERS:
                return struct.pack(f"{self.order}{len(values)}{NUMBERS[vr]}", *map(_number, values))
            if vr == "AT":
                halves = [int(t[i : i + 4], 16) for t in map(str, values) for i in (0, 4)]
                return struct.pack(f"{self.order}{len(halves)}H", *halves)
            return self._text(vr, values)
        except (struct.error, ValueError, TypeError, KeyError) as error:
            raise Invalid(f"the value of {tag} does not fit its representation") from error

    def _text(self, vr: str, values: list[Any]) -> bytes:
        if vr == "PN":
            text = "\\".join("=".join(_groups(value)) for value in values)
        else:
            text = "\\".join("" if value is None else _plain(value) for value in values)
        value = text.encode(self.codec if vr in TEXT_VRS else "ascii", "replace")
        # PS3.5 6.2: UI is padded with NUL, all other text with a space.
        return value + ((b"\0" if vr == "UI" else b" ") if len(value) % 2 else b"")


def _number(value: Any) -> int | float:
    if isinstance(value, str):
        # PS3.18 F.2.3: 64-bit integers and what JSON cannot say travel as strings.
        return int(value) if value.lstrip("-").isdigit() else float(value)
    number: int | float = 0 if value is None else value
    return number


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
