"""Who is behind an HTTP request: what the middleware of every HTTP door asks."""

from vesalius.kit.database import Database
from vesalius.kit.http.authentication import Credentials
from vesalius.stores.access.principal import Principal
from vesalius.stores.access.remembering import recall, remember
from vesalius.stores.access.sessions import authenticate_session
from vesalius.stores.access.tokens import authenticate_bearer


async def authenticate(
    database: Database, credentials: Credentials, *, counts_as_use: bool = True
) -> Principal | None:
    """The principal of these credentials, None when there are none.

    Raises Unauthenticated for credentials that are not valid, Forbidden for a session's unsafe
    request without its CSRF token. A bearer token wins over a cookie.
    """
    if credentials.bearer is None and credentials.cookie is None:
        return None
    if (known := recall(credentials)) is not None:
        return known
    principal = await _ask(database, credentials, counts_as_use=counts_as_use)
    remember(credentials, principal)
    return principal


async def _ask(database: Database, credentials: Credentials, *, counts_as_use: bool) -> Principal:
    async with database.reading() as tx:
        if credentials.bearer is not None:
            return await authenticate_bearer(tx, credentials.bearer, address=credentials.address)
        return await authenticate_session(
            tx,
            credentials.cookie or "",
            credentials.csrf_token,
            credentials.method,
            address=credentials.address,
            counts_as_use=counts_as_use,
        )
