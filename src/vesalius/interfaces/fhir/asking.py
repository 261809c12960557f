"""What a request asks, in FHIR's words: form, preferences, conditions, body."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl

from starlette.requests import Request

from vesalius.interfaces.fhir.outcomes import MEDIA_TYPE, NotAcceptable, UnsupportedMediaType
from vesalius.kit.errors import Invalid, Unauthenticated
from vesalius.kit.http.negotiation import parse_accept
from vesalius.standards import fhir
from vesalius.stores import record
from vesalius.stores.access import Principal

Return = Literal["minimal", "representation", "OperationOutcome"]

JSON_TYPES = (MEDIA_TYPE, "application/json", "text/json")
FORMATS = {"json", *JSON_TYPES}
FHIR_VERSIONS = ("4.0", "4.0.1")
MOST_PARAMETERS = 500

_etag = re.compile(r'\s*(?:W/)?"(\d{1,9})"\s*').fullmatch


@dataclass(frozen=True, slots=True)
class Preferences:
    """The Prefer header (R4 §3.1.0.1.8.2)."""

    returning: Return | None = None
    lenient: bool = False


def principal_of(request: Request) -> Principal:
    """Who asks. Raises Unauthenticated, or why the credentials were refused."""
    principal: Principal | None = request.scope.get("principal")
    if principal is None:
        raise request.scope.get("authentication_error") or Unauthenticated("sign in first")
    return principal


def parameters_of(request: Request) -> list[tuple[str, str]]:
    """The query of the address, in its order."""
    return _pairs(request.scope["query_string"].decode("latin-1"))


def media_type_of(request: Request, parameters: list[tuple[str, str]]) -> str:
    """The form of the answer: JSON, under the name the client likes. Raises NotAcceptable."""
    for name, value in parameters:
        if name == "_format":
            # A plus in an address that was not escaped arrives as a space.
            bare = value.split(";")[0].strip().replace(" ", "+")
            if bare not in FORMATS:
                raise NotAcceptable("answers come as JSON only")
            return MEDIA_TYPE if bare in ("json", MEDIA_TYPE) else bare
    return _choose(request.headers.get("accept"))


@lru_cache(maxsize=256)
def _choose(accept: str | None) -> str:
    for wanted in parse_accept(accept):
        if wanted.parameters.get("fhirVersion", "4.0") not in FHIR_VERSIONS or not wanted.quality:
            continue
        for offered in JSON_TYPES:
            if wanted.covers(offered):
                return offered
    raise NotAcceptable("answers come as FHIR R4 JSON only")


@lru_cache(maxsize=64)
def preferences(header: str | None) -> Preferences:
    """What the client prefers; what is not understood is passed over (RFC 7240)."""
    returning: Return | None = None
    lenient = False
    for item in re.split(r"[,;]", header or ""):
        name, _, value = item.strip().partition("=")
        value = value.strip('" ')
        if name == "return" and value in ("minimal", "representation", "OperationOutcome"):
            returning = value  # type: ignore[assignment]
        elif name == "handling":
            lenient = value == "lenient"
    return Preferences(returning, lenient)


def if_match(request: Request) -> int | None:
    """The version of If-Match. Raises PreconditionFailed for what can match no version."""
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    match = _etag(header)
    if match is None:
        raise record.PreconditionFailed('If-Match must be like W/"3"')
    return int(match[1])


def is_known_to_client(request: Request, version: int) -> bool:
    """Whether If-None-Match names this version."""
    header = request.headers.get("if-none-match")
    if header is None:
        return False
    matches = (_etag(part) for part in header.split(","))
    return header.strip() == "*" or any(m is not None and int(m[1]) == version for m in matches)


def resource_of(request: Request) -> dict[str, Any]:
    """The resource in the body."""
    value = json_of(request, JSON_TYPES)
    if type(value) is not dict:
        raise Invalid("the body must be a JSON object")
    return value


def json_of(request: Request, media_types: tuple[str, ...]) -> Any:
    """The JSON value in the body. Raises UnsupportedMediaType, NotJson, Invalid when too long."""
    declared = request.headers.get("content-type", media_types[0]).split(";")[0].strip().lower()
    if declared not in media_types:
        raise UnsupportedMediaType(f"the body must be {media_types[0]}")
    return fhir.parse(request.state.body, depth=request.app.state.house.settings.json_depth)


def form_of(request: Request) -> list[tuple[str, str]]:
    """The parameters of a POSTed search (R4 §3.1.0.9)."""
    declared = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if declared not in ("application/x-www-form-urlencoded", ""):
        raise UnsupportedMediaType("a search is posted as application/x-www-form-urlencoded")
    return _pairs(request.state.body.decode("latin-1"))


async def receive_body(request: Request, limit: int) -> None:
    """Take the whole body into `request.state.body`, before a transaction is opened for it.

    Raises TooCostly as soon as it is longer than the limit.
    """
    if (request.headers.get("content-encoding") or "identity") != "identity":
        raise UnsupportedMediaType("bodies are taken without a content coding")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise record.TooCostly(f"a body is at most {limit} bytes")
        chunks.append(chunk)
    request.state.body = b"".join(chunks)


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise Invalid(f"a search has at most {MOST_PARAMETERS} parameters") from None
