"""WADO-URI, the older way to one object: `GET /wado?requestType=WADO…` (PS3.18 chapter 9)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vesalius.interfaces.dicomweb.asking import Target, house_of, principal_of
from vesalius.interfaces.dicomweb.looking import looking_at
from vesalius.interfaces.dicomweb.media_types import ANY_SYNTAX, DICOM
from vesalius.interfaces.dicomweb.pictures import Subject, picture
from vesalius.interfaces.dicomweb.rendered import MEDIA_TYPES, middle_frame
from vesalius.interfaces.dicomweb.rendering_options import read_options
from vesalius.interfaces.dicomweb.wado_instances import send_alone
from vesalius.kit.errors import Invalid, NotFound, Unsupported
from vesalius.kit.http.negotiation import choose
from vesalius.standards.dicom.uids import is_valid_uid
from vesalius.stores import archive

UIDS = ("studyUID", "seriesUID", "objectUID")


async def retrieve_object(request: Request) -> Response:
    """One instance, as a file or as a picture."""
    principal = principal_of(request)
    house = house_of(request)
    asked = request.query_params
    if asked.get("requestType") != "WADO":
        raise Invalid("requestType is not WADO.")
    uids = [asked.get(name, "") for name in UIDS]
    if not all(is_valid_uid(uid) for uid in uids):
        raise Invalid("studyUID, seriesUID and objectUID are not three valid UIDs.")
    media_type = choose(asked.get("contentType"), [*MEDIA_TYPES, DICOM])
    if media_type is None:
        raise Unsupported("Objects come as application/dicom, image/jpeg or image/png.")
    target = Target(*uids)
    async with looking_at(house, principal, target.study) as tx:
        rows = await archive.instances(
            tx, principal, study=target.study, series=target.series, instance=target.instance
        )
        if not rows:
            raise NotFound("There is no such instance.")
        frame = None
        if media_type != DICOM:
            frame = await middle_frame(tx, principal, rows[0], _frame_number(asked))
    if media_type == DICOM:
        return await send_alone(house, rows[0], asked.get("transferSyntax", ANY_SYNTAX))
    options: dict[str, Any] = {**_options(asked), "media_type": media_type}
    body = await picture(house, principal, Subject(rows[0], frame), options)
    return Response(body, media_type=media_type)


def _frame_number(asked: Any) -> int | None:
    text = asked.get("frameNumber", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 10**8):
        raise Invalid("frameNumber is not a frame number, counted from 1.")
    return int(text)


def _options(asked: Any) -> dict[str, Any]:
    """`rows`, `columns`, `windowCenter`, `windowWidth`, `imageQuality` (PS3.18 §9.1.2)."""
    parameters: dict[str, str] = {}
    if "rows" in asked or "columns" in asked:
        parameters["viewport"] = f"{asked.get('columns', 8192)},{asked.get('rows', 8192)}"
    if "windowCenter" in asked or "windowWidth" in asked:
        center, width = asked.get("windowCenter", ""), asked.get("windowWidth", "")
        parameters["window"] = f"{center},{width},linear"
    if "imageQuality" in asked:
        parameters["quality"] = asked["imageQuality"]
    return read_options(parameters, thumbnail=False)
