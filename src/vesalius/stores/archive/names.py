"""Names for searching: without case and accents, the same in rows and in questions."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

# Letters that Unicode does not take apart but readers leave out.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "þ": "th", "ð": "d"}
)
# Voicing marks are letters' own in Japanese, not accents.
_KANA_MARKS = ("\u3099", "\u309a")
_DELIMITERS = re.compile(r"[\s^=,\-*]+")


def plain(text: str) -> str:
    """`Müller^Zoë` → `muller^zoe`."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in letters if c in _KANA_MARKS or not unicodedata.combining(c))
    return unicodedata.normalize("NFC", kept).casefold().translate(_LETTERS)


def searchable_name(element: Mapping[str, Any] | None) -> str | None:
    """All component groups of a PN element between equals signs: `=doe^john=…=`.

    Trailing empty components are dropped, for `Doe^John` and `DOE^JOHN^^^` are one name
    (PS3.5 6.2.1.1).
    """
    groups = []
    for value in (element or {}).get("Value") or ():
        for key in ("Alphabetic", "Ideographic", "Phonetic"):
            group = plain(str((value or {}).get(key) or "")).rstrip("^ ")
            if group:
                groups.append(group)
    return "=" + "=".join(groups) + "=" if groups else None


def name_expression(pattern: str) -> str:
    """A regular expression for `searchable_name`: one whole component group, wildcards kept."""
    pieces = []
    for group in plain(pattern).split("="):
        group = group.strip().rstrip("^")
        body = "".join("[^=]*" if c == "*" else "[^=]" if c == "?" else re.escape(c) for c in group)
        # `Doe^J*` and `Doe` alike end at a component's border or at the group's end.
        pieces.append(body)
    wanted = [piece for piece in pieces if piece]
    return "=" + "=".join(wanted) + "=" if wanted else "="


def fuzzy_expressions(text: str) -> list[str]:
    """Fuzzy matching (PS3.18 8.3.4.2): every word of the question begins a word of the name."""
    words = [word for word in _DELIMITERS.split(plain(text)) if word]
    return [
        r"[=\^ \-]" + "".join("[^=]" if c == "?" else re.escape(c) for c in word) for word in words
    ]
