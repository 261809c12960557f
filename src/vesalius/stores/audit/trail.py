"""The trail: one row per act, written in the transaction of the act."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, Protocol

import orjson

from vesalius.kit.database import TRUE, Predicate, every
from vesalius.kit.transaction import Transaction

Action = Literal["C", "R", "U", "D", "E"]
Outcome = Literal["success", "minor", "serious", "major"]


class Actor(Protocol):
    """Who acts: the part of a Principal that the trail keeps."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def address(self) -> str | None: ...


_INSERT = """
INSERT INTO audit_event (action, kind, outcome, principal_kind, principal_name, roles, address,
    patient_reference, reference, purpose, detail)
VALUES (%s, %s, %s, %s, %s, %s::text[], %s, %s, %s, %s, %s::jsonb)
"""


async def record(
    tx: Transaction,
    principal: Actor | None,
    action: Action,
    kind: str,
    *,
    reference: str | None = None,
    patient_reference: str | None = None,
    outcome: Outcome | str = "success",
    detail: Mapping[str, Any] | None = None,
    purpose: str | None = None,
) -> None:
    """Write one act into the trail, to be committed with the act itself.

    `action` is the DICOM and FHIR action code (create, read, update, delete, execute), `kind`
    what it was (see `kinds`), `reference` what was acted on, such as `Observation/1` or a Study
    Instance UID. `detail` holds ids, counts and parameters' names: never text about a patient,
    because the trail outlives what it speaks of. Without a principal the act is nobody's.
    """
    if principal is None:
        who: tuple[Any, ...] = ("nobody", "", "{}", None)
    else:
        who = (principal.kind, principal.name, _array(principal.roles), principal.address)
    text = None if detail is None else orjson.dumps(detail).decode()
    await tx.execute(
        _INSERT, (action, kind, outcome, *who, patient_reference, reference, purpose, text)
    )


@cache
def _array(roles: frozenset[str]) -> str:
    """The roles as PostgreSQL writes an array; there are few sets of roles, and many acts."""
    quoted = (role.replace("\\", "\\\\").replace('"', '\\"') for role in sorted(roles))
    return "{" + ",".join(f'"{role}"' for role in quoted) + "}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act as the trail tells it."""

    id: int
    occurred: datetime
    action: str
    kind: str
    outcome: str
    principal_kind: str
    principal_name: str
    roles: tuple[str, ...]
    address: str | None
    patient_reference: str | None
    reference: str | None
    purpose: str | None
    detail: dict[str, Any] | None


async def search(
    tx: Transaction,
    *,
    patient_reference: str | None = None,
    principal_name: str | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    visible: Predicate = TRUE,
    limit: int = 100,
) -> list[Entry]:
    """Acts, newest first. Who may ask is for the caller to say: `access.read_audit`."""
    criteria = {
        "patient_reference = %s": patient_reference,
        "principal_name = %s": principal_name,
        "kind = %s": kind,
        "occurred >= %s": since,
        "occurred < %s": until,
        "id < %s": before_id,
    }
    where = every(Predicate(sql, (v,)) for sql, v in criteria.items() if v is not None) & visible
    rows = await tx.fetch_all(
        "SELECT id, occurred, action, kind, outcome, principal_kind, principal_name, roles,"
        " address, patient_reference, reference, purpose, detail FROM audit_event"
        f" WHERE {where.sql} ORDER BY id DESC LIMIT %s",
        (*where.params, limit),
    )
    return [Entry(**{**row, "roles": tuple(row["roles"])}) for row in rows]
