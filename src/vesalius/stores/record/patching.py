"""PATCH: the current version changed by JSON Patch operations, then stored as an update."""

from typing import Any

from vesalius.kit.errors import Gone, Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.stores import access
from vesalius.stores.access import Principal
from vesalius.stores.record.model import PreconditionFailed, Version
from vesalius.stores.record.policy import visible
from vesalius.stores.record.projections import require_not_projected
from vesalius.stores.record.rows import lock_rows
from vesalius.stores.record.writing import update


async def patch(
    tx: Transaction,
    principal: Principal,
    resource_type: str,
    id: str,
    operations: Any,
    *,
    if_match: int | None = None,
) -> Version:
    """Apply JSON Patch operations. Raises NotFound, Gone, Invalid, Rejected, PreconditionFailed."""
    access.require(principal, f"record.write:{resource_type}")
    rows = await lock_rows(tx, [(resource_type, id)], visible(principal, "r", resource_type))
    row = rows.get((resource_type, id))
    if row is None or not row.visible:
        raise NotFound(f"there is no {resource_type}/{id}")
    if row.deleted:
        raise Gone(f"{resource_type}/{id} was deleted")
    require_not_projected(row)
    if if_match is not None and if_match != row.version:
        raise PreconditionFailed(f"the current version is {row.version}")
    body = fhir.apply_patch(fhir.parse(row.body or b""), operations)
    if type(body) is not dict:
        raise Invalid("the patch leaves no resource")
    version, _ = await update(tx, principal, resource_type, id, body)
    return version
