"""What can be permitted, and the question whether it is."""

from vesalius.kit.errors import Forbidden, Unauthenticated
from vesalius.stores.access.principal import Principal

PERMISSIONS = {
    "audit.read": "read the audit trail",
    "node.manage": "admit, change and remove nodes",
    "node.may": "use a DICOM service, one name after the colon each (given by the node's row)",
    "node.read": "see the nodes and who was refused",
    "order.place": "order imaging",
    "patient.any": "see other patients than oneself",
    "patient.merge": "merge and unmerge patients",
    "patient.restrict": "lift a restriction and say who may see a restricted patient",
    "patient.restricted": "see every restricted patient",
    "reading.claim": "claim studies for reading",
    "reading.read": "see the reading list",
    "record.read": "read FHIR resources, one type after the colon each",
    "record.write": "write FHIR resources, one type after the colon each",
    "report.sign": "sign reports",
    "report.write": "draft reports",
    "study.correct": "attach, detach, reject and correct studies",
    "study.read": "find and retrieve images",
    "study.store": "store images",
    "system.manage": "see and change how the house runs",
    "user.manage": "add and change users and roles",
    "worklist.read": "ask the modality worklist",
    "worklist.report": "report procedure steps",
}
"""Every permission with a sentence. `record.*` and `node.may` carry a name after a colon, `*` for
all; nothing else is a wildcard."""


def is_permission(text: str) -> bool:
    """Whether a role may hold this."""
    name, colon, rest = text.partition(":")
    scoped = name in ("record.read", "record.write", "node.may")
    return name in PERMISSIONS and scoped == bool(colon) and (not scoped or bool(rest))


def permits(principal: Principal, permission: str) -> bool:
    """Whether this principal may; the house itself may everything, anybody else what was given."""
    if principal.kind == "system" or permission in principal.permissions:
        return True
    name, colon, _ = permission.partition(":")
    return bool(colon) and f"{name}:*" in principal.permissions


def require(principal: Principal | None, permission: str) -> Principal:
    """The first line of every public verb. Raises Unauthenticated or Forbidden."""
    if principal is None:
        raise Unauthenticated("sign in first")
    if not permits(principal, permission):
        raise Forbidden(f"this needs the permission {permission}")
    return principal
