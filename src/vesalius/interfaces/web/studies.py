"""One study with everything around it, and taking it away from its patient."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from vesalius.app import House
from vesalius.care import orders, patients
from vesalius.imaging import reading, reports, studies
from vesalius.interfaces.web.body import Body, read
from vesalius.interfaces.web.orders import describe
from vesalius.interfaces.web.problems import answer
from vesalius.interfaces.web.reports import report_json
from vesalius.kit.errors import NotFound
from vesalius.kit.transaction import Transaction
from vesalius.stores import record
from vesalius.stores.access import Principal, permits


class Reason(Body):
    """Why."""

    reason: str


async def show(request: Request) -> Response:
    """GET /api/studies/{study_instance_uid}."""
    house: House = request.app.state.house
    principal = request.scope["principal"]
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        study = await studies.visible(tx, principal, uid)
        content = {
            "study": study_json(study),
            "patient": await _banner(tx, principal, study),
            "order": await _order(tx, study),
            "priors": await _priors(tx, principal, uid),
            "report": await _report(tx, principal, uid),
            "imaging_study": await _imaging_study(tx, principal, study),
            "reading": await _reading(tx, principal, uid),
        }
    return answer(content)


async def detach(request: Request) -> Response:
    """POST /api/studies/{study_instance_uid}/detach."""
    given = await read(request, Reason)
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        await studies.detach(tx, request.scope["principal"], uid, given.reason)
    return answer({"study_instance_uid": uid})


async def undo(request: Request) -> Response:
    """POST /api/studies/{study_instance_uid}/undo: take back the last attach or detach."""
    house: House = request.app.state.house
    uid = request.path_params["study_instance_uid"]
    async with house.database.transaction() as tx:
        await studies.undo(tx, request.scope["principal"], uid)
    return answer({"study_instance_uid": uid})


def study_json(study: studies.ImagingStudy) -> dict[str, Any]:
    """A study's own facts."""
    return {
        "study_instance_uid": study.study_instance_uid,
        "imaging_study": study.id,
        "study_date": study.study_date,
        "modality": reading.main_modality(study.modalities) or next(iter(study.modalities), None),
        "modalities": list(study.modalities),
        "description": study.description,
        "body_part": study.body_part,
        "accession_number": study.accession_number,
        "series": study.series_count,
        "instances": study.instance_count,
        "state": study.state,
        "waiting": study.waiting,
    }


async def _banner(
    tx: Transaction, principal: Principal, study: studies.ImagingStudy
) -> dict[str, Any] | None:
    if study.patient_reference is None or not permits(principal, "record.read:Patient"):
        return None
    return await patients.banner(tx, principal, study.patient_reference)


async def _order(tx: Transaction, study: studies.ImagingStudy) -> dict[str, Any] | None:
    if study.order_reference is None:
        return None
    order = await orders.find_order(tx, study.order_reference)
    return await describe(tx, order) if order else None


async def _priors(tx: Transaction, principal: Principal, uid: str) -> list[dict[str, Any]]:
    found = await studies.priors(tx, principal, uid)
    statuses = await reports.signed_statuses(tx, [p.study.study_instance_uid for p in found])
    return [
        {
            **study_json(prior.study),
            "relevance": prior.relevance,
            "reasons": list(prior.reasons),
            "report": statuses.get(prior.study.study_instance_uid),
        }
        for prior in found
    ]


async def _report(tx: Transaction, principal: Principal, uid: str) -> dict[str, Any] | None:
    if not permits(principal, "record.read:DiagnosticReport"):
        return None
    return report_json(await reports.report(tx, principal, uid))


async def _imaging_study(tx: Transaction, principal: Principal, study: studies.ImagingStudy) -> Any:
    if not permits(principal, "record.read:ImagingStudy"):
        return None
    try:
        version = await record.read(tx, principal, "ImagingStudy", study.id)
    except NotFound:
        return None
    return orjson.loads(version.body)


async def _reading(tx: Transaction, principal: Principal, uid: str) -> dict[str, Any] | None:
    if not permits(principal, "reading.read"):
        return None
    item = await reading.reading_item(tx, principal, uid)
    if item is None:
        return None
    return {
        "status": item.status,
        "claimed_by": item.claimed_display or item.claimed_by,
        "claimed_by_username": item.claimed_by,
        "priority": item.priority,
    }
