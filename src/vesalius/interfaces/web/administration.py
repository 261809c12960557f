"""How the house is doing: for load balancers, for Prometheus, and for the administrator."""

from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.interfaces.web.problems import answer
from vesalius.kit import metrics

# Numbers an administrator acts on; estimates where exact counting would cost.
_FACTS = """
SELECT (SELECT count(*) FROM outbox WHERE NOT parked) AS news_waiting,
    (SELECT count(*) FROM outbox WHERE parked) AS news_parked,
    (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')) AS jobs_waiting,
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed') AS jobs_failed,
    (SELECT count(*) FROM audit_event WHERE transaction_number > coalesce((SELECT
        through_transaction FROM audit_block ORDER BY number DESC LIMIT 1), 0)) AS audit_unsealed,
    (SELECT max(block) FROM audit_checkpoint) AS audit_checkpoint,
    pg_database_size(current_database()) AS database_bytes
"""


async def live(request: Request) -> Response:
    """GET /health/live: this process runs."""
    return answer({"status": "live"})


async def ready(request: Request) -> Response:
    """GET /health/ready: this process can serve; 503 when it cannot, or is stopping."""
    house: House = request.app.state.house
    if house.stopping.is_set() or not await house.database.ready():
        return answer({"status": "not ready"}, 503, {"Retry-After": "5"})
    return answer({"status": "ready"})


async def show_metrics(request: Request) -> Response:
    """GET /metrics, in Prometheus' text format."""
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def show(request: Request) -> Response:
    """GET /api/system: what an administrator looks at first."""
    house: House = request.app.state.house
    facts = (await house.database.snapshot(_FACTS))[0]
    return answer(
        {
            "version": version("vesalius"),
            "ae_title": house.settings.ae_title,
            "dicom_port": house.settings.dicom_port,
            "free_disk_fraction": round(house.blobs.free_fraction(), 4),
            **facts,
        }
    )
