"""The one policy on patients, said twice: as SQL for searches, in memory for single answers.

A row is seen when its patient is the principal's own; or when the principal sees patients at
all and the patient is not restricted, or is granted to the principal, or the principal sees
restricted ones. A row of no patient is seen by those who see all patients. Nothing else is.
`tests/stores/access/test_policy.py` proves the two sayings equal.
"""

from vesalius.kit.database import FALSE, TRUE, Predicate
from vesalius.kit.errors import Forbidden, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access.events import PatientRestrictionChanged
from vesalius.stores.access.permissions import permits, require
from vesalius.stores.access.principal import Principal


def patient_predicate(
    principal: Principal, column: str, *, unmatched_column_null_visible: bool = False
) -> Predicate:
    """The policy over a column that holds Patient ids, for the WHERE clause of any query.

    `unmatched_column_null_visible` shows rows without a patient to those as well who see only
    their own record: for types that define things (CodeSystem, Organization), never for
    clinical ones.
    """
    if principal.sees_all_patients:
        if principal.sees_restricted:
            return TRUE
        return _not_restricted(column, principal.own_patients | principal.granted_patients)
    own = FALSE
    if principal.own_patients:
        own = Predicate(f"{column} = ANY(%s::text[])", (sorted(principal.own_patients),))
    return own | Predicate(f"{column} IS NULL") if unmatched_column_null_visible else own


def _not_restricted(column: str, allowed: frozenset[str]) -> Predicate:
    """Not restricted, or allowed in spite of it; true where the column is NULL."""
    hidden = f"SELECT FROM restricted_patient WHERE restricted_patient.patient_reference = {column}"
    if not allowed:
        return Predicate(f"NOT EXISTS ({hidden})")
    return Predicate(
        f"NOT EXISTS ({hidden} AND restricted_patient.patient_reference <> ALL(%s::text[]))",
        (sorted(allowed),),
    )


def may_see(
    principal: Principal,
    patient_reference: str | None,
    *,
    restricted: bool,
    unmatched_column_null_visible: bool = False,
) -> bool:
    """The policy on one row, when it is known whether its patient is restricted."""
    if patient_reference is None:
        return principal.sees_all_patients or unmatched_column_null_visible
    if patient_reference in principal.own_patients:
        return True
    return principal.sees_all_patients and (
        not restricted
        or principal.sees_restricted
        or patient_reference in principal.granted_patients
    )


async def is_restricted(tx: Transaction, patient_reference: str) -> bool:
    """Whether this patient is hidden from those without a grant."""
    found = await tx.fetch_value(
        "SELECT true FROM restricted_patient WHERE patient_reference = %s", (patient_reference,)
    )
    return found is not None


async def require_patient(tx: Transaction, principal: Principal, patient_reference: str) -> None:
    """Raises NotFound when this patient is hidden from the principal, as if there were none."""
    undecided = principal.sees_all_patients and not principal.sees_restricted
    restricted = await is_restricted(tx, patient_reference) if undecided else True
    if not may_see(principal, patient_reference, restricted=restricted):
        raise NotFound("there is no such patient")


async def restrict(
    tx: Transaction, principal: Principal, patient_reference: str, restricted: bool
) -> None:
    """Hide a patient from all without a grant, or lift that.

    Whoever may write the patient may hide them, and is granted what they just hid; lifting
    takes `patient.restrict`.
    """
    require(principal, "record.write:Patient")
    if restricted == await is_restricted(tx, patient_reference):
        return
    if not restricted:
        await require_patient(tx, principal, patient_reference)
        if not permits(principal, "patient.restrict"):
            raise Forbidden("lifting a restriction needs the permission patient.restrict")
        await tx.execute(
            "DELETE FROM restricted_patient WHERE patient_reference = %s", (patient_reference,)
        )
    else:
        await tx.execute(
            "INSERT INTO restricted_patient (patient_reference, since, restricted_by)"
            " VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (patient_reference, tx.now, principal.name),
        )
        if principal.kind != "system":
            await _write_grant(tx, principal, patient_reference, principal.kind, principal.name)
    await audit.record(
        tx,
        principal,
        "U",
        audit.kinds.PATIENT_RECORD,
        reference=f"Patient/{patient_reference}",
        patient_reference=patient_reference,
        detail={"restricted": restricted},
    )
    tx.announce(PatientRestrictionChanged(patient_reference, restricted))


async def grant(
    tx: Transaction,
    principal: Principal,
    patient_reference: str,
    username: str,
    *,
    kind: str = "user",
) -> None:
    """Let a user (or, by `kind`, a node) see this restricted patient."""
    await _require_grantor(tx, principal, patient_reference)
    await _write_grant(tx, principal, patient_reference, kind, username)
    await _audit_grant(tx, principal, patient_reference, kind, username, granted=True)


async def revoke(
    tx: Transaction,
    principal: Principal,
    patient_reference: str,
    username: str,
    *,
    kind: str = "user",
) -> None:
    """Take a grant back."""
    await _require_grantor(tx, principal, patient_reference)
    await tx.execute(
        "DELETE FROM access_grant WHERE principal_kind = %s AND principal_name = %s"
        " AND patient_reference = %s",
        (kind, username, patient_reference),
    )
    await _audit_grant(tx, principal, patient_reference, kind, username, granted=False)


async def _require_grantor(tx: Transaction, principal: Principal, patient_reference: str) -> None:
    require(principal, "patient.restrict")
    await require_patient(tx, principal, patient_reference)


async def _write_grant(
    tx: Transaction, principal: Principal, patient_reference: str, kind: str, name: str
) -> None:
    await tx.execute(
        "INSERT INTO access_grant (principal_kind, principal_name, patient_reference, granted,"
        " granted_by) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (kind, name, patient_reference, tx.now, principal.name),
    )


async def _audit_grant(
    tx: Transaction,
    principal: Principal,
    patient_reference: str,
    kind: str,
    name: str,
    *,
    granted: bool,
) -> None:
    await audit.record(
        tx,
        principal,
        "U",
        audit.kinds.PATIENT_RECORD,
        reference=f"Patient/{patient_reference}",
        patient_reference=patient_reference,
        detail={"granted": granted, "to": f"{kind}:{name}"},
    )
