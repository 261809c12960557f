"""Browsers for the tests of the web interface: the real application under its real middleware."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp

from vesalius.app import House
from vesalius.interfaces.web import routes
from vesalius.kit.http.authentication import Authentication
from vesalius.kit.http.protection import Protection
from vesalius.stores import access

PASSWORD = "correct horse battery"


def application(house: House) -> ASGIApp:
    """The web interface as `serving` puts it together."""
    return Starlette(
        routes=[Mount("/", routes.application(house))],
        middleware=[
            Middleware(Protection, body_limit=routes.body_limit(house)),
            Middleware(Authentication, resolve=routes.resolver(house)),
        ],
    )


@asynccontextmanager
async def browser(house: House, address: str = "192.0.2.1") -> AsyncIterator[httpx.AsyncClient]:
    """A client with a cookie jar and nobody signed in."""
    transport = httpx.ASGITransport(application(house), client=(address, 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://vesalius.test") as client:
        yield client


async def add_user(house: House, username: str, *roles: str, patient: str | None = None) -> None:
    """A user with PASSWORD."""
    async with house.database.transaction() as tx:
        await access.add_user(
            tx,
            access.SYSTEM,
            username=username,
            display=username.title(),
            roles=roles,
            password=PASSWORD,
            patient_reference=patient,
        )


async def sign_in(client: httpx.AsyncClient, username: str) -> httpx.Response:
    """Sign in, and carry the CSRF token from then on."""
    response = await client.post("/api/session", json={"username": username, "password": PASSWORD})
    assert response.status_code == 200, response.text
    client.headers["X-CSRF-Token"] = response.json()["csrf_token"]
    return response


@asynccontextmanager
async def signed_in(
    house: House, username: str, *roles: str, patient: str | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of a new user."""
    await add_user(house, username, *roles, patient=patient)
    async with browser(house) as client:
        await sign_in(client, username)
        yield client
