"""WADO-RS frames [RAD-107] (PS3.18 §10.4.1.1.6): stored bytes of frames, or decoded ones."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.interfaces.dicomweb.asking import (
    base_url_of,
    frame_numbers_of,
    house_of,
    named_instance,
    principal_of,
)
from vesalius.interfaces.dicomweb.looking import looking_at
from vesalius.interfaces.dicomweb.media_types import (
    ANY_SYNTAX,
    DECODABLE,
    EXPLICIT,
    LITTLE_ENDIAN,
    OCTETS,
    Wanted,
    accepted,
    pixel_media_types,
    wanted_of,
    with_syntax,
)
from vesalius.interfaces.dicomweb.parts import Part, PiecesResponse, multipart_response
from vesalius.interfaces.dicomweb.pictures import native_frame
from vesalius.kit.errors import Unsupported
from vesalius.kit.http.exchange import Buffer
from vesalius.standards.dicom.attributes import integer, text
from vesalius.stores import archive
from vesalius.stores.access import Principal

FRAMES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Form:
    """How frames are sent: as stored or decoded, of which type, packed in parts or alone."""

    multipart: bool
    media_type: str
    transfer_syntax_uid: str
    decode: bool


async def retrieve_frames(request: Request) -> Response:
    """`GET …/instances/{instance}/frames/{frames}`."""
    return await send_frames(request, frame_numbers_of(request))


async def send_frames(request: Request, numbers: list[int] | None) -> Response:
    """The frames of these numbers, or all, in the best form the client takes."""
    principal = principal_of(request)
    house = house_of(request)
    target = named_instance(request)
    ranges = archive.frames_at_hand(principal, *target.uids, numbers) if numbers else None
    if ranges is None:
        async with looking_at(house, principal, target.study) as tx:
            ranges = await archive.frames(tx, principal, *target.uids, numbers)
    form = form_for(accepted(request), ranges[0].transfer_syntax_uid, len(ranges))
    bodies = [await _body(house, principal, each, form) for each in ranges]
    media_type = with_syntax(form.media_type, form.transfer_syntax_uid)
    if not form.multipart:
        return PiecesResponse([bodies[0]], 200, media_type)
    location = f"{base_url_of(request)}/{target.path}/frames"
    parts = [
        Part(media_type, body, f"{location}/{each.number}")
        for each, body in zip(ranges, bodies, strict=True)
    ]
    return multipart_response(form.media_type, parts)


async def _body(
    house: House, principal: Principal, frame: archive.FrameRange, form: Form
) -> Buffer:
    # A frame that begins inside a byte is cut out of its neighbours by decoding it.
    if form.decode or frame.bit_length is not None:
        return await native_frame(house, principal, frame)
    if frame.number % FRAMES_AT_ONCE == 0:
        # Frames that are in memory are read without ever waiting: others have their turn too.
        await asyncio.sleep(0)
    data = await archive.read_frame(house.blobs, frame)
    length = native_length(frame.row) if form.media_type == OCTETS else None
    return data if length is None or length >= len(data) else memoryview(data)[:length]


def native_length(row: archive.InstanceRow) -> int | None:
    """Bytes of a native frame by its header: pixel data may be longer than its frames."""
    rows, columns, samples, bits = (
        integer(row.elements, tag, default)
        for tag, default in (("00280010", 0), ("00280011", 0), ("00280002", 1), ("00280100", 0))
    )
    if text(row.elements, "00280004") == "YBR_FULL_422":
        samples = 2
    return rows * columns * samples * bits // 8 or None


@lru_cache(maxsize=256)
def form_for(asked: str, stored: str, count: int) -> Form:
    """The best form for this Accept header; `Unsupported` when there is none."""
    return choose_form(wanted_of(asked), stored, count)


def choose_form(choices: Sequence[Wanted], stored: str, count: int) -> Form:
    """The best form the client takes; `Unsupported` when there is none."""
    for each in choices:
        if not (each.multipart or (each.single and count == 1)):
            continue
        if (form := _form(each, stored)) is not None:
            return form
    raise Unsupported("These frames cannot be sent in any of the accepted media types.")


def _form(each: Wanted, stored: str) -> Form | None:
    names = pixel_media_types(stored)
    asked, syntax = each.media_type, each.transfer_syntax_uid
    native = names[0] == OCTETS
    # Explicit little endian is what native frames are sent in, whatever they are stored in.
    own_syntax = EXPLICIT if native else stored
    name = next((name for name in names if asked.covers(name)), None)
    if name and syntax in (None, ANY_SYNTAX, stored, own_syntax):
        return Form(each.multipart, name, own_syntax, native and stored not in LITTLE_ENDIAN)
    if asked.covers(OCTETS):
        if syntax in (ANY_SYNTAX, stored):
            # OHIF and others ask for octets in whatever syntax: the part says what it is.
            return Form(each.multipart, names[0], own_syntax, False)
        if syntax in (None, EXPLICIT) and stored in DECODABLE:
            return Form(each.multipart, OCTETS, EXPLICIT, True)
    return None
