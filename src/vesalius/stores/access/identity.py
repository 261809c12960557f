"""From a row of the database to a principal."""

from typing import Any

from vesalius.kit.transaction import Transaction
from vesalius.stores.access.principal import Principal
from vesalius.stores.access.roles import permissions_by_role, union

# One query answers everything about a user: who they are, what the roles' state is called (see
# `roles`), and which restricted patients they were granted.
USER_SELECT = """username, display, roles, language, patient_reference, practitioner_reference,
    (SELECT revision FROM role_revision) AS role_revision,
    ARRAY(SELECT g.patient_reference FROM access_grant AS g WHERE g.principal_kind = 'user'
        AND g.principal_name = username AND (g.expires IS NULL OR g.expires > %(now)s)) AS granted
"""


async def user_principal(tx: Transaction, row: dict[str, Any], address: str | None) -> Principal:
    """The principal of a row that was selected with USER_SELECT."""
    permissions = union(row["roles"], await permissions_by_role(tx, row["role_revision"]))
    own = row["patient_reference"]
    return Principal(
        kind="user",
        name=row["username"],
        display=row["display"],
        roles=frozenset(row["roles"]),
        permissions=permissions,
        own_patients=frozenset() if own is None else frozenset({own}),
        sees_all_patients="patient.any" in permissions,
        sees_restricted="patient.restricted" in permissions,
        address=address,
        granted_patients=frozenset(row["granted"]),
        practitioner_reference=row["practitioner_reference"],
        language=row["language"],
    )
