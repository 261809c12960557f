# ruff: noqa: SIM109 - compiled, two comparisons of C integers beat a tuple
"""Element values as DICOM JSON text (PS3.18 F.2), written straight from their bytes.

Plain Python that Cython compiles as it stands (types are in `values.pxd`); both ways give the
same bytes. `write_value` appends `,"Value":[…]` or `,"InlineBinary":"…"` to a list of pieces,
or nothing for an empty value.
"""

from binascii import b2a_base64
from math import isfinite, isnan
from struct import unpack_from

import orjson

from vesalius.standards.dicom.charset import Charset
from vesalius.standards.dicom.kinds import (
    AT,
    BINARY,
    CODE,
    DECIMAL,
    FD,
    FL,
    FORMATS,
    INTEGER,
    LONG_TEXT,
    NAME,
    SV,
    TEXT,
    URL,
    US,
    UV,
    WORDS,
)

# Integers beyond this lose digits in JavaScript, so they travel as strings (PS3.18 F.2.3).
SAFE_INTEGER = 2**53

# The values most US elements have, written once.
SHORT_COUNT = 1025
SHORTS: list[bytes] = [b',"Value":[%d]' % number for number in range(SHORT_COUNT)]


def plainness(data: bytes, start: int, stop: int) -> int:
    """1: printable ASCII that needs no escape; 2: the same with backslashes; 0: anything else."""
    p = data
    result = 1
    i = start
    while i < stop:
        c = p[i]
        if c < 0x20 or c > 0x7E or c == 0x22:
            return 0
        if c == 0x5C:
            result = 2
        i += 1
    return result


def number_form(data: bytes, start: int, stop: int) -> int:
    """1: already a JSON number without exponent; 0: not."""
    p = data
    i = start
    if i < stop and p[i] == 0x2D:
        i += 1
    digits = 0
    leading = 0
    while i < stop and 0x30 <= p[i] <= 0x39:
        if digits == 0:
            leading = p[i]
        digits += 1
        i += 1
    if digits == 0 or (digits > 1 and leading == 0x30) or digits > 40:
        return 0
    if i < stop and p[i] == 0x2E:
        i += 1
        digits = 0
        while i < stop and 0x30 <= p[i] <= 0x39:
            digits += 1
            i += 1
        if digits == 0 or digits > 60:
            return 0
    return 1 if i == stop else 0


def write_value(
    parts: list[bytes],
    kind: int,
    data: bytes,
    start: int,
    stop: int,
    charset: Charset,
    big_endian: bool,
) -> None:
    """Append the value `data[start:stop]` of a VR of this kind."""
    if kind == BINARY:
        if stop > start:
            text = b2a_base64(data[start:stop], newline=False)
            parts.append(b',"InlineBinary":"' + text + b'"')
        return
    if kind >= US:
        write_binary_numbers(parts, kind, data, start, stop, big_endian)
        return
    p = data
    while stop > start and (p[stop - 1] == 0x20 or p[stop - 1] == 0):
        stop -= 1
    if kind != LONG_TEXT and kind != NAME and kind != URL:
        while start < stop and p[start] == 0x20:
            start += 1
    if stop <= start:
        return
    if kind == DECIMAL or kind == INTEGER:
        write_text_numbers(parts, kind, data, start, stop)
        return
    plain = plainness(data, start, stop)
    if plain == 1 and kind != NAME:
        parts.append(b',"Value":["')
        parts.append(data[start:stop])
        parts.append(b'"]')
        return
    if kind == NAME:
        if plain == 1 and data.find(b"=", start, stop) < 0:
            parts.append(b',"Value":[{"Alphabetic":"')
            parts.append(data[start:stop])
            parts.append(b'"}]')
        else:
            write_names(parts, charset.decode(data[start:stop], name=True))
        return
    if kind == CODE:
        text_value = data[start:stop].decode("ascii", "replace")
    else:
        text_value = charset.decode(data[start:stop])
    write_strings(parts, kind, text_value)


def write_strings(parts: list[bytes], kind: int, text: str) -> None:
    """Text that needs splitting at backslashes, escaping or decoding."""
    text = text.replace("\0", "")
    if kind == LONG_TEXT or kind == URL:
        values = [text.rstrip(" ")]
    elif kind == TEXT or kind == CODE:
        values = [value.strip(" ") for value in text.split("\\")]
    else:
        values = [text]
    parts.append(b',"Value":' + orjson.dumps([value or None for value in values]))


def write_names(parts: list[bytes], text: str) -> None:
    """PN: up to three component groups a value (PS3.5 6.2.1.1), written by name."""
    values: list[dict[str, str] | None] = []
    for value in text.replace("\0", "").split("\\"):
        groups = value.split("=")
        name: dict[str, str] = {}
        for key, group in zip(("Alphabetic", "Ideographic", "Phonetic"), groups, strict=False):
            stripped = group.rstrip(" ")
            if stripped:
                name[key] = stripped
        values.append(name or None)
    if any(values):
        parts.append(b',"Value":' + orjson.dumps(values))


def write_text_numbers(parts: list[bytes], kind: int, data: bytes, start: int, stop: int) -> None:
    """DS and IS: numbers with the digits they came with; malformed ones stay strings."""
    if number_form(data, start, stop) and (kind == DECIMAL or data.find(b".", start, stop) < 0):
        parts.append(b',"Value":[')
        parts.append(data[start:stop])
        parts.append(b"]")
        return
    values = [text_number(kind, value) for value in data[start:stop].split(b"\\")]
    parts.append(b',"Value":[' + b",".join(values) + b"]")


def text_number(kind: int, value: bytes) -> bytes:
    """One DS or IS value as JSON."""
    value = value.strip(b" \0")
    if not value:
        return b"null"
    if number_form(value, 0, len(value)) and (kind == DECIMAL or b"." not in value):
        return value
    text = value.decode("ascii", "replace")
    try:
        # int() and float() also take underscores and other alphabets' digits; IS and DS do not.
        if len(value) > 64 or not value.isascii() or b"_" in value:
            raise ValueError
        if kind == INTEGER:
            return b"%d" % int(text)
        number = float(text)
        if not isfinite(number):
            raise ValueError
        return repr(number).encode()
    except ValueError:
        return orjson.dumps(text)


def write_binary_numbers(
    parts: list[bytes], kind: int, data: bytes, start: int, stop: int, big_endian: bool
) -> None:
    """US, SS, UL, SL, FL, FD, SV, UV and AT; a trailing part of a number is dropped."""
    p = data
    if kind == AT:
        write_tags(parts, data, start, stop, big_endian)
        return
    if kind == US and stop - start == 2:
        short = p[start + 1] | p[start] << 8 if big_endian else p[start] | p[start + 1] << 8
        parts.append(SHORTS[short] if short < SHORT_COUNT else b',"Value":[%d]' % short)
        return
    letter, width = FORMATS[kind]
    count = (stop - start) // width
    if count == 0:
        return
    if count == 1:
        form = ">" + letter if big_endian else "<" + letter
    else:
        form = (">" if big_endian else "<") + str(count) + letter
    numbers = unpack_from(form, data, start)
    if count == 1 and kind != FL and kind != FD and kind != SV and kind != UV:
        parts.append(b',"Value":[%d]' % numbers[0])
        return
    if kind == FL or kind == FD:
        texts = [float_text(number) for number in numbers]
    elif kind == SV or kind == UV:
        texts = [
            str(number) if -SAFE_INTEGER < number < SAFE_INTEGER else f'"{number}"'
            for number in numbers
        ]
    else:
        texts = [str(number) for number in numbers]
    parts.append(b',"Value":[' + ",".join(texts).encode() + b"]")


def float_text(number: float) -> str:
    """A JSON number; what JSON cannot say is a string."""
    if isfinite(number):
        return repr(number)
    if isnan(number):
        return '"NaN"'
    return '"Infinity"' if number > 0 else '"-Infinity"'


def write_tags(parts: list[bytes], data: bytes, start: int, stop: int, big_endian: bool) -> None:
    """AT: eight hex digits each."""
    count = (stop - start) // 4
    if count == 0:
        return
    halves = unpack_from((">" if big_endian else "<") + str(count * 2) + "H", data, start)
    texts = [f'"{halves[i]:04X}{halves[i + 1]:04X}"' for i in range(0, count * 2, 2)]
    parts.append(b',"Value":[' + ",".join(texts).encode() + b"]")


def turn_words(value: bytes, vr: str) -> bytes:
    """Bytes of a big endian value as the little endian ones that web clients expect."""
    width = WORDS.get(vr, 1)
    if width == 1 or len(value) % width:
        return value
    out = bytearray(len(value))
    for i in range(width):
        out[i::width] = bytearray(value[width - 1 - i :: width])
    return bytes(out)
