"""What every operation begins with: who asks, for which study, series, instance, in one house."""

from dataclasses import dataclass
from functools import lru_cache

from starlette.datastructures import URL
from starlette.requests import Request

from vesalius.app import House
from vesalius.kit.errors import Invalid, Unauthenticated
from vesalius.standards.dicom.uids import is_valid_uid
from vesalius.stores.access import Principal

MOST_FRAMES = 10_000


@dataclass(frozen=True, slots=True)
class Target:
    """The resource a path names; `study` is empty for a search over everything."""

    study: str = ""
    series: str | None = None
    instance: str | None = None

    @property
    def path(self) -> str:
        """Its path below the service, without a leading slash."""
        parts = [("studies", self.study), ("series", self.series), ("instances", self.instance)]
        return "/".join(f"{name}/{uid}" for name, uid in parts if uid)


@dataclass(frozen=True, slots=True)
class InstanceTarget:
    """An instance with all the UIDs above it."""

    study: str
    series: str
    instance: str

    @property
    def uids(self) -> tuple[str, str, str]:
        """Study, series and instance UID."""
        return (self.study, self.series, self.instance)

    @property
    def path(self) -> str:
        """Its path below the service, without a leading slash."""
        return f"studies/{self.study}/series/{self.series}/instances/{self.instance}"


def house_of(request: Request) -> House:
    """The house this request came into."""
    house: House = request.app.state.house
    return house


def principal_of(request: Request) -> Principal:
    """Who asks; `Unauthenticated` when nobody is known to."""
    principal: Principal | None = request.scope.get("principal")
    if principal is None:
        error = request.scope.get("authentication_error")
        raise error or Unauthenticated("Sign in or send a bearer token.")
    return principal


def target_of(request: Request) -> Target:
    """The UIDs of the path; `Invalid` for what is no UID, before anybody looks for it."""
    given = {
        name: request.path_params[name]
        for name in ("study", "series", "instance")
        if name in request.path_params
    }
    if not all(is_valid_uid(uid) for uid in given.values()):
        raise Invalid("A UID in the address is not a valid UID.")
    return Target(**given)


def named_instance(request: Request) -> InstanceTarget:
    """The instance the path names."""
    target = target_of(request)
    return InstanceTarget(target.study, target.series or "", target.instance or "")


def frame_numbers_of(request: Request) -> list[int]:
    """The frame list of the path: `1,3,5`, counted from 1 (PS3.18 table 10.1-1)."""
    numbers: list[int] = []
    for text in request.path_params["frames"].split(","):
        if not (text.isascii() and text.isdigit() and len(text) < 8) or int(text) < 1:
            raise Invalid("The frame list is not made of frame numbers, counted from 1.")
        numbers.append(int(text))
    if len(numbers) > MOST_FRAMES:
        raise Invalid("The frame list is too long.")
    return numbers


def base_url_of(request: Request) -> str:
    """The service's address as the client sees it, without a trailing slash."""
    public = house_of(request).settings.public_url
    root_path = request.scope.get("root_path", "")
    return f"{public.rstrip('/')}{root_path}" if public else f"{_origin(request)}{root_path}"


def _origin(request: Request) -> str:
    """Scheme and host of the request."""
    scope = request.scope
    host = next((value for name, value in scope["headers"] if name == b"host"), None)
    return _origin_of(scope["scheme"], host, scope.get("server"))


@lru_cache(maxsize=64)
def _origin_of(scheme: str, host: bytes | None, server: tuple[str, int] | None) -> str:
    headers = [(b"host", host)] if host is not None else []
    url = URL(scope={"scheme": scheme, "headers": headers, "server": server, "path": "/"})
    return f"{url.scheme}://{url.netloc}"
