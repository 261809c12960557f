"""DICOM patient attributes → FHIR Patient elements.

A person name arrives in the DICOM JSON model (PS3.18 F.2.2): one text per component group,
`{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

GROUPS = ("Alphabetic", "Ideographic", "Phonetic")

# ISO 21090 name representation, the extension FHIR R4 names for it.
REPRESENTATION_URL = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
REPRESENTATIONS = {"Alphabetic": "ABC", "Ideographic": "IDE", "Phonetic": "SYL"}

# PS3.3 C.7.1.1 Patient's Sex: M, F, O. FHIR `unknown` has no DICOM code and is sent empty.
GENDERS = {"M": "male", "F": "female", "O": "other"}


def person_name(value: str | Mapping[str, str] | None) -> dict[str, str]:
    """The component groups of a PN value given as text (`A=I=P`, PS3.5 6.2) or as a mapping."""
    if not value:
        return {}
    if isinstance(value, str):
        value = dict(zip(GROUPS, value.split("="), strict=False))
    return {group: text.strip() for group in GROUPS if (text := value.get(group) or "").strip()}


def human_names(value: str | Mapping[str, str] | None) -> list[dict[str, Any]]:
    """FHIR HumanNames of a PN value, one per component group that says anything."""
    return [_human_name(group, text) for group, text in person_name(value).items()]


def _human_name(group: str, text: str) -> dict[str, Any]:
    # PS3.5 6.2.1.1: family, given, middle, prefix, suffix.
    family, given, middle, prefix, suffix = ([*text.split("^"), "", "", "", ""])[:5]
    name: dict[str, Any] = {}
    if family.strip():
        name["family"] = family.strip()
    if givens := f"{given} {middle}".split():
        name["given"] = givens
    if prefix.strip():
        name["prefix"] = [prefix.strip()]
    if suffix.strip():
        name["suffix"] = [suffix.strip()]
    if group != "Alphabetic":
        name["extension"] = [{"url": REPRESENTATION_URL, "valueCode": REPRESENTATIONS[group]}]
    return name


def birth_date(value: str | None) -> str | None:
    """A FHIR date of a DICOM DA; None when it is empty or no date."""
    match = re.fullmatch(r"(\d{4})[.]?(\d{2})[.]?(\d{2})", (value or "").strip())
    return "-".join(match.groups()) if match else None


def gender(value: str | None) -> str | None:
    """A FHIR administrative gender of a DICOM CS; None when empty or unknown."""
    return GENDERS.get((value or "").strip().upper())


def display_name(names: Sequence[Mapping[str, Any]]) -> str:
    """One line for a list: the first usual or official name, family first as records sort."""
    ranked = sorted(names, key=lambda name: _USES.get(str(name.get("use", "")), 1))
    for name in ranked:
        given = " ".join(name.get("given") or [])
        family = str(name.get("family") or "")
        if family and given:
            # Han, kana and Hangul names are written family first, without a comma.
            return f"{family} {given}" if family >= "\u3040" else f"{family}, {given}"
        if line := family or given or str(name.get("text") or ""):
            return line
    return ""


_USES = {"official": 0, "usual": 0, "": 1, "temp": 2, "nickname": 3, "anonymous": 3, "old": 4}
