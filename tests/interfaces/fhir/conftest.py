"""The FHIR door of a house in this process, spoken to over HTTP."""

import uuid
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from tests.record_house import empty, record_house

from vesalius.app import House
from vesalius.interfaces.fhir import routes
from vesalius.kit.database.embedded import EmbeddedPostgres
from vesalius.kit.http.authentication import Authentication, Credentials
from vesalius.stores import access

Client = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="session")
async def shared_house(postgres: EmbeddedPostgres) -> AsyncIterator[House]:
    """One house a worker."""
    async with record_house(postgres, f"fhir_{uuid.uuid4().hex}") as house:
        yield house


@pytest.fixture
async def house(shared_house: House) -> House:
    """That house, without resources."""
    await empty(shared_house)
    return shared_house


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
