"""QIDO-RS: searching for studies, series and instances [RAD-129] (PS3.18 §10.6).

A parameter that cannot be understood is an error, never ignored: a viewer that asks for the
priors of one patient must not be shown everybody's.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from vesalius.interfaces.dicomweb.asking import (
    Target,
    base_url_of,
    house_of,
    principal_of,
    target_of,
)
from vesalius.interfaces.dicomweb.looking import note_query
from vesalius.interfaces.dicomweb.media_types import DICOM_JSON, JSON, chosen
from vesalius.kit.errors import Invalid, Unsupported
from vesalius.standards.dicom.dictionary import vr_of
from vesalius.standards.dicom.keys import item_at, path_of, values_of
from vesalius.stores import archive

QUERY_CHARACTERS = 16 * 1024
MOST_PARAMETERS = 200
TRUTH = {"true": True, "false": False}
STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
RETRIEVE_URL = "00081190"


async def search_studies(request: Request) -> Response:
    """`GET /studies`."""
    return await _search(request, "STUDY")


async def search_series(request: Request) -> Response:
    """`GET /series`, `GET /studies/{study}/series`."""
    return await _search(request, "SERIES")


async def search_instances(request: Request) -> Response:
    """`GET /instances`, and below a study or a series."""
    return await _search(request, "IMAGE")


async def _search(request: Request, level: archive.Level) -> Response:
    principal = principal_of(request)
    house = house_of(request)
    media_type = chosen(request, DICOM_JSON, JSON)
    if media_type is None:
        raise Unsupported("Search results come as application/dicom+json only.")
    target = target_of(request)
    query, page = _read_query(request, level, target, house.settings.page_count)
    async with house.database.inquiry() as tx:
        # Three statements and the commit, one message to the database and one answer.
        await note_query(tx, principal, level, query)
        tx.commit_with_next()
        found = await archive.find(tx, principal, level, query)
    more = len(found) > page
    body = [_with_retrieve_url(each, base_url_of(request)) for each in found[:page]]
    # PS3.18 §10.6.3.1 (2024d and later): no match is 200 with an empty list.
    response = Response(orjson.dumps(body), media_type=media_type)
    if more and (query.limit or 0) > page:
        remark = "There are additional results that can be requested"
        response.headers["Warning"] = f'299 {request.url.netloc}: "{remark}"'
    return response


def _read_query(
    request: Request, level: archive.Level, target: Target, most: int
) -> tuple[archive.Query, int]:
    """(the question, how many answers to give); one more is asked for, to know of the rest."""
    if len(request.scope["query_string"]) > QUERY_CHARACTERS:
        raise Invalid("The query is too long.")
    items = request.query_params.multi_items()
    if len(items) > MOST_PARAMETERS:
        raise Invalid("The query has too many parameters.")
    identifier: dict[str, Any] = {}
    include: set[str] = set()
    options: dict[str, Any] = {"returning": "default"}
    page, offset = most, 0
    for name, value in items:
        match name:
            case "includefield":
                _read_include(value, include, options)
            case "limit":
                page = min(most, _whole_number(name, value))
                options["asked"] = _whole_number(name, value)
            case "offset":
                offset = _whole_number(name, value)
            case "fuzzymatching":
                if value.lower() not in TRUTH:
                    raise Invalid("fuzzymatching is neither true nor false.")
                options["fuzzy"] = TRUTH[value.lower()]
            case "accept" | "charset":
                pass
            case _:
                _read_criterion(name, value, identifier, level)
    for tag, uid in ((STUDY, target.study), (SERIES, target.series)):
        if uid:
            identifier[tag] = {"vr": "UI", "Value": [uid]}
    asked = options.pop("asked", None)
    # A client that names its page knows that there may be more; only ours needs a warning.
    limit = page if asked is not None and asked <= most else page + 1
    query = archive.Query(
        identifier=identifier, include=frozenset(include), limit=limit, offset=offset, **options
    )
    return query, page


def _whole_number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Invalid(f"{name} is not a whole number.")
    return int(value)


def _read_include(value: str, include: set[str], options: dict[str, Any]) -> None:
    for name in filter(None, value.split(",")):
        if name.lower() == "all":
            options["returning"] = "all"
        else:
            include.add(path_of(name)[0])


def _read_criterion(
    name: str, value: str, identifier: dict[str, Any], level: archive.Level
) -> None:
    """`PatientName=A*`, `00100010=A*`, `RequestAttributesSequence.RequestedProcedureID=1`."""
    path = path_of(name)
    if not archive.findable(level, path[0]):
        raise Invalid(f"{name[:64]} cannot be searched by at this level.")
    dataset, last = item_at(identifier, path, name), path[-1]
    if last in dataset:
        raise Invalid(f"{name[:64]} is given twice.")
    vr = vr_of(last)
    if vr == "SQ":
        raise Invalid(f"{name[:64]} is a sequence; name an attribute in it.")
    values = values_of(vr, value)
    dataset[last] = {"vr": vr, "Value": values} if values else {"vr": vr}


def _with_retrieve_url(dataset: dict[str, Any], base: str) -> dict[str, Any]:
    path = "/".join(_retrieve_path(dataset))
    if not path:
        return dataset
    return {**dataset, RETRIEVE_URL: {"vr": "UR", "Value": [f"{base}/{path}"]}}


def _retrieve_path(dataset: dict[str, Any]) -> Iterable[str]:
    for name, tag in (("studies", STUDY), ("series", SERIES), ("instances", INSTANCE)):
        values = dataset.get(tag, {}).get("Value")
        if not values:
            return
        yield f"{name}/{values[0]}"
