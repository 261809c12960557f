"""Reading one resource, as it is or as it was."""

from vesalius.kit.errors import Gone, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import access, audit
from vesalius.stores.access import Principal
from vesalius.stores.record.hashing import resource_key
from vesalius.stores.record.model import Version
from vesalius.stores.record.policy import visible
from vesalius.stores.record.projections import composed
from vesalius.stores.record.rows import VERSION_COLUMNS, version_of
from vesalius.stores.record.types import audit_kind, require_type


async def read(tx: Transaction, principal: Principal, resource_type: str, id: str) -> Version:
    """The current version. Raises NotFound (also when it is hidden), Gone when it was deleted."""
    access.require(principal, f"record.read:{resource_type}")
    version = await look(tx, principal, resource_type, id)
    if version.deleted:
        raise Gone(f"{resource_type}/{id} was deleted", version=version.version)
    await _note(tx, principal, version)
    return version


async def vread(
    tx: Transaction, principal: Principal, resource_type: str, id: str, version: int
) -> Version:
    """One version, current or past. Raises NotFound, Gone when that version is a deletion."""
    access.require(principal, f"record.read:{resource_type}")
    require_type(resource_type)
    policy = visible(principal, "r", resource_type)
    columns = (
        "r.resource_type, r.id, r.version, r.last_updated, r.deleted, r.patient_reference, r.body"
    )
    key = resource_key(f"{resource_type}/{id}")
    row = await tx.fetch_one(
        f"SELECT {columns}, r.projected FROM record_resource r"
        f" WHERE r.key = %s AND r.version = %s AND ({policy.sql})"
        f" UNION ALL SELECT {columns}, false FROM record_history r"
        f" WHERE r.key = %s AND r.version = %s AND ({policy.sql}) LIMIT 1",
        (key, version, *policy.params, key, version, *policy.params),
    )
    if row is None or (row["resource_type"], row["id"]) != (resource_type, id):
        raise NotFound(f"there is no version {version} of {resource_type}/{id}")
    found = await composed(tx, version_of(row)) if row["projected"] else version_of(row)
    if found.deleted:
        raise Gone(f"{resource_type}/{id} was deleted in version {version}", version=version)
    await _note(tx, principal, found)
    return found


async def look(tx: Transaction, principal: Principal, resource_type: str, id: str) -> Version:
    """The current version without a word in the trail, deleted or not. For what is audited else."""
    require_type(resource_type)
    policy = visible(principal, "r", resource_type)
    row = await tx.fetch_one(
        f"SELECT {VERSION_COLUMNS} FROM record_resource r WHERE r.key = %s AND ({policy.sql})",
        (resource_key(f"{resource_type}/{id}"), *policy.params),
    )
    if row is None or row["id"] != id or row["resource_type"] != resource_type:
        raise NotFound(f"there is no {resource_type}/{id}")
    version = version_of(row)
    return await composed(tx, version) if row["projected"] and not row["deleted"] else version


async def _note(tx: Transaction, principal: Principal, version: Version) -> None:
    await audit.record(
        tx,
        principal,
        "R",
        audit_kind(version.resource_type, version.patient_reference),
        reference=version.reference,
        patient_reference=version.patient_reference,
        detail={"version": version.version},
    )
