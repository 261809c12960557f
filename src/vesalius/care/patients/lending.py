"""Rights that a room lends for the one thing its verb does.

Who may place an order may thereby write that ServiceRequest, without the right to write any other:
the act stays theirs in the audit trail, and what they see of patients stays what it was.
"""

from dataclasses import replace

from vesalius.stores.access import Principal


def lend(principal: Principal, *permissions: str) -> Principal:
    """The same principal, who may do this as well, for the length of one call."""
    return replace(principal, permissions=principal.permissions | set(permissions))
