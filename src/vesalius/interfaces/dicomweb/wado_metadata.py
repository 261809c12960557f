"""WADO-RS metadata of a study, series or instance (PS3.18 §10.4.1.1.2).

The archive keeps it as prepared gzip members; they are sent as they are to whoever takes gzip.
"""

from starlette.requests import Request
from starlette.responses import Response

from vesalius.interfaces.dicomweb.asking import house_of, principal_of, target_of
from vesalius.interfaces.dicomweb.looking import looking_at
from vesalius.interfaces.dicomweb.media_types import DICOM_JSON, JSON, chosen
from vesalius.kit.errors import Unsupported
from vesalius.kit.http.negotiation import accepts_coding
from vesalius.stores import archive


async def retrieve_metadata(request: Request) -> Response:
    """`GET …/metadata`."""
    principal = principal_of(request)
    house = house_of(request)
    target = target_of(request)
    media_type = chosen(request, DICOM_JSON, JSON)
    if media_type is None:
        raise Unsupported("Metadata comes as application/dicom+json only.")
    async with looking_at(house, principal, target.study) as tx:
        pack = await archive.metadata(tx, principal, target.study, target.series, target.instance)
    tag = f'"{pack.etag}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Accept-Encoding",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if accepts_coding(request.headers.get("accept-encoding"), "gzip"):
        headers["Content-Encoding"] = "gzip"
        return Response(pack.gzip(), headers=headers, media_type=media_type)
    return Response(pack.json(), headers=headers, media_type=media_type)
