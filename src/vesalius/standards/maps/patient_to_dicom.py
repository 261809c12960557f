"""FHIR Patient elements → DICOM patient attributes, as data sets in the DICOM JSON model."""

from collections.abc import Mapping, Sequence
from typing import Any

from .dicom_to_patient import GENDERS, GROUPS, REPRESENTATION_URL, REPRESENTATIONS

SEXES = {gender: sex for sex, gender in GENDERS.items()}


def person_name(names: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The PN component groups that a patient's names fill, the first usable name of each.

    A name goes to the group its ISO 21090 representation says; without one, by its letters:
    Han and Hangul are ideographic, kana phonetic. Everything else, Cyrillic and Arabic too,
    is alphabetic, for PS3.5 6.2.1.2 gives the other groups to ideographs and their reading.
    """
    groups: dict[str, str] = {}
    for name in names:
        if name.get("use") in ("old", "nickname", "anonymous", "maiden"):
            continue
        text = _components(name)
        if text:
            groups.setdefault(_group(name, text), text)
    return {group: groups[group] for group in GROUPS if group in groups}


def _components(name: Mapping[str, Any]) -> str:
    given = [str(part) for part in name.get("given") or []]
    parts = [
        str(name.get("family") or ""),
        given[0] if given else "",
        " ".join(given[1:]),
        " ".join(str(part) for part in name.get("prefix") or []),
        " ".join(str(part) for part in name.get("suffix") or []),
    ]
    if not parts[0] and not parts[1]:
        parts[0] = str(name.get("text") or "")
    # The separators of PN must not come from the value (PS3.5 6.2.1.1).
    cleaned = [part.translate(str.maketrans("^=\\", "   ")).strip() for part in parts]
    return "^".join(cleaned).rstrip("^")


def _group(name: Mapping[str, Any], text: str) -> str:
    for extension in name.get("extension") or []:
        if extension.get("url") == REPRESENTATION_URL:
            for group, code in REPRESENTATIONS.items():
                if extension.get("valueCode") == code:
                    return group
    if any(_is_ideograph(letter) for letter in text):
        return "Ideographic"
    if any("\u3041" <= letter <= "\u30ff" for letter in text):
        return "Phonetic"
    return "Alphabetic"


def _is_ideograph(letter: str) -> bool:
    return (
        "\u3400" <= letter <= "\u9fff"
        or "\uf900" <= letter <= "\ufaff"
        or "\uac00" <= letter <= "\ud7af"
        or "\U00020000" <= letter <= "\U0003134f"
    )


def birth_date(value: str | None) -> str:
    """A DICOM DA of a FHIR date; empty when absent or known only to the month or year."""
    text = (value or "").replace("-", "")
    return text if len(text) == 8 and text.isdigit() else ""


def sex(gender: str | None) -> str:
    """A DICOM CS of a FHIR administrative gender; empty when unknown."""
    return SEXES.get(gender or "", "")
