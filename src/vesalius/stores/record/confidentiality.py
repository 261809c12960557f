"""A Patient's own label decides who is hidden: meta.security R or V restricts the patient.

Only a change of the label restricts or lifts; a patient restricted by hand stays so when the
resource is written without one.
"""

from collections.abc import Mapping
from typing import Any

from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.stores import access
from vesalius.stores.access import Principal
from vesalius.stores.record.rows import Row

SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
HIDING = ("R", "V")  # restricted, very restricted


async def follow_label(
    tx: Transaction, principal: Principal, id: str, old: Row | None, body: Mapping[str, Any]
) -> None:
    """Restrict the patient, or lift it, when the label of this Patient changed."""
    was = old is not None and bool(old.body) and is_labelled(fhir.parse(old.body or b""))
    now = is_labelled(body)
    if was != now:
        await access.restrict(tx, principal, id, now)


def is_labelled(patient: Mapping[str, Any]) -> bool:
    """Whether this Patient says of itself that it is to be hidden."""
    labels = (patient.get("meta") or {}).get("security") or ()
    return any(c.get("system") == SYSTEM and c.get("code") in HIDING for c in labels)
