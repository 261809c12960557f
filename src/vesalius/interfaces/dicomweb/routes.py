"""Every route of DICOMweb (PS3.18 chapter 10) on one page; the application is mounted at /dicomweb.

Each operation is one file. It asks the room (`archive`, `studies`) and nobody else; the rooms
ask the policy in their first line. Errors fly to `problems`.

A viewer asks thousands of times a minute, so a path is looked up, not tried against one pattern
after the other: in these paths words and identifiers alternate, and the words name the route.
Whatever is not found so (other methods, a slash too many) is left to Starlette's router, which
has the same routes.
"""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vesalius.app import House
from vesalius.interfaces.dicomweb import problems
from vesalius.interfaces.dicomweb.bulkdata import retrieve_bulkdata, retrieve_pixel_data
from vesalius.interfaces.dicomweb.capabilities import describe
from vesalius.interfaces.dicomweb.frames import retrieve_frames
from vesalius.interfaces.dicomweb.qido import search_instances, search_series, search_studies
from vesalius.interfaces.dicomweb.rendered import retrieve_rendered, retrieve_thumbnail
from vesalius.interfaces.dicomweb.stow import store
from vesalius.interfaces.dicomweb.wado_instances import retrieve_instances
from vesalius.interfaces.dicomweb.wado_metadata import retrieve_metadata
from vesalius.interfaces.dicomweb.wado_uri import retrieve_object
from vesalius.kit.errors import VesaliusError

STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"

ROUTES = [
    Route(INSTANCE + "/frames/{frames}", retrieve_frames),
    Route(INSTANCE + "/rendered", retrieve_rendered),
    Route(INSTANCE + "/frames/{frames}/rendered", retrieve_rendered),
    # Search (QIDO-RS)
    Route("/studies", search_studies, methods=["GET"]),
    Route("/series", search_series),
    Route("/instances", search_instances),
    Route(STUDY + "/series", search_series),
    Route(STUDY + "/instances", search_instances),
    Route(SERIES + "/instances", search_instances),
    # Retrieve (WADO-RS)
    Route(STUDY, retrieve_instances, methods=["GET"]),
    Route(SERIES, retrieve_instances),
    Route(INSTANCE, retrieve_instances),
    Route(STUDY + "/metadata", retrieve_metadata),
    Route(SERIES + "/metadata", retrieve_metadata),
    Route(INSTANCE + "/metadata", retrieve_metadata),
    Route(STUDY + "/rendered", retrieve_rendered),
    Route(SERIES + "/rendered", retrieve_rendered),
    Route(STUDY + "/thumbnail", retrieve_thumbnail),
    Route(SERIES + "/thumbnail", retrieve_thumbnail),
    Route(INSTANCE + "/thumbnail", retrieve_thumbnail),
    Route(INSTANCE + "/frames/{frames}/thumbnail", retrieve_thumbnail),
    Route(INSTANCE + "/bulkdata/{path:path}", retrieve_bulkdata),
    Route(INSTANCE + "/pixeldata", retrieve_pixel_data),
    # Store (STOW-RS)
    Route("/studies", store, methods=["POST"]),
    Route(STUDY, store, methods=["POST"]),
    # What there is (PS3.18 §8.9), and the older WADO-URI (chapter 9)
    Route("/", describe, methods=["GET", "OPTIONS"]),
    Route("/wado", retrieve_object),
]


Operation = Callable[[Request], Awaitable[Response]]


def application(house: House) -> ASGIApp:
    """The DICOMweb service of a house."""
    service = Starlette(
        routes=ROUTES,
        exception_handlers={
            VesaliusError: problems.answer,
            Exception: problems.answer_unexpected,
        },
    )
    service.state.house = house
    return _Service(service)


def _operations() -> dict[tuple[str | int, ...], tuple[Operation, list[str]]]:
    """By method, length and words of the path: what answers, and what its identifiers are."""
    found: dict[tuple[str | int, ...], tuple[Operation, list[str]]] = {}
    for route in ROUTES:
        parts = route.path.split("/")
        names = [name.strip("{}") for name in parts[2::2]]
        if not any(":" in name for name in names):
            for method in route.methods or ():
                found[(method, len(parts), *parts[1::2])] = (route.endpoint, names)
    return found


class _Service:
    """Finds the operation of a path, lets it answer, and says its errors in HTTP."""

    def __init__(self, router: Starlette) -> None:
        self._router = router
        self._operations = _operations()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request below the service's root."""
        parts = scope["path"].removeprefix(scope["root_path"]).split("/")
        identifiers = parts[2::2]
        found = self._operations.get((scope["method"], len(parts), *parts[1::2]))
        if found is None or not all(identifiers):
            await self._router(scope, receive, send)
            return
        operation, names = found
        scope["app"] = self._router
        scope["path_params"] = dict(zip(names, identifiers, strict=True))
        request = Request(scope, receive)
        try:
            response = await operation(request)
        except VesaliusError as error:
            response = await problems.answer(request, error)
        except Exception as error:
            response = await problems.answer_unexpected(request, error)
        # An error from here on breaks the answer off: its beginning may be with the client.
        await response(scope, receive, send)
