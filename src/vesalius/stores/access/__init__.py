"""Who may what: principals, roles, users, nodes, and the one policy on patients.

The first line of every public verb is `require(principal, "…")`; every query over patients'
rows has `patient_predicate(principal, "column")`; a single row is asked with `require_patient`
or `may_see`. Default deny.
"""

from vesalius.stores.access.admission import (
    NodeRefused,
    Refused,
    admit_node,
    list_refused,
    node_principal,
)
from vesalius.stores.access.authentication import authenticate
from vesalius.stores.access.events import NodeChanged, PatientRestrictionChanged, UserChanged
from vesalius.stores.access.nodes import (
    Node,
    add_node,
    change_node,
    find_node,
    list_nodes,
    remove_node,
)
from vesalius.stores.access.oversight import Look, read_audit, who_looked
from vesalius.stores.access.permissions import PERMISSIONS, permits, require
from vesalius.stores.access.policy import (
    grant,
    is_restricted,
    may_see,
    patient_predicate,
    require_patient,
    restrict,
    revoke,
)
from vesalius.stores.access.principal import SYSTEM, Principal, system
from vesalius.stores.access.remembering import Memory, keep_fresh
from vesalius.stores.access.roles import Role, list_roles, set_role
from vesalius.stores.access.secrets import csrf_token
from vesalius.stores.access.sessions import (
    SignedIn,
    SignInRefused,
    authenticate_session,
    open_session,
    sign_in,
    sign_out,
    verify_password,
)
from vesalius.stores.access.setup import complete_setup, offer_setup
from vesalius.stores.access.throttling import TooManyAttempts
from vesalius.stores.access.tokens import (
    Token,
    authenticate_bearer,
    issue_token,
    list_tokens,
    revoke_token,
)
from vesalius.stores.access.users import (
    UNSET,
    User,
    add_user,
    change_user,
    find_user,
    has_administrator,
    list_users,
    set_language,
    set_password,
)

__all__ = [
    "PERMISSIONS",
    "SYSTEM",
    "UNSET",
    "Look",
    "Memory",
    "Node",
    "NodeChanged",
    "NodeRefused",
    "PatientRestrictionChanged",
    "Principal",
    "Refused",
    "Role",
    "SignInRefused",
    "SignedIn",
    "Token",
    "TooManyAttempts",
    "User",
    "UserChanged",
    "add_node",
    "add_user",
    "admit_node",
    "authenticate",
    "authenticate_bearer",
    "authenticate_session",
    "change_node",
    "change_user",
    "complete_setup",
    "csrf_token",
    "find_node",
    "find_user",
    "grant",
    "has_administrator",
    "is_restricted",
    "issue_token",
    "keep_fresh",
    "list_nodes",
    "list_refused",
    "list_roles",
    "list_tokens",
    "list_users",
    "may_see",
    "node_principal",
    "offer_setup",
    "open_session",
    "patient_predicate",
    "permits",
    "read_audit",
    "remove_node",
    "require",
    "require_patient",
    "restrict",
    "revoke",
    "revoke_token",
    "set_language",
    "set_password",
    "set_role",
    "sign_in",
    "sign_out",
    "system",
    "verify_password",
    "who_looked",
]
