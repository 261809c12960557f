"""What this service does, for whoever asks its root (PS3.18 §8.9)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vesalius.interfaces.dicomweb.asking import base_url_of, principal_of
from vesalius.interfaces.dicomweb.media_types import DICOM, DICOM_JSON, MULTIPART, OCTETS, ZIP

TRANSACTIONS = (
    ("Search", "GET", "/studies, /series, /instances and below", [DICOM_JSON]),
    ("Retrieve", "GET", "/studies/{study}[/series/{series}[/instances/{instance}]]", [DICOM, ZIP]),
    ("Metadata", "GET", "…/metadata", [DICOM_JSON]),
    ("Frames", "GET", "…/instances/{instance}/frames/{frames}", [OCTETS, "as stored"]),
    ("Bulk data", "GET", "…/instances/{instance}/bulkdata/{path}, …/pixeldata", [OCTETS]),
    ("Rendered", "GET", "…/rendered, …/thumbnail", ["image/jpeg", "image/png"]),
    ("Store", "POST", "/studies[/{study}]", [f"{MULTIPART}; type={DICOM}"]),
)


async def describe(request: Request) -> Response:
    """`GET /` and `OPTIONS /`."""
    principal_of(request)
    body = {
        "service": "DICOMweb Studies Service (PS3.18 chapter 10)",
        "base": base_url_of(request),
        "transactions": [
            {"name": name, "method": method, "resource": resource, "media_types": types}
            for name, method, resource, types in TRANSACTIONS
        ],
    }
    return JSONResponse(body)
