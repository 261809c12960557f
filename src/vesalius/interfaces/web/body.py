"""Reading what the browser sends."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from vesalius.kit.errors import Invalid, Unsupported


class Body(BaseModel):
    """A JSON object with exactly these members, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


B = TypeVar("B", bound=Body)


async def read(request: Request, shape: type[B]) -> B:
    """The request's body. Raises Unsupported when it is not JSON, Invalid for another shape.

    Only `application/json` is taken: a form on somebody else's page cannot send that.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Unsupported("the body must be application/json")
    body = await request.body()
    # PostgreSQL stores every character of Unicode but this one.
    if b"\\u0000" in body:
        raise Invalid("text has no zero characters")
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"{place}: {first['msg']}" if place else first["msg"]) from None


def limit_of(request: Request, default: int) -> int:
    """The query's `limit`. Raises Invalid when it is no positive number."""
    text = request.query_params.get("limit")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= 100_000):
        raise Invalid("limit is a positive number")
    return int(text)
