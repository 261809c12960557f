"""Looking at the trail, by those who may."""

from dataclasses import dataclass
from datetime import datetime

from vesalius.kit.errors import Invalid
from vesalius.kit.transaction import Transaction
from vesalius.stores import audit
from vesalius.stores.access.permissions import require
from vesalius.stores.access.policy import require_patient
from vesalius.stores.access.principal import Principal

MOST = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody who looked at, or changed, a patient's record."""

    when: datetime
    who: str
    role: str
    action: str
    kind: str
    reference: str | None


async def read_audit(
    tx: Transaction,
    principal: Principal,
    *,
    patient_reference: str | None = None,
    principal_name: str | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[audit.Entry]:
    """The trail, newest first, of everybody and everything: it names ids, never contents."""
    require(principal, "audit.read")
    entries = await audit.search(
        tx,
        patient_reference=patient_reference,
        principal_name=principal_name,
        kind=kind,
        since=since,
        until=until,
        before_id=before_id,
        limit=_bounded(limit),
    )
    # PS3.15 A.5.3.2: reading the trail is itself in the trail.
    await audit.record(
        tx,
        principal,
        "R",
        audit.kinds.AUDIT_LOG_USED,
        patient_reference=patient_reference,
        detail={"entries": len(entries), "user": principal_name, "kind": kind},
    )
    return entries


async def who_looked(
    tx: Transaction,
    principal: Principal,
    patient_reference: str,
    *,
    before_id: int | None = None,
    limit: int = 200,
) -> list[Look]:
    """Who looked at this patient, newest first: people and nodes, not the house's own chores."""
    require(principal, "record.read:AuditEvent")
    await require_patient(tx, principal, patient_reference)
    rows = await tx.fetch_all(
        "SELECT occurred, principal_kind, principal_name, e.roles, action, kind, reference,"
        " u.display FROM audit_event AS e LEFT JOIN user_account AS u"
        "  ON e.principal_kind = 'user' AND u.username = e.principal_name"
        " WHERE e.patient_reference = %s AND principal_kind IN ('user', 'node')"
        " AND (%s::bigint IS NULL OR e.id < %s) ORDER BY e.id DESC LIMIT %s",
        (patient_reference, before_id, before_id, _bounded(limit)),
    )
    await audit.record(
        tx, principal, "R", audit.kinds.AUDIT_LOG_USED, patient_reference=patient_reference
    )
    return [
        Look(
            when=row["occurred"],
            who=row["display"] or row["principal_name"],
            role=", ".join(row["roles"]),
            action=row["action"],
            kind=row["kind"],
            reference=row["reference"],
        )
        for row in rows
    ]


def _bounded(limit: int) -> int:
    if limit < 1:
        raise Invalid("a limit is a positive number")
    return min(limit, MOST)
