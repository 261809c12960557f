"""The one table from the house's errors to HTTP statuses and OperationOutcome (R4 §3.1.0.1.8)."""

from http import HTTPStatus
from typing import Any

from psycopg import DataError
from psycopg.errors import DeadlockDetected
from starlette.requests import Request
from starlette.responses import Response

from vesalius.kit import errors
from vesalius.kit.log import logger
from vesalius.standards import fhir
from vesalius.standards.fhir import Issue, NotJson, TestFailed
from vesalius.stores import access, audit, record

log = logger(__name__)

MEDIA_TYPE = "application/fhir+json"


class NotAcceptable(errors.Unsupported):
    """We cannot answer in any form the client takes."""


class UnsupportedMediaType(errors.Unsupported):
    """The body comes in a form we do not read."""


class NotAllowed(errors.Unsupported):
    """There is such an address, and it does not do this."""


# HTTP status and code of the value set issue-type.
TABLE: dict[type[Exception], tuple[HTTPStatus, str]] = {
    record.Rejected: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    record.PreconditionFailed: (HTTPStatus.PRECONDITION_FAILED, "conflict"),
    record.TooCostly: (HTTPStatus.UNPROCESSABLE_ENTITY, "too-costly"),
    record.UnknownParameter: (HTTPStatus.BAD_REQUEST, "invalid"),
    record.UnsupportedParameter: (HTTPStatus.BAD_REQUEST, "not-supported"),
    TestFailed: (HTTPStatus.UNPROCESSABLE_ENTITY, "conflict"),
    NotJson: (HTTPStatus.BAD_REQUEST, "structure"),
    NotAcceptable: (HTTPStatus.NOT_ACCEPTABLE, "not-supported"),
    NotAllowed: (HTTPStatus.METHOD_NOT_ALLOWED, "not-supported"),
    UnsupportedMediaType: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-supported"),
    DataError: (HTTPStatus.BAD_REQUEST, "value"),
    DeadlockDetected: (HTTPStatus.CONFLICT, "lock-error"),
    errors.Invalid: (HTTPStatus.BAD_REQUEST, "invalid"),
    errors.Unsupported: (HTTPStatus.BAD_REQUEST, "not-supported"),
    errors.Unauthenticated: (HTTPStatus.UNAUTHORIZED, "login"),
    errors.Forbidden: (HTTPStatus.FORBIDDEN, "forbidden"),
    errors.NotFound: (HTTPStatus.NOT_FOUND, "not-found"),
    errors.Gone: (HTTPStatus.GONE, "deleted"),
    errors.Conflict: (HTTPStatus.CONFLICT, "conflict"),
    errors.Exhausted: (HTTPStatus.SERVICE_UNAVAILABLE, "throttled"),
    errors.Unavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "transient"),
    access.TooManyAttempts: (HTTPStatus.TOO_MANY_REQUESTS, "throttled"),
    Exception: (HTTPStatus.INTERNAL_SERVER_ERROR, "exception"),
}

HEADERS: dict[HTTPStatus, dict[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "900"},
}

# What errors that are not ours say to a peer: never their own text, it may hold data.
SENTENCES: dict[type[Exception], str] = {
    DataError: "a value is out of range",
    DeadlockDetected: "others change the same resources at once; try again",
    Exception: "something went wrong here; it was logged",
}


def explain(error: Exception) -> tuple[HTTPStatus, list[Issue]]:
    """Status and issues of an error: those of the nearest class in the table."""
    kind = next(kind for kind in type(error).__mro__ if kind in TABLE)
    status, code = TABLE[kind]
    if isinstance(error, record.Rejected):
        return status, error.issues
    text = error.message if isinstance(error, errors.VesaliusError) else SENTENCES[kind]
    return status, [Issue("error", code, text)]


def explain_entry(error: errors.VesaliusError) -> tuple[str, dict[str, Any]]:
    """The same for an entry of a batch."""
    status, issues = explain(error)
    return f"{status.value} {status.phrase}", fhir.operation_outcome(issues)


def outcome(status: int, issues: list[Issue], headers: dict[str, str] | None = None) -> Response:
    """An answer that is an OperationOutcome."""
    body = fhir.write(fhir.operation_outcome(issues))
    return Response(body, status, headers, f"{MEDIA_TYPE}; charset=utf-8")


async def refuse(request: Request, error: Exception) -> Response:
    """The answer to an error; what nobody expected is logged, what was forbidden is audited."""
    status, issues = explain(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", method=request.method, exc_info=error)
    if status == HTTPStatus.FORBIDDEN:
        await audit.record_refusal(
            request.app.state.house.database,
            request.scope.get("principal"),
            request.method,
            request.url.path,
        )
    headers = dict(HEADERS.get(status, {}))
    if isinstance(error, errors.Gone) and "version" in error.detail:
        headers["ETag"] = f'W/"{error.detail["version"]}"'
    if isinstance(error, NotAllowed) and "allow" in error.detail:
        headers["Allow"] = error.detail["allow"]
    return outcome(status, issues, headers)
