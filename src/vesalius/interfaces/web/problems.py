"""The one table from the house's errors to HTTP and JSON, for the browser's API."""

from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vesalius.kit import errors
from vesalius.kit.http.protection import BodyTooLong
from vesalius.kit.log import logger
from vesalius.stores import access, audit

log = logger(__name__)

STATUS: dict[type[errors.VesaliusError], HTTPStatus] = {
    errors.Invalid: HTTPStatus.BAD_REQUEST,
    errors.Unsupported: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Gone: HTTPStatus.GONE,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Exhausted: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    BodyTooLong: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    access.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
}

HEADERS: dict[HTTPStatus, dict[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "900"},
}


def status_of(error: errors.VesaliusError) -> HTTPStatus:
    """The status of the nearest class in the table."""
    return next(
        (STATUS[kind] for kind in type(error).__mro__ if kind in STATUS),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def code_of(error: errors.VesaliusError) -> str:
    """The kit's class of the error in lower case: what the browser translates."""
    return next(
        kind.__name__.lower() for kind in type(error).__mro__ if kind.__module__ == errors.__name__
    )


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(content), status, headers, "application/json")


async def answer_error(request: Request, error: Exception) -> Response:
    """Our own errors, in the table's words; a refused act goes into the trail."""
    assert isinstance(error, errors.VesaliusError)
    status = status_of(error)
    if status == HTTPStatus.FORBIDDEN:
        await audit.record_refusal(
            request.app.state.house.database,
            request.scope.get("principal"),
            request.method,
            request.url.path,
        )
    content = {"error": code_of(error), "message": error.message, **error.detail}
    return answer(content, status, HEADERS.get(status))


async def answer_http_error(request: Request, error: Exception) -> Response:
    """What the router refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    code = "notfound" if error.status_code == HTTPStatus.NOT_FOUND else "unsupported"
    headers = dict(error.headers) if error.headers else None
    return answer({"error": code, "message": error.detail}, error.status_code, headers)


async def answer_failure(request: Request, error: Exception) -> Response:
    """What nobody expected: the reason goes to the log, not to the peer."""
    log.error("request failed", method=request.method, exc_info=error)
    content = {"error": "internal", "message": "something went wrong here; it was logged"}
    return answer(content, HTTPStatus.INTERNAL_SERVER_ERROR)


HANDLERS = {
    errors.VesaliusError: answer_error,
    HTTPException: answer_http_error,
    Exception: answer_failure,
}
