"""The RESTful interactions (R4 §3.1): each takes a request and a transaction, calls one verb."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from vesalius.interfaces.fhir import answering, asking, subsetting
from vesalius.interfaces.fhir.outcomes import explain_entry, outcome
from vesalius.kit.errors import Invalid, NotFound
from vesalius.kit.transaction import Transaction
from vesalius.standards import fhir
from vesalius.standards.fhir import Issue
from vesalius.stores import access, record

PATCH_TYPES = ("application/json-patch+json",)


async def read(request: Request, tx: Transaction) -> Response:
    """`GET [type]/[id]`; 304 when the client has this version."""
    kind, id_ = _names(request)
    parameters = asking.parameters_of(request)
    form = asking.media_type_of(request, parameters)
    version = await record.read(tx, asking.principal_of(request), kind, id_)
    if asking.is_known_to_client(request, version.version):
        return Response(None, 304, {"ETag": f'W/"{version.version}"'})
    return answering.resource(version, form, shape=subsetting.shape_of(parameters))


async def vread(request: Request, tx: Transaction) -> Response:
    """`GET [type]/[id]/_history/[vid]`."""
    kind, id_ = _names(request)
    form = asking.media_type_of(request, asking.parameters_of(request))
    number = request.path_params["version"]
    if not number.isdecimal() or len(number) > 9:
        raise NotFound(f"there is no such version of {kind}/{id_}")
    version = await record.vread(tx, asking.principal_of(request), kind, id_, int(number))
    return answering.resource(version, form)


async def create(request: Request, tx: Transaction) -> Response:
    """`POST [type]`, with If-None-Exist a conditional create."""
    kind = request.path_params["type"]
    form = asking.media_type_of(request, asking.parameters_of(request))
    principal = asking.principal_of(request)
    access.require(principal, f"record.write:{kind}")
    body = asking.resource_of(request)
    condition = request.headers.get("if-none-exist")
    if condition is None:
        done = record.Done(await record.create(tx, principal, kind, body), created=True)
    else:
        done = await record.create_if_none(tx, principal, kind, body, condition)
    return _written(request, tx, done, form)


async def update(request: Request, tx: Transaction) -> Response:
    """`PUT [type]/[id]`, with If-Match only over that version."""
    kind, id_ = _names(request)
    form = asking.media_type_of(request, asking.parameters_of(request))
    principal = asking.principal_of(request)
    access.require(principal, f"record.write:{kind}")
    body = asking.resource_of(request)
    wanted = asking.if_match(request)
    version, created = await record.update(tx, principal, kind, id_, body, if_match=wanted)
    return _written(request, tx, record.Done(version, created), form)


async def update_if(request: Request, tx: Transaction) -> Response:
    """`PUT [type]?[search]`: a conditional update."""
    kind = request.path_params["type"]
    form = asking.media_type_of(request, [])
    principal = asking.principal_of(request)
    access.require(principal, f"record.write:{kind}")
    body = asking.resource_of(request)
    done = await record.update_if(
        tx, principal, kind, body, _condition(request), if_match=asking.if_match(request)
    )
    return _written(request, tx, done, form)


async def patch(request: Request, tx: Transaction) -> Response:
    """`PATCH [type]/[id]` with a JSON Patch."""
    kind, id_ = _names(request)
    form = asking.media_type_of(request, asking.parameters_of(request))
    principal = asking.principal_of(request)
    access.require(principal, f"record.write:{kind}")
    operations = asking.json_of(request, PATCH_TYPES)
    version = await record.patch(
        tx, principal, kind, id_, operations, if_match=asking.if_match(request)
    )
    return _written(request, tx, record.Done(version), form)


async def delete(request: Request, tx: Transaction) -> Response:
    """`DELETE [type]/[id]`."""
    kind, id_ = _names(request)
    principal = asking.principal_of(request)
    wanted = asking.if_match(request)
    return answering.deleted(await record.delete(tx, principal, kind, id_, if_match=wanted))


async def delete_if(request: Request, tx: Transaction) -> Response:
    """`DELETE [type]?[search]`: a conditional delete of one."""
    kind = request.path_params["type"]
    principal = asking.principal_of(request)
    await record.delete_if(tx, principal, kind, _condition(request))
    return Response(None, 204)


async def search(request: Request, tx: Transaction) -> Response:
    """`GET [type]?…` and `POST [type]/_search`."""
    kind = request.path_params["type"]
    parameters = asking.parameters_of(request)
    if request.method == "POST":
        parameters += asking.form_of(request)
    form = asking.media_type_of(request, parameters)
    lenient = asking.preferences(request.headers.get("prefer")).lenient
    principal = asking.principal_of(request)
    found = await record.search(tx, principal, kind, parameters, lenient=lenient)
    base = _base(tx)
    return answering.searchset(
        found,
        form,
        base=base,
        address=f"{base}/{kind}",
        parameters=parameters,
        shape=subsetting.shape_of(parameters),
    )


async def history(request: Request, tx: Transaction) -> Response:
    """`GET [type]/[id]/_history`, `GET [type]/_history`, `GET _history`."""
    kind = request.path_params.get("type")
    id_ = request.path_params.get("id")
    parameters = asking.parameters_of(request)
    form = asking.media_type_of(request, parameters)
    asked = _history_parameters(parameters)
    found = await record.history(tx, asking.principal_of(request), kind, id_, **asked)
    base = _base(tx)
    address = "/".join(part for part in (base, kind, id_, "_history") if part)
    return answering.history(found, form, base=base, address=address, parameters=parameters)


async def bundle(request: Request, tx: Transaction) -> Response:
    """`POST /`: a transaction or batch."""
    form = asking.media_type_of(request, asking.parameters_of(request))
    principal = asking.principal_of(request)
    body = asking.resource_of(request)
    prefer = asking.preferences(request.headers.get("prefer")).returning or "minimal"
    answer = await record.process_bundle(tx, principal, body, prefer=prefer, explain=explain_entry)
    return Response(fhir.write(answer), 200, None, f"{form}; charset=utf-8")


async def validate(request: Request, tx: Transaction) -> Response:
    """`POST [type]/$validate`: the same check as on create, nothing stored (R4 §6.1.1)."""
    asking.principal_of(request)
    kind = request.path_params["type"]
    if kind not in fhir.resource_types():
        raise NotFound("R4 has no such resource type")
    body = asking.resource_of(request)
    if body.get("resourceType") == "Parameters" and kind != "Parameters":
        body = _parameter_resource(body)
    issues = fhir.validate(body, resource_type=kind)
    return outcome(200, issues or [Issue("information", "informational", "no fault was found")])


async def everything(request: Request, tx: Transaction) -> Response:
    """`GET Patient/[id]/$everything`."""
    id_ = request.path_params["id"]
    parameters = asking.parameters_of(request)
    form = asking.media_type_of(request, parameters)
    asked = _history_parameters(parameters, others={"_type"})
    types = [t for n, v in parameters if n == "_type" for t in v.split(",") if t]
    found = await record.everything(tx, asking.principal_of(request), id_, types=types, **asked)
    base = _base(tx)
    return answering.searchset(
        found,
        form,
        base=base,
        address=f"{base}/Patient/{id_}/$everything",
        parameters=parameters,
    )


def _names(request: Request) -> tuple[str, str]:
    return request.path_params["type"], request.path_params["id"]


def _base(tx: Transaction) -> str:
    return f"{tx.settings.base_url}/fhir"


def _condition(request: Request) -> str:
    text: str = request.scope["query_string"].decode("latin-1")
    return text


def _written(request: Request, tx: Transaction, done: record.Done, form: str) -> Response:
    if done.version is None:
        raise NotFound("there is no such resource")
    preferences = asking.preferences(request.headers.get("prefer"))
    return answering.written(done.version, form, preferences, _base(tx), created=done.created)


def _history_parameters(
    parameters: list[tuple[str, str]], *, others: set[str] | None = None
) -> dict[str, Any]:
    """`_count`, `_since`, `_cursor`. Raises UnknownParameter for anything else."""
    out: dict[str, Any] = {}
    for name, value in parameters:
        if name == "_count" and value.isdecimal() and len(value) < 10:
            out["count"] = int(value)
        elif name == "_since":
            out["since"] = _since(value)
        elif name == "_cursor":
            out["cursor"] = value
        elif name not in ("_format", "_pretty", *(others or ())):
            raise record.UnknownParameter(f"the parameter {name!r} is not known here")
    return out


def _since(value: str) -> datetime:
    try:
        return fhir.from_instant(fhir.date_range(value.replace(" ", "+"))[0])
    except (ValueError, OverflowError):
        raise record.UnknownParameter("_since is an instant") from None


def _parameter_resource(parameters: dict[str, Any]) -> dict[str, Any]:
    for one in parameters.get("parameter") or ():
        if (
            type(one) is dict
            and one.get("name") == "resource"
            and type(one.get("resource")) is dict
        ):
            found: dict[str, Any] = one["resource"]
            return found
    raise Invalid("Parameters must hold the resource to validate")
