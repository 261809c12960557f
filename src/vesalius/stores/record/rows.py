"""The record's rows as they lie in the database, read and locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vesalius.kit.database import TRUE, Predicate
from vesalius.kit.transaction import Transaction
from vesalius.stores.record.hashing import resource_key
from vesalius.stores.record.model import Version

VERSION_COLUMNS = (
    "r.number, r.key, r.resource_type, r.id, r.version, r.last_updated, r.deleted, r.projected,"
    " r.patient_reference, r.body"
)
ALL_COLUMNS = VERSION_COLUMNS + ", r.other_patients, r.tokens, r.present, r.digests"


@dataclass(frozen=True, slots=True)
class Row:
    """A current row, locked for change."""

    number: int
    key: int
    resource_type: str
    id: str
    version: int
    last_updated: datetime
    deleted: bool
    projected: bool
    patient_reference: str | None
    body: bytes | None
    other_patients: list[str] | None
    tokens: list[int]
    present: list[int]
    digests: list[int]
    visible: bool = True

    @property
    def patients(self) -> list[str]:
        """Whose records it is part of."""
        first = [] if self.patient_reference is None else [self.patient_reference]
        return first + (self.other_patients or [])


def version_of(row: dict[str, Any]) -> Version:
    """The Version a row of VERSION_COLUMNS holds."""
    return Version(
        row["resource_type"],
        row["id"],
        row["version"],
        row["last_updated"],
        row["body"] or b"",
        row["patient_reference"],
        row["deleted"],
    )


async def lock_rows(
    tx: Transaction, references: Sequence[tuple[str, str]], policy: Predicate = TRUE
) -> dict[tuple[str, str], Row]:
    """Current rows of these (type, id), locked until the end; `visible` says the policy.

    Locked in the order of their keys, so that two bundles never wait for each other.
    """
    keys = sorted({resource_key(f"{kind}/{id_}") for kind, id_ in references})
    found = await tx.fetch_all(
        f"SELECT {ALL_COLUMNS}, ({policy.sql}) AS visible FROM record_resource r"
        " WHERE r.key = ANY(%s::bigint[]) ORDER BY r.key FOR UPDATE OF r",
        (*policy.params, keys),
    )
    wanted = set(references)
    rows = {(row["resource_type"], row["id"]): Row(**row) for row in found}
    return {reference: row for reference, row in rows.items() if reference in wanted}


async def lock_names(tx: Transaction, names: Sequence[int]) -> None:
    """Wait until nobody else holds these numbers, and hold them until the transaction ends."""
    if names:
        await tx.execute(
            "SELECT pg_advisory_xact_lock(name) FROM unnest(%s::bigint[]) AS name ORDER BY name",
            (sorted(set(names)),),
        )
