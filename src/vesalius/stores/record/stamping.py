"""What the server writes into a resource: id, version and time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir


def stamp(
    resource_type: str, id: str, version: int, now: datetime, body: Mapping[str, Any]
) -> dict[str, Any]:
    """The resource as it is stored: what names it first, the rest in the order it came."""
    meta = dict(body.get("meta") or {})
    meta.pop("versionId", None)
    meta.pop("lastUpdated", None)
    return {
        "resourceType": resource_type,
        "id": id,
        **body,
        "meta": {"versionId": str(version), "lastUpdated": fhir.instant_text(now), **meta},
    } | {"resourceType": resource_type, "id": id}


def written_at(tx: Transaction) -> datetime:
    """The transaction's time as FHIR tells it: to the millisecond."""
    return tx.now.replace(microsecond=tx.now.microsecond // 1000 * 1000)


def base_address(tx: Transaction) -> str:
    """The address of our FHIR API: references that begin with it are local."""
    return f"{tx.settings.base_url}/fhir"
