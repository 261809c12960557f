"""Errors of the house in HTTP's words: the one table of this interface (PS3.18 §8.5)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vesalius.kit.errors import (
    Conflict,
    Exhausted,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
    Unsupported,
    VesaliusError,
)
from vesalius.kit.log import logger

log = logger(__name__)

RETRY_AFTER_SECONDS = "30"

STATUS: dict[type[VesaliusError], int] = {
    Invalid: 400,
    Unsupported: 406,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Gone: 410,
    Conflict: 409,
    Exhausted: 503,
    Unavailable: 503,
}
# What we cannot give is 406; what we cannot take is 415.
UNSUPPORTED_BODY_STATUS = 415
HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": RETRY_AFTER_SECONDS},
}


def kind_of(error: VesaliusError) -> type[VesaliusError]:
    """The class of the table an error belongs to; rooms subclass them."""
    return next((kind for kind in type(error).__mro__ if kind in STATUS), Unavailable)


async def answer(request: Request, error: Exception) -> Response:
    """The answer to a request that failed."""
    if not isinstance(error, VesaliusError):
        raise error
    kind = kind_of(error)
    status = STATUS[kind]
    if kind is Unsupported and request.method == "POST":
        status = UNSUPPORTED_BODY_STATUS
    body = {"error": kind.__name__.lower(), "message": error.message}
    return JSONResponse(body, status, headers=HEADERS.get(status))


async def answer_unexpected(request: Request, error: Exception) -> Response:
    """Our own mistake: said plainly, logged without the request's content."""
    log.error("request failed", error=type(error).__name__, exc_info=error)
    body = {"error": "internal", "message": "The server made a mistake."}
    return JSONResponse(body, 500)
