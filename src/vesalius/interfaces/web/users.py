"""Users, their roles and their tokens."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.interfaces.web.body import Body, read
from vesalius.interfaces.web.problems import answer
from vesalius.kit.errors import Invalid
from vesalius.stores import access


class NewUser(Body):
    """A user to be added."""

    username: str
    display: str
    roles: list[str]
    password: str | None = None
    language: str = "en"
    practitioner_reference: str | None = None
    patient_reference: str | None = None


class UserChange(Body):
    """What may be changed about a user; what is left out stays."""

    display: str | None = None
    roles: list[str] | None = None
    active: bool | None = None
    password: str | None = None
    practitioner_reference: str | None = None
    patient_reference: str | None = None


class RoleBody(Body):
    """What a role may."""

    display: str
    permissions: list[str]


class NewToken(Body):
    """A token to be made."""

    name: str = ""
    days: float | None = None


async def index(request: Request) -> Response:
    """GET /api/users."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        users = await access.list_users(tx, request.scope["principal"])
    return answer([asdict(user) for user in users])


async def add(request: Request) -> Response:
    """POST /api/users."""
    given = await read(request, NewUser)
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        user = await access.add_user(tx, request.scope["principal"], **given.model_dump())
    return answer(asdict(user), 201)


async def change(request: Request) -> Response:
    """PATCH /api/users/{username}."""
    given = await read(request, UserChange)
    changes = given.model_dump(exclude_unset=True)
    for name in ("display", "roles", "active", "password"):
        if name in changes and changes[name] is None:
            raise Invalid(f"{name} cannot be null")
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        user = await access.change_user(
            tx, request.scope["principal"], request.path_params["username"], **changes
        )
    return answer(asdict(user))


async def roles(request: Request) -> Response:
    """GET /api/roles."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        found = await access.list_roles(tx, request.scope["principal"])
    return answer([asdict(role) for role in found])


async def set_role(request: Request) -> Response:
    """PUT /api/roles/{name}."""
    given = await read(request, RoleBody)
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        role = await access.set_role(
            tx,
            request.scope["principal"],
            request.path_params["name"],
            display=given.display,
            permissions=given.permissions,
        )
    return answer(asdict(role))


async def tokens(request: Request) -> Response:
    """GET /api/users/{username}/tokens: all but the secrets."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        found = await access.list_tokens(
            tx, request.scope["principal"], request.path_params["username"]
        )
    return answer([asdict(token) for token in found])


async def issue_token(request: Request) -> Response:
    """POST /api/users/{username}/tokens: shown this once."""
    given = await read(request, NewToken)
    house: House = request.app.state.house
    options: dict[str, Any] = {"name": given.name, "days": given.days}
    async with house.database.transaction() as tx:
        token = await access.issue_token(
            tx, request.scope["principal"], request.path_params["username"], **options
        )
    return answer({"token": token}, 201)


async def revoke_token(request: Request) -> Response:
    """DELETE /api/users/{username}/tokens/{id}."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        await access.revoke_token(
            tx,
            request.scope["principal"],
            request.path_params["username"],
            request.path_params["id"],
        )
    return Response(status_code=204)
