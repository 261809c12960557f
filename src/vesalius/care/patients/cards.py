"""The patient's card: the few facts that lists, banners and matching need, in rows of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from vesalius.care.patients.events import PatientIdentified
from vesalius.care.patients.names import fold, search_tokens
from vesalius.kit.errors import Gone, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.standards.maps.dicom_to_patient import display_name
from vesalius.stores import record
from vesalius.stores.access import SYSTEM

COLUMNS = (
    "card.patient_reference, card.version, card.active, card.names, card.display, card.mrn,"
    " card.mrn_system, card.mrn_assigner, card.birth_date, card.gender, card.deceased"
)


@dataclass(frozen=True, slots=True)
class Card:
    """Who a patient is, as the record says it."""

    patient_reference: str
    version: int
    active: bool
    names: list[dict[str, Any]]
    display: str
    mrn: str | None
    mrn_system: str | None
    mrn_assigner: str | None
    birth_date: str | None
    gender: str | None
    deceased: bool


async def card(tx: Transaction, patient_reference: str) -> Card:
    """The card of one patient; NotFound when there is no such patient."""
    found = await cards(tx, [patient_reference])
    if patient_reference in found:
        return found[patient_reference]
    # Written through another door a moment ago, and the news is still on its way.
    if (fresh := await refresh(tx, patient_reference)) is None:
        raise NotFound("there is no such patient")
    return fresh


async def cards(tx: Transaction, references: Iterable[str]) -> dict[str, Card]:
    """The cards of several patients by reference; patients without a card are left out."""
    rows = await tx.fetch_all(
        f"SELECT {COLUMNS} FROM patient_card card WHERE patient_reference = ANY(%s)",
        (list(set(references)),),
    )
    return {row["patient_reference"]: Card(**row) for row in rows}


async def identifiers(
    tx: Transaction, references: Iterable[str]
) -> dict[str, list[dict[str, str | None]]]:
    """Every current identifier of several patients."""
    rows = await tx.fetch_all(
        "SELECT patient_reference, system, value, assigner FROM patient_identifier"
        " WHERE patient_reference = ANY(%s) ORDER BY system, value",
        (list(set(references)),),
    )
    found: dict[str, list[dict[str, str | None]]] = {}
    for row in rows:
        found.setdefault(row.pop("patient_reference"), []).append(row)
    return found


async def refresh(tx: Transaction, patient_reference: str) -> Card | None:
    """Write the card of a patient as the record has them now; None when deleted or unknown."""
    try:
        version = await record.read(tx, SYSTEM, "Patient", patient_reference)
    except (NotFound, Gone):
        await tx.execute(
            "DELETE FROM patient_card WHERE patient_reference = %s", (patient_reference,)
        )
        return None
    return await keep(tx, patient_reference, version.version, version.json())


async def keep(tx: Transaction, patient_reference: str, version: int, body: dict[str, Any]) -> Card:
    """Write the card of a Patient body; an older version never replaces a newer card."""
    mrn = medical_record_number(body.get("identifier") or [], tx.settings.default_assigner)
    names = list(body.get("name") or [])
    fresh = Card(
        patient_reference=patient_reference,
        version=version,
        active=body.get("active", True) is not False,
        names=names,
        display=display_name(names),
        mrn=mrn.get("value"),
        mrn_system=mrn.get("system"),
        mrn_assigner=_assigner(mrn),
        birth_date=body.get("birthDate"),
        gender=body.get("gender"),
        deceased=body.get("deceasedBoolean") is True or "deceasedDateTime" in body,
    )
    values = (*_columns(fresh), tx.now)
    written = await tx.execute(
        "INSERT INTO patient_card AS card (patient_reference, version, active, names, display,"
        " mrn, mrn_system, mrn_assigner, birth_date, gender, deceased, changed)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (patient_reference) DO UPDATE SET version = excluded.version,"
        " active = excluded.active, names = excluded.names, display = excluded.display,"
        " mrn = excluded.mrn, mrn_system = excluded.mrn_system,"
        " mrn_assigner = excluded.mrn_assigner, birth_date = excluded.birth_date,"
        " gender = excluded.gender, deceased = excluded.deceased, changed = excluded.changed"
        " WHERE card.version < excluded.version RETURNING 1",
        values,
    )
    if written.row():
        await _keep_identifiers(tx, fresh, body.get("identifier") or [])
        tx.announce(PatientIdentified(patient_reference))
    return fresh


def _columns(card: Card) -> tuple[Any, ...]:
    return (
        card.patient_reference,
        card.version,
        card.active,
        Jsonb(card.names),
        card.display,
        card.mrn,
        card.mrn_system,
        card.mrn_assigner,
        card.birth_date,
        card.gender,
        card.deceased,
    )


async def _keep_identifiers(
    tx: Transaction, card: Card, identifiers: Sequence[Mapping[str, Any]]
) -> None:
    kept = {
        (str(i.get("system") or ""), str(i["value"])): _assigner(i)
        for i in identifiers
        if i.get("value") and i.get("use") != "old"
    }
    words = search_tokens(card.names) | {fold(value) for _, value in kept}
    reference = card.patient_reference
    for table in ("patient_identifier", "patient_token"):
        await tx.execute(f"DELETE FROM {table} WHERE patient_reference = %s", (reference,))
    await tx.execute(
        "INSERT INTO patient_identifier (system, value, assigner, patient_reference)"
        " SELECT *, %s FROM unnest(%s::text[], %s::text[], %s::text[])",
        (
            reference,
            [system for system, _ in kept],
            [value for _, value in kept],
            list(kept.values()),
        ),
    )
    await tx.execute(
        "INSERT INTO patient_token (token, patient_reference) SELECT *, %s FROM unnest(%s::text[])",
        (reference, [word[:200] for word in words]),
    )


def medical_record_number(
    identifiers: Sequence[Mapping[str, Any]], default_assigner: str
) -> Mapping[str, Any]:
    """The identifier a clinician calls the MRN: typed MR, ours before other assigners'."""
    current = [i for i in identifiers if i.get("value") and i.get("use") != "old"]

    def rank(identifier: Mapping[str, Any]) -> tuple[bool, bool]:
        codings = (identifier.get("type") or {}).get("coding") or []
        typed = any(coding.get("code") == "MR" for coding in codings)
        return (identifier.get("system") != default_assigner, not typed)

    return min(current, key=rank, default={})


def _assigner(identifier: Mapping[str, Any]) -> str | None:
    display = (identifier.get("assigner") or {}).get("display")
    return display or identifier.get("system")
