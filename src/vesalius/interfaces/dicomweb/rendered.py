"""Rendered resources and thumbnails of a study, series, instance or frame (PS3.18 §10.4.1.1.3–4).

A study or series asked for as one picture is shown by its middle: the middle instance of its
first series with images, the middle frame of that instance. Asked for as multipart, every
instance comes, the middle frame of each.
"""

import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vesalius.interfaces.dicomweb.asking import (
    Target,
    base_url_of,
    frame_numbers_of,
    house_of,
    principal_of,
    target_of,
)
from vesalius.interfaces.dicomweb.looking import looking_at
from vesalius.interfaces.dicomweb.media_types import wanted
from vesalius.interfaces.dicomweb.parts import Part, multipart_response
from vesalius.interfaces.dicomweb.pictures import Subject, picture, picture_key, target_of_row
from vesalius.interfaces.dicomweb.rendering_options import IGNORED, read_options
from vesalius.kit.errors import NotFound, Unsupported
from vesalius.kit.transaction import Transaction
from vesalius.stores import archive
from vesalius.stores.access import Principal

MEDIA_TYPES = ("image/jpeg", "image/png")
MOST_PARTS = 100


async def retrieve_rendered(request: Request) -> Response:
    """`GET …/rendered`."""
    return await _respond(request, thumbnail=False)


async def retrieve_thumbnail(request: Request) -> Response:
    """`GET …/thumbnail`: small, one picture, and always something to show."""
    return await _respond(request, thumbnail=True)


async def _respond(request: Request, *, thumbnail: bool) -> Response:
    principal = principal_of(request)
    house = house_of(request)
    target = target_of(request)
    multipart, media_type = _choose(request, several=not thumbnail)
    options: dict[str, Any] = read_options(request.query_params, thumbnail=thumbnail)
    options["media_type"] = media_type
    frames = frame_numbers_of(request) if "frames" in request.path_params else None
    async with looking_at(house, principal, target.study) as tx:
        subjects = await _subjects(tx, principal, target, frames, every=multipart)
    tag = _etag(subjects, options)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if remark := _remark(request):
        headers["Warning"] = remark
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    pictures = [await picture(house, principal, each, options) for each in subjects]
    if not multipart:
        return Response(pictures[0], media_type=media_type, headers=headers)
    base = base_url_of(request)
    parts = [
        Part(media_type, body, f"{base}/{each.target.path}/rendered")
        for each, body in zip(subjects, pictures, strict=True)
    ]
    response = multipart_response(media_type, parts)
    response.headers.update(headers)
    return response


def _choose(request: Request, *, several: bool) -> tuple[bool, str]:
    """(as multipart, media type); one picture where the client leaves it to us."""
    for each in wanted(request):
        name = next((name for name in MEDIA_TYPES if each.media_type.covers(name)), None)
        if name is not None and (each.single or several):
            return not each.single, name
    raise Unsupported("Pictures come as image/jpeg or image/png.")


def _remark(request: Request) -> str | None:
    ignored = sorted(IGNORED & request.query_params.keys())
    if not ignored:
        return None
    return f'299 {request.url.netloc}: "The following were ignored: {", ".join(ignored)}"'


def _etag(subjects: list[Subject], options: dict[str, Any]) -> str:
    keys = repr([picture_key(each, options) for each in subjects]).encode()
    return f'"{hashlib.sha256(keys).hexdigest()[:32]}"'


async def _subjects(
    tx: Transaction,
    principal: Principal,
    target: Target,
    frames: list[int] | None,
    *,
    every: bool,
) -> list[Subject]:
    if target.series and target.instance and frames is None:
        # The usual case in one question: an image with frames.
        try:
            found = await archive.frames(
                tx, principal, target.study, target.series, target.instance
            )
            middle = found[len(found) // 2]
            return [Subject(middle.row, middle)]
        except (NotFound, Unsupported):
            pass
    rows = await archive.instances(
        tx, principal, study=target.study, series=target.series, instance=target.instance
    )
    if not rows:
        raise NotFound("There is no such study, series or instance.")
    if frames is not None:
        found = await _frames(tx, principal, rows[0], frames if every else frames[:1])
        return [Subject(rows[0], each) for each in found]
    chosen = rows[:MOST_PARTS] if every else [representative(rows)]
    return [Subject(row, await middle_frame(tx, principal, row)) for row in chosen]


def representative(rows: list[archive.InstanceRow]) -> archive.InstanceRow:
    """The instance that stands for a study or series: the middle of the first with images."""
    first = next((row for row in rows if row.frame_count), rows[0])
    series = [row for row in rows if row.series_instance_uid == first.series_instance_uid]
    images = [row for row in series if row.frame_count] or series
    return images[len(images) // 2]


async def middle_frame(
    tx: Transaction,
    principal: Principal,
    row: archive.InstanceRow,
    number: int | None = None,
) -> archive.FrameRange | None:
    """The frame of this number, or the middle one; None when there are none to be told apart."""
    if number is not None:
        return (await _frames(tx, principal, row, [number]))[0]
    if not row.frame_count:
        return None
    try:
        return (await _frames(tx, principal, row, [row.frame_count // 2 + 1]))[0]
    except (NotFound, Unsupported):
        # Video, or pixel data that was cut: a card stands for it.
        return None


async def _frames(
    tx: Transaction, principal: Principal, row: archive.InstanceRow, numbers: list[int]
) -> list[archive.FrameRange]:
    return await archive.frames(tx, principal, *target_of_row(row).uids, numbers)
