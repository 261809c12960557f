"""Specific Character Set (0008,0005): bytes to text (PS3.3 C.12.1.1.2, PS3.5 6.1).

Decoding never fails: what a character set cannot say becomes U+FFFD, an unknown set is read as
UTF-8, and a warning is left for the caller.
"""

from collections.abc import Sequence

# Without code extensions: the whole value in one Python codec.
SINGLE = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "iso8859-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 203": "iso8859-15",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 166": "tis-620",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}

# With code extensions: the high half (G1) a set starts with, as a codec of single bytes.
EXTENDED = {
    "ISO 2022 IR 6": "ascii",
    "ISO 2022 IR 100": "iso8859-1",
    "ISO 2022 IR 101": "iso8859-2",
    "ISO 2022 IR 109": "iso8859-3",
    "ISO 2022 IR 110": "iso8859-4",
    "ISO 2022 IR 144": "iso8859-5",
    "ISO 2022 IR 127": "iso8859-6",
    "ISO 2022 IR 126": "iso8859-7",
    "ISO 2022 IR 138": "iso8859-8",
    "ISO 2022 IR 148": "iso8859-9",
    "ISO 2022 IR 203": "iso8859-15",
    "ISO 2022 IR 13": "shift_jis",
    "ISO 2022 IR 166": "tis-620",
    "ISO 2022 IR 87": "ascii",
    "ISO 2022 IR 159": "ascii",
    "ISO 2022 IR 149": "euc_kr",
    "ISO 2022 IR 58": "gb2312",
}

# Escape sequences (PS3.3 tables C.12-3 and C.12-4): which half they set, and to what.
ESCAPES = {
    b"\x1b(B": (0, "ascii"),
    b"\x1b(J": (0, "shift_jis"),
    b"\x1b)I": (1, "shift_jis"),
    b"\x1b-A": (1, "iso8859-1"),
    b"\x1b-B": (1, "iso8859-2"),
    b"\x1b-C": (1, "iso8859-3"),
    b"\x1b-D": (1, "iso8859-4"),
    b"\x1b-L": (1, "iso8859-5"),
    b"\x1b-G": (1, "iso8859-6"),
    b"\x1b-F": (1, "iso8859-7"),
    b"\x1b-H": (1, "iso8859-8"),
    b"\x1b-M": (1, "iso8859-9"),
    b"\x1b-b": (1, "iso8859-15"),
    b"\x1b-T": (1, "tis-620"),
    b"\x1b$B": (0, "jis x 0208"),
    b"\x1b$@": (0, "jis x 0208"),
    b"\x1b$(D": (0, "jis x 0212"),
    b"\x1b$)C": (1, "euc_kr"),
    b"\x1b$)A": (1, "gb2312"),
}
ESCAPE = 0x1B
DELIMITERS = b"\r\n\f\t\\"
NAME_DELIMITERS = b"\r\n\f\t\\^="

# Common misspellings of defined terms, seen in files.
ALIASES = {
    "ISO IR 6": "ISO_IR 6",
    "ISO-IR 6": "ISO_IR 6",
    "UTF-8": "ISO_IR 192",
    "UTF8": "ISO_IR 192",
    "ISO 8859-1": "ISO_IR 100",
    "ISO8859-1": "ISO_IR 100",
    "LATIN1": "ISO_IR 100",
}


class Charset:
    """The character sets in force at one place of a data set."""

    __slots__ = ("extended", "g1", "known", "single")

    def __init__(self, terms: Sequence[str] = ()) -> None:
        names = [_term(term) for term in terms] or [""]
        self.known = all(name in SINGLE or name in EXTENDED for name in names)
        first = names[0]
        self.extended = len(names) > 1 or first in EXTENDED
        # PS3.3 C.12.1.1.2: UTF-8, GB18030 and GBK stand alone.
        if first in ("ISO_IR 192", "GB18030", "GBK") or not self.known:
            self.extended = False
        self.single = SINGLE.get(first, "utf-8" if not self.known else "ascii")
        self.g1 = EXTENDED.get(first) or SINGLE.get(first, "ascii")

    def decode(self, value: bytes, *, name: bool = False) -> str:
        """Text of a value; `name` for PN, where ^ and = end a code extension too."""
        if self.extended:
            if ESCAPE in value:
                return self._decode_extended(value, NAME_DELIMITERS if name else DELIMITERS)
            return _half(value, self.g1)
        if self.single == "ascii":
            return _undeclared(value)
        return value.decode(self.single, "replace")

    def _decode_extended(self, value: bytes, delimiters: bytes) -> str:
        """ISO 2022: escapes switch the halves G0 and G1, delimiters switch them back."""
        out: list[str] = []
        g0, g1 = "ascii", self.g1
        start = position = 0
        size = len(value)
        while position < size:
            byte = value[position]
            if byte == ESCAPE:
                out.append(_run(value[start:position], g0, g1))
                length, half, codec = _escape(value, position)
                if half == 0:
                    g0 = codec
                elif half == 1:
                    g1 = codec
                position += length
                start = position
            elif byte in delimiters and not g0.startswith("jis"):
                out.append(_run(value[start:position], g0, g1))
                out.append(chr(byte))
                g0, g1 = "ascii", self.g1
                position += 1
                start = position
            else:
                position += 1
        out.append(_run(value[start:], g0, g1))
        return "".join(out)


def _term(term: str) -> str:
    name = " ".join(term.strip(" \0").upper().split())
    if name in SINGLE or name in EXTENDED:
        return name
    if name in ALIASES:
        return ALIASES[name]
    for wrong, right in (("ISO IR ", "ISO_IR "), ("ISO-IR ", "ISO_IR "), ("ISO2022 ", "ISO 2022 ")):
        if name.startswith(wrong):
            return right + name[len(wrong) :]
    return name.replace("ISO 2022-IR", "ISO 2022 IR")


def _escape(value: bytes, position: int) -> tuple[int, int, str]:
    for length in (3, 4):
        found = ESCAPES.get(value[position : position + length])
        if found is not None:
            return length, found[0], found[1]
    return 1, 2, ""  # a bare escape is dropped


def _run(value: bytes, g0: str, g1: str) -> str:
    """Text between two switches: the low half in G0, the high half in G1."""
    if not value:
        return ""
    if g0 == "jis x 0208":
        return (b"\x1b$B" + value + b"\x1b(B").decode("iso2022_jp", "replace")
    if g0 == "jis x 0212":
        return (b"\x1b$(D" + value + b"\x1b(B").decode("iso2022_jp_2", "replace")
    return _half(value, g1 if g0 == "ascii" else g0)


def _half(value: bytes, codec: str) -> str:
    return _undeclared(value) if codec == "ascii" else value.decode(codec, "replace")


def _undeclared(value: bytes) -> str:
    # High bytes without a declared set: writers that forget it mean UTF-8 or Latin-1.
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
