"""Signing in and out, and what the browser knows about who it is."""

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.interfaces.web.body import Body, read
from vesalius.interfaces.web.problems import answer
from vesalius.kit.errors import Forbidden
from vesalius.kit.http.authentication import COOKIE, read_cookie
from vesalius.stores import access
from vesalius.stores.access import Principal, SignedIn, SignInRefused


class SignIn(Body):
    """Who somebody says to be."""

    username: str
    password: str


class Change(Body):
    """What a user may change about a session."""

    language: str


class NewPassword(Body):
    """One's own new password, and the old one to prove it is oneself."""

    current: str
    password: str


async def show(request: Request) -> Response:
    """GET /api/session: who is signed in, and the token that unsafe requests must carry."""
    cookie = read_cookie(request.headers)
    return answer(
        _describe(request.scope["principal"], access.csrf_token(cookie) if cookie else "")
    )


async def sign_in(request: Request) -> Response:
    """POST /api/session: a new session and its cookie."""
    given = await read(request, SignIn)
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        result = await access.sign_in(
            tx,
            given.username,
            given.password,
            address=request.client.host if request.client else None,
            previous_cookie=read_cookie(request.headers),
        )
    if isinstance(result, SignInRefused):
        raise result.error
    return welcome(request, result)


async def sign_out(request: Request) -> Response:
    """DELETE /api/session: ends it, here and in the browser."""
    cookie = read_cookie(request.headers)
    house: House = request.app.state.house
    if cookie is not None:
        async with house.database.transaction() as tx:
            await access.sign_out(tx, request.scope["principal"], cookie)
    response = Response(status_code=204, headers={"Clear-Site-Data": '"cache"'})
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=_is_secure(request))
    return response


async def change(request: Request) -> Response:
    """PATCH /api/session: the language of the user."""
    given = await read(request, Change)
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        await access.set_language(tx, request.scope["principal"], given.language)
    return Response(status_code=204)


async def change_password(request: Request) -> Response:
    """PUT /api/session/password: a new password; every session ends, this one is new."""
    given = await read(request, NewPassword)
    principal: Principal = request.scope["principal"]
    if principal.kind != "user":
        raise Forbidden("only users have a password")
    house: House = request.app.state.house
    async with house.database.transaction() as tx:
        await access.verify_password(tx, principal, given.current)
        await access.set_password(tx, principal, principal.name, given.password)
        session = await access.open_session(tx, principal.name, address=principal.address)
    return welcome(request, session)


def welcome(request: Request, session: SignedIn, status: int = 200) -> Response:
    """The answer that begins a session."""
    response = answer(_describe(session.principal, session.csrf_token), status)
    house: House = request.app.state.house
    response.set_cookie(
        COOKIE,
        session.cookie,
        max_age=house.settings.session_seconds,
        httponly=True,
        samesite="strict",
        secure=_is_secure(request),
    )
    return response


def _describe(principal: Principal, csrf_token: str) -> dict[str, object]:
    return {
        "username": principal.name,
        "display": principal.display,
        "roles": sorted(principal.roles),
        "permissions": sorted(principal.permissions),
        "csrf_token": csrf_token,
        "language": principal.language,
    }


def _is_secure(request: Request) -> bool:
    house: House = request.app.state.house
    return request.url.scheme == "https" or house.settings.base_url.startswith("https://")
