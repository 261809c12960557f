"""Names compared and searched whatever the script, the accents and the case.

Two strengths: `fold` for searching, where more found is better, and `agree` for identity, where a
doubt must wait for a human. `agree` still forgives what the field is known to vary: case,
accents, transliterated umlauts, hyphens, swapped components and a missing middle name.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from vesalius.standards.maps.dicom_to_patient import human_names

# Letters that Unicode does not decompose but people type without.
_SINGLE = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ħ": "h",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        # Arabic letters that spelling varies freely.
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ة": "ه",
        "ـ": None,
        # Persian and Urdu forms of the same letters.
        "ی": "ي",
        "ک": "ك",
    }
)
# Marks that carry no letter: Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowels.
# Kana voicing marks (U+3099) are letters to a Japanese reader and stay.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]")
_SEPARATORS = re.compile(r"[\s\-‐‑'’ʼ`.,^=・·]+")
_UMLAUTS = re.compile("(?<=[aou])e")


def fold(text: str) -> str:
    """A text without case, accents and width: `MÜLLER` → `muller`, `ﾔﾏﾀﾞ` → `やまだ`."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(_SINGLE)
    text = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))
    return "".join(_hiragana(letter) for letter in text)


def _hiragana(letter: str) -> str:
    # Katakana and hiragana are two spellings of one sound, 0x60 apart.
    return chr(ord(letter) - 0x60) if "\u30a1" <= letter <= "\u30f6" else letter


def tokens(text: str) -> list[str]:
    """The folded words of a text."""
    return [word for word in _SEPARATORS.split(fold(text)) if word]


def search_tokens(names: Iterable[Mapping[str, Any]]) -> set[str]:
    """What a box search may begin with to find a patient of these names."""
    words: set[str] = set()
    for name in names:
        for part in _parts(name) or [str(name.get("text") or "")]:
            for word in tokens(part):
                words |= _beginnings(word)
                # Hyphenated and apostrophed names are found joined, too: O'Neill, oneill.
            words.add("".join(tokens(part)))
    return {word for word in words if word}


def _beginnings(word: str) -> set[str]:
    # Scripts without spaces: any character may begin what a reader calls a name.
    if any(letter >= "\u3040" for letter in word):
        return {word[start:] for start in range(min(len(word), 12))}
    return {word}


def _parts(name: Mapping[str, Any]) -> list[str]:
    parts = [str(name.get("family") or ""), *(str(given) for given in name.get("given") or [])]
    return [part for part in parts if part.strip()]


def agree(dicom_name: Mapping[str, str], record_names: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any component group of a DICOM name is one of the names in the record."""
    theirs = [_words(name) for name in human_names(dicom_name)]
    ours = [_words(name) for name in record_names]
    return any(_same(left, right) for left in theirs for right in ours)


def _words(name: Mapping[str, Any]) -> list[str]:
    # Prefixes and suffixes (Dr., Jr.) come and go between systems and identify nobody.
    source = _parts(name) or [str(name.get("text") or "")]
    return [_UMLAUTS.sub("", word) for part in source for word in tokens(part)]


def _same(left: list[str], right: list[str]) -> bool:
    if not left or not right:
        return False
    if sorted(left) == sorted(right):
        return True
    # Written without a space between family and given: 山田太郎 for 山田^太郎, O'Neill for ONeill.
    if "".join(left) in ("".join(right), "".join(reversed(right))):
        return True
    if "".join(right) == "".join(reversed(left)):
        return True
    # A middle name that one side does not know. At least two words must be common.
    fewer, more = sorted((set(left), set(right)), key=len)
    return len(fewer) >= 2 and fewer <= more
