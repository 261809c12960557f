"""The first start: an administrator by the link that the server printed."""

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.interfaces.web.body import Body, read
from vesalius.interfaces.web.problems import answer
from vesalius.interfaces.web.session import welcome
from vesalius.stores import access


class Administrator(Body):
    """The first user. `roles` are those besides administrator, in a practice of one."""

    token: str
    username: str
    display: str
    password: str
    roles: tuple[str, ...] = ()
    language: str = "en"


async def show(request: Request) -> Response:
    """GET /api/setup: whether an administrator is still to be made."""
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        return answer({"needed": not await access.has_administrator(tx)})


async def complete(request: Request) -> Response:
    """POST /api/setup: makes the administrator and signs them in."""
    given = await read(request, Administrator)
    house: House = request.app.state.house
    address = request.client.host if request.client else None
    async with house.database.transaction() as tx:
        user = await access.complete_setup(
            tx,
            given.token,
            username=given.username,
            display=given.display,
            password=given.password,
            roles=given.roles,
            language=given.language,
        )
        session = await access.open_session(tx, user.username, address=address)
    return welcome(request, session, 201)
