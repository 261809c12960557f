"""Is it well? For load balancers, supervisors and Prometheus; no patient data, no sign-in."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vesalius.kit import metrics


async def live(request: Request) -> Response:
    """This process answers."""
    return JSONResponse({"status": "live"})


async def ready(request: Request) -> Response:
    """This process can do its work: the database answers and it is not being stopped."""
    house = request.app.state.house
    if house.stopping.is_set() or not await house.database.ready():
        return JSONResponse({"status": "not ready"}, status_code=503, headers={"Retry-After": "1"})
    return JSONResponse({"status": "ready"})


async def measurements(request: Request) -> Response:
    """Prometheus' text format, for all processes of this machine."""
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


ROUTES = [
    Route("/health/live", live),
    Route("/health/ready", ready),
    Route("/metrics", measurements),
]
