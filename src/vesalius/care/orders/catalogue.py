"""The imaging procedures that can be ordered, from `procedures.json`.

Codes are the site's own; where the LOINC code is certain it stands beside (LOINC content is
copyright Regenstrief Institute and the LOINC Committee, used under the licence at
https://loinc.org/license). The DICOM side of a procedure is its modality (PS3.16 CID 29) and
Body Part Examined (PS3.16 Annex L).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

PROCEDURE_SYSTEM = "urn:vesalius:procedure"
LOINC_SYSTEM = "http://loinc.org"


@dataclass(frozen=True, slots=True)
class Procedure:
    """One orderable procedure."""

    code: str
    display: str
    fr: str
    modality: str
    body_site: str
    laterality: bool
    contrast: bool
    minutes: int
    loinc: Mapping[str, str] | None = None

    def title(self, language: str = "en") -> str:
        """The name in a language we have it in, else English."""
        return self.fr if language == "fr" else self.display

    def codings(self) -> list[dict[str, str]]:
        """FHIR codings: ours first."""
        ours = {"system": PROCEDURE_SYSTEM, "code": self.code, "display": self.display}
        return [ours, {"system": LOINC_SYSTEM, **self.loinc}] if self.loinc else [ours]


@cache
def catalogue() -> Mapping[str, Procedure]:
    """All procedures by code."""
    rows = orjson.loads(files(__package__).joinpath("procedures.json").read_bytes())
    return {row["code"]: Procedure(**row) for row in rows}


def procedure_of(codings: Iterable[Mapping[str, Any]]) -> Procedure | None:
    """The procedure that codings name, by our code or by LOINC; None when it is not in the list."""
    by_loinc = {p.loinc["code"]: p for p in catalogue().values() if p.loinc}
    for coding in codings:
        known = {PROCEDURE_SYSTEM: catalogue(), LOINC_SYSTEM: by_loinc}.get(
            coding.get("system", "")
        )
        if known and (found := known.get(str(coding.get("code")))):
            return found
    return None
