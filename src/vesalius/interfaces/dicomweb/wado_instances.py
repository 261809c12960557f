"""WADO-RS instances of a study, series, or one instance [RAD-107] (PS3.18 §10.4.1.1.1).

Stored bytes go out as they are when the client takes their transfer syntax; else each instance
is written anew in explicit little endian by a worker, one at a time, into a file that lives
only as long as it is sent.
"""

import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from vesalius.app import House
from vesalius.interfaces.dicomweb.asking import (
    Target,
    base_url_of,
    house_of,
    principal_of,
    target_of,
)
from vesalius.interfaces.dicomweb.looking import looking_at
from vesalius.interfaces.dicomweb.media_types import (
    ANY_SYNTAX,
    DECODABLE,
    DICOM,
    EXPLICIT,
    ZIP,
    Wanted,
    wanted,
    with_syntax,
)
from vesalius.interfaces.dicomweb.parts import begun, part_headers
from vesalius.interfaces.dicomweb.transcoded import explicit_file
from vesalius.interfaces.dicomweb.zipping import ZipStream
from vesalius.kit.errors import NotFound, Unsupported
from vesalius.kit.http.multipart import MultipartWriter
from vesalius.stores import archive


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the instances go out: packed how, and each as stored or in explicit little endian."""

    packing: str
    rows: list[archive.InstanceRow]
    transcoded: frozenset[str]


async def retrieve_instances(request: Request) -> Response:
    """`GET /studies/{study}`, `…/series/{series}`, `…/instances/{instance}`."""
    principal = principal_of(request)
    house = house_of(request)
    target = target_of(request)
    async with looking_at(house, principal, target.study) as tx:
        rows = await archive.instances(
            tx, principal, study=target.study, series=target.series, instance=target.instance
        )
        if not rows:
            raise NotFound("There is no such study, series or instance.")
    plan = make_plan(wanted(request), rows, alone=target.instance is not None)
    if plan.packing == DICOM:
        row = plan.rows[0]
        stored = row.sop_instance_uid not in plan.transcoded
        return await send_alone(house, row, ANY_SYNTAX if stored else EXPLICIT)
    if plan.packing == ZIP:
        name = f'attachment; filename="{target.study}.zip"'
        headers = {"Content-Disposition": name}
        return StreamingResponse(_zipped(house, plan), headers=headers, media_type=ZIP)
    return await _send_parts(house, plan, base_url_of(request))


def make_plan(accepted: Sequence[Wanted], rows: list[archive.InstanceRow], *, alone: bool) -> _Plan:
    """The best packing the client takes in which every instance can be sent."""
    for packing in _packings(accepted, alone=alone):
        choices = [each for each in accepted if _packing(each, alone=alone) == packing]
        syntaxes = [_syntax(each) for each in choices]
        decisions = [_transcodes(row.transfer_syntax_uid, syntaxes) for row in rows]
        if None not in decisions:
            uids = {row.sop_instance_uid for row, yes in zip(rows, decisions, strict=True) if yes}
            return _Plan(packing, rows, frozenset(uids))
    raise Unsupported("These instances cannot be sent in any of the accepted media types.")


def _packings(accepted: Sequence[Wanted], *, alone: bool) -> list[str]:
    found = (_packing(each, alone=alone) for each in accepted)
    return list(dict.fromkeys(each for each in found if each is not None))


def _packing(each: Wanted, *, alone: bool) -> str | None:
    if each.multipart and each.media_type.covers(DICOM):
        return "multipart"
    if each.single and alone and each.media_type.covers(DICOM):
        return DICOM
    if each.single and each.media_type.name == ZIP:
        return ZIP
    return None


def _syntax(each: Wanted) -> str:
    """The transfer syntax meant: explicit little endian when application/dicom says none
    (PS3.18 table 8.7.3-2), as stored when the client takes anything at all."""
    if each.transfer_syntax_uid is not None:
        return each.transfer_syntax_uid
    return EXPLICIT if each.media_type.name == DICOM else ANY_SYNTAX


def _transcodes(stored: str, syntaxes: list[str]) -> bool | None:
    """False: as stored will do; True: must be transcoded; None: cannot be sent."""
    for syntax in syntaxes:
        if syntax in (ANY_SYNTAX, stored):
            return False
        if syntax == EXPLICIT:
            # What nobody can decode (video) goes out as it is; the part names its syntax.
            return stored in DECODABLE
    return None


async def send_alone(house: House, row: archive.InstanceRow, syntax: str) -> Response:
    """One instance as the whole body, in the transfer syntax asked for."""
    transcode = _transcodes(row.transfer_syntax_uid, [syntax])
    if transcode is None:
        raise Unsupported("The instance cannot be sent in the transfer syntax asked for.")
    if transcode:
        size, chunks = await explicit_file(house, row)
        media_type = with_syntax(DICOM, EXPLICIT)
    else:
        size, chunks = row.size, await begun(archive.stream_instance(house.blobs, row))
        media_type = with_syntax(DICOM, row.transfer_syntax_uid)
    headers = {"Content-Length": str(size), "Content-Type": media_type}
    return StreamingResponse(chunks, headers=headers)


async def _send_parts(house: House, plan: _Plan, base_url: str) -> Response:
    writer = MultipartWriter(DICOM)
    headers = {"Content-Type": writer.content_type}
    if not plan.transcoded:
        openings = [_opening(writer, row, row.size, base_url) for row in plan.rows]
        size = sum(map(len, openings)) + sum(row.size for row in plan.rows) + len(writer.closing)
        headers["Content-Length"] = str(size)
    chunks = await begun(_parts(house, plan, writer, base_url))
    return StreamingResponse(chunks, headers=headers)


async def _parts(
    house: House, plan: _Plan, writer: MultipartWriter, base_url: str
) -> AsyncIterator[bytes]:
    for row in plan.rows:
        if row.sop_instance_uid in plan.transcoded:
            size, chunks = await explicit_file(house, row)
            yield _opening(writer, row, size, base_url, EXPLICIT)
        else:
            chunks = await begun(archive.stream_instance(house.blobs, row))
            yield _opening(writer, row, row.size, base_url)
        async for chunk in chunks:
            yield chunk
    yield writer.closing


def _opening(
    writer: MultipartWriter,
    row: archive.InstanceRow,
    size: int,
    base_url: str,
    syntax: str | None = None,
) -> bytes:
    target = Target(row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid)
    media_type = with_syntax(DICOM, syntax or row.transfer_syntax_uid)
    return writer.opening(part_headers(media_type, size, f"{base_url}/{target.path}"))


async def _zipped(house: House, plan: _Plan) -> AsyncIterator[bytes]:
    stream = ZipStream()
    for row in plan.rows:
        name = f"{row.series_instance_uid}/{row.sop_instance_uid}.dcm"
        yield stream.opening(name)
        checksum, size = 0, 0
        if row.sop_instance_uid in plan.transcoded:
            _, chunks = await explicit_file(house, row)
        else:
            chunks = archive.stream_instance(house.blobs, row)
        async for chunk in chunks:
            checksum = zlib.crc32(chunk, checksum)
            size += len(chunk)
            yield chunk
        yield stream.ending(checksum, size)
    yield stream.closing()
