"""The FHIR door of a house in this process, spoken to over HTTP."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from vesalius.app import House
from vesalius.interfaces.fhir import routes
from vesalius.kit.http.authentication import Authentication, Credentials
from vesalius.stores import access

Client = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def client_of(house: House) -> AsyncIterator[Client]:
    """Make a client that is this principal (None: nobody)."""
    clients: list[httpx.AsyncClient] = []

    def make(principal: access.Principal | None = access.SYSTEM) -> httpx.AsyncClient:
        async def resolve(_: Credentials) -> access.Principal | None:
            return principal

        application = Starlette(
            routes=routes.mounted(house),
            middleware=[Middleware(Authentication, resolve=resolve)],
        )
        application.state.house = house
        transport = httpx.ASGITransport(application)
        client = httpx.AsyncClient(transport=transport, base_url="http://vesalius/fhir")
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def client(client_of: Client) -> httpx.AsyncClient:
    """A client that may everything."""
    return client_of()
