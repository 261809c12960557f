"""Principals and users for the tests of access."""

from collections.abc import Iterable

from vesalius.kit.transaction import Transaction
from vesalius.stores import access

PASSWORD = "correct horse battery"


def somebody(
    *permissions: str,
    own: Iterable[str] = (),
    granted: Iterable[str] = (),
    everybody: bool = True,
    restricted: bool = False,
    name: str = "somebody",
) -> access.Principal:
    """A user principal that was not authenticated by anything."""
    return access.Principal(
        kind="user",
        name=name,
        display=name.title(),
        roles=frozenset({"made up"}),
        permissions=frozenset(permissions),
        own_patients=frozenset(own),
        granted_patients=frozenset(granted),
        sees_all_patients=everybody,
        sees_restricted=restricted,
        address="192.0.2.1",
    )


async def add(
    tx: Transaction,
    username: str,
    *roles: str,
    password: str | None = None,
    patient: str | None = None,
) -> access.Principal:
    """Add a user and come back as that user."""
    await access.add_user(
        tx,
        access.SYSTEM,
        username=username,
        display=username.title(),
        roles=roles,
        password=password,
        patient_reference=patient,
    )
    token = await access.issue_token(tx, access.SYSTEM, username)
    return await access.authenticate_bearer(tx, token)
