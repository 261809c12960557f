"""From a resource to the index rows that searches find it by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vesalius.standards import fhir
from vesalius.stores.record.hashing import (
    NO_PATIENT,
    SEVERAL_PATIENTS,
    digest,
    parameter_number,
    resource_key,
    token_hash,
)


@dataclass(frozen=True, slots=True)
class Index:
    """Rows of one resource, without its number; equal resources have equal ones."""

    tokens: tuple[int, ...]
    references: tuple[tuple[int, int], ...]
    strings: tuple[tuple[int, str, str], ...]
    dates: tuple[tuple[int, int, int], ...]
    quantities: tuple[tuple[int, Decimal, Decimal, str, str, str], ...]
    present: tuple[int, ...]
    patients: tuple[str, ...]

    @property
    def patient(self) -> int:
        """What the index rows carry as patient."""
        if len(self.patients) > 1:
            return SEVERAL_PATIENTS
        return resource_key(f"Patient/{self.patients[0]}") if self.patients else NO_PATIENT

    @property
    def digests(self) -> list[int]:
        """Fingerprints of references, strings, dates, quantities; dates carry the patient."""
        return [
            digest(self.references),
            digest(self.strings),
            digest((self.patient, self.dates)),
            digest(self.quantities),
        ]


NOTHING = Index((), (), (), (), (), (), ())


def index(body: Mapping[str, Any], base: str, *, patients: Sequence[str] | None = None) -> Index:
    """The index rows of a valid resource; references to `base`, our address, are local."""
    kind: str = body["resourceType"]
    resource = dict(body)
    entries = fhir.extract(resource, base=base)
    tokens: set[int] = set()
    for code, system, value in entries.tokens:
        tokens |= token_hashes(f"{kind}.{code}", system, value)
    numbers = {code: parameter_number(kind, code) for code in entries.present}
    return Index(
        tokens=tuple(sorted(tokens)),
        references=_unique((numbers[c], resource_key(target)) for c, target in entries.references),
        strings=_unique((numbers[c], plain, exact) for c, plain, exact in entries.strings),
        dates=_unique((numbers[c], lo, hi) for c, lo, hi in entries.dates),
        quantities=_unique((numbers[row[0]], *row[1:]) for row in entries.quantities),
        present=tuple(sorted(numbers.values())),
        patients=tuple(fhir.patients_of(resource, base=base) if patients is None else patients),
    )


def token_hashes(parameter: str, system: str | None, code: str) -> set[int]:
    """Under which names a token stands: `code`, and with a system `system|code`, `system|`."""
    if system is None:
        return {token_hash(parameter, None, code)}
    return {
        token_hash(parameter, None, code),
        token_hash(parameter, system, code),
        token_hash(parameter, system, None),
    }


def _unique(rows: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(rows))
