"""Every route of DICOMweb (PS3.18 chapter 10) on one page; the application is mounted at /dicomweb.

Each operation is one file. It asks the room (`archive`, `studies`) and nobody else; the rooms
ask the policy in their first line. Errors fly to `problems`.
"""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

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
from vesalius.kit.http.lookup import Service

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
    return Service(service)
